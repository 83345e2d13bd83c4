"""The clients of each connection, built from its settings and secrets. How those are laid out stands here:

    settings  salesforce: login_url, client_id, username, audience, api_version, auth (client_credentials or jwt)
              intacct: url, sender_id, company_id, user_id, entity_id, rest_url, rest_client_id
              namespace, link_field, concurrency: salesforce, intacct (requests at once, over all processes)
    secrets   salesforce_client_secret, salesforce_private_key, intacct_sender_password, intacct_user_password,
              intacct_rest_client_secret

Sends nothing by itself.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.backends.http import HttpClient
from app.backends.intacct.auth import GATEWAY_URL, REST_URL, IntacctCredentials, RestCredentials
from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.backends.salesforce.auth import SalesforceCredentials
from app.backends.salesforce.client import SalesforceBackend
from app.config import is_loopback_url
from app.domain.errors import Kind, SyncError
from app.domain.records import Errand, Lane, System
from app.services.context import Pair, Vault
from app.store.slots import DEFAULT_CAPACITY
from app.store.tables import Connection
from app.sync.ports import Clock, Slots

OFFLINE = "offline"
PRODUCTION = "production"
API_VERSION = "64.0"

LONG_SCHEMA_SECONDS = 24 * 3600.0
"""How long feeds believe a description of Intacct: it is billed, and one that is refused is forgotten at once."""

FEEDS = (Errand.POLL, Errand.VERIFY)

OFFLINE_SECRETS = {
    "salesforce_client_secret": "secret",
    "intacct_sender_password": "secret",
    "intacct_user_password": "secret",
    "intacct_rest_client_secret": "secret",
}
"""What the simulators accept; documented, and refused in production."""


@dataclass(slots=True)
class _Opened:
    version: int
    slots: Slots
    pairs: dict[tuple[Lane, Errand], Pair] = field(default_factory=dict)
    salesforce: SalesforceBackend | None = None


class ConnectedBackends:
    """The clients of each connection, one pair per lane and errand, made anew when the connection's version changes."""

    def __init__(
        self,
        http: Mapping[System, HttpClient],
        vault: Vault,
        clock: Clock,
        new_slots: Callable[[str, Mapping[System, int]], Slots],
        *,
        production: bool,
    ) -> None:
        self._http = http
        self._vault = vault
        self._clock = clock
        self._new_slots = new_slots
        self._production = production
        self._opened: dict[str, _Opened] = {}

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """See `Backends.of`."""
        opened = self._opened.get(connection.id)
        if opened is None or opened.version != connection.version:
            slots = self._new_slots(connection.id, _capacity(connection))
            opened = self._opened[connection.id] = _Opened(connection.version, slots)
        key = lane, errand
        if key not in opened.pairs:
            opened.pairs[key] = self._pair(connection, lane, errand, opened)
        return opened.pairs[key]

    def _pair(self, connection: Connection, lane: Lane, errand: Errand, opened: _Opened) -> Pair:
        secrets = self._vault.open(connection.secrets)
        if self._production:
            _refuse_offline(connection, secrets)
        intacct = IntacctBackend(
            intacct_credentials(connection, secrets),
            self._http[System.INTACCT],
            opened.slots,
            self._clock,
            lane,
            rng=random.Random(),
            options=IntacctOptions(schema_seconds=LONG_SCHEMA_SECONDS) if errand in FEEDS else IntacctOptions(),
        )
        if opened.salesforce is None:
            credentials = salesforce_credentials(connection, secrets)
            opened.salesforce = SalesforceBackend(
                credentials, self._http[System.SALESFORCE], opened.slots, self._clock, lane
            )
        return Pair(salesforce=opened.salesforce.in_lane(lane), intacct=intacct)


def salesforce_credentials(connection: Connection, secrets: Mapping[str, str]) -> SalesforceCredentials:
    """How to log in to the connection's org. Raises SyncError CONFIG `connection_incomplete`."""
    given = connection.settings.get("salesforce") or {}
    by_key = given.get("auth") == "jwt"
    secret = "salesforce_private_key" if by_key else "salesforce_client_secret"
    needed = ("login_url", "client_id", "username") if by_key else ("login_url", "client_id")
    _require(given, needed, secrets, (secret,), "salesforce")
    return SalesforceCredentials(
        login_url=given["login_url"],
        client_id=given["client_id"],
        client_secret=None if by_key else secrets[secret],
        private_key=secrets[secret] if by_key else None,
        username=given.get("username") or None,
        audience=given.get("audience") or None,
        api_version=str(given.get("api_version") or API_VERSION),
    )


def intacct_credentials(connection: Connection, secrets: Mapping[str, str]) -> IntacctCredentials:
    """How to log in to the connection's company. Raises SyncError CONFIG `connection_incomplete`."""
    given = connection.settings.get("intacct") or {}
    passwords = ("intacct_sender_password", "intacct_user_password")
    _require(given, ("sender_id", "company_id", "user_id"), secrets, passwords, "intacct")
    return IntacctCredentials(
        sender_id=given["sender_id"],
        sender_password=secrets["intacct_sender_password"],
        company_id=given["company_id"],
        user_id=given["user_id"],
        user_password=secrets["intacct_user_password"],
        entity_id=given.get("entity_id") or "",
        url=given.get("url") or GATEWAY_URL,
        rest=_rest_credentials(given, secrets),
    )


def _rest_credentials(given: Mapping[str, Any], secrets: Mapping[str, str]) -> RestCredentials | None:
    """The app registration for REST v1, where the connection has one; objects that need it say so otherwise."""
    client_id, client_secret = given.get("rest_client_id"), secrets.get("intacct_rest_client_secret")
    if not client_id or not client_secret:
        return None
    return RestCredentials(
        client_id=client_id,
        client_secret=client_secret,
        username=f"{given['user_id']}@{given['company_id']}",
        entity_id=given.get("entity_id") or "",
        url=given.get("rest_url") or REST_URL,
    )


def _capacity(connection: Connection) -> dict[System, int]:
    given = connection.settings.get("concurrency") or {}
    return {system: max(1, int(given.get(system.value) or DEFAULT_CAPACITY[system])) for system in System}


def _require(
    given: Mapping[str, Any],
    names: tuple[str, ...],
    secrets: Mapping[str, str],
    secret_names: tuple[str, ...],
    part: str,
) -> None:
    missing = [f"{part}.{name}" for name in names if not given.get(name)]
    missing += [name for name in secret_names if not secrets.get(name)]
    if missing:
        raise SyncError(
            Kind.CONFIG,
            "connection_incomplete",
            f"The connection lacks {', '.join(missing)}",
            "Fill in the missing settings of the connection.",
        )


def _refuse_offline(connection: Connection, secrets: Mapping[str, str]) -> None:
    addresses = [
        (connection.settings.get("salesforce") or {}).get("login_url") or "",
        (connection.settings.get("intacct") or {}).get("url") or "",
        (connection.settings.get("intacct") or {}).get("rest_url") or "",
    ]
    known = set(OFFLINE_SECRETS.values())
    if connection.environment == OFFLINE or any(map(is_loopback_url, addresses)) or known & set(secrets.values()):
        raise SyncError(
            Kind.CONFIG,
            "offline_connection",
            "The connection is set up for offline use, which production refuses",
            "Give the connection the addresses and secrets of the real systems and a fitting environment.",
        )
