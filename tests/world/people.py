"""The people of a world: records they keep in both systems, what they change there, and what they ask for.

Keeps the truth: the last value anybody gave each field, by the side where it is kept. No checks.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from app.services.items import Item
from tests.world.place import World
from tests.world.scenario import Scenario

WORDS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel")
ORIGINS = ("button", "massTool", "flow", "apex", "schedule")

KEPT_IN_SALESFORCE = {
    "account": {"NAME": "Name", "DISPLAYCONTACT.PHONE1": "Phone"},
    "contact": {"PHONE1": "Phone", "EMAIL1": "Email"},
}
KEPT_IN_INTACCT = {
    "account": {"CREDITLIMIT": "ia_crm__Credit_Limit__c", "DISPLAYCONTACT.FAX": "Fax"},
    "contact": {"PHONE2": "OtherPhone"},
}
KINDS = {"account": ("Account", "CUSTOMER"), "contact": ("Contact", "CONTACT")}


@dataclass
class People:
    """Everybody who is not the product."""

    world: World
    scenario: Scenario
    rng: random.Random
    accounts: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    truth: dict[tuple[str, str], str] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    answers: dict[str, list[Item]] = field(default_factory=dict)
    either: dict[tuple[str, tuple[str, str]], set[str]] = field(default_factory=dict)
    """Fields (by record, Intacct and Salesforce name) edited on both sides in one second: one of the two must stand."""
    gone: set[str] = field(default_factory=set)
    """Accounts merged into others."""
    edits: int = 0
    requests: int = 0

    def settle_in(self) -> None:
        """Make the records the story begins with."""
        for number in range(self.scenario.contacts):
            self._contact(number)
        for number in range(self.scenario.accounts):
            self._account(number)
        waiting = self.rng.sample(range(self.scenario.accounts), min(self.scenario.twins_waiting, len(self.accounts)))
        for number in waiting:
            name = self.truth[self.accounts[number], "NAME"]
            self.world.intacct.state.seed({"CUSTOMER": [{"CUSTOMERID": f"OLD-{number}", "NAME": name}]})

    def _account(self, number: int) -> None:
        word = WORDS[0] if self.scenario.namesakes and number == 1 else WORDS[number]
        values: dict[str, Any] = {"Name": f"{word} v1", "Phone": f"555-{number}-1"}
        if self.rng.random() < 0.6:
            values |= {"BillingStreet": f"{number} Road", "BillingCity": "Reno", "BillingState": "NV"}
        if self.rng.random() < 0.3:
            values |= {"ShippingStreet": f"{number} Lane", "ShippingCity": "Elko"}
        if number and self.rng.random() < 0.4:
            values["ParentId"] = self.rng.choice(self.accounts)
        if self.contacts and self.rng.random() < 0.3:
            values["ia_crm__Bill_to_Contact__c"] = self.rng.choice(self.contacts)
        if self.rng.random() < self.scenario.supplied_ids:
            values["ia_crm__IntacctID__c"] = f"SUP-{number}"
        record_id = self._store("Account", values)
        self.accounts.append(record_id)
        self.truth[record_id, "NAME"] = values["Name"]
        self.truth[record_id, "DISPLAYCONTACT.PHONE1"] = values["Phone"]

    def _contact(self, number: int) -> None:
        last = "Person" if self.scenario.namesakes and number < 2 else f"Person{number}"
        values = {"FirstName": "Pat", "LastName": last, "Phone": f"444-{number}-1", "Email": f"p{number}.1@example.com"}
        record_id = self._store("Contact", values)
        self.contacts.append(record_id)
        self.truth[record_id, "PHONE1"], self.truth[record_id, "EMAIL1"] = values["Phone"], values["Email"]

    def _store(self, kind: str, values: dict[str, Any]) -> str:
        record_id = str(self.world.salesforce.state.seed({kind: [values]})[kind][0]["Id"])
        if self.world.clone is not None:
            same = self.world.clone[0].state.seed({kind: [values]})[kind][0]["Id"]
            assert same == record_id, "a clone has the ids of its origin"
        return record_id

    def lose(self, loser: str, winner: str) -> None:
        """An account is merged into another, which may take its customer over, with what is kept in Intacct."""
        self.accounts.remove(loser)
        self.gone.add(loser)
        self.either = {key: words for key, words in self.either.items() if key[0] not in (loser, winner)}
        for row in KEPT_IN_INTACCT["account"]:
            self.truth.pop((winner, row), None)

    def name_of(self, record_id: str) -> str:
        """The object a record belongs to."""
        return "contact" if record_id in self.contacts else "account"

    # --- the busy time ----------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Act at random moments of the active time."""
        moments = sorted(self.rng.uniform(0.0, self.scenario.active) for _ in range(self.scenario.actions))
        asked: list[asyncio.Task[None]] = []
        for moment in moments:
            await asyncio.sleep(max(0.0, moment - self.world.loop.time()))
            act = self.rng.choices((self._ask, self._change_salesforce, self._change_intacct, self._ask_for_all),
                                   (10, 5, 3, 1))[0]  # fmt: skip
            request = act()
            if request is not None:
                asked.append(asyncio.ensure_future(request))
        await asyncio.gather(*asked)

    def _ask(self) -> Any:
        name = self.rng.choice(("account", "account", "contact"))
        pool = self.accounts if name == "account" else self.contacts
        ids = self.rng.sample(pool, self.rng.randint(1, len(pool)))
        return self.request(name, ids, self.rng.choice(ORIGINS))

    def _ask_for_all(self) -> Any:
        return self.request("account", self.accounts, "massTool")

    def _change_salesforce(self) -> Any:
        record_id = self.rng.choice(self.accounts + self.contacts)
        self.change_salesforce(record_id)
        return self.request(self.name_of(record_id), [record_id], "flow") if self.rng.random() < 0.8 else None

    def change_salesforce(self, record_id: str) -> None:
        """Give a record new values in the org; versions tell which is newer."""
        name = self.name_of(record_id)
        self.edits += 1
        if name == "account":
            word = self.truth[record_id, "NAME"].split()[0]
            values = {"Name": f"{word} v{self.edits + 1}", "Phone": f"555-x-{self.edits + 1}"}
        else:
            values = {"Phone": f"444-x-{self.edits + 1}", "Email": f"p.{self.edits + 1}@example.com"}
        for row, salesforce in KEPT_IN_SALESFORCE[name].items():
            self.truth[record_id, row] = values[salesforce]
        self.world.stage.note("person", f"salesforce {record_id} {values}")
        self.world.edit_salesforce(KINDS[name][0], record_id, **values)

    def _change_intacct(self) -> Any:
        record_id = self.rng.choice(self.accounts + self.contacts)
        name = self.name_of(record_id)
        kind = KINDS[name][1]
        table = self.world.intacct.state.company.tables[kind]
        numbers = table.find("SFDC_ID", record_id)
        if not numbers:
            return None
        self.edits += 1
        if name == "account":
            values = {"CREDITLIMIT": f"{1000 + self.edits}", "DISPLAYCONTACT.FAX": f"666-{self.edits}"}
        else:
            values = {"PHONE2": f"777-{self.edits}"}
        for row, value in values.items():
            self.truth[record_id, row] = value
        self.world.stage.note("person", f"intacct {record_id} {values}")
        self.world.edit_intacct(kind, numbers[0], **{row.replace(".", "__"): value for row, value in values.items()})
        return None

    async def request(self, name: str, ids: list[str], origin: str) -> None:
        """Ask, and ask the same again under the same request id until an answer comes."""
        self.requests += 1
        request_id = f"request-{self.requests}"
        role = f"caller{self.requests}"
        while True:
            life = self.world.bear(role, lambda context: self.world.ask(context, name, ids, origin, request_id))
            if self.rng.random() < self.scenario.caller_kills:
                await self._interrupt(role, life.task)
            try:
                items = await life.task
            except asyncio.CancelledError:
                await asyncio.sleep(self.rng.uniform(0.5, 5.0))
                continue
            self._remember(request_id, items)
            if self.rng.random() < 0.15:  # the answer was lost on its way: the same request again
                continue
            return

    async def _interrupt(self, role: str, task: "asyncio.Task[Any]") -> None:
        for _ in range(self.rng.randint(1, 40)):
            await asyncio.sleep(0)
        if not task.done():
            await self.world.kill(role)

    def _remember(self, request_id: str, items: list[Item]) -> None:
        self.answers.setdefault(request_id, items)
        for item in items:
            if item.operation_id is not None:
                self.accepted[item.operation_id] = item.record_id
