"""Fields of the document that an AR invoice was posted from: one look-up per page, none where nothing points there."""

import random
from datetime import timedelta

import pytest

from app.backends.http import HttpClient, HttpPolicy
from app.backends.intacct.auth import IntacctCredentials
from app.backends.intacct.client import IntacctBackend
from app.backends.pool import LocalSlots
from app.domain.records import Lane, System
from app.simulators.clock import SimClock
from app.simulators.intacct.app import IntacctSimulator, create_simulator
from app.sync.ports import Position
from tests.backends.intacct.conftest import FakeClock
from tests.simulated import INTACCT_URL, BreakableTransport

FIELDS = ("RECORDID", "MODULEKEY", "SODOCUMENT.DOCID")
LINE = "<sotransitem><itemid>I1</itemid><quantity>1</quantity><unit>Each</unit><price>1</price></sotransitem>"
DAY = "<datecreated><year>2026</year><month>3</month><day>5</day></datecreated>"


@pytest.fixture
def simulator(clock: FakeClock) -> IntacctSimulator:
    """A company with a customer, three invoices of Order Entry and one of AR."""
    made = create_simulator(SimClock(lambda: clock.now().timestamp()))
    customer = {"CUSTOMERID": "C1", "NAME": "Acme", "DISPLAYCONTACT.PRINTAS": "Acme"}
    item = {"ITEMID": "I1", "NAME": "Widget", "ITEMTYPE": "Non-Inventory", "UOMGRP": "Count"}
    made.state.seed({"CUSTOMER": [customer], "ITEM": [item]})
    head = (
        f"<transactiontype>Sales Invoice</transactiontype>{DAY}<customerid>C1</customerid><termname>Net 30</termname>"
    )
    for _ in range(3):
        made.state.order_entry(
            f"<create_sotransaction>{head}<sotransitems>{LINE}</sotransitems></create_sotransaction>"
        )
    made.state.seed({"ARINVOICE": [{"RECORDID": "A-1", "CUSTOMERID": "C1", "TOTALENTERED": "5"}]})
    return made


@pytest.fixture
def books(simulator: IntacctSimulator, clock: FakeClock) -> IntacctBackend:
    """The real client before the simulator."""
    who = IntacctCredentials("sender", "secret", "demo", "api", "secret", url=INTACCT_URL)
    http = HttpClient(HttpPolicy(allowed_hosts=(), allow_loopback=True), BreakableTransport(simulator))
    return IntacctBackend(who, http, LocalSlots({System.INTACCT: 2}), clock, Lane.BULK, rng=random.Random(1))


async def test_page_of_the_feed_shows_the_document_of_each_invoice(books: IntacctBackend, clock: FakeClock) -> None:
    since, until = Position(clock.now() - timedelta(days=1), "0"), clock.now() + timedelta(days=1)
    page = await books.changes("ARINVOICE", since, until, FIELDS, 100)
    named = [(one.values["RECORDID"], one.values["SODOCUMENT.DOCID"]) for one in page.records]
    assert named == [
        ("SI0001", "Sales Invoice-SI0001"),
        ("SI0002", "Sales Invoice-SI0002"),
        ("SI0003", "Sales Invoice-SI0003"),
        ("A-1", None),
    ]


async def test_page_costs_one_query_more_and_none_without_such_invoices(
    books: IntacctBackend, simulator: IntacctSimulator
) -> None:
    await books.find("ARINVOICE", {"RECORDNO": ["1"]}, FIELDS)
    await books.find("SODOCUMENT", {"DOCID": ["x"]}, ["DOCID"])
    before = simulator.state.meters()["functions"]
    await books.find("ARINVOICE", {"RECORDNO": ["1", "2", "3"]}, FIELDS)
    assert simulator.state.meters()["functions"] == before + 2
    await books.find("ARINVOICE", {"RECORDNO": ["4"]}, FIELDS)
    assert simulator.state.meters()["functions"] == before + 3


async def test_invoice_is_found_by_its_document_whatever_its_number(
    books: IntacctBackend, simulator: IntacctSimulator
) -> None:
    simulator.state.order_entry(
        '<update_sotransaction key="Sales Invoice-SI0002"><message>m</message></update_sotransaction>'
    )
    (found,) = await books.find("ARINVOICE", {"SODOCUMENT.DOCID": ["Sales Invoice-SI0002", "none"]}, FIELDS)
    assert (found.key, found.values["SODOCUMENT.DOCID"]) == ("5", "Sales Invoice-SI0002")


async def test_document_nobody_has_finds_nothing_and_asks_for_no_invoice(
    books: IntacctBackend, simulator: IntacctSimulator
) -> None:
    await books.find("SODOCUMENT", {"DOCID": ["x"]}, ["DOCID"])
    before = simulator.state.meters()["functions"]
    assert await books.find("ARINVOICE", {"SODOCUMENT.DOCID": ["none"]}, FIELDS) == []
    assert simulator.state.meters()["functions"] == before + 1


async def test_company_without_order_entry_has_invoices_without_documents(
    books: IntacctBackend, simulator: IntacctSimulator
) -> None:
    del simulator.state.company.schemas["SODOCUMENT"]
    found = await books.find("ARINVOICE", {"RECORDNO": ["1", "4"]}, FIELDS)
    assert [one.values["SODOCUMENT.DOCID"] for one in found] == [None, None]


async def test_field_of_the_document_is_described(books: IntacctBackend) -> None:
    field = (await books.describe("ARINVOICE")).fields["SODOCUMENT.DOCID"]
    assert (field.createable, field.updateable) == (False, False)
