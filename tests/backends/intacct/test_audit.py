"""Deletions by the audit history: one query for all kinds, object keys in three forms, no permission said as such."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.backends.intacct.client import IntacctBackend
from app.domain.errors import Kind, SyncError
from app.simulators.intacct.app import IntacctSimulator
from app.sync.ports import Deletion

T0 = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
LATER = T0 + timedelta(hours=1)


def row(number: int, kind: str, key: str) -> dict[str, Any]:
    return {"RECORDNO": number, "OBJECTTYPE": kind, "OBJECTKEY": key, "ACCESSTIME": "11/20/2026 08:30:00"}


async def test_one_query_asks_for_all_kinds(company: Any, backend: IntacctBackend) -> None:
    company.types = {"RECORDNO": "INTEGER", "ACCESSTIME": "TIMESTAMP"}
    company.script = [company.page()]
    assert await backend.deletes(["CUSTOMER", "ITEM", "order-entry/price-list"], T0, LATER) == []
    (asked,) = company.sent()
    assert asked.text("*//object") == "AUDITHISTORY"
    assert asked.values("*//filter/and/in/*") == ["OBJECTTYPE", "customer", "item"]
    assert asked.values("*//filter/and/equalto/*") == ["ACCESSMODE", "D"]
    assert asked.values("*//filter/and/greaterthanorequalto/*") == ["ACCESSTIME", "11/20/2026 08:00:00"]


@pytest.mark.parametrize(
    ("kind", "said", "key", "natural"),
    [
        ("CUSTOMER", "C-1", None, "C-1"),
        ("CUSTOMER", "10023", "10023", "10023"),
        ("CUSTOMER", "17--REC", "17", None),
        ("TASK", "17", "17", "17"),
        ("CUSTTYPE", "Retail", None, "Retail"),
    ],
)
async def test_an_object_key_names_the_record_in_one_of_three_forms(
    company: Any, backend: IntacctBackend, kind: str, said: str, key: str | None, natural: str | None
) -> None:
    company.types = {"RECORDNO": "INTEGER", "ACCESSTIME": "TIMESTAMP"}
    company.script = [company.page(row(1, kind.lower(), said))]
    assert await backend.deletes([kind], T0, LATER) == [Deletion(kind, T0 + timedelta(minutes=30), key, natural)]


async def test_a_row_that_cannot_be_read_is_an_error(company: Any, backend: IntacctBackend) -> None:
    company.types = {"RECORDNO": "INTEGER", "ACCESSTIME": "TIMESTAMP"}
    company.script = [company.page(row(1, "vendor", "V-1"))]
    with pytest.raises(SyncError) as caught:
        await backend.deletes(["CUSTOMER"], T0, LATER)
    assert caught.value.code == "page_unreliable"


async def test_kinds_of_the_other_interface_alone_ask_nobody(company: Any, backend: IntacctBackend) -> None:
    assert await backend.deletes(["order-entry/price-list"], T0, LATER) == []
    assert company.requests == []


async def test_a_user_without_the_permission_is_told_so(simulator: IntacctSimulator, live: IntacctBackend) -> None:
    simulator.state.configure({"audit_permission": False})
    with pytest.raises(SyncError) as caught:
        await live.deletes(["CUSTOMER"], T0, LATER)
    assert caught.value.kind is Kind.PERMISSION


async def test_changes_of_a_window_are_counted_in_one_transaction(
    simulator: IntacctSimulator, live: IntacctBackend
) -> None:
    moments = ["11/20/2026 07:59:59", "11/20/2026 08:00:00", "11/20/2026 09:00:00", "11/20/2026 09:00:01"]
    for n, moment in enumerate(moments):
        simulator.state.seed({"CUSTOMER": [{"CUSTOMERID": f"C{n}", "NAME": f"N{n}", "WHENMODIFIED": moment}]})
    await live.identity()
    live.take_usage()
    assert await live.changed("CUSTOMER", T0, LATER) == 2
    assert live.take_usage().transactions == 1
