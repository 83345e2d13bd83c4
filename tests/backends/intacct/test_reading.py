"""Finding: filters, pages by key, typed values, retries; and describing."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.domain.errors import Kind, SyncError
from app.domain.records import Record
from app.sync.ports import Usage

Make = Callable[..., IntacctBackend]


async def refusal(backend: IntacctBackend, kind: str = "CUSTOMER") -> SyncError:
    with pytest.raises(SyncError) as caught:
        await backend.find(kind, {"CUSTOMERID": ["C1"]}, ["NAME"])
    return caught.value


async def test_values_come_back_typed_under_the_names_asked_for(company: Any, backend: IntacctBackend) -> None:
    row = {
        "RECORDNO": 7,
        "NAME": "A & B",
        "CREDITLIMIT": "10.50",
        "ONHOLD": "false",
        "LASTDATE": "01/31/2026",
        "STATUS": "",
        "DISPLAYCONTACT.EMAIL1": "a@b.c",
        "WHENCREATED": "01/01/2026 08:00:00",
        "WHENMODIFIED": "01/31/2026 10:00:05",
    }
    company.script = [company.page(row)]
    fields = ["NAME", "CREDITLIMIT", "ONHOLD", "LASTDATE", "STATUS", "DisplayContact.Email1", "TAXID", "RECORDNO"]
    assert await backend.find("CUSTOMER", {"CUSTOMERID": ["C1"]}, fields) == [
        Record(
            "CUSTOMER",
            "7",
            {
                "NAME": "A & B",
                "CREDITLIMIT": Decimal("10.50"),
                "ONHOLD": False,
                "LASTDATE": date(2026, 1, 31),
                "STATUS": None,
                "DisplayContact.Email1": "a@b.c",
                "RECORDNO": 7,
            },
            datetime(2026, 1, 31, 10, 0, 5, tzinfo=UTC),
        )
    ]


async def test_a_null_modification_time_falls_back_to_the_creation_time(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page({"RECORDNO": 7, "WHENMODIFIED": "", "WHENCREATED": "01/01/2026 08:00:00"})]
    (record,) = await backend.find("CUSTOMER", {"CUSTOMERID": ["C1"]}, [])
    assert record.modified_at == datetime(2026, 1, 1, 8, tzinfo=UTC)


async def test_a_document_date_is_not_taken_for_a_creation_time(company: Any, backend: IntacctBackend) -> None:
    company.types["WHENCREATED"] = "DATE"
    company.script = [company.page({"RECORDNO": 7, "WHENMODIFIED": "", "WHENCREATED": "01/01/2026"})]
    (record,) = await backend.find("SODOCUMENT", {"DOCID": ["D1"]}, [])
    assert record.modified_at is None


async def test_the_query_states_order_privacy_and_page_and_no_offset(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page()]
    await backend.find("CUSTOMER", {"CUSTOMERID": ["C1"], "NAME": ["A", "B", "A"]}, ["NAME"])
    (asked,) = company.sent()
    assert asked.values("*//select/field") == ["NAME", "RECORDNO", "WHENMODIFIED", "WHENCREATED"]
    assert asked.values("*//filter/or/equalto/*") == ["CUSTOMERID", "C1"]
    assert asked.values("*//filter/or/in/*") == ["NAME", "A", "B"]
    assert asked.values("*//orderby/order/field") == ["RECORDNO"]
    assert asked.root.find("*//orderby/order/ascending") is not None
    assert (asked.text("*//options/showprivate"), asked.text("*//pagesize")) == ("true", "2000")
    assert asked.root.find("*//offset") is None


@pytest.mark.parametrize("any_of", [{}, {"NAME": []}, {"NAME": [], "CUSTOMERID": []}, {"NAME": [""]}])
async def test_nothing_asked_for_calls_nobody(
    company: Any, backend: IntacctBackend, any_of: dict[str, list[str]]
) -> None:
    assert await backend.find("CUSTOMER", any_of, ["NAME"]) == []
    assert company.requests == []


async def test_long_lists_are_split_into_lists_of_a_thousand(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page()]
    await backend.find("CUSTOMER", {"RECORDNO": [str(n) for n in range(1, 2502)]}, [])
    (asked,) = company.sent()
    lists = [len(found.findall("value")) for found in asked.root.iterfind("*//filter/or/in")]
    assert lists == [1000, 1000, 501]


async def test_lists_too_long_for_one_request_become_several_and_each_record_comes_once(
    company: Any, backend: IntacctBackend
) -> None:
    company.script = [company.page({"RECORDNO": 7})] * 2
    found = await backend.find("CUSTOMER", {"NAME": [f"{n}" + "ü" * 200 for n in range(999)]}, [])
    assert len(found) == 1
    assert all(len(asked.raw) < 400_000 for asked in company.sent())


async def test_pages_are_continued_behind_the_last_key(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page({"RECORDNO": 5}, {"RECORDNO": 9}, remaining=1), company.page({"RECORDNO": 12})]
    found = await backend.find("CUSTOMER", {"STATUS": ["active"]}, [])
    assert [record.key for record in found] == ["5", "9", "12"]
    behind = company.sent()[1]
    assert behind.values("*//filter/and/equalto/*") == ["STATUS", "active"]
    assert behind.values("*//filter/and/greaterthan/*") == ["RECORDNO", "9"]


async def test_rows_in_lower_case_are_read_all_the_same(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page({"recordno": 5, "name": "A"}, kind="customer")]
    (record,) = await backend.find("CUSTOMER", {"STATUS": ["active"]}, ["NAME"])
    assert record.values == {"NAME": "A"}


@pytest.mark.parametrize(
    "pages",
    [
        lambda c: [c.page({"RECORDNO": 9}, {"RECORDNO": 5})],
        lambda c: [c.page({"RECORDNO": 5}, {"RECORDNO": 5})],
        lambda c: [c.page(remaining=3)],
        lambda c: [c.page({"NAME": "without a key"})],
    ],
)
async def test_a_page_that_contradicts_the_order_is_an_error_not_fewer_rows(
    company: Any, make_backend: Make, pages: Any
) -> None:
    company.script = pages(company)
    error = await refusal(make_backend())
    assert (error.kind, error.code) == (Kind.TRANSIENT, "page_unreliable")


async def test_a_page_that_starts_over_is_an_error_not_an_endless_loop(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page({"RECORDNO": 5}, remaining=1)] * 2
    assert (await refusal(backend)).code == "page_unreliable"


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("dns"),
        httpx.Response(502, text="<!DOCTYPE html><html/>"),
        httpx.Response(200, text=""),
        httpx.Response(429, headers={"Retry-After": "3"}),
        httpx.Response(200, text="<response><contr"),
    ],
)
async def test_reads_are_repeated_after_trouble_that_passes(
    company: Any, backend: IntacctBackend, clock: Any, trouble: Any
) -> None:
    company.script = [trouble, trouble, company.page({"RECORDNO": 5})]
    found = await backend.find("CUSTOMER", {"STATUS": ["active"]}, [])
    assert [record.key for record in found] == ["5"]
    assert len(clock.slept) == 2


async def test_retry_after_is_honoured_by_reads(company: Any, backend: IntacctBackend, clock: Any) -> None:
    slow = {"X-IA-Throttle-Limit-RetryAfter": "4"}
    company.script = [httpx.Response(429, headers=slow), company.page()]
    await backend.find("CUSTOMER", {"STATUS": ["active"]}, [])
    assert clock.slept == [4.0]


async def test_a_long_pause_is_handed_on_instead_of_slept_through(
    company: Any, backend: IntacctBackend, clock: Any
) -> None:
    company.script = [httpx.Response(429, headers={"Retry-After": "600"})]
    error = await refusal(backend)
    assert (error.kind, error.retry_after, clock.slept) == (Kind.RATE_LIMITED, 600.0, [])


async def test_reads_give_up_after_a_few_attempts(company: Any, backend: IntacctBackend, clock: Any) -> None:
    company.script = [httpx.Response(503)] * 4
    error = await refusal(backend)
    assert (error.kind, error.code) == (Kind.TRANSIENT, "gateway_trouble")
    assert all(0 <= slept <= 8 for slept in clock.slept)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ({"errorno": "XL03000010", "description2": "Field 'X' does not exist"}, Kind.CONFIG, "unknown_field"),
        ({"errorno": "Query Failed", "description2": "Object definition X not found"}, Kind.CONFIG, "unknown_object"),
        ({"description2": "You do not have permission for API operation READ"}, Kind.PERMISSION, "permission_missing"),
        ({"errorno": "odd"}, Kind.BUG, "unclassified"),
    ],
)
async def test_permanent_refusals_are_not_repeated(
    company: Any, backend: IntacctBackend, error: dict[str, str], kind: Kind, code: str
) -> None:
    company.script = [company.refuse(error)]
    caught = await refusal(backend)
    assert (caught.kind, caught.code) == (kind, code)


async def test_an_unknown_field_makes_the_next_read_look_the_object_up_anew(
    company: Any, backend: IntacctBackend
) -> None:
    company.script = [company.refuse({"errorno": "XL03000010", "description2": "Field 'X' is unknown"}), company.page()]
    await refusal(backend)
    await backend.find("CUSTOMER", {"STATUS": ["active"]}, [])
    assert len(company.sent("lookup")) == 2


async def test_without_permission_to_look_up_all_is_read_as_text(company: Any, backend: IntacctBackend) -> None:
    company.lookups = [company.refuse({"description2": "You do not have permission for API operation LOOKUP"})]
    row = {"RECORDNO": 7, "CREDITLIMIT": "10.50", "WHENMODIFIED": "01/31/2026 10:00:05"}
    company.script = [company.page(row)] * 2
    for _ in range(2):
        (record,) = await backend.find("CUSTOMER", {"STATUS": ["active"]}, ["CREDITLIMIT"])
        assert record.values == {"CREDITLIMIT": "10.50"}
        assert record.modified_at == datetime(2026, 1, 31, 10, 0, 5, tzinfo=UTC)
    assert len(company.sent("lookup")) == 1


async def test_reads_are_counted_per_page(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page({"RECORDNO": 5}, remaining=1), httpx.ReadError("cut"), company.page({"RECORDNO": 6})]
    await backend.find("CUSTOMER", {"STATUS": ["active"]}, [])
    assert backend.take_usage() == Usage(calls=5, transactions=3)  # login, lookup, two pages and one that was lost


async def test_describe_tells_types_and_rights_and_is_kept_for_a_quarter_of_an_hour(
    company: Any, backend: IntacctBackend, clock: Any
) -> None:
    schema = await backend.describe("CUSTOMER")
    assert schema.fields["RECORDNO"].createable is False
    assert (schema.fields["NAME"].type, schema.fields["NAME"].updateable) == ("TEXT", True)
    clock.advance(14 * 60)
    await backend.describe("CUSTOMER")
    assert len(company.sent("lookup")) == 1
    clock.advance(60)
    await backend.describe("CUSTOMER")
    assert len(company.sent("lookup")) == 2


async def test_an_object_without_fields_does_not_exist(company: Any, backend: IntacctBackend) -> None:
    company.types = {}
    with pytest.raises(SyncError) as caught:
        await backend.describe("NOSUCH")
    assert (caught.value.kind, caught.value.code) == (Kind.CONFIG, "unknown_object")


def formatted(company: Any, **values: str) -> Any:
    body = "".join(f"<{name}>{text}</{name}>" for name, text in values.items())

    def give(asked: Any) -> Any:
        data = f"<data><userformatting>{body}</userformatting></data>"
        return company.answer(company.result(asked.control_ids[0], "readUserFormatting", data))

    return give


@pytest.mark.parametrize("offset", ["+00:00", "-00:00", "GMT", "0", ""])
async def test_identity_accepts_a_user_in_gmt(company: Any, backend: IntacctBackend, offset: str) -> None:
    company.formatting = formatted(company, dateformat="/mdY", gmtoffset=offset, clock="24")
    who = await backend.identity()
    assert (who.account, who.user, who.environment) == ("acme", "api", None)
    assert company.sent()[0].text("*//readUserFormatting/userId") == "api"


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [
        ({"gmtoffset": "+09:30"}, "GMT"),
        ({"gmtoffset": "-08:00"}, "GMT"),
        ({"dateformat": ".dmY"}, "MM/DD/YYYY"),
        ({"clock": "12"}, "24-hour"),
    ],
)
async def test_identity_refuses_a_user_with_other_formats_and_says_what_to_set(
    company: Any, backend: IntacctBackend, wrong: dict[str, str], fix: str
) -> None:
    company.formatting = formatted(company, **({"dateformat": "/mdY", "gmtoffset": "+00:00", "clock": "24"} | wrong))
    with pytest.raises(SyncError) as caught:
        await backend.identity()
    assert (caught.value.kind, caught.value.code) == (Kind.CONFIG, "user_formatting")
    assert fix in caught.value.advice


async def test_identity_does_without_the_check_where_it_is_not_permitted(company: Any, backend: IntacctBackend) -> None:
    company.formatting = company.refuse({"description2": "You do not have permission for API operation READ"})
    assert (await backend.identity()).account == "acme"


async def test_identity_raises_what_keeps_us_from_logging_in(company: Any, backend: IntacctBackend) -> None:
    company.logins = [company.authentication_failure("Sign-in information is incorrect")]
    with pytest.raises(SyncError) as caught:
        await backend.identity()
    assert caught.value.kind is Kind.AUTH


async def test_a_smaller_page_may_be_chosen(company: Any, make_backend: Make) -> None:
    company.script = [company.page()]
    await make_backend(options=IntacctOptions(page_size=10)).find("CUSTOMER", {"STATUS": ["active"]}, [])
    assert company.sent()[0].text("*//pagesize") == "10"
