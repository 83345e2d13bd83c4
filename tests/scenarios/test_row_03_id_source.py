"""Checklist row 3: a customer gets the id of its account, else the next of the sequence; without one a clear error."""

from collections.abc import Callable

import pytest

from app.services import configuration, error_log
from app.store.session import Sessions
from app.store.tables import Connection
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


async def source(house: House, chosen: str) -> None:
    """Choose where customer ids come from."""
    objects = {"account": {"customerIdSource": chosen}}
    await configuration.change(house.context, house.connection.id, objects=objects)
    async with house.context.begin() as session:
        house.connection = await session.get_one(Connection, house.connection.id)


async def test_without_an_own_id_the_sequence_gives_the_next(house: House) -> None:
    accounts = house.seed("Account", {"Name": "Acme"}, {"Name": "Bolt"})
    done = await house.sync("account", *accounts)
    ids = {customer["NAME"]: customer["CUSTOMERID"] for customer in house.ia("CUSTOMER")}
    assert [operation.intacct_id for operation in done] == [ids["Acme"], ids["Bolt"]]
    assert len(set(ids.values())) == 2
    assert [house.sf("Account", account)["ia_crm__IntacctID__c"] for account in accounts] == [ids["Acme"], ids["Bolt"]]


async def test_supplied_customer_id_is_used(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__IntacctID__c": "M-77", "BillingCity": "Reno"})
    (done,) = await house.sync("account", account)
    assert (done.result, done.intacct_id) == ("created", "M-77")
    (customer,) = house.ia("CUSTOMER")
    assert (customer["CUSTOMERID"], customer["BILLTO"]["CONTACTNAME"]) == ("M-77", "B_M-77")


async def test_always_the_sequence_refuses_an_own_id_that_intacct_does_not_know(house: House) -> None:
    await source(house, "sequence")
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__IntacctID__c": "M-77"})
    (done,) = await house.sync("account", account)
    assert (done.result, done.reason, house.ia("CUSTOMER")) == ("failed", "unknown_intacct_id", [])
    assert "M-77" in done.message


async def test_always_an_own_id_refuses_an_account_without_one(house: House) -> None:
    await source(house, "salesforce")
    (account,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", account)
    assert (done.result, house.ia("CUSTOMER")) == ("failed", [])
    assert "ia_crm__IntacctID__c" in done.message


async def test_missing_sequence_is_a_configuration_error_with_advice(house: House) -> None:
    house.intacct.state.configure({"sequences": {"CUSTOMER": False}})
    (account,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", account)
    assert (done.state, done.result, done.reason) == ("done", "failed", "sequence_missing")
    (error,) = await error_log.about(house.context, house.connection.id, "account", account, 5)
    assert error.kind == "config"
    assert "sequence" in error.advice
    stands = house.sf("Account", account)
    assert stands["ia_crm__Intacct_Sync_Status__c"] == "Error"
    assert "sequence" in stands["ia_crm__Intacct_Sync_Errors__c"]
