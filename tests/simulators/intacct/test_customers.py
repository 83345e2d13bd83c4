"""Customers and contacts: SIM-46 to SIM-51, SIM-56, and the rules of section 4.2."""

import pytest

from app.simulators.clock import SimClock
from tests.simulators.intacct.gate import Gate, cond, contact, create, customer, query, update


def display(**fields: str) -> str:
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return f"<DISPLAYCONTACT>{inner}</DISPLAYCONTACT>"


async def test_create_answers_with_a_lower_case_tag_and_both_keys(gate: Gate) -> None:
    found = await gate.ok(customer(CUSTOMERID="SF-0012"))
    assert found.counts == {"listtype": "objects", "count": "1"}
    assert found.data[0].tag == "customer"
    assert found.rows == [{"RECORDNO": "1", "CUSTOMERID": "SF-0012"}]


async def test_recordno_grows_and_is_never_reused(gate: Gate) -> None:
    first = await gate.customer("A")
    await gate.ok(f"<delete><object>CUSTOMER</object><keys>{first['RECORDNO']}</keys></delete>")
    assert (await gate.customer("B"))["RECORDNO"] == "2"


async def test_the_sequence_fills_a_missing_id_and_a_given_one_is_used(gate: Gate) -> None:
    ids = [
        (await gate.customer(name, **more))["CUSTOMERID"]
        for name, more in (("A", {}), ("B", {"CUSTOMERID": "X"}), ("C", {}))
    ]
    assert ids == ["C-00001", "X", "C-00002"]


async def test_without_a_sequence_the_missing_id_is_named(gate: Gate) -> None:
    await gate.knobs(sequences={"CUSTOMER": False})
    assert (await gate.one(customer())).errors[0] == ("BL01001973", "Required field CUSTOMERID is missing")
    assert (await gate.customer(CUSTOMERID="X"))["CUSTOMERID"] == "X"


async def test_the_sequence_can_run_into_a_taken_id(gate: Gate) -> None:
    await gate.knobs(sequence_skips_taken=False)
    await gate.customer("A", CUSTOMERID="C-00001")
    assert (await gate.one(customer("B"))).errors[0][0] == "BL34000061"
    assert (await gate.customer("B"))["CUSTOMERID"] == "C-00002"


async def test_a_duplicate_id_is_refused_and_wrapped(gate: Gate) -> None:
    await gate.customer(CUSTOMERID="X")
    assert (await gate.one(customer("Other", CUSTOMERID="X"))).errors == [
        ("BL34000061", "Another Customer with the given value(s) X already exists"),
        ("BL01001973", "Could not create Customer record!"),
    ]


async def test_the_display_contact_is_made_from_its_part(gate: Gate) -> None:
    part = display(PRINTAS="Acme Inc", EMAIL1="ap@acme.test", MAILADDRESS="<CITY>Reno</CITY><ZIP>89501</ZIP>")
    await gate.customer("Acme", part, CUSTOMERID="SF-1")
    made = (await gate.records("CONTACT"))[0]
    assert made["CONTACTNAME"] == "Acme(CSF-1)"
    assert (made["PRINTAS"], made["EMAIL1"]) == ("Acme Inc", "ap@acme.test")
    assert (made["MAILADDRESS"]["CITY"], made["MAILADDRESS"]["ZIP"]) == ("Reno", "89501")


async def test_the_display_contact_may_be_named(gate: Gate) -> None:
    await gate.customer("Acme", display(PRINTAS="A", CONTACTNAME="The Acme"))
    assert [c["CONTACTNAME"] for c in await gate.records("CONTACT")] == ["The Acme"]


@pytest.mark.parametrize("part", ["<DISPLAYCONTACT/>", display(EMAIL1="a@b.test"), "<!-- DISPLAYCONTACT -->"])
async def test_the_display_contact_needs_printas(gate: Gate, part: str) -> None:
    assert (await gate.one(customer("Acme", part))).errors[0] == (
        "BL01001973",
        "Required field DISPLAYCONTACT.PRINTAS is missing",
    )
    assert await gate.records("CUSTOMER") == []


async def test_a_taken_contact_name_fails_the_customer_with_a_contact_error(gate: Gate) -> None:
    await gate.ok(contact("Acme(CX)"))
    found = await gate.one(customer("Acme", CUSTOMERID="X"))
    assert found.errors[0] == ("BL34000061", "Another Contact with the given value(s) Acme(CX) already exists")
    assert found.errors[-1] == ("BL01001973", "Could not create Customer record!")
    assert await gate.records("CUSTOMER") == []


async def test_the_other_contacts_default_to_the_display_contact(gate: Gate) -> None:
    await gate.customer("Acme", CUSTOMERID="X")
    record = (await gate.records("CUSTOMER"))[0]
    assert {record[path]["CONTACTNAME"] for path in ("DISPLAYCONTACT", "CONTACTINFO", "BILLTO", "SHIPTO")} == {
        "Acme(CX)"
    }


async def test_bill_to_names_an_existing_contact_and_can_be_cleared(gate: Gate) -> None:
    await gate.ok(contact("Payer"))
    await gate.customer("Acme", "<BILLTO><CONTACTNAME>Payer</CONTACTNAME></BILLTO>", CUSTOMERID="X")
    assert (await gate.records("CUSTOMER"))[0]["BILLTO"]["CONTACTNAME"] == "Payer"
    await gate.ok(update("CUSTOMER", "<BILLTO><CONTACTNAME/></BILLTO>", CUSTOMERID="X"))
    assert (await gate.records("CUSTOMER"))[0]["BILLTO"]["CONTACTNAME"] == "Acme(CX)"


@pytest.mark.parametrize("path", ["BILLTO", "SHIPTO", "CONTACTINFO"])
async def test_an_unknown_contact_is_refused_by_name(gate: Gate, path: str) -> None:
    found = await gate.one(customer("Acme", f"<{path}><CONTACTNAME>Nobody</CONTACTNAME></{path}>"))
    assert found.errors[0] == ("BL01001973", f"Invalid Contact 'Nobody' specified for {path}.CONTACTNAME")
    assert await gate.records("CUSTOMER") == []
    assert await gate.records("CONTACT") == []


@pytest.mark.parametrize(
    ("field", "value", "label"),
    [("PARENTID", "NOPE", "Customer"), ("TERMNAME", "Net 99", "AR term"), ("CUSTTYPE", "Odd", "Customer type")],
)
async def test_references_must_exist(gate: Gate, field: str, value: str, label: str) -> None:
    assert (await gate.one(customer(**{field: value}))).errors[0][
        1
    ] == f"Invalid {label} '{value}' specified for {field}"


@pytest.mark.parametrize("term", ["Net 30", "Net 15", "Due on receipt"])
async def test_the_seeded_terms_are_there(gate: Gate, term: str) -> None:
    await gate.customer(TERMNAME=term)
    assert (await gate.records("CUSTOMER"))[0]["TERMNAME"] == term


async def test_parents_must_not_go_in_circles(gate: Gate) -> None:
    await gate.customer("A", CUSTOMERID="A")
    await gate.customer("B", CUSTOMERID="B", PARENTID="A")
    assert (await gate.one(update("CUSTOMER", CUSTOMERID="A", PARENTID="B"))).status == "failure"
    assert (await gate.one(update("CUSTOMER", CUSTOMERID="A", PARENTID="A"))).status == "failure"


async def test_required_fields_are_named(gate: Gate) -> None:
    assert ("BL01001973", "Required field NAME is missing") in (await gate.one(create("CUSTOMER"))).errors
    errors = (await gate.one(create("CONTACT"))).errors
    assert errors[:2] == [
        ("BL01001973", "Required field CONTACTNAME is missing"),
        ("BL01001973", "Required field PRINTAS is missing"),
    ]


@pytest.mark.parametrize("mail", ["nobody", "a@b", "a b@c.de", "a@b.co,", "@b.co"])
async def test_a_bad_mail_address_is_refused_in_the_vendors_words(gate: Gate, mail: str) -> None:
    for text in (contact("Ann", EMAIL1=mail), customer("Acme", display(PRINTAS="A", EMAIL2=mail))):
        assert (await gate.one(text)).errors[0] == ("BL03000018", "Illegal format for Contactversion")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (customer(CUSTOMERID="x" * 21), "CUSTOMERID"),
        (customer("x" * 101), "NAME"),
        (contact("x" * 201), "CONTACTNAME"),
        (customer("A", display(PRINTAS="x" * 201)), "PRINTAS"),
        (contact("A", FIRSTNAME="x" * 41), "FIRSTNAME"),
    ],
)
async def test_a_text_above_its_width_is_refused(gate: Gate, text: str, field: str) -> None:
    assert (await gate.one(text)).errors[0][1].startswith(f"Illegal length for {field}")


async def test_a_status_is_one_of_its_words(gate: Gate) -> None:
    assert (await gate.one(customer(STATUS="asleep"))).status == "failure"
    await gate.customer(STATUS="inactive")


@pytest.mark.parametrize(
    "text", [customer(NOPE="1"), customer("A", display(PRINTAS="A", NOPE="1")), contact("A", NOPE="1")]
)
async def test_an_unknown_field_is_refused(gate: Gate, text: str) -> None:
    found = await gate.one(text)
    assert found.errors[0][0] == "XL03000010"
    assert "NOPE" in found.errors[0][1]


async def test_read_only_fields_cannot_be_written(gate: Gate) -> None:
    assert (await gate.one(customer(TOTALDUE="5"))).errors[0][1] == "TOTALDUE is read-only"


async def test_every_problem_of_a_record_is_told_at_once(gate: Gate) -> None:
    found = await gate.one(create("CUSTOMER", NOPE="1", STATUS="asleep", CREDITLIMIT="much"))
    assert len(found.errors) == 5


async def test_an_empty_element_clears_and_an_omitted_one_keeps(gate: Gate) -> None:
    await gate.customer(CUSTOMERID="X", COMMENTS="hello", TAXID="T1", TERMNAME="Net 30")
    await gate.ok(update("CUSTOMER", CUSTOMERID="X", COMMENTS="", TERMNAME=""))
    record = (await gate.records("CUSTOMER"))[0]
    assert (record["COMMENTS"], record["TAXID"], record["TERMNAME"]) == ("", "T1", "")


async def test_a_required_field_cannot_be_cleared(gate: Gate) -> None:
    await gate.customer(CUSTOMERID="X")
    assert (await gate.one(update("CUSTOMER", CUSTOMERID="X", NAME=""))).status == "failure"


async def test_multi_picklists_and_amounts(gate: Gate) -> None:
    await gate.customer(CUSTOMERID="X", DELIVERY_OPTIONS="Print#~#E-Mail", CREDITLIMIT="10.005", ONHOLD="true")
    record = (await gate.records("CUSTOMER"))[0]
    assert (record["DELIVERY_OPTIONS"], record["CREDITLIMIT"], record["ONHOLD"]) == ("Print#~#E-Mail", "10.01", "true")
    assert (await gate.one(update("CUSTOMER", CUSTOMERID="X", DELIVERY_OPTIONS="Print#~#Pigeon"))).status == "failure"


async def test_rounding_mode_is_a_knob(gate: Gate) -> None:
    await gate.knobs(amount_rounding="half even")
    await gate.customer(CREDITLIMIT="10.005")
    assert (await gate.records("CUSTOMER"))[0]["CREDITLIMIT"] == "10.00"


async def test_every_update_moves_whenmodified(gate: Gate, sim_clock: SimClock) -> None:
    await gate.customer(CUSTOMERID="X")
    sim_clock.advance(90.7)
    await gate.ok(update("CUSTOMER", CUSTOMERID="X", COMMENTS="x"))
    record = (await gate.records("CUSTOMER"))[0]
    assert record["WHENCREATED"] == "01/31/2026 10:00:00"
    assert record["WHENMODIFIED"] == "01/31/2026 10:01:30"


async def test_nested_updates_reach_the_display_contact(gate: Gate, sim_clock: SimClock) -> None:
    await gate.customer(CUSTOMERID="X")
    sim_clock.advance(60)
    await gate.ok(update("CUSTOMER", display(EMAIL1="new@acme.test"), RECORDNO="1"))
    made = (await gate.records("CONTACT"))[0]
    assert (made["EMAIL1"], made["WHENMODIFIED"]) == ("new@acme.test", "01/31/2026 10:01:00")


async def test_a_contact_update_leaves_the_customers_stamp_alone(gate: Gate, sim_clock: SimClock) -> None:
    await gate.customer(CUSTOMERID="X")
    sim_clock.advance(60)
    await gate.ok(update("CONTACT", CONTACTNAME="Acme(CX)", EMAIL1="new@acme.test"))
    found = await gate.ok(query("CUSTOMER", "WHENMODIFIED", "DISPLAYCONTACT.EMAIL1"))
    assert found.rows == [{"WHENMODIFIED": "01/31/2026 10:00:00", "DISPLAYCONTACT.EMAIL1": "new@acme.test"}]


async def test_names_and_ids_cannot_be_changed(gate: Gate) -> None:
    await gate.ok(contact("Ann"))
    await gate.customer(CUSTOMERID="X")
    assert (await gate.one(update("CONTACT", RECORDNO="1", CONTACTNAME="Eve"))).status == "failure"
    assert (await gate.one(update("CUSTOMER", RECORDNO="1", CUSTOMERID="Y"))).status == "failure"
    assert (await gate.one(update("CUSTOMER", RECORDNO="1", CUSTOMERID="X", NAME="Z"))).status == "success"


async def test_an_update_of_nothing_is_refused(gate: Gate) -> None:
    assert (await gate.one(update("CUSTOMER", NAME="A"))).status == "failure"
    assert (await gate.one(update("CUSTOMER", RECORDNO="9", NAME="A"))).status == "failure"
    assert (await gate.one(update("CUSTOMER", CUSTOMERID="9", NAME="A"))).status == "failure"


async def test_a_used_master_cannot_be_deleted_and_an_unused_one_can(gate: Gate) -> None:
    await gate.customer("A", CUSTOMERID="A")
    await gate.customer("B", CUSTOMERID="B", PARENTID="A")

    async def drop(kind: str, key: str) -> str | None:
        return (await gate.one(f"<delete><object>{kind}</object><keys>{key}</keys></delete>")).status

    assert await drop("CONTACT", "1") == "failure"
    assert await drop("CUSTOMER", "1") == "failure"
    assert await drop("CUSTOMER", "2") == "success"
    assert await drop("CUSTOMER", "1") == "success"
    assert await drop("CUSTOMER", "1") == "failure"
    assert await drop("CONTACT", "1") == "success"


async def test_delete_answers_without_records(gate: Gate) -> None:
    await gate.ok(contact("Ann"))
    found = await gate.ok("<delete><object>CONTACT</object><keys>1</keys></delete>")
    assert found.counts == {"listtype": "objects", "count": "0"}


async def test_several_keys_are_deleted_together_or_not_at_all(gate: Gate) -> None:
    await gate.run(contact("Ann"), contact("Bob"))
    assert (await gate.one("<delete><object>CONTACT</object><keys>1,9</keys></delete>")).status == "failure"
    assert len(await gate.records("CONTACT")) == 2
    await gate.ok("<delete><object>CONTACT</object><keys>1,2</keys></delete>")
    assert await gate.records("CONTACT") == []


async def test_the_custom_key_is_written_and_found(gate: Gate) -> None:
    await gate.customer("Acme", SFDC_ID="001000000000001AAA")
    found = await gate.ok(query("CUSTOMER", "CUSTOMERID", where=cond("equalto", "SFDC_ID", "001000000000001AAA")))
    assert found.rows == [{"CUSTOMERID": "C-00001"}]


async def test_unicode_and_markup_survive(gate: Gate) -> None:
    await gate.customer("Żółw & <Söhne> 😀")
    assert (await gate.ok(query("CUSTOMER", "NAME"))).rows == [{"NAME": "Żółw & <Söhne> 😀"}]


async def test_legacy_contact_functions_answer_with_the_name(gate: Gate) -> None:
    text = (
        "<create_contact><contactname>Ann</contactname><printas>Ann B</printas><email1>ann@b.test</email1>"
        "<mailaddress><city>Reno</city><isocountrycode>US</isocountrycode></mailaddress></create_contact>"
    )
    assert (await gate.ok(text)).text("key") == "Ann"
    made = (await gate.records("CONTACT"))[0]
    assert (made["PRINTAS"], made["MAILADDRESS"]["COUNTRYCODE"]) == ("Ann B", "US")
    await gate.ok('<update_contact contactname="Ann"><email1>new@b.test</email1></update_contact>')
    assert (await gate.records("CONTACT"))[0]["EMAIL1"] == "new@b.test"
    await gate.ok('<delete_contact contactname="Ann"/>')
    assert await gate.records("CONTACT") == []


async def test_legacy_children_stand_in_order(gate: Gate) -> None:
    text = "<create_contact><printas>Ann B</printas><contactname>Ann</contactname></create_contact>"
    assert (await gate.one(text)).errors[0][0] == "XL03000003"
    assert await gate.records("CONTACT") == []


async def test_a_legacy_customer_describes_its_contact_in_place(gate: Gate) -> None:
    text = (
        "<create_customer><customerid>X</customerid><name>Acme</name><termname>Net 30</termname><contactinfo><contact>"
        "<contactname>The Acme</contactname><printas>Acme</printas></contact></contactinfo><customfields><customfield>"
        "<customfieldname>SFDC_ID</customfieldname><customfieldvalue>001</customfieldvalue></customfield></customfields>"
        "</create_customer>"
    )
    assert (await gate.ok(text)).text("key") == "X"
    record = (await gate.records("CUSTOMER"))[0]
    assert (record["DISPLAYCONTACT"]["CONTACTNAME"], record["SFDC_ID"]) == ("The Acme", "001")


@pytest.mark.parametrize("name", ["recallsotransaction", "create_bill", "readRelated"])
async def test_unknown_functions_are_refused_by_name(gate: Gate, name: str) -> None:
    found = await gate.one(f"<{name}/>")
    assert found.status == "failure"
    assert name in found.errors[0][1]
