"""A declaration made concrete for one connection: names, missing fields, link key, options."""

import pytest

from app.domain.declaration import (
    LINK_FIELD,
    Companion,
    End,
    Field,
    Mark,
    Option,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.plan import Plan, make_plan
from app.domain.transforms import Street

PACE = Option("pace", "slow", "How fast.", ("slow", "fast"))
LOUD = Option("loud", True, "Whether it makes noise.")

WIDGET = SyncedObject(
    name="widget",
    label="Widget to thing",
    salesforce=End("ia_crm__Widget__c", "Name"),
    intacct=End("THING", "THINGID"),
    fields=(
        Field("NAME", "Name"),
        Field("COLOUR", "ia_crm__Colour__c"),
        Field("OWNER", "Account.Name", Rule.TO_INTACCT),
        Field("MAKER.NAME", "ia_crm__Maker__r.Name", Rule.TO_INTACCT),
        Field(("A1", "A2"), "Street", via=Street(lines=2)),
        Field("NOTES", "Description", active=False),
        Field("CURRENCY", "CurrencyIsoCode", mark=Mark.FIXED, active=False),
    ),
    write_back=WriteBack(intacct_id="ia_crm__Thing_ID__c", id_copy="ia_crm__Widget_Id__c"),
    match_by=("THINGID", "NAME"),
    also_read=("CreatedDate",),
    options=(PACE, LOUD),
    companions=(
        Companion("BOX", "BOX", "BOXID", "X_{id}", "BOX.ID", "ia_crm__Box__c", ("Size__c",), (Field("S", "Size__c"),)),
    ),
)

HERE = {
    *("Name", "AccountId", "Street", "Description", "CurrencyIsoCode", "CreatedDate", "Size__c"),
    *("ia_crm__Colour__c", "ia_crm__Maker__c", "ia_crm__Thing_ID__c", "ia_crm__Widget_Id__c", "ia_crm__Box__c"),
    *("ia_crm__Intacct_Sync_Status__c", "ia_crm__Intacct_Sync_Errors__c", "ia_crm__Synced_With_Intacct_Date__c"),
}
THERE = {"THINGID", "NAME", "COLOUR", "OWNER", "MAKER", "A1", "A2", "NOTES", "CURRENCY", "SFDC_ID", "BOX"}


def plan(
    declared: SyncedObject = WIDGET,
    *,
    namespace: str = "ia_crm",
    link_field: str = "SFDC_ID",
    here: set[str] = HERE,
    there: set[str] = THERE,
    options: dict[str, object] | None = None,
) -> Plan:
    """The plan of `declared` between two sides that have everything unless told otherwise."""
    return make_plan(
        declared,
        scope="production:c1:acme:",
        namespace=namespace,
        link_field=link_field,
        options=options or {},
        salesforce_has=here,
        intacct_has=there,
    )


def ids(made: Plan) -> list[str]:
    """Row ids of a plan."""
    return [row.id for row in made.rows]


def without_prefix(names: set[str], prefix: str = "") -> set[str]:
    """Field names under another namespace."""
    return {name.replace("ia_crm__", prefix) for name in names}


def test_rows_both_sides_have_are_planned_in_their_order() -> None:
    assert ids(plan()) == ["NAME", "COLOUR", "OWNER", "MAKER.NAME", "A1", "CURRENCY"]
    assert plan().absent == ()


def test_inactive_row_is_left_out_and_not_called_missing() -> None:
    assert "NOTES" not in ids(plan())
    assert plan().absent == ()


def test_fixed_row_is_always_active() -> None:
    assert "CURRENCY" in ids(plan())


def test_row_salesforce_has_no_field_for_is_dropped_and_named() -> None:
    made = plan(here=HERE - {"CurrencyIsoCode"})
    assert "CURRENCY" not in ids(made)
    assert made.absent == ("CurrencyIsoCode ↔ CURRENCY",)


def test_row_intacct_has_no_field_for_is_dropped_and_named() -> None:
    made = plan(there=THERE - {"COLOUR"})
    assert "COLOUR" not in ids(made)
    assert made.absent == ("ia_crm__Colour__c ↔ COLOUR",)


def test_address_is_dropped_whole_when_one_line_is_missing() -> None:
    made = plan(there=THERE - {"A2"})
    assert "A1" not in ids(made)
    assert made.absent == ("Street ↔ A1/A2",)


def test_names_are_compared_without_case() -> None:
    made = plan(here={name.lower() for name in HERE}, there={name.lower() for name in THERE})
    assert made.absent == ()
    assert made.link_field == "SFDC_ID"


@pytest.mark.parametrize(("lacking", "row"), [("AccountId", "OWNER"), ("ia_crm__Maker__c", "MAKER.NAME")])
def test_field_of_a_related_record_needs_the_look_up_to_it(lacking: str, row: str) -> None:
    assert row in ids(plan())
    assert row not in ids(plan(here=HERE - {lacking}))


def test_dotted_intacct_name_is_enough_in_full() -> None:
    assert "MAKER.NAME" in ids(plan(there=THERE - {"MAKER"} | {"MAKER.NAME"}))
    assert "MAKER.NAME" not in ids(plan(there=THERE - {"MAKER"}))


@pytest.mark.parametrize(("namespace", "prefix"), [("acme", "acme__"), ("", "")])
def test_namespace_is_that_of_the_connection(namespace: str, prefix: str) -> None:
    made = plan(namespace=namespace, here=without_prefix(HERE, prefix))
    assert made.absent == ()
    assert f"{prefix}Colour__c" in [row.salesforce for row in made.rows]
    assert made.write_back == WriteBack(
        f"{prefix}Thing_ID__c",
        f"{prefix}Intacct_Sync_Status__c",
        f"{prefix}Intacct_Sync_Errors__c",
        f"{prefix}Synced_With_Intacct_Date__c",
        f"{prefix}Widget_Id__c",
    )
    assert made.companions[0].unless == f"{prefix}Box__c"
    assert not [name for name in made.salesforce_fields if "ia_crm__" in name]


@pytest.mark.parametrize(
    ("field", "lacking"),
    [
        ("status", "ia_crm__Intacct_Sync_Status__c"),
        ("errors", "ia_crm__Intacct_Sync_Errors__c"),
        ("synced_at", "ia_crm__Synced_With_Intacct_Date__c"),
        ("id_copy", "ia_crm__Widget_Id__c"),
    ],
)
def test_missing_status_field_is_neither_read_nor_written(field: str, lacking: str) -> None:
    made = plan(here=HERE - {lacking})
    assert getattr(made.write_back, field) is None
    assert lacking not in made.salesforce_fields
    assert getattr(plan().write_back, field) == lacking


def test_link_key_is_used_where_the_company_has_its_field() -> None:
    assert plan().link_field == "SFDC_ID"
    assert "SFDC_ID" in plan().intacct_fields


def test_link_key_is_not_used_where_the_company_lacks_its_field() -> None:
    made = plan(there=THERE - {"SFDC_ID"})
    assert made.link_field is None
    assert "SFDC_ID" not in made.intacct_fields


def test_link_key_bears_the_name_the_connection_gave_it() -> None:
    assert plan(link_field="MY_KEY", there=THERE | {"MY_KEY"}).link_field == "MY_KEY"


@pytest.mark.parametrize("link_key", [None, "DOCNO"])
def test_object_without_the_connections_link_key_does_not_use_it(link_key: str | None) -> None:
    assert WIDGET.link_key == LINK_FIELD
    other = SyncedObject(
        "widget",
        "W",
        WIDGET.salesforce,
        WIDGET.intacct,
        WIDGET.fields,
        WIDGET.write_back,
        link_key=link_key,
        match_by=("NAME",),
    )
    assert plan(other).link_field is None


def test_run_reads_every_salesforce_field_it_needs_once() -> None:
    names = plan().salesforce_fields
    assert len(names) == len(set(names))
    assert {"Name", "Account.Name", "Street", "Size__c", "ia_crm__Box__c", "ia_crm__Thing_ID__c", "CreatedDate"} <= {
        *names
    }
    assert "Description" not in names


def test_run_reads_every_intacct_field_it_needs_once() -> None:
    assert plan().intacct_fields == (
        *("THINGID", "SFDC_ID", "NAME", "COLOUR", "OWNER", "MAKER.NAME", "A1", "A2", "CURRENCY"),
    )


def test_option_has_the_value_of_the_connection_or_its_default() -> None:
    made = plan(options={"pace": "fast"})
    assert (made.option("pace"), made.option("loud")) == ("fast", True)


def test_option_nobody_declared_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        plan().option("volume")


def test_switched_off_option_is_not_its_default() -> None:
    assert plan(options={"loud": False}).option("loud") is False


def test_document_is_named_by_scope_object_record_and_purpose() -> None:
    assert plan().op_key("001A") == "production:c1:acme::widget:001A:record"
    assert plan().op_key("001A", "BOX") == "production:c1:acme::widget:001A:BOX"


def test_look_up_the_org_lacks_is_not_read() -> None:
    assert "ia_crm__Box__c" not in plan(here=HERE - {"ia_crm__Box__c"}).salesforce_fields
