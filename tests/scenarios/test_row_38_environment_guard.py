"""Checklist row 38: production with production, one org and one company, one way of currencies (product.md 2.1, R7)."""

from collections.abc import Callable
from typing import Any

import pytest

from app.domain.errors import SyncError
from app.domain.records import System
from app.services import configuration
from app.services.context import Context, Pair
from app.services.pairing import ensure_paired, mismatch
from app.store.session import Sessions
from app.store.tables import Connection
from app.sync.ports import Identity
from tests.houses import OnePair, make_connection, make_context

ORG, COMPANY = "00D000000000001AAA", "acme"


def org(environment: str = "production", account: str = ORG, *, multi: bool | None = None) -> Identity:
    """A Salesforce org as it says who it is."""
    return Identity(System.SALESFORCE, account, "api", environment, multi)


def company(account: str = COMPANY, environment: str | None = None, *, multi: bool | None = None) -> Identity:
    """An Intacct company as it says who it is."""
    return Identity(System.INTACCT, account, "api", environment, multi)


def refusal(here: Identity, there: Identity, **given: object) -> str | None:
    """The code by which a pair of sides is refused."""
    fields: dict[str, Any] = {"environment": "production", **given}
    error = mismatch(make_connection(**fields), here, there)
    return error.code if error else None


def stated(**options: str) -> dict[str, object]:
    """Options of the whole connection."""
    return {"options": {"connection": options}}


def test_production_goes_with_production() -> None:
    assert refusal(org(), company(), **stated(intacctEnvironment="production")) is None


def test_a_sandbox_org_is_refused_in_production() -> None:
    assert refusal(org("sandbox"), company()) == "environment_mismatch"


@pytest.mark.parametrize("there", [company("acme-sandbox"), company("acme", "sandbox")])
def test_a_sandbox_company_is_refused_in_production(there: Identity) -> None:
    assert refusal(org(), there) == "environment_mismatch"


def test_what_the_company_is_can_be_stated() -> None:
    assert refusal(org("sandbox"), company(), environment="sandbox", **stated(intacctEnvironment="production")) == (
        "environment_mismatch"
    )


@pytest.mark.parametrize(("here", "there"), [(True, False), (False, True)])
def test_currencies_on_one_side_only_are_refused(here: bool, there: bool) -> None:
    assert refusal(org(multi=here), company(multi=there)) == "currency_mismatch"


def test_the_currencies_of_the_company_can_be_stated() -> None:
    assert refusal(org(multi=True), company(), **stated(intacctCurrencies="single")) == "currency_mismatch"
    assert refusal(org(multi=True), company(), **stated(intacctCurrencies="multi")) is None


@pytest.mark.parametrize(
    ("here", "there", "code"),
    [(org(account="00D000000000002AAA"), company(), "other_org"), (org(), company("bolt"), "other_company")],
)
def test_a_second_org_or_company_is_refused(here: Identity, there: Identity, code: str) -> None:
    """A cloned sandbox with the credentials of production is another org (F26)."""
    assert refusal(here, there, pins={"salesforce": ORG, "intacct": COMPANY}) == code


@pytest.fixture
async def context(sessions: Sessions, new_id: Callable[[], str]) -> Context:
    """Fakes around a real database, with the connection `default` in it."""
    made = make_context(sessions, new_id=new_id)
    async with made.begin() as session:
        session.add(make_connection())
    return made


async def stored(context: Context) -> Connection:
    """The connection as it stands."""
    async with context.begin() as session:
        return await session.get_one(Connection, "c-default", populate_existing=True)


def pair(context: Context, connection: Connection) -> Pair:
    """Both sides."""
    from_backends = context.backends
    assert isinstance(from_backends, OnePair)
    return Pair(from_backends.salesforce, from_backends.intacct)


async def test_the_first_connect_pins_both_sides(context: Context) -> None:
    connection = await stored(context)
    await ensure_paired(context, connection, pair(context, connection))
    pins = (await stored(context)).pins
    assert (pins["salesforce"], pins["intacct"]) == ("salesforce account", "intacct account")


async def test_another_company_stops_the_connection(context: Context) -> None:
    connection = await stored(context)
    async with context.begin() as session:
        (await session.get_one(Connection, connection.id)).pins = {"salesforce": "salesforce account", "intacct": "x"}
    connection = await stored(context)
    with pytest.raises(SyncError) as caught:
        await ensure_paired(context, connection, pair(context, connection))
    assert (caught.value.code, (await stored(context)).enabled) == ("other_company", False)


async def test_an_option_that_makes_the_pair_wrong_is_seen_at_once(context: Context) -> None:
    connection = await stored(context)
    await ensure_paired(context, connection, pair(context, connection))
    await configuration.change(context, connection.id, options={"intacctEnvironment": "production"})
    connection = await stored(context)
    with pytest.raises(SyncError, match="offline use"):
        await ensure_paired(context, connection, pair(context, connection))
