"""readByQuery, readMore, read, readByName, lookup, inspect, get_list, formatting: SIM-38 to SIM-45."""

import pytest

from tests.simulators.intacct.gate import Found, Gate, query, update


@pytest.fixture(autouse=True)
async def _classes(gate: Gate) -> None:
    rows = [{"CLASSID": f"K{n}", "NAME": name} for n, name in enumerate(["Red", "Jane's", "Blue", "red & <blue>"])]
    await gate.control("POST", "seed", {"CLASS": rows})


def by_query(text: str, kind: str = "CLASS", fields: str = "CLASSID", pagesize: str = "") -> str:
    size = f"<pagesize>{pagesize}</pagesize>" if pagesize else ""
    return f"<readByQuery><object>{kind}</object><fields>{fields}</fields><query>{text}</query>{size}</readByQuery>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "K0K1K2K3"),
        ("NAME = 'Red'", "K0"),
        ("NAME != 'Red'", "K1K2K3"),
        (r"NAME = 'Jane\'s'", "K1"),
        ("NAME = 'red &amp; &lt;blue&gt;'", "K3"),
        ("RECORDNO &gt;= 3", "K2K3"),
        ("RECORDNO &lt; 2 OR CLASSID = 'K3'", "K0K3"),
        ("NAME like '%e%' AND NOT CLASSID IN ('K0','K1')", "K2K3"),
        ("name not like 'R%'", "K1K2K3"),
        ("CLASSID not in ('K0')", "K1K2K3"),
        ("PARENTID IS NULL and CLASSID is not null", "K0K1K2K3"),
        ("NOT (CLASSID = 'K0' or CLASSID = 'K1')", "K2K3"),
        ("rownum &lt;= 2", "K0K1"),
    ],
)
async def test_the_text_grammar_finds_the_right_rows(gate: Gate, text: str, expected: str) -> None:
    assert "".join(row["CLASSID"] for row in (await gate.ok(by_query(text))).rows) == expected


@pytest.mark.parametrize(
    "text",
    ["NAME =", "NAME 'x'", "NAME = 'x' AND", "(NAME = 'x'", "NAME = 'x' 'y'", "NAME sounds 'x'", "NOPE = '1'", "'x"],
)
async def test_text_outside_the_grammar_is_refused(gate: Gate, text: str) -> None:
    assert (await gate.one(by_query(text))).status == "failure"


async def test_unknown_fields_are_refused_in_free_text(gate: Gate) -> None:
    assert (await gate.one(by_query("", fields="CLASSID,NOPE"))).errors == [("Invalid fields list NOPE", "")]


async def test_fields_joined_by_foreign_key_cannot_be_filtered(gate: Gate) -> None:
    assert (await gate.one(by_query("DISPLAYCONTACT.EMAIL1 = 'x'", "CUSTOMER", "NAME"))).status == "failure"


@pytest.mark.parametrize("size", ["0", "1001", "many"])
async def test_page_sizes_outside_1_to_1000_are_refused(gate: Gate, size: str) -> None:
    assert (await gate.one(by_query("", pagesize=size))).status == "failure"


async def test_stored_codes_match_and_labels_do_not(gate: Gate) -> None:
    await gate.control(
        "POST",
        "seed",
        {
            "ITEM": [{"ITEMID": "I", "NAME": "I", "ITEMTYPE": "Kit"}],
            "CONTRACTPRICELIST": [{"NAME": "L"}],
            "CONTRACTITEMPRICELIST": [
                {"PRICELISTNAME": "L", "ITEMID": "I", "CURRENCY": "USD", "ITMPRCLSTTYP": "Tiered"}
            ],
        },
    )
    kind = "CONTRACTITEMPRICELIST"
    assert len((await gate.ok(by_query("ITMPRCLSTTYP = 'T'", kind, "RECORDNO"))).rows) == 1
    assert (await gate.ok(by_query("ITMPRCLSTTYP = 'Tiered'", kind, "RECORDNO"))).rows == []


async def test_no_match_has_an_empty_result_id(gate: Gate) -> None:
    found = await gate.ok(by_query("NAME = 'nothing'"))
    assert found.counts == {
        "listtype": "class",
        "count": "0",
        "totalcount": "0",
        "numremaining": "0",
        "resultId": "",
    }


async def test_read_more_continues_a_snapshot_to_its_end(gate: Gate) -> None:
    first = await gate.ok(by_query("", pagesize="3"))
    assert (first.data.get("numremaining"), first.data[0].tag) == ("1", "class")
    await gate.control("POST", "seed", {"CLASS": [{"CLASSID": "K9", "NAME": "Late"}]})
    key = first.data.get("resultId")
    second = await gate.ok(f"<readMore><resultId>{key}</resultId></readMore>")
    assert [row["CLASSID"] for row in second.rows] == ["K3"]
    assert second.data.get("numremaining") == "0"
    assert (await gate.one(f"<readMore><resultId>{key}</resultId></readMore>")).status == "failure"


async def test_read_more_by_object_continues_the_latest_cursor_of_the_session(gate: Gate) -> None:
    gate.session = (await gate.ok("<getAPISession/>")).text("data/api/sessionid")
    await gate.ok(by_query("", pagesize="1"))
    await gate.ok(by_query("CLASSID != 'K0'", pagesize="1"))
    more = await gate.ok("<readMore><object>CLASS</object></readMore>")
    assert [row["CLASSID"] for row in more.rows] == ["K2"]


async def test_row_tags_follow_their_knobs(gate: Gate) -> None:
    await gate.knobs(row_tag_case_readbyquery="upper", row_tag_case_read="lower")
    assert (await gate.ok(by_query(""))).data[0].tag == "CLASS"
    assert (await gate.ok("<read><object>CLASS</object><keys>1</keys></read>")).data[0].tag == "class"


async def test_read_returns_nested_parts_and_owned_lists(gate: Gate) -> None:
    roles = (
        "<CUSTOMERCONTACTS><CUSTOMERCONTACT><CATEGORYNAME>Boss</CATEGORYNAME>"
        "<CONTACT><NAME>Acme(CC-00001)</NAME></CONTACT></CUSTOMERCONTACT></CUSTOMERCONTACTS>"
    )
    await gate.customer("Acme", roles)
    found = await gate.ok("<read><object>CUSTOMER</object><keys>1</keys><fields>*</fields></read>")
    assert found.counts == {"listtype": "CUSTOMER", "count": "1"}
    record = found.data[0]
    assert record.tag == "CUSTOMER"
    assert record.findtext("DISPLAYCONTACT/CONTACTNAME") == "Acme(CC-00001)"
    assert record.find("DISPLAYCONTACT/MAILADDRESS/CITY") is not None
    assert record.findtext("CUSTOMERCONTACTS/customercontact/CATEGORYNAME") == "Boss"
    assert record.findtext("CUSTOMERCONTACTS/customercontact/CONTACT/NAME") == "Acme(CC-00001)"


async def test_read_by_name_takes_natural_ids_and_chosen_fields(gate: Gate) -> None:
    text = "<readByName><object>CLASS</object><keys>K2,K0</keys><fields>NAME</fields></readByName>"
    assert (await gate.ok(text)).rows == [{"NAME": "Blue"}, {"NAME": "Red"}]


@pytest.mark.parametrize(("knob", "status"), [("leave out", "success"), ("refuse", "failure")])
async def test_a_missing_key_is_left_out_or_refused(gate: Gate, knob: str, status: str) -> None:
    await gate.knobs(read_missing_key=knob)
    assert (await gate.one("<read><object>CLASS</object><keys>1,99</keys></read>")).status == status


async def test_lookup_shows_fields_with_valid_values_before_iscustom(gate: Gate) -> None:
    found = await gate.ok("<lookup><object>CUSTOMER</object></lookup>")
    kind = found.data.find("Type")
    assert kind is not None
    assert (kind.get("Name"), found.data.get("listtype")) == ("CUSTOMER", "All")
    status = next(f for f in kind.iterfind("Fields/Field") if f.findtext("ID") == "STATUS")
    tags = [part.tag for part in status]
    assert tags.index("DATATYPE") < tags.index("VALIDVALUES") < tags.index("ISCUSTOM")
    assert [v.text for v in status.iterfind("VALIDVALUES/VALIDVALUE")] == ["active", "inactive"]
    parent = next(r for r in kind.iterfind("Relationships/Relationship") if r.findtext("OBJECTPATH") == "PARENT")
    assert (parent.findtext("RELATIONSHIPTYPE"), parent.findtext("RELATEDBY")) == ("MANY2ONE", "PARENTID")


async def test_every_object_of_the_catalogue_can_be_looked_up(gate: Gate) -> None:
    kinds = (
        "CUSTOMER CONTACT ITEM SOPRICELIST CONTRACTPRICELIST CONTRACTITEMPRICELIST SODOCUMENT SODOCUMENTENTRY "
        "SODOCUMENTPARAMS CONTRACT CONTRACTDETAIL PROJECT TASK ARINVOICE ARINVOICEITEM ARPYMT ARPYMTDETAIL ARADVANCE "
        "ARADJUSTMENT ARTERM CONTRACTREVENUETEMPLATE DEPARTMENT LOCATION CLASS EMPLOYEE AUDITHISTORY LOCATIONENTITY"
    )
    for found in await gate.run(*(f"<lookup><object>{kind}</object></lookup>" for kind in kinds.split())):
        assert found.status == "success", found.errors
        assert found.data.findtext("Type/Fields/Field/ID") == "RECORDNO"


def custom_fields(found: Found) -> set[str]:
    return {f.findtext("ID", "") for f in found.data.iterfind("Type/Fields/Field") if f.findtext("ISCUSTOM") == "true"}


async def test_custom_fields_come_and_go_at_run_time(gate: Gate) -> None:
    look = "<lookup><object>CUSTOMER</object></lookup>"
    assert "SFDC_ID" in custom_fields(await gate.ok(look))
    await gate.customer("Acme", SFDC_ID="001")
    await gate.knobs(custom_fields={"CUSTOMER": ["REGION"]})
    assert "REGION" in custom_fields(await gate.ok(look))
    assert (await gate.one(query("CUSTOMER", "SFDC_ID"))).errors[0][0] == "XL03000010"
    await gate.ok(update("CUSTOMER", RECORDNO="1", REGION="West"))
    assert (await gate.ok(query("CUSTOMER", "REGION"))).rows == [{"REGION": "West"}]


async def test_inspect_lists_objects_and_details(gate: Gate) -> None:
    everything = await gate.ok("<inspect><object>*</object></inspect>")
    assert "CUSTOMER" in [t.text for t in everything.data.iterfind("type")]
    detail = await gate.ok('<inspect detail="1"><object>CLASS</object></inspect>')
    assert "CLASSID" in [f.findtext("Name") for f in detail.data.iterfind("Type/Fields/Field")]
    plain = await gate.ok('<inspect detail="0"><object>CLASS</object></inspect>')
    assert "CLASSID" in [f.text for f in plain.data.iterfind("Type/Fields/Field")]


async def test_get_list_pages_filters_and_sorts(gate: Gate) -> None:
    text = (
        '<get_list object="class" maxitems="2" start="1"><filter><logical logical_operator="or">'
        "<expression><field>name</field><operator>like</operator><value>%ed%</value></expression>"
        "<expression><field>recordno</field><operator>&lt;=</operator><value>3</value></expression></logical></filter>"
        '<sorts><sortfield order="desc">classid</sortfield></sorts><fields><field>name</field></fields></get_list>'
    )
    found = await gate.ok(text)
    kind = found.element.find("listtype")
    assert kind is not None
    assert kind.text == "class"
    assert [kind.get(name) for name in ("start", "end", "total")] == ["1", "3", "4"]
    assert found.rows == [{"key": "K2", "name": "Blue"}, {"key": "K1", "name": "Jane's"}]


async def test_show_private_on_the_wrong_list_fails_the_whole_envelope(gate: Gate) -> None:
    root = await gate.response('<get_list object="locationentity" showprivate="true"/>')
    assert root.findtext("control/status") == "failure"


@pytest.mark.parametrize("name", ["readUserFormatting", "getUserFormatting"])
async def test_user_formatting_tells_zone_format_and_clock(gate: Gate, name: str) -> None:
    await gate.knobs(user_zone="Australia/Adelaide", user_date_format=".ymd", user_clock=12)
    found = await gate.ok(f"<{name}><key>1</key></{name}>")
    assert found.rows == [
        {"recordno": "1", "locale": "en_US", "dateformat": ".ymd", "gmtoffset": "+10:30", "clock": "12"}
    ]


async def test_the_user_is_found_by_login_to_learn_the_key(gate: Gate) -> None:
    text = "<readByName><object>USERINFO</object><keys>api</keys><fields>RECORDNO</fields></readByName>"
    assert (await gate.ok(text)).rows == [{"RECORDNO": "1"}]
    formatting = await gate.ok("<readUserFormatting><userId>api</userId></readUserFormatting>")
    assert formatting.rows[0]["gmtoffset"] == "+00:00"
