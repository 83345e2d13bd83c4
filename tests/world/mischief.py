"""What people do that no sync expects: deletions, merges, edits of one second, hidden fields, poison; and previews.

Each act is named after its fault; `FAULTS` in `scenario` has the numbers. What was taken away comes back when the calm
comes. A preview in the middle of the story must not write. Keeps the truth through `People`; no checks.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from app.services import events, preview
from app.services.context import Context
from app.services.events import Notice
from tests.world.people import KINDS, People
from tests.world.place import World

HIDDEN = {"account": "Fax", "contact": "OtherPhone"}
"""A field each that the integration user may not see for a while: what Intacct says there has nowhere to go."""

BOTH = "TAXID", "ia_crm__Tax_ID__c"
"""A field of accounts that is edited on both sides, on no other occasion."""

SCHEMAS_ARE_KEPT = 1000.0
"""Seconds, more than a client remembers what a kind of record looks like."""


class Mischief:
    """The doer of what a scenario's `mischief` names."""

    def __init__(self, world: World, people: People, rng: random.Random) -> None:
        self.world, self.people, self.rng = world, people, rng
        self._binned: list[tuple[str, str]] = []
        self._hidden: list[str] = []
        self._poisoned: set[str] = set()
        self._asked: list[asyncio.Task[None]] = []
        self._previews = self._heard = 0
        self._deeds: dict[str, Callable[[], Awaitable[None]]] = {
            "deleted": self._delete,
            "merged": self._merge,
            "same_second": self._same_second,
            "messages": self._messages,
            "field_hidden": self._hide,
            "poison": self._poison,
            "preview": self._preview,
        }

    async def live(self) -> None:
        """Do each deed at a random moment of the active time."""
        plan = self.people.scenario
        moments = sorted((self.rng.uniform(0.0, plan.active), deed) for deed in plan.mischief)
        for moment, deed in moments:
            await asyncio.sleep(max(0.0, moment - self.world.loop.time()))
            await self._deeds[deed]()
        await asyncio.gather(*self._asked)

    async def calm(self) -> float:
        """Give everything back; how long it takes until all have noticed."""
        for name, record_id in list(self._binned):
            await self._restore(name, record_id)
        for name in self._hidden:
            body = {"object": KINDS[name][0], "fields": [HIDDEN[name]], "hidden": False}
            self.world.salesforce.state.hide(body)
        self.world.poison.clear()
        return SCHEMAS_ARE_KEPT if self._hidden else 0.0

    def _ask(self, name: str, record_id: str) -> None:
        self._asked.append(asyncio.ensure_future(self.people.request(name, [record_id], "flow")))

    def _any(self) -> tuple[str, str]:
        record_id = self.rng.choice(self.people.accounts + self.people.contacts)
        return self.people.name_of(record_id), record_id

    # --- F22 --------------------------------------------------------------------------------------------------------

    async def _delete(self) -> None:
        """Delete a record, have that synced, and sooner or later take it out of the bin again."""
        name, record_id = self._any()
        if (name, record_id) in self._binned:
            return
        self._binned.append((name, record_id))
        self.world.strike("deleted")
        self.world.salesforce.state.delete({"object": KINDS[name][0], "ids": [record_id]})
        self._ask(name, record_id)
        await asyncio.sleep(self.rng.choice((1.0, 20.0, 90.0)))
        if self.rng.random() < 0.7:
            await self._restore(name, record_id)

    async def _restore(self, name: str, record_id: str) -> None:
        self._binned.remove((name, record_id))
        self.world.strike("undeleted")
        self.world.salesforce.state.undelete({"object": KINDS[name][0], "ids": [record_id]})

    async def _merge(self) -> None:
        """Merge one account into another, and have one of the two synced."""
        free = [one for one in self.people.accounts if ("account", one) not in self._binned]
        if len(free) < 3:
            return
        winner, loser = self.rng.sample(free, 2)
        self.world.strike("merged")
        self.people.lose(loser, winner)
        self.world.poison.discard(loser)
        self.world.salesforce.state.merge({"object": "Account", "winner": winner, "losers": [loser]})
        asked = self.rng.choice((winner, loser))
        self._ask("account", asked)

    # --- F28 --------------------------------------------------------------------------------------------------------

    async def _same_second(self) -> None:
        """Edit an account on both sides in one second: one field here, one there, and one on both."""
        if not (linked := self._linked()):
            return
        record_id, number = self.rng.choice(linked)
        self.world.strike("same_second")
        self.people.edits += 1
        here, there = f"HERE-{self.people.edits}", f"THERE-{self.people.edits}"
        self.people.either[record_id, BOTH] = {here, there}
        self.people.change_salesforce(record_id)
        self.world.edit_salesforce("Account", record_id, **{BOTH[1]: here})
        self._limit(record_id, number, **{BOTH[0]: there})
        await self.people.request("account", [record_id], "flow")

    def _linked(self) -> list[tuple[str, int]]:
        """Accounts with a customer, with its number."""
        table = self.world.intacct.state.company.tables["CUSTOMER"]
        return [(one, found[0]) for one in self.people.accounts if (found := table.find("SFDC_ID", one))]

    def _limit(self, record_id: str, number: int, **more: str) -> None:
        """Give a customer another credit limit in Intacct."""
        limit = self.people.truth[record_id, "CREDITLIMIT"] = f"{1000 + self.people.edits}"
        self.world.edit_intacct("CUSTOMER", number, CREDITLIMIT=limit, **more)

    # --- F21 --------------------------------------------------------------------------------------------------------

    async def _messages(self) -> None:
        """Customers are edited in Intacct, and its messages come twice, out of order, or never."""
        sent: list[Notice] = []
        for record_id, number in self._linked():
            self.people.edits += 1
            self._limit(record_id, number)
            mark = f"{number}-{self.people.edits}"
            notice = Notice("smartEvent", "CUSTOMER", key=str(number), event="update", marks=(mark,))
            sent += [notice] * self.rng.choice((0, 1, 2))
        self.rng.shuffle(sent)
        self.world.strike("messages")
        for notice in sent:
            with suppress(asyncio.CancelledError):
                self._heard += 1
                role = f"listener{self._heard}"
                await self.world.bear(role, partial(self._hear, notice)).task

    async def _hear(self, notice: Notice, context: Context) -> None:
        await self.world.guarded(events.receive(context, self.world.connection, notice))

    # --- F24, F29 ---------------------------------------------------------------------------------------------------

    async def _hide(self) -> None:
        """An administrator takes a field from the sight of the integration user, until the calm."""
        name = self.rng.choice(sorted(HIDDEN))
        if name not in self._hidden:
            self._hidden.append(name)
            self.world.strike("field_hidden")
            self.world.salesforce.state.hide({"object": KINDS[name][0], "fields": [HIDDEN[name]], "hidden": True})

    async def _poison(self) -> None:
        """A record breaks our code until the calm, when the defect is mended; it stands first in a request for all."""
        record_id = self.rng.choice(self.people.accounts)
        self.world.poison.add(record_id)
        self.world.strike("poison")
        others = [one for one in self.people.accounts if one != record_id]
        await self.people.request("account", [record_id, *others], "massTool")

    async def _preview(self) -> None:
        """Somebody looks at what a sync would do."""
        name, record_id = self._any()
        self._previews += 1
        self.world.strike("preview")
        asked = preview.Asked(name, (record_id,))
        role = f"{PREVIEWER}{self._previews}"
        await self.world.bear(role, lambda context: self._look(context, asked)).task

    async def _look(self, context: Context, asked: preview.Asked) -> None:
        with suppress(ZeroDivisionError):  # the defect that the poison shows
            await preview.preview(context, self.world.connection, asked)


PREVIEWER = "previewer"
"""Whose names begin so may write nowhere."""
