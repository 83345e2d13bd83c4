"""Checklist row 31: the same journal flow with the gift objects of Nonprofit Cloud and with those of NPSP."""

from collections.abc import Callable
from typing import Any

import pytest

from app.domain.building import Row, Side
from app.services import orgs
from app.services.orgs import OrgKind
from app.simulators.salesforce.flags import OrgFlags
from app.store.session import Sessions
from tests.scenarios.ledger import ENTRY, Ledger, P
from tests.simulated import House, build_house

Opened = Callable[..., Any]


@pytest.fixture
def opened(sessions: Sessions, new_id: Callable[[], str]) -> Opened:
    """A ledger in an org of the given kind."""

    async def made(kind: str, *, person_accounts: bool = False) -> Ledger:
        flags = OrgFlags(kind=kind, person_accounts=person_accounts)
        house: House = await build_house(sessions, new_id, flags=flags)
        return await Ledger(house).opened()

    return made


def gift(ledger: Ledger, *funds: tuple[str, float], status: str = "Paid", donor: str | None = None) -> str:
    """A gift of Nonprofit Cloud, split over designations; answers its id."""
    house = ledger.house
    donor = donor or house.seed("Account", {"Name": "Donor"})[0]
    total = sum(amount for _, amount in funds)
    values = {"DonorId": donor, "TransactionDate": "2026-03-01", "OriginalAmount": total, "Status": status}
    (made,) = house.seed("GiftTransaction", values)
    for account, amount in funds:
        fund = {"Name": account, f"{P}Intacct_Account__c": ledger.account(account)}
        (designation,) = house.seed("GiftDesignation", fund)
        split = {"GiftTransactionId": made, "GiftDesignationId": designation, "Amount": amount}
        house.seed("GiftTransactionDesignation", split)
    return made


def payment(ledger: Ledger, *funds: tuple[str, float], paid: bool = True, opportunity: str | None = None) -> str:
    """An NPSP payment, allocated to units; answers its id."""
    house = ledger.house
    if opportunity is None:
        won = {"Name": "Gift", "StageName": "Closed Won", "CloseDate": "2026-03-01"}
        (opportunity,) = house.seed("Opportunity", won)
    total = sum(amount for _, amount in funds)
    values = {"npe01__Opportunity__c": opportunity, "npe01__Payment_Amount__c": total, "npe01__Paid__c": paid}
    (made,) = house.seed("npe01__OppPayment__c", {**values, "npe01__Payment_Date__c": "2026-03-01"})
    for account, amount in funds:
        unit = {"Name": account, f"{P}Intacct_Account__c": ledger.account(account)}
        (gau,) = house.seed("npsp__General_Accounting_Unit__c", unit)
        split = {"npsp__Payment__c": made, "npsp__General_Accounting_Unit__c": gau, "npsp__Amount__c": amount}
        house.seed("npsp__Allocation__c", split)
    return made


CLOUD = ("npc", "Gifts by designation", gift, "GiftTransactionDesignation")
NPSP = ("npsp", "Payments by fund", payment, "npsp__Allocation__c")


@pytest.mark.parametrize(("kind", "name", "seed", "source"), [CLOUD, NPSP], ids=["cloud", "npsp"])
async def test_money_that_came_is_posted_by_fund_once(
    opened: Opened, kind: str, name: str, seed: Any, source: str
) -> None:
    ledger = await opened(kind)
    await ledger.mapped(name)
    record = seed(ledger, ("4000", 60), ("4100", 40))
    (made,) = await ledger.run(name, record)
    assert made.result == "built", made.message
    assert sorted(ledger.posted()) == [
        ("1000", "1", "40.00"),
        ("1000", "1", "60.00"),
        ("4000", "-1", "60.00"),
        ("4100", "-1", "40.00"),
    ]
    assert all(row[f"{P}Debit_Line__c"] for row in ledger.house.salesforce.state.records(source))
    (again,) = await ledger.run(name, record)
    assert (again.result, again.reason, len(ledger.house.ia("GLBATCH"))) == ("skipped", "already_used", 1)


@pytest.mark.parametrize(
    ("kind", "found"), [("sales", OrgKind.PLAIN), ("npsp", OrgKind.NPSP), ("npc", OrgKind.NONPROFIT_CLOUD)]
)
async def test_kind_of_org_is_found_by_describe(opened: Opened, kind: str, found: OrgKind) -> None:
    ledger = await opened(kind)
    org = await orgs.look(ledger.house.context, ledger.house.connection)
    assert (org.kind, org.person_accounts) == (found, False)


@pytest.mark.parametrize("kind", ["sales", "npsp", "npc"])
async def test_every_suggestion_can_be_read_in_its_org(opened: Opened, kind: str) -> None:
    ledger = await opened(kind)
    org = await orgs.look(ledger.house.context, ledger.house.connection)
    for suggestion in org.suggestions:
        await ledger.mapped(suggestion.name)
        (made,) = await ledger.run(suggestion.name, "a00000000000001AAA")
        assert made.reason == "record_not_found"


async def test_gift_that_is_not_paid_is_no_money(opened: Opened) -> None:
    ledger = await opened("npc")
    await ledger.mapped("Gifts by designation")
    (made,) = await ledger.run("Gifts by designation", gift(ledger, ("4000", 60), status="Pending"))
    assert (made.result, made.reason) == ("skipped", "filtered_out")


async def test_automatic_unpaid_payment_is_never_counted(opened: Opened) -> None:
    ledger = await opened("npsp")
    await ledger.mapped("Payments")
    (opportunity,) = ledger.house.seed(
        "Opportunity", {"Name": "Gift", "StageName": "Closed Won", "CloseDate": "2026-03-01"}
    )
    payment(ledger, ("4000", 100), paid=False, opportunity=opportunity)  # what NPSP makes by itself
    payment(ledger, ("4000", 30), opportunity=opportunity)
    (made,) = await ledger.run("Payments", opportunity)
    assert made.result == "built", made.message
    assert ledger.posted() == [("1000", "1", "30.00"), ("4000", "-1", "30.00")]


async def test_later_payment_of_the_same_opportunity_makes_an_entry_of_its_own(opened: Opened) -> None:
    ledger = await opened("npsp")
    await ledger.mapped("Payments")
    (opportunity,) = ledger.house.seed(
        "Opportunity", {"Name": "Gift", "StageName": "Closed Won", "CloseDate": "2026-03-01"}
    )
    payment(ledger, ("4000", 30), opportunity=opportunity)
    await ledger.run("Payments", opportunity)
    payment(ledger, ("4000", 20), opportunity=opportunity)
    await ledger.run("Payments", opportunity)
    assert [amount for account, _, amount in ledger.posted() if account == "1000"] == ["30.00", "20.00"]


async def test_refund_reverses_a_posted_gift_with_a_row_of_its_own(opened: Opened) -> None:
    ledger = await opened("npc")
    await ledger.mapped("Gifts")
    await ledger.mapped("Refunds of gifts")
    record = gift(ledger, ("4000", 100))
    (refund,) = ledger.house.seed("GiftRefund", {"GiftTransactionId": record, "Amount": 25, "Date": "2026-03-09"})
    (early,) = await ledger.run("Refunds of gifts", refund)
    assert early.reason == "filtered_out"  # what was never posted is not reversed
    await ledger.run("Gifts", record)
    (made,) = await ledger.run("Refunds of gifts", refund)
    assert made.result == "built", made.message
    assert ledger.posted() == [
        ("1000", "1", "100.00"),
        ("4000", "-1", "100.00"),
        ("4000", "1", "25.00"),
        ("1000", "-1", "25.00"),
    ]


@pytest.mark.parametrize("person", [False, True], ids=["organisation", "person"])
async def test_donor_stands_on_the_line_and_becomes_a_customer_first(opened: Opened, person: bool) -> None:
    ledger = await opened("npc", person_accounts=True)
    mapping = await ledger.mapped("Gifts")
    rows = (*mapping.line_rows, Row(f"{P}Account__c", "DonorId", side=Side.CREDIT))
    await ledger.mapped("Gifts", name="With donors", line_rows=rows)
    values = {"FirstName": "Ada", "LastName": "Byron"} if person else {"Name": "Byron Foundation"}
    if person:
        types = ledger.house.salesforce.state.records("RecordType")
        values["RecordTypeId"] = next(r["Id"] for r in types if r.get("IsPersonType"))
    (donor,) = ledger.house.seed("Account", values)
    (made,) = await ledger.run("With donors", gift(ledger, ("4000", 10), donor=donor))
    await ledger.house.pass_time(10)
    assert made.result == "built", made.message
    (customer,) = ledger.house.ia("CUSTOMER")
    assert customer["NAME"] == ("Ada Byron" if person else "Byron Foundation")
    credit = next(twin for twin in ledger.house.ia("GLENTRY") if twin["TR_TYPE"] == "-1")
    assert credit["CUSTOMERID"] == customer["CUSTOMERID"]
    assert ledger.house.sf(ENTRY, made.entries[0])[f"{P}Intacct_Sync_Status__c"] == "OK"
