"""One bad record first in the queue (F29): it fails alone, whatever it does to its run, and the others are synced."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from app.domain.records import Errand, Lane, Record
from app.services.context import Backends, Pair
from app.store.session import Sessions
from app.store.tables import Connection
from app.sync.ports import Backend
from tests.simulated import House, build_house

MANY = 12


@dataclass
class Poisoned:
    """The `Backends` port in which reading certain Salesforce records breaks our code. `reads` counts the runs."""

    inner: Backends
    poison: frozenset[str]
    reads: int = 0

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """The pair, poisoned."""
        pair = self.inner.of(connection, lane, errand)
        return Pair(Breaking(pair.salesforce, self), pair.intacct)


class Breaking:
    """A Salesforce client under which a run with the poison breaks as by a defect of ours."""

    def __init__(self, inner: Backend, owner: Poisoned) -> None:
        self._inner, self._owner = inner, owner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def find(
        self, kind: str, any_of: Mapping[str, Sequence[str]], fields: Sequence[str], **more: Any
    ) -> list[Record]:
        """Breaks for the poison."""
        self._owner.reads += 1
        if not self._owner.poison.isdisjoint(any_of.get("Id", ())):
            raise ZeroDivisionError("a record nobody thought of")
        return await self._inner.find(kind, any_of, fields, **more)


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


def seeded(house: House, number: int, first: Mapping[str, str]) -> list[str]:
    """Accounts, the first of them with some values of its own."""
    return house.seed("Account", *({"Name": f"Acme {n}", **(first if n == 0 else {})} for n in range(number)))


async def test_a_record_that_is_refused_first_does_not_stop_the_others(house: House) -> None:
    made = seeded(house, MANY, {"ia_crm__Tax_ID__c": "T" * 21})
    first, *others = await house.sync("account", *made)
    assert first.result == "failed"
    assert {done.result for done in others} == {"created"}
    assert len(house.ia("CUSTOMER")) == MANY - 1


async def test_a_record_that_breaks_its_run_fails_alone(house: House) -> None:
    made = seeded(house, MANY, {})
    house.context = replace(house.context, backends=Poisoned(house.context.backends, frozenset(made[:1])))
    first, *others = await house.sync("account", *made)
    assert (first.state, first.reason) == ("waiting", "unexpected")
    assert {done.result for done in others} == {"created"}
    assert len(house.ia("CUSTOMER")) == MANY - 1


async def test_a_defect_that_breaks_every_run_is_not_asked_for_each_record(house: House) -> None:
    made = seeded(house, 60, {})
    backends = Poisoned(house.context.backends, frozenset(made))
    house.context = replace(house.context, backends=backends)
    done = await house.sync("account", *made)
    assert {one.reason for one in done} == {"unexpected"}
    assert backends.reads <= 40
