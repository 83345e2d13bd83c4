"""Adding an object is one declaration: a made-up one is synced both ways with nothing else touched.

The declaration stands here instead of in `app/objects`; both simulators learn of the kind as data, at run time.
"""

from collections.abc import Callable, Iterator

import pytest

from app.domain.declaration import ENABLED, Creates, End, Field, Mark, SyncedObject, WriteBack
from app.domain.transforms import Day, Flag, Identifier, Text
from app.objects import CATALOGUE, problems
from app.store.session import Sessions
from tests.scenarios.listed import switch_on
from tests.simulated import House, build_house

VEHICLE = SyncedObject(
    name="vehicle",
    label="Vehicle",
    salesforce=End("Vehicle__c", "Name", external_id="ia_crm__Intacct_Key__c"),
    intacct=End("VEHICLE", "VEHICLEID"),
    creates=Creates.BOTH,
    match_by=("VEHICLEID",),
    match_salesforce=("Plate__c",),
    link_key=None,
    keys_for=lambda source: (str(source["Plate__c"]),),
    write_back=WriteBack(intacct_id="Plate__c"),
    options=(ENABLED,),
    fields=(
        Field("NAME", "Name", via=Text(80), mark=Mark.FIXED, required=True),
        Field("BOUGHT", "Bought__c", via=Day()),
        Field("STATUS", "Active__c", via=Flag("active", "inactive")),
        Field("TERMNAME", "Term__c", via=Identifier(40), refers_to="term"),
    ),
)
IN_SALESFORCE = {
    "name": "Vehicle__c",
    "label": "Vehicle",
    "prefix": "a90",
    "fields": [
        {"name": "Name", "type": "string", "length": 80, "required": True},
        {"name": "ia_crm__Intacct_Key__c", "type": "string", "length": 80, "external_id": True, "unique": True},
        {"name": "Plate__c", "type": "string", "length": 20},
        {"name": "Bought__c", "type": "date"},
        {"name": "Active__c", "type": "boolean", "default": True},
        {"name": "Term__c", "type": "reference", "references": ["ia_crm__AR_Term__c"]},
    ],
}
IN_INTACCT = {
    "name": "VEHICLE",
    "id": "VEHICLEID",
    "fields": {
        "VEHICLEID": {"width": 20, "required": True},
        "NAME": {"width": 80, "required": True},
        "BOUGHT": {"type": "DATE"},
        "STATUS": {"type": "ENUM", "values": ["active", "inactive"], "default": "active"},
        "TERMNAME": {"width": 40, "ref": "ARTERM.NAME", "indexed": True},
    },
}


@pytest.fixture
def declared() -> Iterator[SyncedObject]:
    """The declaration in the catalogue, as a file in `app/objects` would put it there."""
    assert problems(VEHICLE, {*CATALOGUE, "vehicle"}) == []
    CATALOGUE["vehicle"] = VEHICLE
    yield VEHICLE
    del CATALOGUE["vehicle"]


@pytest.fixture
async def house(declared: SyncedObject, sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house whose two sides have vehicles, and that syncs them."""
    made = await build_house(sessions, new_id)
    made.salesforce.state.change_schema(IN_SALESFORCE)
    made.intacct.state.change_schema(IN_INTACCT)
    await switch_on(made, "vehicle", "term")
    await made.poll()
    return made


async def test_made_up_object_travels_to_intacct_and_back(house: House) -> None:
    terms = {record["Name"]: record["Id"] for record in house.salesforce.state.records("ia_crm__AR_Term__c")}
    values = {"Name": "Van", "Plate__c": "V-1", "Bought__c": "2026-01-05", "Term__c": terms["Net 15"]}
    (van,) = house.seed("Vehicle__c", values)
    (done,) = await house.sync("vehicle", van)
    assert done.result == "created", done.message
    (stands,) = house.ia("VEHICLE")
    assert (stands["VEHICLEID"], stands["BOUGHT"], stands["TERMNAME"]) == ("V-1", "01/05/2026", "Net 15")
    await house.edit_intacct("VEHICLE", stands["RECORDNO"], {"NAME": "Red van", "TERMNAME": "Net 30"})
    await house.poll()
    back = house.sf("Vehicle__c", van)
    assert (back["Name"], back["Term__c"]) == ("Red van", terms["Net 30"])
    assert [one.result for one in await house.sync("vehicle", van)] == ["unchanged"]


async def test_made_up_object_born_in_intacct_arrives_once(house: House) -> None:
    house.seed_intacct("VEHICLE", {"VEHICLEID": "V-2", "NAME": "Lorry", "STATUS": "active"})
    await house.poll()
    await house.poll()
    (lorry,) = house.salesforce.state.records("Vehicle__c")
    assert (lorry["Plate__c"], lorry["Name"], lorry["Active__c"]) == ("V-2", "Lorry", True)
    assert lorry["ia_crm__Intacct_Key__c"] == "VEHICLE:1"
