"""The query function: SIM-26 to SIM-37, SIM-88, SIM-89."""

import json
from typing import Any

import pytest

from app.simulators.clock import SimClock
from tests.simulators.intacct.gate import Gate, ascending, cond, query, update

ITEMS: dict[str, dict[str, Any]] = {
    "a": {"NAME": "Anchor", "ITEMTYPE": "Inventory", "BASEPRICE": "10.50", "TAXABLE": True},
    "b": {"NAME": "anvil", "ITEMTYPE": "Kit", "BASEPRICE": "2", "TAXABLE": False},
    "c": {"NAME": "Bolt_1", "ITEMTYPE": "Inventory"},
    "d": {"NAME": "Bolt%2", "ITEMTYPE": "Inventory", "BASEPRICE": "100"},
}


@pytest.fixture(autouse=True)
async def _items(gate: Gate) -> None:
    items = [{"ITEMID": key, **values} for key, values in ITEMS.items()]
    await gate.control("POST", "seed", {"ITEM": items})


async def ids(gate: Gate, where: str, options: str = "") -> str:
    found = await gate.ok(query("ITEM", "ITEMID", where=where, tail=options, order=ascending("ITEMID")))
    return "".join(row["ITEMID"] for row in found.rows)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (cond("equalto", "NAME", "Anchor"), "a"),
        (cond("notequalto", "NAME", "Anchor"), "bcd"),
        (cond("lessthan", "BASEPRICE", "10.50"), "b"),
        (cond("lessthanorequalto", "BASEPRICE", "10.50"), "ab"),
        (cond("greaterthan", "BASEPRICE", "10.5"), "d"),
        (cond("greaterthanorequalto", "BASEPRICE", "10.5"), "ad"),
        (cond("between", "BASEPRICE", "2", "10.50"), "ab"),
        (cond("in", "ITEMID", "d", "a", "zz"), "ad"),
        (cond("notin", "ITEMID", "d", "a"), "bc"),
        (cond("like", "NAME", "An%"), "a"),
        (cond("like", "NAME", "Bolt_1"), "c"),
        (cond("like", "NAME", "Bolt__"), "cd"),
        (cond("notlike", "NAME", "%n%"), "cd"),
        (cond("isnull", "BASEPRICE"), "c"),
        (cond("isnotnull", "BASEPRICE"), "abd"),
        (cond("equalto", "TAXABLE", "true"), "a"),
        (cond("equalto", "TAXABLE", "false"), "b"),
        (cond("notequalto", "BASEPRICE", "2"), "ad"),
        (cond("greaterthanorequalto", "WHENMODIFIED", "01/31/2026 10:00:00"), "abcd"),
        (cond("greaterthan", "WHENMODIFIED", "01/31/2026 10:00:00"), ""),
        (f"<and>{cond('isnull', 'BASEPRICE')}{cond('equalto', 'ITEMTYPE', 'Inventory')}</and>", "c"),
        (f"<or>{cond('equalto', 'ITEMID', 'a')}{cond('equalto', 'NAME', 'anvil')}</or>", "ab"),
        (f"<and>{cond('equalto', 'ITEMID', 'a')}<or>{cond('isnull', 'UPC')}{cond('isnull', 'NAME')}</or></and>", "a"),
    ],
)
async def test_operators_find_the_right_rows(gate: Gate, where: str, expected: str) -> None:
    assert await ids(gate, where) == expected


async def test_comparison_ignores_case_only_when_told(gate: Gate) -> None:
    told = "<options><caseinsensitive>true</caseinsensitive></options>"
    assert await ids(gate, cond("equalto", "NAME", "ANVIL")) == ""
    assert await ids(gate, cond("equalto", "NAME", "ANVIL"), told) == "b"
    assert await ids(gate, cond("like", "NAME", "AN%"), told) == "ab"
    assert await ids(gate, cond("in", "NAME", "ANCHOR", "ANVIL"), told) == "ab"


@pytest.mark.parametrize(
    "text",
    [
        "<query><object>ITEM</object></query>",
        "<query><object>ITEM</object><select/></query>",
        "<query><select><field>NAME</field></select></query>",
        query("ITEM", "*"),
        query("ITEM", "NAME", where=cond("isnull", "UPC") + cond("isnull", "NAME")),
        query("ITEM", "NAME", where=f"<and>{cond('isnull', 'UPC')}</and>"),
        query("ITEM", "NAME", where=f"<or>{cond('isnull', 'UPC')}</or>"),
        query("ITEM", "NAME", where=cond("between", "BASEPRICE", "1")),
        query("ITEM", "NAME", where=cond("between", "BASEPRICE", "1", "2", "3")),
        query("ITEM", "NAME", where=cond("in", "ITEMID", *map(str, range(1001)))),
        query("ITEM", "NAME", where=cond("in", "ITEMID")),
        query("ITEM", "NAME", where=cond("sounds", "ITEMID", "a")),
        query("ITEM", "NAME", where=cond("equalto", "BASEPRICE", "cheap")),
        query("ITEM", "NAME", where=cond("equalto", "WHENMODIFIED", "2026-01-31")),
        query("ITEM", "NAME", tail="<pagesize>0</pagesize>"),
        query("ITEM", "NAME", tail="<pagesize>2001</pagesize>"),
        query("ITEM", "NAME", tail="<offset>-1</offset>"),
        query("ITEM", "NAME", tail="<limit>1</limit>"),
    ],
)
async def test_what_is_outside_the_grammar_is_refused(gate: Gate, text: str) -> None:
    assert (await gate.one(text)).status == "failure"


async def test_children_stand_in_any_order(gate: Gate) -> None:
    select = "<select><field>ITEMID</field></select>"
    text = f"<query><offset>0</offset><pagesize>2</pagesize>{ascending('ITEMID')}{select}<object>ITEM</object></query>"
    assert [row["ITEMID"] for row in (await gate.ok(text)).rows] == ["a", "b"]


async def test_a_thousand_values_are_allowed_in_a_list(gate: Gate) -> None:
    assert await ids(gate, cond("in", "ITEMID", "a", *map(str, range(999)))) == "a"


@pytest.mark.parametrize(
    ("shape", "errorno", "text"),
    [
        ("xl03000010", "XL03000010", "Field 'NOPE' does not exist on object ITEM"),
        ("xl03000006_not_queryable", "XL03000006", "The following fields cannot be queried: NOPE"),
    ],
)
async def test_an_unknown_field_is_refused_by_name(gate: Gate, shape: str, errorno: str, text: str) -> None:
    await gate.knobs(unknown_field_error=shape)
    for where in ("", cond("equalto", "NOPE", "1")):
        select = "ITEMID" if where else "NOPE"
        assert (await gate.one(query("ITEM", select, where=where))).errors == [(errorno, text)]


async def test_an_unknown_object_is_refused_by_name(gate: Gate) -> None:
    assert (await gate.one(query("NOPE", "A"))).errors == [("Query Failed", "Object definition NOPE not found")]


async def test_create_names_of_an_invoice_are_not_queryable(gate: Gate) -> None:
    assert (await gate.one(query("ARINVOICE", "INVOICENO"))).status == "failure"
    assert (await gate.one(query("ARINVOICE", "RECORDID", where=cond("isnull", "DATECREATED")))).status == "failure"


async def test_dotted_fields_follow_relations_and_keep_their_dots(gate: Gate) -> None:
    await gate.customer(
        "Acme",
        "<DISPLAYCONTACT><PRINTAS>A</PRINTAS><EMAIL1>a@b.test</EMAIL1><MAILADDRESS><CITY>Reno</CITY></MAILADDRESS></DISPLAYCONTACT>",
    )
    await gate.customer("Other")
    fields = ("DISPLAYCONTACT.EMAIL1", "BILLTO.CONTACTNAME", "SHIPTO.MAILADDRESS.CITY")
    found = await gate.ok(query("CUSTOMER", *fields, where=cond("equalto", "DISPLAYCONTACT.EMAIL1", "a@b.test")))
    assert found.rows == [dict(zip(fields, ["a@b.test", "Acme(CC-00001)", "Reno"], strict=True))]


async def test_one_hierarchical_hop_works_and_two_are_refused(gate: Gate) -> None:
    await gate.customer("Mother")
    await gate.customer("Child", PARENTID="C-00001")
    found = await gate.ok(query("CUSTOMER", "NAME", "PARENT.NAME", where=cond("isnotnull", "PARENTID")))
    assert found.rows == [{"NAME": "Child", "PARENT.NAME": "Mother"}]
    assert (await gate.one(query("CUSTOMER", "PARENT.PARENT.NAME"))).status == "failure"


async def test_aggregates_group_by_the_plain_fields(gate: Gate) -> None:
    text = (
        "<query><object>ITEM</object><select><field>ITEMTYPE</field><count>RECORDNO</count><sum>BASEPRICE</sum>"
        "<max>BASEPRICE</max></select></query>"
    )
    rows = {row.pop("ITEMTYPE"): row for row in (await gate.ok(text)).rows}
    assert rows == {
        "Inventory": {"COUNT.RECORDNO": "3", "SUM.BASEPRICE": "110.50", "MAX.BASEPRICE": "100.00"},
        "Kit": {"COUNT.RECORDNO": "1", "SUM.BASEPRICE": "2.00", "MAX.BASEPRICE": "2.00"},
    }


async def test_recordno_in_the_select_makes_groups_of_one(gate: Gate) -> None:
    text = "<query><object>ITEM</object><select><field>RECORDNO</field><count>NAME</count></select></query>"
    assert [row["COUNT.NAME"] for row in (await gate.ok(text)).rows] == ["1"] * 4


async def test_order_by_several_fields_in_both_directions(gate: Gate) -> None:
    order = (
        "<orderby><order><field>ITEMTYPE</field><descending/></order>"
        "<order><field>ITEMID</field><descending/></order></orderby>"
    )
    found = await gate.ok(query("ITEM", "ITEMID", order=order))
    assert "".join(row["ITEMID"] for row in found.rows) == "bdca"


@pytest.mark.parametrize(("nulls", "expected"), [("last", "badc"), ("first", "cbad")])
async def test_empty_values_sort_by_knob(gate: Gate, nulls: str, expected: str) -> None:
    await gate.knobs(null_sort=nulls)
    found = await gate.ok(query("ITEM", "ITEMID", order=ascending("BASEPRICE")))
    assert "".join(row["ITEMID"] for row in found.rows) == expected


async def test_without_orderby_offset_pages_overlap_and_leave_gaps(gate: Gate) -> None:
    await gate.control("POST", "seed", {"CLASS": [{"CLASSID": f"K{n}", "NAME": "x"} for n in range(50)]})
    read: list[str] = []
    for offset in range(0, 50, 10):
        tail = f"<pagesize>10</pagesize><offset>{offset}</offset>"
        read += [row["CLASSID"] for row in (await gate.ok(query("CLASS", "CLASSID", tail=tail))).rows]
    assert len(read) == 50
    assert len(set(read)) < 50


async def test_offset_paging_is_not_a_snapshot(gate: Gate) -> None:
    async def page(offset: int) -> str:
        tail = f"<pagesize>2</pagesize><offset>{offset}</offset>"
        found = await gate.ok(query("ITEM", "ITEMID", order=ascending("ITEMID"), tail=tail))
        return "".join(row["ITEMID"] for row in found.rows)

    assert await page(0) == "ab"
    await gate.control("POST", "seed", {"ITEM": [{"ITEMID": "a0", "NAME": "New", "ITEMTYPE": "Kit"}]})
    assert await page(2) == "bc"


async def test_counts_are_consistent_on_every_page(gate: Gate) -> None:
    seen = []
    for offset in (0, 3, 6):
        tail = f"<pagesize>3</pagesize><offset>{offset}</offset>"
        found = await gate.ok(query("ITEM", "ITEMID", order=ascending("ITEMID"), tail=tail))
        seen.append(found.counts)
    assert [(s["totalcount"], s["offset"], s["count"], s["numremaining"]) for s in seen] == [
        ("4", "0", "3", "1"),
        ("4", "3", "1", "0"),
        ("4", "6", "0", "0"),
    ]
    assert seen[0]["listtype"] == "ITEM"


async def test_the_default_page_is_100_rows(gate: Gate) -> None:
    await gate.control("POST", "seed", {"CLASS": [{"CLASSID": f"K{n}", "NAME": "x"} for n in range(101)]})
    assert len((await gate.ok(query("CLASS", "CLASSID"))).rows) == 100


async def test_timestamps_are_shown_and_read_in_the_users_zone_and_format(gate: Gate) -> None:
    await gate.knobs(user_zone="America/New_York", user_date_format=".dmY", user_clock=12)
    found = await gate.ok(query("ITEM", "WHENMODIFIED", where=cond("equalto", "ITEMID", "a")))
    assert found.rows == [{"WHENMODIFIED": "31.01.2026 05:00:00 AM"}]
    assert await ids(gate, cond("equalto", "WHENMODIFIED", "31.01.2026 05:00:00 AM")) == "abcd"


async def test_the_ambiguous_autumn_hour_shows_two_instants_alike(gate: Gate, sim_clock: SimClock) -> None:
    await gate.knobs(user_zone="America/New_York")
    records = [
        {"CLASSID": "first", "NAME": "x", "WHENMODIFIED": "11/01/2026 01:30:00"},
        {"CLASSID": "later", "NAME": "x", "WHENMODIFIED": "11/01/2026 02:30:00"},
    ]
    await gate.control("POST", "seed", {"CLASS": records})
    shown = {
        row["CLASSID"]: row["WHENMODIFIED"] for row in (await gate.ok(query("CLASS", "CLASSID", "WHENMODIFIED"))).rows
    }
    assert shown == {"first": "11/01/2026 01:30:00", "later": "11/01/2026 02:30:00"}
    await gate.knobs(user_zone="GMT")
    shown = {
        row["CLASSID"]: row["WHENMODIFIED"] for row in (await gate.ok(query("CLASS", "CLASSID", "WHENMODIFIED"))).rows
    }
    assert shown == {"first": "11/01/2026 05:30:00", "later": "11/01/2026 07:30:00"}


async def test_json_is_naked_and_errors_stay_xml(gate: Gate) -> None:
    tail = "<options><returnformat>json</returnformat></options>"
    good = await gate.post(gate.envelope(query("ITEM", "ITEMID", order=ascending("ITEMID"), tail=tail)))
    bad = await gate.post(gate.envelope(query("ITEM", "NOPE", tail=tail)))
    assert [row["ITEMID"] for row in json.loads(good.text)] == ["a", "b", "c", "d"]
    assert bad.text.startswith("<?xml")


async def test_csv_is_naked(gate: Gate) -> None:
    tail = "<options><returnformat>csv</returnformat></options>"
    answer = await gate.post(gate.envelope(query("ITEM", "ITEMID", "NAME", order=ascending("ITEMID"), tail=tail)))
    assert answer.text.splitlines()[:2] == ["ITEMID,NAME", "a,Anchor"]


async def test_rows_without_whenmodified_are_found_by_isnull_only(gate: Gate) -> None:
    await gate.control("POST", "seed", {"CLASS": [{"CLASSID": "old", "NAME": "x", "WHENMODIFIED": None}]})
    await gate.control("POST", "seed", {"CLASS": [{"CLASSID": "new", "NAME": "x"}]})
    late = await gate.ok(query("CLASS", "CLASSID", where=cond("greaterthan", "WHENMODIFIED", "01/01/2000 00:00:00")))
    null = await gate.ok(query("CLASS", "CLASSID", "WHENCREATED", where=cond("isnull", "WHENMODIFIED")))
    assert late.rows == [{"CLASSID": "new"}]
    assert null.rows == [{"CLASSID": "old", "WHENCREATED": "01/31/2026 10:00:00"}]


async def test_a_composite_cursor_reads_rows_of_one_second_once_each(gate: Gate, sim_clock: SimClock) -> None:
    await gate.control("POST", "seed", {"CLASS": [{"CLASSID": f"K{n}", "NAME": "x"} for n in range(25)]})
    read: list[str] = []
    when, number = "01/31/2026 09:59:59", "0"
    for _ in range(3):
        where = (
            f"<or>{cond('greaterthan', 'WHENMODIFIED', when)}"
            f"<and>{cond('equalto', 'WHENMODIFIED', when)}{cond('greaterthan', 'RECORDNO', number)}</and></or>"
        )
        tail = "<pagesize>10</pagesize>"
        order = ascending("WHENMODIFIED", "RECORDNO")
        rows = (
            await gate.ok(query("CLASS", "CLASSID", "RECORDNO", "WHENMODIFIED", where=where, order=order, tail=tail))
        ).rows
        read += [row["CLASSID"] for row in rows]
        when, number = rows[-1]["WHENMODIFIED"], rows[-1]["RECORDNO"]
    assert read == [f"K{n}" for n in range(25)]


async def test_an_update_moves_a_row_to_the_end_of_the_feed(gate: Gate, sim_clock: SimClock) -> None:
    sim_clock.advance(5)
    await gate.ok(update("ITEM", RECORDNO="1", NAME="Anchor 2"))
    assert await ids(gate, cond("greaterthan", "WHENMODIFIED", "01/31/2026 10:00:00")) == "a"
