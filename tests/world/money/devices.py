"""What keeps payments safe, switched off one device at a time: stand-ins, and the mutants that are made of them.

As in `tests.world.devices` nothing of the product is edited. A mutant is caught by an invariant that the product keeps
in the same world.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.backends.intacct import gateway, xml
from app.services import changes, payment_book, payment_ends, payment_intake, runner
from app.services.context import Context
from app.services.lease import Lease
from app.services.payment_book import SqlPaymentBook
from app.services.payment_intake import Taken
from app.store import journal as journal_queries
from app.store import operations
from app.store import payments as store
from app.store.tables import Connection
from app.sync import engine, paying, recover
from app.sync.book import Admitted, Asked
from app.sync.ports import Action, Outcome, Settled, Write
from tests.world import wire
from tests.world.bell import BellFaults
from tests.world.devices import (
    Catch,
    ManyLive,
    NoIntentOnDisk,
    NoSweeper,
    Swap,
    UnclearIsRejected,
    UnclearIsUnsent,
    UnstableControlIds,
    always_edited,
    always_stands,
    held_by_anyone,
    insert_always,
    intacct,
    journal,
    put_in_place,
    recover_blindly,
    recover_never,
    salesforce,
)
from tests.world.money.plan import Plan, plan
from tests.world.money.story import play_money
from tests.world.place import Habits
from tests.world.seams import Through
from tests.world.wire import WireFault

FIRST = iter(range(10**9))


# --- stand-ins --------------------------------------------------------------------------------------------------------


def never_held(batch: Any, promise: Any, *, exhausted: bool) -> Settled:
    """What was not found is sent again, money or not."""
    return Settled.RESENT if exhausted or promise.held else Settled.AMBIGUOUS


async def grant_all(*_: Any, **__: Any) -> dict[str, dict[str, str]]:
    """Whoever wants an invoice gets it."""
    return {}


class NoBooks(SqlPaymentBook):
    """Payments are let through without a row, and nothing is moved."""

    async def admit(self, asked: Sequence[Asked]) -> dict[str, Admitted]:
        """Yes to all."""
        return {one.salesforce_id: Admitted(one.key or one.salesforce_id) for one in asked}


def no_breach(*_: Any) -> None:
    """Nobody asks what is open of an invoice."""


async def take_each_anew(
    context: Context, connection: Connection, wishes: Sequence[Any], asked: Any
) -> tuple[Taken, ...]:
    """A payment in each request is a new one, whatever it is called, and so is each request."""
    named = [replace(wish, external_id=f"{wish.external_id}/{next(FIRST)}") for wish in wishes]
    taken = await _TAKE(context, connection, named, replace(asked, request_id=None))
    return tuple(replace(one, external_id=one.external_id.split("/")[0]) for one in taken)


_TAKE = payment_intake.take


class InsertsAnew(Through):
    """Salesforce records are inserted instead of being put under their external id."""

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Create, and create again when asked again."""
        bare = [replace(one, external_id=None) if one.action is Action.CREATE else one for one in writes]
        outcomes: list[Outcome] = await self._inner.write(bare)
        return outcomes


async def follow_nothing(*_: Any) -> None:
    """The end of a run moves no payment."""


def enter_nothing(*_: Any, **__: Any) -> None:
    """The ledger does not grow."""


def not_judged(*_: Any) -> None:
    """Nobody asks whether a payment is what was accepted, or was cancelled or posted before."""


def unprotected(*said: Any, **named: Any) -> bytes:
    """Requests ask for no repeat protection."""
    return _BUILD(*said, **named).replace(b"<uniqueid>true<", b"<uniqueid>false<")


_BUILD = xml.build_request


# --- worlds in which they show ----------------------------------------------------------------------------------------


def stormy(chosen: Plan) -> Plan:
    """Answers of Intacct are often lost, requests come twice, and several payments want one invoice."""
    drawn = replace(
        chosen.scenario,
        wire=[
            WireFault(wire.LOST_AFTER, 0.15, path=wire.GATEWAY),
            WireFault(wire.DOUBLED, 0.15, path=wire.GATEWAY),
            WireFault(wire.LOST_BEFORE, 0.1, path=wire.GATEWAY),
        ],
    )
    return replace(chosen, scenario=drawn, payers=1, bills=2)


def late(chosen: Plan) -> Plan:
    """Requests arrive long after the gateway's limit, at a vendor who forgets control ids; the accountant waits."""
    drawn = replace(
        chosen.scenario,
        wire=[WireFault(wire.LATE_ARRIVAL, 0.3, seconds=2400.0, path=wire.GATEWAY)],
        intacct=[],
        knobs={**chosen.scenario.knobs, "uniqueid_retention_s": 60},
    )
    return replace(chosen, scenario=drawn, cautious=3600.0)


def paused(chosen: Plan) -> Plan:
    """Workers are stopped past their leases, often."""
    return replace(chosen, scenario=replace(chosen.scenario, freezes=8, kills=4))


def alone(chosen: Plan) -> Plan:
    """Nobody but us pays, edits or reverses, and reads show what is."""
    return replace(chosen, scenario=replace(chosen.scenario, read_lag=0.0), clerk=False)


def deaf(chosen: Plan) -> Plan:
    """Most rings are lost."""
    return replace(chosen, scenario=replace(chosen.scenario, bell=BellFaults(lost=0.8), kills=2))


@dataclass(frozen=True)
class PaymentMutant:
    """As `devices.Mutant`, in worlds of payments."""

    name: str
    habits: type[Habits] = Habits
    swaps: tuple[Swap, ...] = ()
    sharpen: Callable[[Plan], Plan] = lambda chosen: chosen
    behind: str = ""


PAYMENT_MUTANTS = (
    PaymentMutant("intent not committed before the send", swaps=journal(NoIntentOnDisk)),
    PaymentMutant("control id new with each send", intacct(UnstableControlIds), sharpen=stormy),
    PaymentMutant("no uniqueid", swaps=((gateway, "build_request", unprotected),), sharpen=stormy),
    PaymentMutant("look-up blind", swaps=((engine, "recover", recover_blindly),), sharpen=stormy),
    PaymentMutant("open intents never settled", swaps=((engine, "recover", recover_never),), sharpen=stormy),
    PaymentMutant("unclear taken for unsent", intacct(UnclearIsUnsent), sharpen=stormy),
    PaymentMutant("unclear taken for rejected", intacct(UnclearIsRejected), sharpen=stormy),
    PaymentMutant("unclear sent again, never held", swaps=((recover, "_after_absence", never_held),), sharpen=late),
    PaymentMutant("invoice lock always granted", swaps=((store, "take_all", grant_all),), sharpen=stormy),
    PaymentMutant("sent without being admitted to the books", swaps=((runner, "SqlPaymentBook", NoBooks),)),
    PaymentMutant("open balance not asked", swaps=((paying, "breach", no_breach),), sharpen=alone),
    PaymentMutant("external id and request id ignored", swaps=((payment_intake, "take", take_each_anew),)),
    PaymentMutant("delivered without an external id", salesforce(InsertsAnew)),
    PaymentMutant("end of a run moves no payment", swaps=((payment_ends, "follow", follow_nothing),)),
    PaymentMutant("ledger does not grow", swaps=((store, "_enter", enter_nothing),)),
    PaymentMutant("not held to what was accepted", swaps=((payment_book, "judged", not_judged),)),
    PaymentMutant("fences ignored", swaps=((journal_queries, "held_leases", held_by_anyone),), sharpen=paused),
    PaymentMutant("lease not asked before the send", swaps=((Lease, "stands", always_stands),), sharpen=paused),
    PaymentMutant("several live operations", ManyLive, swaps=((operations, "insert_live", insert_always),)),
    PaymentMutant("echo taken for news", swaps=((changes, "edited", always_edited),)),
    PaymentMutant("no sweeper", NoSweeper, sharpen=deaf),
)


def hunt_payment(mutant: PaymentMutant, seeds: Sequence[int]) -> Catch:
    """Run worlds of the mutant until an invariant is broken that the product itself keeps in the same world."""
    for seed in seeds:
        drawn = mutant.sharpen(plan(seed))
        with put_in_place(mutant.swaps):
            outcome = play_money(seed, habits=mutant.habits(), drawn=drawn)
        if outcome.violations and not play_money(seed, drawn=drawn).violations:
            return Catch(mutant.name, seed, outcome.violations[0], outcome.violations[1:])
    return Catch(mutant.name, None)
