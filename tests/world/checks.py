"""The invariants, asked of the simulators' own ledgers and records first, and of our rows only to compare.

Each check answers sentences; an empty list is a world in order. Numbers are those of the reliability page.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from app.objects import CATALOGUE
from tests.world.people import KEPT_IN_INTACCT, KEPT_IN_SALESFORCE, KINDS, People
from tests.world.place import CLONE, CONNECTION, World

ALL = {name: declared for name, declared in CATALOGUE.items() if name != "user_dimension"}
"""Every object of a world. Which kinds hold user-made dimensions is a matter of options."""

BOOKS = {
    "order-entry/price-list": ("SOPRICELIST", "NAME"),
    "order-entry/price-list-entry": ("SOPRICELISTENTRY", "RECORDNO"),
    "accounts-receivable/revenue-recognition-template": ("REVRECTEMPLATE", "TEMPLATEID"),
}
"""What the company's own books call the kinds that we reach over REST, and their ids."""

OBJECT_OF = {declared.intacct.kind: name for name, declared in ALL.items()}
"""The object whose records are of a kind."""

VERSION = re.compile(r" v(\d+)$")
FINE = ("created", "updated", "unchanged", "skipped")


class Watch:
    """Looks at the ledger after each step: what must never happen, not even for a moment."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.found: list[str] = []
        self._seen = 0
        self._creates: Counter[tuple[str, str]] = Counter()
        self._control_ids: set[str] = set()
        self._versions: dict[tuple[int, str], int] = {}

    def __call__(self) -> None:
        """Read what the ledger has got since the last call."""
        ledger = self.world.intacct.state.ledger
        if len(ledger) == self._seen:
            return
        entries = ledger.describe(self._seen)
        self._seen = len(ledger)
        for entry in entries:
            self._look(entry)

    def _look(self, entry: dict[str, Any]) -> None:
        link = entry["values"].get("SFDC_ID")
        if not self.world.rows("SELECT 1 FROM intent WHERE control_id = ?", entry["controlid"]):
            self.found.append(f"I2 {entry['controlid'][:10]} was carried out without an intent on disk")
        if entry["function"] == "create" and link:
            self._creates[entry["object"], link] += 1
            if self._creates[entry["object"], link] > 1:
                self.found.append(f"I1 {entry['object']} of {link} was created {self._creates[entry['object'], link]}x")
        if entry["controlid"] in self._control_ids and not self.world.intacct.state.knobs["uniqueid_retention_s"]:
            self.found.append(f"I1 control id {entry['controlid'][:10]} was carried out twice")
        self._control_ids.add(entry["controlid"])
        if entry["object"] == "CUSTOMER" and (found := VERSION.search(str(entry["values"].get("NAME", "")))):
            version, number = int(found[1]), entry["recordno"]
            whose = (number, found.string[: found.start()])  # another name is another account's, after a merge
            if version < self._versions.get(whose, 0):
                self.found.append(f"I7 customer {number}: NAME v{self._versions[whose]} was overwritten by v{version}")
            self._versions[whose] = max(version, self._versions.get(whose, 0))


def at_rest(world: World, people: People) -> list[str]:
    """Everything that must hold when nothing is under way."""
    sides = Sides(world, people)
    return [
        *once(sides),
        *intents(sides),
        *accepted(sides),
        *links(sides),
        *decisions(sides),
        *told(sides),
    ]


def in_step(world: World, people: People) -> list[str]:
    """Everything that must hold once all records were wished after the last edit."""
    sides = Sides(world, people)
    return [*linked_all(sides), *values(sides), *companions(sides), *cloned(sides)]


R = TypeVar("R")


class _Read(dict[str, R]):
    """The records of each object, read when they are first asked for."""

    def __init__(self, read: Callable[[str], R]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, name: str) -> R:
        self[name] = self._read(name)
        return self[name]


class Sides:
    """Both sides and our rows, read once."""

    def __init__(self, world: World, people: People) -> None:
        self.world, self.people = world, people
        self.salesforce = _Read(self._here)
        self.intacct = _Read(self._there)
        self.ledger = world.intacct.state.ledger.describe()
        self.operations, self.bindings, self.intents = (
            world.rows(f"SELECT * FROM {table} WHERE connection_id = ?", CONNECTION)
            for table in ("operation", "binding", "intent")
        )

    def _here(self, name: str) -> dict[str, dict[str, Any]]:
        return {r["Id"]: r for r in self.world.salesforce.state.records(ALL[name].salesforce.kind)}

    def _there(self, name: str) -> list[dict[str, Any]]:
        """All records of an object; those of several kinds have keys that tell the kind, as our links have."""
        kinds = ALL[name].intacct.kind.split("+")
        rows = self.world.intacct.state.records
        if len(kinds) == 1:
            return rows(BOOKS.get(kinds[0], kinds)[0])
        return [{**row, "RECORDNO": f"{kind}:{row['RECORDNO']}"} for kind in kinds for row in rows(kind)]

    def ids(self, name: str) -> list[str]:
        """Salesforce ids of an object."""
        return self.people.accounts if name == "account" else self.people.contacts

    def keyed(self, name: str) -> bool:
        """Whether the company has a field for our key on the object."""
        schema = self.world.intacct.state.company.schemas.get(ALL[name].intacct.kind)
        return schema is not None and "SFDC_ID" in schema.fields

    def twin(self, name: str, record_id: str) -> dict[str, Any] | None:
        """The Intacct record that bears our key."""
        return next((r for r in self.intacct[name] if r.get("SFDC_ID") == record_id), None)


def once(sides: Sides) -> list[str]:
    """I1: no record of one side has two twins on the other."""
    found = []
    for name in filter(sides.keyed, ALL):
        keys = Counter(r["SFDC_ID"] for r in sides.intacct[name] if r.get("SFDC_ID"))
        found += [f"I1 {name} {key} has {n} twins" for key, n in keys.items() if n > 1]
    ours = [e for e in sides.ledger if e["function"] == "create"]
    made = Counter(e["controlid"] for e in ours)
    by_document: defaultdict[str, int] = defaultdict(int)
    for intent in sides.intents:
        if intent["action"] == "create":
            by_document[intent["op_key"]] += made.get(intent["control_id"], 0)
    return found + [f"I1 {key} was carried out {n}x" for key, n in by_document.items() if n > 1]


def intents(sides: Sides) -> list[str]:
    """I2: exactly one document if confirmed, none if rejected; nothing undecided at rest but what a person holds."""
    found = []
    executed = Counter(e["controlid"] for e in sides.ledger)
    numbers = _Read(lambda kind: {r["RECORDNO"] for r in sides.intacct[OBJECT_OF[kind]]})
    for intent in sides.intents:
        said, key, ran = intent["state"], intent["op_key"], executed[intent["control_id"]]
        if said in ("intent", "ambiguous"):
            found.append(f"I2 {key} is still {said} at rest")
        elif said == "confirmed" and intent["action"] == "create":
            if ran != 1:
                found.append(f"I2 {key} is confirmed and was carried out {ran}x")
            elif intent["remote_key"] and intent["remote_key"] not in numbers[intent["kind"]]:
                found.append(f"I2 {key} is confirmed as {intent['remote_key']}, which does not exist")
        elif said == "unsent" and ran and _linked_to(sides, intent):
            continue  # it came twice, the second answer was a refusal; what stands was found and linked by the feed
        elif said in ("rejected", "unsent") and ran:
            found.append(f"I2 {key} is {said} and was carried out {ran}x")
    return found


def _linked_to(sides: Sides, intent: dict[str, Any]) -> bool:
    """Whether the record of an intent is linked to the document that its request has made."""
    made = {str(e["recordno"]) for e in sides.ledger if e["controlid"] == intent["control_id"]}
    return any(row["salesforce_id"] == intent["salesforce_id"] and row["intacct_key"] in made for row in sides.bindings)


def accepted(sides: Sides) -> list[str]:
    """I4: whatever was accepted has come to an end a person can see and have explained."""
    states = {row["id"]: row for row in sides.operations}
    found = []
    for operation_id in sides.people.accepted:
        row = states.get(operation_id)
        if row is None:
            found.append(f"I4 {operation_id} was accepted and is not there")
    for row in sides.operations:
        if row["state"] not in ("done", "held", "cancelled"):
            found.append(
                f"I4 {row['id']} ({row['object']} {row['record_id']}) is {row['state']}/{row['result']} due "
                f"{row['due_at']} on {row['waits_on']}: {row['reason']} {row['message']}"
            )
        elif row["state"] == "done" and row["result"] not in FINE and not row["message"]:
            found.append(f"I4 {row['id']} ended {row['result']} without a word")
    return found


def links(sides: Sides) -> list[str]:
    """I5 and I6: each link leads to a record that exists, on both sides, and no two lead to the same."""
    found = []
    for row in sides.bindings:
        name = row["object"]
        twin = next((r for r in sides.intacct[name] if r["RECORDNO"] == row["intacct_key"]), None)
        end = CATALOGUE[name].intacct
        natural = BOOKS[end.kind][1] if end.kind in BOOKS else end.natural_key
        if twin is None:
            found.append(f"I5 {name} {row['salesforce_id']} is linked to {row['intacct_key']}, which does not exist")
        elif twin[natural] != row["intacct_id"]:
            found.append(f"I5 {name} {row['salesforce_id']}: {natural} is {twin[natural]}, not {row['intacct_id']}")
        elif row["how"] == "created" and sides.keyed(name) and twin.get("SFDC_ID") != row["salesforce_id"]:
            found.append(f"I5 {name} {row['salesforce_id']}: its twin bears the key {twin.get('SFDC_ID')!r}")
    for column in ("salesforce_id", "intacct_key"):
        many = Counter((row["object"], row[column]) for row in sides.bindings)
        found += [f"I6 {key} is linked {n}x" for key, n in many.items() if n > 1]
    bound = {(row["object"], row["salesforce_id"]) for row in sides.bindings}
    for entry in sides.ledger:
        link = entry["values"].get("SFDC_ID")
        name = OBJECT_OF.get(entry["object"])
        mine = link and link not in sides.people.gone
        if entry["function"] == "create" and mine and name and (name, link) not in bound:
            found.append(f"I5 {name} {link} was created and is not linked")
    ids = Counter(r["ia_crm__IntacctID__c"] for r in sides.salesforce["account"].values() if r["ia_crm__IntacctID__c"])
    return found + [f"I6 {n} accounts say they are customer {key}" for key, n in ids.items() if n > 1]


def decisions(sides: Sides) -> list[str]:
    """I10: one decision per operation and run, and the runs of a finished operation add up."""
    runs = sides.world.rows("SELECT operation_id, run, count(*) AS n FROM decision GROUP BY operation_id, run")
    found = [f"I10 {r['operation_id']} run {r['run']} has {r['n']} decisions" for r in runs if r["n"] > 1]
    last: dict[str, int] = {}
    for row in runs:
        last[row["operation_id"]] = max(row["run"], last.get(row["operation_id"], 0))
    found += [
        f"I10 {row['id']} ended after run {row['fence']}, decided last in run {last.get(row['id'])}"
        for row in sides.operations
        if row["state"] == "done" and last.get(row["id"], 0) != row["fence"]
    ]
    counted = Counter(row["result"] for row in sides.operations if row["state"] == "done")
    if None in counted:
        found.append(f"I10 {counted[None]} operations ended without a result")
    return found


def told(sides: Sides) -> list[str]:
    """I5: a record whose last operation went well does not read as if it had failed."""
    last = {(row["object"], row["record_id"]): row for row in sorted(sides.operations, key=_ended)}
    held = {(row["object"], row["record_id"]) for row in sides.operations if row["state"] == "held"}
    found = []
    for (name, record_id), row in last.items():
        if CATALOGUE[name].write_back.status is None or record_id.startswith("#") or record_id in sides.people.gone:
            continue
        if (name, record_id) in held:  # what waits for a person is said, whatever came before
            continue
        status = sides.salesforce[name][record_id]["ia_crm__Intacct_Sync_Status__c"]
        if row["state"] == "done" and row["result"] in FINE[:3] and status != "OK":
            text = sides.salesforce[name][record_id]["ia_crm__Intacct_Sync_Errors__c"]
            found.append(f"I5 {name} {record_id} ended {row['result']} and reads {status!r}: {text}")
    return found


def _ended(row: dict[str, Any]) -> str:
    return row["finished_at"] or ""


# --- after everything was wished once more ---------------------------------------------------------------------------


def linked_all(sides: Sides) -> list[str]:
    """I5: every record has its twin, and knows it."""
    found = []
    excused = _excused(sides)
    bound = {(row["object"], row["salesforce_id"]): row for row in sides.bindings}
    fields = {"account": "ia_crm__IntacctID__c", "contact": "ia_crm__Intacct_Contact_Name__c"}
    for name in KINDS:
        for record_id in sides.ids(name):
            link = bound.get((name, record_id))
            if link is None:
                if record_id not in excused:
                    found.append(f"I5 {name} {record_id} has no twin: {last_word(sides, record_id)}")
                continue
            said = sides.salesforce[name][record_id]
            twin = sides.twin(name, record_id)
            if said[fields[name]] != link["intacct_id"]:
                found.append(f"I5 {name} {record_id} says {said[fields[name]]!r}, linked is {link['intacct_id']!r}")
            if twin is None or twin["RECORDNO"] != link["intacct_key"]:
                found.append(f"I5 {name} {record_id}: no twin bears its key")
            if said.get("ia_crm__Intacct_Sync_Status__c") != "OK" and record_id not in excused:
                found.append(
                    f"I5 {name} {record_id} reads {said.get('ia_crm__Intacct_Sync_Status__c')!r}: "
                    f"{said.get('ia_crm__Intacct_Sync_Errors__c')}"
                )
    return found


def values(sides: Sides) -> list[str]:
    """I7: the last value anybody gave stands on both sides."""
    found = []
    for name in KINDS:
        for record_id in sides.ids(name):
            twin = sides.twin(name, record_id)
            if twin is None:
                continue
            said = sides.salesforce[name][record_id]
            for row, salesforce in (KEPT_IN_SALESFORCE[name] | KEPT_IN_INTACCT[name]).items():
                truth = sides.people.truth.get((record_id, row))
                if truth is None:
                    continue
                here, there = plain(said.get(salesforce)), plain(at(twin, row))
                if here != plain(truth) or there != plain(truth):
                    found.append(f"I7 {name} {record_id} {row}: Salesforce {here!r}, Intacct {there!r}, last {truth!r}")
    return [*found, *_of_one_second(sides)]


def _of_one_second(sides: Sides) -> Iterator[str]:
    """I7 for what was edited on both sides at once: one of the two stands, on both."""
    for (record_id, (row, field)), words in sides.people.either.items():
        twin = sides.twin("account", record_id)
        here, there = sides.salesforce["account"][record_id][field], twin and twin[row]
        if here != there or here not in words:
            yield f"I7 account {record_id} {row}: Salesforce {here!r}, Intacct {there!r}, edited to {sorted(words)}"


def cloned(sides: Sides) -> list[str]:
    """I1 and I6 for a cloned sandbox: what it asked for stands once in its own company, and is linked."""
    world = sides.world
    if world.clone is None:
        return []
    company = world.clone[1].state
    keys = Counter(
        row["SFDC_ID"] for kind in ("CUSTOMER", "CONTACT") for row in company.records(kind) if row["SFDC_ID"]
    )
    found = [f"I1 {key} has {n} twins in the clone" for key, n in keys.items() if n > 1]
    rows = world.rows("SELECT * FROM binding WHERE connection_id = ?", CLONE)
    links = {row["salesforce_id"] for row in rows if row["object"] in KINDS}
    return found + ([] if links == set(keys) else [f"I6 the clone has {sorted(keys)}, linked are {sorted(links)}"])


def companions(sides: Sides) -> list[str]:
    """I1 and I5 for the contacts made from addresses: one per role, named on its customer."""
    found = []
    for record_id in sides.people.accounts:
        twin = sides.twin("account", record_id)
        said = sides.salesforce["account"][record_id]
        link = next((row for row in sides.bindings if row["salesforce_id"] == record_id), None)
        if twin is None or link is None:
            continue
        for role, letter, prefix in (("BILLTO", "B", "Billing"), ("SHIPTO", "S", "Shipping")):
            chosen = said[f"ia_crm__{'Bill_to' if role == 'BILLTO' else 'Ship_to'}_Contact__c"]
            if chosen:
                name = sides.salesforce["contact"][chosen]["ia_crm__Intacct_Contact_Name__c"]
            elif said[f"{prefix}City"] and link["how"] == "created":
                name = f"{letter}_{twin['CUSTOMERID']}"
            else:
                continue
            if twin[role]["CONTACTNAME"] != name:
                found.append(f"I5 account {record_id}: {role} is {twin[role]['CONTACTNAME']!r}, should be {name!r}")
    return found


def _excused(sides: Sides) -> set[str]:
    """Records whose own data keep them out: two of one name, and those that refer to them."""
    out = {
        row["record_id"]
        for row in sides.operations
        if row["state"] == "done" and row["result"] in ("conflicted",) and row["reason"] == "ambiguous_match"
    }
    for record_id in sides.people.accounts:
        said = sides.salesforce["account"][record_id]
        if said["ParentId"] in out or said["ia_crm__Bill_to_Contact__c"] in out:
            out.add(record_id)
    return out


def last_word(sides: Sides, record_id: str) -> str:
    """How the last operation of a record ended."""
    words = [f"{r['state']}/{r['result']} {r['reason']} {r['message']}" for r in sides.operations
             if r["record_id"] == record_id]  # fmt: skip
    return words[-1] if words else "never asked for"


def at(record: dict[str, Any], name: str) -> Any:
    """The value under a dotted name."""
    value: Any = record
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def plain(value: Any) -> str:
    """A value as text; numbers in one spelling, nothing as empty."""
    text = "" if value is None else str(value)
    try:
        return f"{float(text):g}"
    except ValueError:
        return text
