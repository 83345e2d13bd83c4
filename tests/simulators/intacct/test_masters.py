"""Objects by their schema file, and the audit trail: SIM-49, SIM-52, SIM-56, SIM-90."""

import pytest

from app.simulators.clock import SimClock
from app.simulators.intacct.schema import load_schemas
from tests.simulators.intacct.gate import Gate, ascending, cond, contact, create, query, update


async def project(gate: Gate, key: str) -> None:
    await gate.ok(create("PROJECT", PROJECTID=key, NAME=key, PROJECTCATEGORY="Contract"))


def task(key: str, project_id: str) -> str:
    return create("TASK", TASKID=key, NAME="Dig", PROJECTID=project_id, TASKSTATUS="Planned")


def test_every_reference_of_every_schema_leads_somewhere() -> None:
    schemas = load_schemas()
    for schema in schemas.values():
        for spec in schema.fields.values():
            kind, _, field = spec.ref.partition(".")
            assert not kind or field in schemas[kind].fields, f"{schema.name}.{spec.name}"
        for relation in schema.relations.values():
            assert relation.by in schema.fields, f"{schema.name}.{relation.path}"
            assert relation.to in schemas[relation.object].fields, f"{schema.name}.{relation.path}"


async def test_every_via_field_of_every_object_can_be_queried(gate: Gate) -> None:
    for schema in (one for one in load_schemas().values() if not one.rest_only):
        found = await gate.one(query(schema.name, *schema.fields))
        assert found.status == "success", (schema.name, found.errors)


async def test_an_item_update_needs_recordno_and_name(gate: Gate) -> None:
    await gate.ok(create("ITEM", ITEMID="I", NAME="Item", ITEMTYPE="Kit"))
    assert (await gate.one(update("ITEM", ITEMID="I", NAME="Item 2"))).status == "failure"
    assert (await gate.one(update("ITEM", RECORDNO="1", UPC="1"))).errors[0][1] == "Required field NAME is missing"
    assert (await gate.one(update("ITEM", RECORDNO="1", NAME="Item 2"))).status == "success"


async def test_a_task_id_is_unique_inside_its_project_only(gate: Gate) -> None:
    await project(gate, "P1")
    await project(gate, "P2")
    await gate.ok(task("T1", "P1"))
    await gate.ok(task("T1", "P2"))
    assert (await gate.one(task("T1", "P1"))).errors[0][0] == "BL34000061"


async def test_a_task_is_updated_by_recordno_only_and_its_id_has_20_characters(gate: Gate) -> None:
    await project(gate, "P1")
    await gate.ok(task("T1", "P1"))
    assert (await gate.one(update("TASK", TASKID="T1", NAME="Fill"))).status == "failure"
    assert (await gate.one(update("TASK", RECORDNO="1", NAME="Fill"))).status == "success"
    assert (await gate.one(task("x" * 21, "P1"))).status == "failure"


@pytest.mark.parametrize("kind", ["PROJECT", "CONTRACT"])
async def test_other_sequences_follow_the_same_rule(gate: Gate, kind: str) -> None:
    await gate.customer(CUSTOMERID="X")
    more = {
        "PROJECT": {"PROJECTCATEGORY": "Contract"},
        "CONTRACT": {"CUSTOMERID": "X", "BEGINDATE": "01/01/2026", "TERMNAME": "Net 30", "LOCATIONID": "E100"},
    }[kind]
    key = f"{kind}ID"
    assert (await gate.ok(create(kind, NAME="A", **more))).rows[0][key].endswith("-00001")
    assert (await gate.ok(create(kind, NAME="B", **{**more, key: "OWN"}))).rows[0][key] == "OWN"
    await gate.knobs(sequences={kind: False})
    assert (await gate.one(create(kind, NAME="C", **more))).errors[0][1] == f"Required field {key} is missing"


async def test_a_revenue_template_update_replaces_all_entries(gate: Gate) -> None:
    def entries(*percents: str) -> str:
        tag = "CONTRACTREVENUETEMPLATEENTRY"
        row = f"<{tag}><PERIODOFFSET>{{}}</PERIODOFFSET><PERIODPERCENT>{{}}</PERIODPERCENT></{tag}>"
        inner = "".join(row.format(place, percent) for place, percent in enumerate(percents))
        return f"<CONTRACTREVENUETEMPLATEENTRIES>{inner}</CONTRACTREVENUETEMPLATEENTRIES>"

    kind, rows = "CONTRACTREVENUETEMPLATE", "CONTRACTREVENUETEMPLATEENTRIES"
    await gate.ok(create(kind, entries("60", "40"), NAME="R"))
    await gate.ok(update(kind, entries("20", "30", "50"), NAME="R"))
    record = (await gate.records(kind))[0]
    assert [row["PERIODPERCENT"] for row in record[rows]] == ["20", "30", "50"]
    assert (await gate.one(update(kind, entries("20", "30"), NAME="R"))).status == "failure"
    await gate.ok(update(kind, NAME="R", DESCRIPTION="kept"))
    assert len((await gate.records(kind))[0][rows]) == 3


async def test_objects_without_a_generic_write_refuse_it(gate: Gate) -> None:
    found = await gate.one(create("SODOCUMENT", DOCID="x"))
    assert "You do not have permission for API operation CREATE" in found.errors[0][1]


async def test_an_employee_points_to_a_contact_by_name(gate: Gate) -> None:
    await gate.ok(contact("Ann"))
    person = "<PERSONALINFO><CONTACTNAME>Ann</CONTACTNAME></PERSONALINFO>"
    await gate.ok(create("EMPLOYEE", person, EMPLOYEEID="E1"))
    assert (await gate.ok(query("EMPLOYEE", "CONTACT.PRINTAS"))).rows == [{"CONTACT.PRINTAS": "Ann"}]
    await gate.customer(CUSTREPID="E1")
    assert (await gate.ok(query("CUSTOMER", "CUSTREPNAME"))).rows == [{"CUSTREPNAME": "Ann"}]


async def trail(gate: Gate) -> list[dict[str, str]]:
    fields = ("OBJECTTYPE", "OBJECTKEY", "ACCESSMODE", "ACCESSTIME", "SOURCE", "USERID")
    return (await gate.ok(query("AUDITHISTORY", *fields, order=ascending("RECORDNO")))).rows


async def test_create_modify_and_delete_leave_letters_in_the_trail(gate: Gate, sim_clock: SimClock) -> None:
    await gate.ok(create("CLASS", CLASSID="K1", NAME="A"))
    sim_clock.advance(1)
    await gate.ok(update("CLASS", CLASSID="K1", NAME="B"))
    await gate.ok("<delete><object>CLASS</object><keys>1</keys></delete>")
    rows = await trail(gate)
    assert [row["ACCESSMODE"] for row in rows] == ["C", "M", "D"]
    assert rows[0] == {
        "OBJECTTYPE": "class",
        "OBJECTKEY": "K1",
        "ACCESSMODE": "C",
        "ACCESSTIME": "01/31/2026 10:00:00",
        "SOURCE": "api",
        "USERID": "api",
    }
    assert rows[2]["ACCESSTIME"] == "01/31/2026 10:00:01"


async def test_query_matches_letters_only_and_text_queries_words_only(gate: Gate) -> None:
    await gate.ok(create("CLASS", CLASSID="K1", NAME="A"))
    await gate.ok("<delete><object>CLASS</object><keys>1</keys></delete>")

    async def found(word: str) -> tuple[int, int]:
        letters = await gate.ok(query("AUDITHISTORY", "ID", where=cond("equalto", "ACCESSMODE", word)))
        text = f"ACCESSMODE = '{word}'"
        words = await gate.ok(
            f"<readByQuery><object>AUDITHISTORY</object><fields>*</fields><query>{text}</query></readByQuery>"
        )
        return len(letters.rows), len(words.rows)

    assert await found("D") == (1, 0)
    assert await found("Delete") == (0, 1)


@pytest.mark.parametrize(("form", "key"), [("CLASSID", "K1"), ("RECORDNO", "1"), ("RECORDNO--REC", "1--REC")])
async def test_the_object_key_has_a_form_per_type(gate: Gate, form: str, key: str) -> None:
    await gate.knobs(audit_objectkey_map={"CLASS": form})
    await gate.ok(create("CLASS", CLASSID="K1", NAME="A"))
    assert (await trail(gate))[0]["OBJECTKEY"] == key


async def test_a_customer_and_its_contact_both_leave_a_trail(gate: Gate) -> None:
    await gate.customer(CUSTOMERID="X")
    assert {(row["OBJECTTYPE"], row["OBJECTKEY"]) for row in await trail(gate)} == {
        ("customer", "X"),
        ("contact", "Acme(CX)"),
    }


async def test_the_trail_needs_a_permission(gate: Gate) -> None:
    await gate.knobs(audit_permission=False)
    found = await gate.one(query("AUDITHISTORY", "ID"))
    assert "You do not have permission for API" in found.errors[0][1]


async def test_a_window_of_the_trail_can_fail(gate: Gate) -> None:
    errors = [{"errorno": "DL02000001", "description2": "There was an error processing the request"}]
    forced = {"match": "query:AUDITHISTORY", "result": {"status": "failure", "errors": errors}}
    await gate.control("POST", "answers", forced)
    assert (await gate.one(query("AUDITHISTORY", "ID"))).status == "failure"
    assert (await gate.one(query("AUDITHISTORY", "ID"))).status == "success"
