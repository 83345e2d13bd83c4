"""The safety devices of any record, each with a stand-in that does not do what it is there for.

Nothing of the product is edited: a stand-in takes the device's place while its worlds run. Which mutants are made of
them is listed in `mutants`; those of payments alone stand in `money.devices`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace
from typing import Any, cast

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.backends.intacct.client import IntacctBackend
from app.backends.salesforce.client import SalesforceBackend
from app.domain.errors import Kind, SyncError
from app.domain.records import Record, System
from app.services import intake, runner
from app.services.context import Context
from app.services.items import Item
from app.services.journal import SqlJournal
from app.services.lease import Lease
from app.store.tables import Connection, Intent, Operation
from app.sync import recover
from app.sync.ports import Backend, Bound, Draft, Outcome, Promise, Receipt, Verdict, Write
from tests.world import wire
from tests.world.place import Habits
from tests.world.scenario import Scenario
from tests.world.seams import Through
from tests.world.wire import WireFault

# --- the write protocol -----------------------------------------------------------------------------------------------


class _Unkept:
    """Surroundings whose transactions are all rolled back."""

    def __init__(self, outer: Context) -> None:
        self.clock, self.new_id, self._sessions = outer.clock, outer.new_id, outer.sessions

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """See `Context.begin`."""
        async with self._sessions() as session:
            yield session
            await session.rollback()


class NoIntentOnDisk(SqlJournal):
    """Promises are kept in memory and stored with their receipts: a crash in between leaves no trace of the send."""

    def __init__(self, context: Context, connection_id: str) -> None:
        super().__init__(context, connection_id)
        self._unstored: dict[str, tuple[str, Draft]] = {}

    async def intend(self, object_name: str, drafts: Sequence[Draft]) -> list[Promise | None]:
        """The promises that would be made, without making them."""
        outer = self._context
        self._context = cast(Context, _Unkept(outer))
        try:
            promises = await super().intend(object_name, drafts)
        finally:
            self._context = outer
        for promise in promises:
            if promise is not None:
                self._unstored[promise.id] = (object_name, promise.draft)
        return promises

    async def settle(self, object_name: str, receipts: Sequence[Receipt]) -> set[str]:
        """Make the promises now, together with what became of them."""
        late = [receipt for receipt in receipts if receipt.promise.id in self._unstored]
        made = await super().intend(object_name, [receipt.promise.draft for receipt in late]) if late else []
        stored = {
            receipt.promise.id: promise for receipt, promise in zip(late, made, strict=True) if promise is not None
        }
        known = [
            replace(receipt, promise=stored.get(receipt.promise.id, receipt.promise))
            for receipt in receipts
            if receipt.promise.id in stored or receipt.promise.id not in self._unstored
        ]
        return await super().settle(object_name, known)


class UnstableControlIds(Through):
    """Each send gets a control id of its own."""

    _sends = 0

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send under new ids."""
        fresh = []
        for write in writes:
            UnstableControlIds._sends += 1
            fresh.append(replace(write, control_id=f"{write.control_id[:30]}{UnstableControlIds._sends:010d}"))
        outcomes: list[Outcome] = await self._inner.write(fresh)
        return outcomes


LOST = SyncError(Kind.TRANSIENT, "lost", "The answer was lost.")


class UnclearIsUnsent(Through):
    """No answer is taken for "nothing was sent"."""

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Confuse AMBIGUOUS with NOT_SENT."""
        outcomes: list[Outcome] = await self._inner.write(writes)
        return [Outcome(Verdict.NOT_SENT, error=LOST) if o.verdict is Verdict.AMBIGUOUS else o for o in outcomes]


class UnclearIsRejected(Through):
    """No answer is taken for a no, so that the next try is a new revision."""

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Confuse AMBIGUOUS with REJECTED."""
        outcomes: list[Outcome] = await self._inner.write(writes)
        return [Outcome(Verdict.REJECTED, error=LOST) if o.verdict is Verdict.AMBIGUOUS else o for o in outcomes]


class StatuslessIsSuccess(Through):
    """An answer without a status is taken for a yes."""

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Confuse AMBIGUOUS with CONFIRMED."""
        outcomes: list[Outcome] = await self._inner.write(writes)
        return [
            Outcome(Verdict.CONFIRMED, key="999999", returned={"CUSTOMERID": "C-999999"}, created=True)
            if o.verdict is Verdict.AMBIGUOUS
            else o
            for o in outcomes
        ]


class SeesNothing(Through):
    """A look-up that never finds."""

    async def find(self, *_: Any, **__: Any) -> list[Record]:
        """Nothing."""
        return []


async def recover_blindly(batch: Any, intacct: Backend, *rest: Any) -> None:
    """Unclear writes are settled without looking at Intacct."""
    await recover.recover(batch, cast(Backend, SeesNothing(intacct)), *rest)


async def recover_never(*_: Any) -> None:
    """Unclear writes of earlier runs are not settled at all."""


class ForgetsUpdates(SqlJournal):
    """Links that follow from a confirmed update are not stored: the base stays behind."""

    async def settle(self, object_name: str, receipts: Sequence[Receipt]) -> set[str]:
        """Drop them."""
        kept = [replace(r, bound=None) if r.promise.draft.action == "update" else r for r in receipts]
        return await super().settle(object_name, kept)


# --- leases and uniqueness --------------------------------------------------------------------------------------------


async def held_by_anyone(session: AsyncSession, fences: Any, now: Any, *, lock: bool = False) -> dict[str, Operation]:
    """Every lease stands, whoever asks."""
    wanted = [operation_id for operation_id, _ in fences]
    rows = await session.exec(select(Operation).where(col(Operation.id).in_(wanted)))
    return {row.id: row for row in rows}


def always_stands(_: Lease) -> bool:
    """Nobody asks whether the lease has passed."""
    return True


async def insert_always(session: AsyncSession, rows: Sequence[Operation]) -> set[str]:
    """Each wish gets an operation, whether or not one is live."""
    session.add_all(Operation(**row.model_dump()) for row in rows)
    await session.flush()
    return {row.id for row in rows}


class OpenIntentsIgnored(SqlJournal):
    """A document may have several open intents."""

    def _promise(self, object_name: str, draft: Draft, known: Sequence[Intent], *rest: Any) -> Promise | None:
        blind = [SimpleNamespace(state="rejected", revision=row.revision) for row in known]
        return super()._promise(object_name, draft, cast(Sequence[Intent], blind), *rest)


# --- both ways --------------------------------------------------------------------------------------------------------


class WritesNothingBack(Through):
    """Salesforce is told nothing, and believed to have been told."""

    system = System.SALESFORCE

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Say yes."""
        return [Outcome(Verdict.CONFIRMED, key=write.key) for write in writes]


class ForgetsLinks(SqlJournal):
    """The link is not stored in the commit of the receipt."""

    async def _store_links(self, session: Any, object_name: str, bounds: Sequence[Bound], now: Any) -> set[str]:
        return {bound.salesforce_id for bound in bounds}


def always_edited(*_: Any) -> bool:
    """Whatever stands in the feed is news."""
    return True


# --- habits -----------------------------------------------------------------------------------------------------------


class ManyLive(Habits):
    """The database does not mind several live operations of a record."""

    without = ("uq_operation_live",)


class ManyOpen(Habits):
    """The database does not mind several open intents of a document."""

    without = ("uq_intent_unsettled",)


class NoSweeper(Habits):
    """Nobody looks after lost rings and dead workers' leases."""

    async def sweep(self, context: Context) -> None:
        """Look away."""


class AnswersFirst(Habits):
    """The caller gets its 202 before anything is committed; the commit follows if nothing comes in between."""

    async def accept(self, context: Context, connection: Connection, asked: intake.Wish, request_id: str) -> list[Item]:
        """Invent an answer, then do the work."""
        item = Item(f"promised-{request_id}", asked.object, asked.record_ids[0], "queued", None, None, "", None, None,
                    retryable=False)  # fmt: skip
        later = asyncio.get_running_loop().create_task(intake.accept(context, connection, asked, request_id=request_id))
        later.add_done_callback(lambda done: done.cancelled() or done.exception())
        return [item]


def ladder(*rungs: float) -> type[Habits]:
    """Habits with another ladder."""

    class Impatient(Habits):
        ladder = rungs

    return Impatient


def intacct(wrapper: type[Through]) -> type[Habits]:
    """Habits in which the engine speaks to Intacct through `wrapper`."""

    class Wrapped(Habits):
        def intacct(self, backend: IntacctBackend, rng: Any) -> Backend:
            return cast(Backend, wrapper(backend))

    return Wrapped


def salesforce(wrapper: type[Through]) -> type[Habits]:
    """Habits in which the engine speaks to Salesforce through `wrapper`."""

    class Wrapped(Habits):
        def salesforce(self, backend: SalesforceBackend) -> Backend:
            return cast(Backend, wrapper(backend))

    return Wrapped


# --- the list ---------------------------------------------------------------------------------------------------------

Swap = tuple[ModuleType | type, str, Any]


@dataclass(frozen=True)
class Mutant:
    """A safety device switched off: how, and what makes worlds in which that shows (`sharpen`).

    `behind` names devices that stand in front of it: with those in place no world reaches it, and it may survive.
    """

    name: str
    habits: type[Habits] = Habits
    swaps: tuple[Swap, ...] = ()
    sharpen: Callable[[Scenario], Scenario] = lambda scenario: scenario
    behind: str = ""


def forgetful(scenario: Scenario) -> Scenario:
    """Requests arrive late, at a vendor who forgets control ids after a minute.

    One who remembers them is a second lock: then a missing wait does no harm that could be seen.
    """
    scenario.wire = [WireFault(wire.LATE_ARRIVAL, 0.3, seconds=600.0, path=wire.GATEWAY)]
    scenario.knobs |= {"uniqueid_retention_s": 60}
    return scenario


def paused(scenario: Scenario) -> Scenario:
    """Workers are stopped past their leases, often."""
    scenario.freezes = 6
    return scenario


def journal(made: type[SqlJournal]) -> tuple[Swap, ...]:
    """The journal of all runs replaced."""
    return ((runner, "SqlJournal", made),)


@dataclass
class Catch:
    """At which seed a mutant was caught and by what; `seed` None: it survived."""

    mutant: str
    seed: int | None
    sentence: str = ""
    others: list[str] = field(default_factory=list)


@contextmanager
def put_in_place(swaps: Sequence[Swap]) -> Iterator[None]:
    """Stand-ins in the devices' places, for as long as the block."""
    with ExitStack() as back:
        for module, name, stand_in in swaps:
            back.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, stand_in)
        yield
