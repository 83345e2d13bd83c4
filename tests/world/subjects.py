"""Whose life is broken off at each await: an account, a project with its tasks, a price, a journal entry.

A subject puts its record into a world, says what is wished, and what must be there in the end: one of each. A new kind
is one more subject. No striking and no course of events stands here.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.world.people import People
from tests.world.place import World

P = "ia_crm__"
PROJECT, TASK = f"{P}Project__c", f"{P}Task__c"
ENTRY, LINE = f"{P}Intacct_Journal_Entry__c", f"{P}Intacct_Journal_Entry_Line__c"
ENABLED = {"enabled": True}
PRICED = {"enabled": True, "priceSource": "salesforce"}


@dataclass(frozen=True, eq=False)
class Subject:
    """One record and what belongs to it. `settle` answers the id that is wished; `whole` says what is not as it must.

    `made` are the Intacct kinds, with how many records of each our clients must have created; a `money` document that a
    person holds need not have been made, and must not have been made in part.
    """

    name: str
    object: str
    settle: Callable[[World, People], str]
    made: Mapping[str, int]
    whole: Callable[[World, str], list[str]]
    options: Mapping[str, Any] = field(default_factory=dict)
    money: bool = False


def violations(subject: Subject, world: World, record_id: str) -> list[str]:
    """I1 and I2 in full: as many of each as there must be, made once each; and whatever the subject adds."""
    wanted = dict(subject.made)
    held = subject.money and bool(world.rows("SELECT 1 FROM operation WHERE state = 'held'"))
    creates = [entry for entry in world.intacct.state.ledger.describe() if entry["function"] == "create"]
    made = Counter(str(entry["object"]) for entry in creates)
    if held and not any(made[kind] for kind in wanted):
        return []
    found = [f"I1 {made[kind]} creates of {kind}, not {n}" for kind, n in wanted.items() if made[kind] != n]
    asked = world.rows("SELECT id FROM operation WHERE object = ? AND record_id = ?", subject.object, record_id)
    found += [f"I1 {len(asked)} operations for one wish"] if len(asked) != 1 else []
    linked = world.rows("SELECT 1 FROM binding WHERE object = ? AND salesforce_id = ?", subject.object, record_id)
    found += [f"I5 {len(linked)} links of the {subject.object}"] if len(linked) != 1 else []
    return found + subject.whole(world, record_id)


def _one(world: World, kind: str, record_id: str) -> dict[str, Any]:
    return next(row for row in world.salesforce.state.records(kind) if row["Id"] == record_id)


def _seed(world: World, kind: str, **values: Any) -> str:
    return str(world.salesforce.state.seed({kind: [values]})[kind][0]["Id"])


def _there(world: World, kind: str, **values: str) -> dict[str, Any]:
    return world.intacct.state.seed({kind: [values]})[kind][0]


# --- an account -------------------------------------------------------------------------------------------------------


def _account(world: World, people: People, **more: str) -> str:
    values = {"Name": "Acme v1", "Phone": "555-1", "BillingStreet": "1 Road", "BillingCity": "Reno", **more}
    record_id = _seed(world, "Account", **values)
    people.accounts.append(record_id)
    people.truth |= {(record_id, "NAME"): "Acme v1", (record_id, "DISPLAYCONTACT.PHONE1"): "555-1"}
    return record_id


def _bill_to(world: World, record_id: str) -> list[str]:
    state = world.intacct.state
    customers = [r for r in state.records("CUSTOMER") if r["SFDC_ID"] == record_id]
    contacts = [r for r in state.records("CONTACT") if r["CONTACTNAME"].startswith("B_")]
    counts = {"customers": len(customers), "bill-to contacts": len(contacts)}
    return [f"I1 {n} {what}" for what, n in counts.items() if n != 1]


# --- a project with its tasks -----------------------------------------------------------------------------------------


def _project(world: World, people: People) -> str:
    record_id = _seed(world, PROJECT, Name="Bridge")
    for number in range(2):
        _seed(world, TASK, Name=f"Step {number}", **{PROJECT: record_id})
    return record_id


def _with_tasks(world: World, record_id: str) -> list[str]:
    (project,) = world.intacct.state.records("PROJECT")
    tasks = world.intacct.state.records("TASK")
    found = [f"I5 task {t['TASKID']} is of {t['PROJECTID']}" for t in tasks if t["PROJECTID"] != project["PROJECTID"]]
    said = _one(world, PROJECT, record_id)
    if said[f"{P}Project_ID__c"] != project["PROJECTID"]:
        found.append(f"I5 the project says {said[f'{P}Project_ID__c']!r}, is {project['PROJECTID']!r}")
    mine = {row["Name"]: row[f"{P}Task_ID__c"] for row in world.salesforce.state.records(TASK)}
    return found + ([] if mine == {t["NAME"]: t["TASKID"] for t in tasks} else [f"I5 the tasks say {mine}"])


# --- a price, over REST -----------------------------------------------------------------------------------------------


def _price(world: World, people: People) -> str:
    product = _seed(world, "Product2", Name="Widget", ProductCode="I-1", IsActive=True)
    item = _there(world, "ITEM", ITEMID="I-1", NAME="Widget", ITEMTYPE="Kit", STATUS="active")
    book = next(str(row["Id"]) for row in world.salesforce.state.records("Pricebook2") if row["IsStandard"])
    dates = {"DATEFROM": "01/01/2020", "DATETO": "12/31/2099"}
    price_list = _there(world, "SOPRICELIST", NAME="Base Price List", **dates)
    world.link("product", product, item["RECORDNO"], "I-1")
    world.link("price_book", book, price_list["RECORDNO"], "Base Price List")
    return _seed(world, "PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=7.5, IsActive=True)


def _one_price(world: World, record_id: str) -> list[str]:
    prices = [(row["ITEMID"], row["VALUE"]) for row in world.intacct.state.records("SOPRICELISTENTRY")]
    return [] if prices == [("I-1", "7.50")] else [f"I1 the prices are {prices}"]


# --- a journal entry: a document with lines, and money ---


@dataclass(frozen=True)
class _Listed:
    """A managed list: our object, the kind and key field of Intacct, the kind and key field of Salesforce."""

    object: str
    there: tuple[str, str]
    here: tuple[str, str]

    def value(self, world: World, key: str) -> str:
        """The Salesforce id of a value that both sides have, linked."""
        kind, key_field = self.there
        twin = next(row for row in world.intacct.state.records(kind) if row[key_field] == key)
        made = _seed(world, self.here[0], Name=key, **{self.here[1]: key})
        world.link(self.object, made, f"{kind}:{twin['RECORDNO']}", key)
        return made


ACCOUNTS = _Listed("gl_account", ("GLACCOUNT", "ACCOUNTNO"), (f"{P}Intacct_Account__c", f"{P}Account_No__c"))
JOURNALS = _Listed("gl_journal", ("JOURNAL", "SYMBOL"), (f"{P}Intacct_Journal__c", f"{P}Symbol__c"))


def _entry(world: World, people: People) -> str:
    head = {f"{P}Intacct_Journal__c": JOURNALS.value(world, "GJ"), f"{P}Date__c": "2026-03-01"}
    entry = _seed(world, ENTRY, **head, **{f"{P}Description__c": "Gifts"})
    for number, side in (("1000", "Debit"), ("4000", "Credit")):
        line = {f"{P}Intacct_Account__c": ACCOUNTS.value(world, number), f"{P}Debit_Credit__c": side}
        _seed(world, LINE, **{ENTRY: entry}, **line, **{f"{P}Amount__c": 125.5})
    return entry


def _with_lines(world: World, record_id: str) -> list[str]:
    (batch,) = world.intacct.state.records("GLBATCH")
    lines = world.intacct.state.records("GLENTRY")
    found = [] if len(lines) == 2 else [f"I1 the entry has {len(lines)} lines"]
    said = _one(world, ENTRY, record_id)[f"{P}Intacct_Record_No__c"]
    found += [] if said == batch["RECORDNO"] else [f"I5 the entry says {said!r}, is {batch['RECORDNO']!r}"]
    mine = {row[f"{P}Intacct_Record_No__c"] for row in world.salesforce.state.records(LINE)}
    return found + (
        [] if mine == {row["RECORDNO"] for row in lines} else [f"I5 the lines say {sorted(map(str, mine))}"]
    )


SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject("account", "account", _account, {"CUSTOMER": 1}, _bill_to),
        Subject(
            "account with an id of its own",
            "account",
            lambda world, people: _account(world, people, ia_crm__IntacctID__c="SUP-1"),
            {"CUSTOMER": 1},
            _bill_to,
        ),
        Subject(
            "project",
            "project",
            _project,
            {"PROJECT": 1, "TASK": 2},
            _with_tasks,
            {"project": ENABLED, "task": ENABLED},
        ),
        Subject(
            "price",
            "price_book_entry",
            _price,
            {"order-entry/price-list-entry": 1},
            _one_price,
            {"product": ENABLED, "price_book": PRICED, "price_book_entry": PRICED},
        ),
        Subject(
            "journal entry",
            "journal_entry",
            _entry,
            {"GLBATCH": 1},
            _with_lines,
            {"journal_entry": ENABLED, "gl_account": ENABLED, "gl_journal": ENABLED},
            money=True,
        ),
    )
}
