"""Options that several objects have, or that the engine reads by name. Declarations list those of their object."""

from app.domain.options import Option

CREATE_AT_TOP_LEVEL = Option(
    "createAtTopLevel",
    False,
    "New records are made at Intacct's top level, whatever entity they name. Off: in the entity they name, at top "
    "level where they name none.",
)

ENABLED = Option("enabled", False, "Records of this object are synced. Off: wishes are refused, feeds are not read.")

INCLUDE_DETAILS = Option("includeDetails", False, "The lines come to Salesforce too; off: headers alone.")

SELECTION = Option(
    "selection",
    (),
    "Which records are carried: ids, or ranges such as 4000..4999; * stands for all. Nothing is carried that is not "
    "selected; what is not selected any more is marked inactive.",
    most=500,
    longest=80,
)

DIMENSIONS = Option(
    "dimensions",
    (),
    "Which user-defined dimensions are carried, by the name of their Intacct object. The values of one that is taken "
    "from the list are marked inactive.",
    most=50,
    pattern=r"^[A-Za-z][A-Za-z0-9_]{0,49}$",
)

DIRECTION = Option(
    "direction",
    "fromIntacct",
    "Which side owns the object. Rows that come from Intacct turn round with toIntacct; formulas never do.",
    ("fromIntacct", "toIntacct"),
    turns="toIntacct",
)

PRICE_SOURCE = Option(
    "priceSource",
    "intacct",
    "Which side owns prices. intacct: they come to Salesforce. salesforce: they go to Intacct. Set books and their "
    "entries alike; an edit on the other side is written over when the record is next edited on this one.",
    ("intacct", "salesforce"),
    turns="salesforce",
)

BASE_PRICE_LIST = Option(
    "basePriceList",
    "Base Price List",
    "The Intacct price list that is the twin of Salesforce's standard price book.",
    longest=80,
)

SYNC_ONLY_ONCE = Option(
    "syncOnlyOnce",
    False,
    "After the first creation no change made in Salesforce reaches Intacct, by button, mass tool, flow, Apex, schedule "
    "or cascade; an edit in Intacct still comes back.",
)

POLL_SALESFORCE = Option(
    "pollSalesforce",
    False,
    "Salesforce is asked regularly what was changed, merged or deleted there, for changes nobody tells us about. Read "
    "while Salesforce owns or shares the object; every rule of a wish by schedule applies.",
)

ON_DELETE = Option(
    "onDelete",
    "leave",
    "What becomes of the twin of a record that is deleted in Salesforce. leave: nothing. inactivate: it is made "
    "inactive in Intacct, and active again when the record comes back. Nothing is ever deleted in Intacct.",
    ("leave", "inactivate"),
)
