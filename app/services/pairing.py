"""Whether both sides of a connection are the ones it was made for: production with production, one org, one company.

The first successful connect pins the org and the company. Before a run they are asked who they are, once an hour and
after every change of the connection; a side that is another one stops the connection before anything is written.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.domain.connection_options import INTACCT_CURRENCIES, INTACCT_ENVIRONMENT
from app.domain.errors import Kind, SyncError
from app.services.configuration import known, option_of, touch
from app.services.context import Context, Pair
from app.store import connections
from app.store.tables import Connection
from app.sync.ports import Identity

LOG = logging.getLogger("tandem.pairing")

ASK_EVERY = timedelta(hours=1)
REAL = ("production", "sandbox")
SANDBOX_COMPANY = re.compile(r".+-sandbox\d*", re.IGNORECASE)
"""How copies of a company that Sage hands out for trial are called, by common use; not documented."""


MULTI_CURRENCY = "multiCurrency"
"""The pin that says whether the org has several currencies; None where it could not tell."""


async def ensure_paired(context: Context, connection: Connection, pair: Pair) -> None:
    """Return when both sides are the pinned ones, and pin them at the first time.

    Raises SyncError CONFIG `environment_mismatch`, `currency_mismatch`, `other_org`, `other_company`; the connection is
    then switched off. Raises what the sides raise when they cannot be asked.
    """
    pins = connection.pins
    now = context.clock.now()
    if pins.get("version") == connection.version and now - datetime.fromisoformat(pins["askedAt"]) < ASK_EVERY:
        return
    here, there = await pair.salesforce.identity(), await pair.intacct.identity()
    wrong = mismatch(connection, here, there)
    async with context.begin() as session:
        row = known(await connections.get(session, connection.id, lock=True))
        wrong = wrong or mismatch(row, here, there)
        if wrong is None:
            row.pins = {
                "salesforce": here.account,
                "intacct": there.account,
                MULTI_CURRENCY: here.multi_currency,
                "version": connection.version,
                "askedAt": now.isoformat(),
            }
            connection.pins = row.pins  # whoever goes on with this connection need not ask again
        elif row.enabled:
            row.enabled = False
            touch(context, row)
    if wrong is not None:
        LOG.error("connection_stopped", extra={"code": wrong.code, "error": wrong.message})
        raise wrong


def mismatch(connection: Connection, here: Identity, there: Identity) -> SyncError | None:
    """What keeps these two sides from being synced over this connection, or None."""
    found = _pinned(connection.pins, here, there) or _environment(connection, here, there)
    return found or _currencies(connection, here, there)


def _pinned(pins: Mapping[str, Any], here: Identity, there: Identity) -> SyncError | None:
    advice = "Correct the credentials, or disconnect first: one connection serves one org and one company."
    if (org := pins.get("salesforce")) not in (None, here.account):
        message = f"This is Salesforce org {here.account}; the connection was made for {org}."
        return SyncError(Kind.CONFIG, "other_org", message, advice)
    if (company := pins.get("intacct")) not in (None, there.account):
        message = f"This is Intacct company {there.account}; the connection was made for {company}."
        return SyncError(Kind.CONFIG, "other_company", message, advice)
    return None


def _environment(connection: Connection, here: Identity, there: Identity) -> SyncError | None:
    stated = str(option_of(connection, INTACCT_ENVIRONMENT))
    guessed = "sandbox" if SANDBOX_COMPANY.fullmatch(there.account) else None
    sides = {
        "the Salesforce org": here.environment,
        "the Intacct company": stated if stated in REAL else there.environment or guessed,
    }
    for name, environment in sides.items():
        if environment in REAL and environment != connection.environment:
            message = f"The connection is for {connection.environment} use, but {name} is a {environment} one."
            advice = "Pair production with production and sandbox with sandbox."
            return SyncError(Kind.CONFIG, "environment_mismatch", message, advice)
    return None


def _currencies(connection: Connection, here: Identity, there: Identity) -> SyncError | None:
    stated = {"single": False, "multi": True}.get(str(option_of(connection, INTACCT_CURRENCIES)), there.multi_currency)
    if here.multi_currency is None or stated is None or here.multi_currency == stated:
        return None
    on, off = ("Salesforce", "Intacct") if here.multi_currency else ("Intacct", "Salesforce")
    message = f"Multi-currency is on in {on} and off in {off}."
    return SyncError(Kind.CONFIG, "currency_mismatch", message, "Switch it on in both or off in both.")
