"""A dry side shows what would be written and has no way to write it."""

from collections.abc import Sequence

import pytest

from app.domain.errors import Kind, SyncError
from app.domain.merge import Direction
from app.domain.records import System
from app.sync.dry import STAND_IN, DryBackend
from app.sync.engine import Engine
from app.sync.ports import Action, Claim, Outcome, Reading, Verdict, Write
from tests.sync.doubles import MemoryBackend
from tests.sync.rig import LADDER, Rig


class Unwritable(MemoryBackend):
    """A side that breaks the test when anything is sent to it."""

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Never."""
        raise AssertionError("a dry run has sent something")


class Unbuildable(MemoryBackend):
    """A side for which no request can be built."""

    def render(self, write: Write) -> str:
        """See `Reading.render`."""
        raise SyncError(Kind.DATA, "record_too_large", "Too large.")


def dry(rig: Rig, side: type[MemoryBackend] = Unwritable) -> tuple[Engine, DryBackend, DryBackend]:
    """An engine over dry sides that hold what the rig's hold."""
    sides = []
    for real in (rig.salesforce, rig.intacct):
        made = side(real.system, rig.clock, rig.steps)
        vars(made).update(vars(real))
        sides.append(DryBackend(made))
    salesforce, intacct = sides
    return Engine(salesforce, intacct, rig.journal, rig.journal, rig.clock, LADDER), salesforce, intacct


async def test_create_with_companions_sends_nothing(rig: Rig) -> None:
    rig.shop(Front_Street__c="1 Road")
    engine, salesforce, intacct = dry(rig)
    (said,) = await engine.run(rig.plan, [Claim("op-A", "A", "button", 1)], Direction.TO_INTACCT)
    assert (said.result, said.reason) == ("created", "created")
    assert rig.intacct.all("SHOP") == rig.intacct.all("SIGN") == []
    assert [one.write.kind for one in intacct.written] == ["SHOP", "SIGN", "SHOP"]
    assert [one.write.kind for one in salesforce.written] == ["Shop__c"]
    assert rig.clock.slept == []


async def test_what_waits_for_a_number_is_not_exact(rig: Rig) -> None:
    rig.shop(Front_Street__c="1 Road")
    engine, _, intacct = dry(rig)
    await engine.run(rig.plan, [Claim("op-A", "A", "button", 1)], Direction.TO_INTACCT)
    create, sign, _ = intacct.written
    assert create.exact
    assert not sign.exact
    assert STAND_IN in sign.text


async def test_record_that_would_be_made_is_found_with_what_was_written(rig: Rig) -> None:
    side = DryBackend(rig.intacct)
    (outcome,) = await side.write([Write("SHOP", Action.CREATE, {"NAME": "A"}, "c1")])
    (found,) = await side.find("SHOP", {"RECORDNO": [str(outcome.key)]}, ("NAME", "CITY"))
    assert dict(found.values) == {"NAME": "A"}
    assert side.withheld == 1


async def test_write_that_cannot_be_built_is_rejected_as_it_would_be(rig: Rig) -> None:
    rig.shop()
    engine, _, intacct = dry(rig, Unbuildable)
    (said,) = await engine.run(rig.plan, [Claim("op-A", "A", "button", 1)], Direction.TO_INTACCT)
    assert (said.result, said.reason) == ("failed", "record_too_large")
    assert intacct.written == []


def test_a_dry_side_is_handed_nothing_that_writes() -> None:
    assert not hasattr(Reading, "write")


@pytest.mark.parametrize("system", list(System))
async def test_update_is_confirmed_under_its_own_key(rig: Rig, system: System) -> None:
    side = DryBackend(rig.salesforce if system is System.SALESFORCE else rig.intacct)
    (outcome,) = await side.write([Write("SHOP", Action.UPDATE, {"NAME": "B"}, "c1", "7")])
    assert (outcome.verdict, outcome.key, side.requests) == (Verdict.CONFIRMED, "7", 1)
