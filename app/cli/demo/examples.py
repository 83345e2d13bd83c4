"""What the tour makes: for each object and direction a record or two where they are born, and how to know them again.

Data only. An object that is added to the catalogue and has no example here is named by a test.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.cli.demo.caller import DemoError
from app.domain.declaration import Kind
from app.objects import CATALOGUE

Records = Sequence[Mapping[str, Any]]
Known = Mapping[str, Records]
"""Records met so far: "object" as they stand in Salesforce, "object/intacct" as they stand in Intacct."""

TEMPLATES = "ia_crm__Revenue_Recognition_Template__c"
PROJECT, TASK = "ia_crm__Project__c", "ia_crm__Task__c"
ENTRY, LINE = "ia_crm__Intacct_Journal_Entry__c", "ia_crm__Intacct_Journal_Entry_Line__c"


@dataclass(frozen=True)
class Stop:
    """One object in one direction. `same` pairs fields of the record and of its twin that must agree.

    `also` are values the twin must have besides, `options` those of the object; `before` are records of other kinds it
    needs, `beside` such as belong to it. `kind` and `other_kind` are names of the simulators.
    """

    object_name: str
    system: str
    kind: str
    other_kind: str
    records: Callable[[Known], Records]
    same: Mapping[str, str]
    also: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Records] = field(default_factory=dict)
    beside: Callable[[Known], Mapping[str, Records]] = lambda known: {}

    @property
    def direction(self) -> str:
        """For people."""
        return "Salesforce → Intacct" if self.system == "salesforce" else "Intacct → Salesforce"


def _here(name: str, kind: str, other: str, records: Callable[[Known], Records], **more: Any) -> Stop:
    return Stop(name, "salesforce", kind, other, records, **more)


def _there(name: str, kind: str, other: str, records: Callable[[Known], Records], **more: Any) -> Stop:
    return Stop(name, "intacct", kind, other, records, **more)


def _id(known: Known, name: str, **wanted: Any) -> str:
    """The Salesforce id of a record met before."""
    found = [str(r["Id"]) for r in known[name] if all(r.get(field) == value for field, value in wanted.items())]
    if not found:
        raise DemoError(f"No {name} with {wanted} stands in Salesforce; there are {len(known[name])}.")
    return found[0]


LIST_RECORDS: dict[str, Mapping[str, Any]] = {
    "employee": {"EMPLOYEEID": "E-7", "PERSONALINFO": {"CONTACTNAME": "Ada Byron"}},
    "gl_account": {"ACCOUNTNO": "4700", "TITLE": "Gifts", "ACCOUNTTYPE": "incomestatement"},
    "gl_journal": {"SYMBOL": "GJ7", "TITLE": "Gift journal"},
    "user_dimension": {"ID": "F-7", "NAME": "Fund seven"},
    "revenue_template": {"NAME": "Even", "METHOD": "Straight line", "POSTINGTYPE": "Manual"},
    "revenue_template_oe": {"TEMPLATEID": "T-7", "DESCRIPTION": "Twelve months"},
}
LIST_NEEDS: dict[str, Mapping[str, Records]] = {
    "employee": {"CONTACT": [{"CONTACTNAME": "Ada Byron", "PRINTAS": "Ada Byron"}]},
}
LIST_KINDS = {"user_dimension": "UDD_FUND", "revenue_template_oe": "REVRECTEMPLATE"}
LIST_OPTIONS: dict[str, Mapping[str, Any]] = {
    "gl_account": {"selection": ["1000..9999"]},
    "gl_journal": {"selection": ["GJ7"]},
    "user_dimension": {"dimensions": ["UDD_FUND"]},
}
LIST_KEYS = {"user_dimension": "ID", "revenue_template_oe": "TEMPLATEID"}


def _managed_list(name: str) -> Stop:
    declared = CATALOGUE[name]
    key = LIST_KEYS.get(name, declared.intacct.natural_key)
    title = next((row.names[0] for row in declared.fields if row.salesforce == "Name" and row.names), key)
    made = LIST_RECORDS.get(name, {key: f"D-{name[:8]}", title: f"Demo {name}"} if title != key else {key: f"D {name}"})
    kind = LIST_KINDS.get(name, declared.intacct.kind.split("+")[0])
    same = {key: declared.salesforce.natural_key}
    more = {"options": LIST_OPTIONS.get(name, {}), "before": LIST_NEEDS.get(name, {})}
    return _there(name, kind, declared.salesforce.kind, lambda known: [made], same=same, **more)


PRICES = {"priceSource": "intacct"}
FROM_HERE = {"priceSource": "salesforce"}
FIRM = "Tour & Söhne"
BASE = "Base Price List"
DATES = {"DATEFROM": "01/01/2020", "DATETO": "12/31/2099"}
ITEM = {"ITEMID": "I-7", "NAME": "Widget", "ITEMTYPE": "Non-Inventory (Sales only)", "STATUS": "active"}

FIRST_DAY = (
    *(_managed_list(name) for name, declared in CATALOGUE.items() if declared.kind is Kind.MANAGED_LIST),
    _here(
        "contact",
        "Contact",
        "CONTACT",
        lambda known: [{"FirstName": "Grace", "LastName": "Hopper", "Email": "grace@example.com"}],
        same={"Email": "EMAIL1", "Id": "SFDC_ID"},
    ),
    _here(
        "account",
        "Account",
        "CUSTOMER",
        lambda known: [{"Name": FIRM, "ia_crm__Bill_to_Contact__c": _id(known, "contact", LastName="Hopper")}],
        same={"Name": "NAME", "Id": "SFDC_ID"},
    ),
    _there(
        "product",
        "ITEM",
        "Product2",
        lambda known: [ITEM],
        same={"ITEMID": "ProductCode", "NAME": "Name"},
        options={"direction": "fromIntacct"},
    ),
)
SECOND_DAY = (
    _here(
        "product",
        "Product2",
        "ITEM",
        lambda known: [{"Name": "Gadget", "ProductCode": "I-8", "IsActive": True}],
        same={"ProductCode": "ITEMID", "Name": "NAME"},
        options={"direction": "toIntacct"},
    ),
    _there(
        "price_book",
        "SOPRICELIST",
        "Pricebook2",
        lambda known: [{"NAME": name, **DATES} for name in (BASE, "Wholesale")],
        same={"NAME": "ia_crm__Intacct_Price_List__c"},
        options=PRICES,
    ),
    _there(
        "billing_price_book",
        "CONTRACTPRICELIST",
        "Pricebook2",
        lambda known: [{"NAME": "Subscriptions", "DESCRIPTION": "Monthly"}],
        same={"NAME": "ia_crm__Intacct_Billing_Price_List__c", "DESCRIPTION": "Description"},
        options=PRICES,
    ),
    _here(
        "project",
        PROJECT,
        "PROJECT",
        lambda known: [{"Name": "Bridge", "ia_crm__Account__c": _id(known, "account", Name=FIRM)}],
        same={"Name": "NAME", "Id": "SFDC_ID"},
        beside=lambda known: {
            TASK: [{"Name": f"Step {n}", PROJECT: _id(known, "project", Name="Bridge")} for n in (1, 2, 3)]
        },
    ),
    _there(
        "project",
        "PROJECT",
        PROJECT,
        lambda known: [{"NAME": "Tunnel", "PROJECTCATEGORY": "Contract"}],
        same={"NAME": "Name", "PROJECTID": "ia_crm__Project_ID__c"},
    ),
)
THIRD_DAY = (
    _here(
        "price_book",
        "Pricebook2",
        "SOPRICELIST",
        lambda known: [{"Name": "Web", "IsActive": True}],
        same={"Name": "NAME"},
        options=FROM_HERE,
    ),
    _there(
        "price_book_entry",
        "SOPRICELISTENTRY",
        "PricebookEntry",
        lambda known: [
            {"PRICELISTID": name, "ITEMID": "I-7", "VALUE": value, **DATES}
            for name, value in ((BASE, "10.00"), ("Wholesale", "8.25"))
        ],
        same={"VALUE": "UnitPrice"},
        options=PRICES,
    ),
    _here(
        "task",
        TASK,
        "TASK",
        lambda known: [{"Name": "Survey", PROJECT: _id(known, "project", Name="Bridge")}],
        same={"Name": "NAME", "Id": "SFDC_ID"},
    ),
    _there(
        "task",
        "TASK",
        TASK,
        lambda known: [
            {
                "TASKID": "T1",
                "NAME": "Dig",
                "TASKSTATUS": "Planned",
                "PROJECTID": next(p["PROJECTID"] for p in known["project/intacct"] if p["NAME"] == "Tunnel"),
            }
        ],
        same={"NAME": "Name"},
    ),
    _here(
        "journal_entry",
        ENTRY,
        "GLBATCH",
        lambda known: [
            {
                "ia_crm__Intacct_Journal__c": _id(known, "gl_journal", ia_crm__Symbol__c="GJ7"),
                "ia_crm__Date__c": "2026-03-01",
                "ia_crm__Description__c": "Gifts of March",
            }
        ],
        same={"ia_crm__Description__c": "BATCH_TITLE"},
        beside=lambda known: {
            LINE: [
                {
                    ENTRY: _id(known, "journal_entry", ia_crm__Description__c="Gifts of March"),
                    "ia_crm__Intacct_Account__c": _id(known, "gl_account", ia_crm__Account_No__c=account),
                    "ia_crm__Debit_Credit__c": side,
                    "ia_crm__Amount__c": 125.5,
                }
                for account, side in (("1000", "Debit"), ("4700", "Credit"))
            ]
        },
    ),
)
FOURTH_DAY = (
    _here(
        "price_book_entry",
        "PricebookEntry",
        "SOPRICELISTENTRY",
        lambda known: [
            {
                "Pricebook2Id": _id(known, "price_book", Name="Web"),
                "Product2Id": _id(known, "product", ProductCode="I-7"),
                "UnitPrice": 9.75,
                "IsActive": True,
            }
        ],
        same={"UnitPrice": "VALUE"},
        options=FROM_HERE,
    ),
    _there(
        "billing_price_entry",
        "CONTRACTITEMPRICELIST",
        "PricebookEntry",
        lambda known: [
            {
                "PRICELISTNAME": "Subscriptions",
                "ITEMID": "I-7",
                "CURRENCY": "USD",
                "CONTRACTITEMPRICELISTENTRIES": [{"STARTDATE": "01/01/2020", "VALUE": "3.50"}],
            }
        ],
        same={"RECORDNO": "ia_crm__Intacct_Billing_Price__c"},
        also={"UnitPrice": "3.5"},
    ),
)
DAYS: tuple[tuple[Stop, ...], ...] = (FIRST_DAY, SECOND_DAY, THIRD_DAY, FOURTH_DAY)
"""What is made together; what refers to something was made on an earlier day, or before it on the same."""
