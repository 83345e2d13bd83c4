"""The engine: one run of one batch, from claims to settlements. Orchestration only; each step is a module beside it.

recover ► read ► guard ► refer ► map ► match ► merge ► write ► bind ► write back      (always a batch)
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.domain.decisions import Result, Settlement
from app.domain.errors import SyncError
from app.domain.merge import Direction
from app.domain.plan import Plan
from app.sync.arriving import arrive
from app.sync.book import PaymentBook
from app.sync.deciding import decide
from app.sync.ending import end_deleted
from app.sync.lines import read_lines, read_twin_lines
from app.sync.matching import read_intacct
from app.sync.merging import follow_merges
from app.sync.mirrored import fail_mirrored, mirror_lines
from app.sync.paying import admit
from app.sync.ports import Backend, Bindings, Claim, Clock, Journal
from app.sync.posted import enter, take_back
from app.sync.pushing import link, push
from app.sync.reading import give_way, guard, map_source, read_salesforce, refer, refuse_disabled
from app.sync.recover import recover
from app.sync.returning import plan_retries, read_back, settle_lost, write_back
from app.sync.work import Batch, Work
from app.sync.writing import Writer


class Engine:
    """Brings batches of one connection in step. Holds no state between runs.

    `alive` says, without waiting, whether the lease of the batch still stands; nothing is sent without it. `book` is
    needed for objects that pay.
    """

    def __init__(
        self,
        salesforce: Backend,
        intacct: Backend,
        journal: Journal,
        bindings: Bindings,
        clock: Clock,
        ladder: Sequence[float],
        alive: Callable[[], bool] = lambda: True,
        book: PaymentBook | None = None,
    ) -> None:
        self._salesforce, self._intacct = salesforce, intacct
        self._journal, self._bindings, self._clock = journal, bindings, clock
        self._alive, self._book = alive, book
        self._writer = Writer(intacct, journal, clock, ladder, alive)

    async def run(self, plan: Plan, claims: Sequence[Claim], direction: Direction) -> list[Settlement]:
        """One settlement per claim, in the order given. Never raises for trouble of a vendor or of a record."""
        batch = await self.trace(plan, claims, direction)
        return [_settlement(work) for work in batch.works]

    async def trace(self, plan: Plan, claims: Sequence[Claim], direction: Direction) -> Batch:
        """The same run, answered with everything it has learned about each record; every work is settled."""
        batch = Batch(plan, direction, [Work(claim) for claim in claims])
        refuse_disabled(batch)
        try:
            await self._to_intacct(batch)
        except SyncError as error:
            batch.fail_open(error)
        plan_retries(batch, self._clock.now())
        try:
            await write_back(batch, self._salesforce, self._bindings, self._clock, self._alive)
        except SyncError as error:
            batch.fail_open(error)
        try:
            await mirror_lines(batch, self._salesforce, self._intacct, self._bindings, self._alive)
        except SyncError as error:
            fail_mirrored(batch, error)
        settle_lost(batch.works)
        plan_retries(batch, self._clock.now())
        return batch

    async def _to_intacct(self, batch: Batch) -> None:
        await recover(batch, self._intacct, self._journal, self._bindings, self._writer, self._clock)
        await arrive(batch, self._salesforce, self._intacct, self._bindings, self._clock, self._alive)
        await read_salesforce(batch, self._salesforce, self._bindings)
        await give_way(batch, self._bindings)
        await follow_merges(batch, self._salesforce, self._bindings)
        await end_deleted(batch, self._intacct, self._writer)
        await guard(batch, self._bindings)
        await read_lines(batch, self._salesforce)
        await refer(batch, self._bindings)
        map_source(batch)
        await read_intacct(batch, self._intacct, self._bindings, self._clock.now())
        await read_twin_lines(batch, self._intacct, self._bindings, batch.open)
        decide(batch)
        await admit(batch, self._book, self._intacct, self._bindings)
        await link(batch, self._bindings)
        await enter(batch, self._book, self._bindings, self._clock)
        if batch.direction is Direction.TO_INTACCT:
            await push(batch, self._writer, self._journal, self._clock)
            await take_back(batch, self._writer)
            await read_back(batch, self._intacct, self._bindings)


def _settlement(work: Work) -> Settlement:
    assert work.settlement is not None
    achieved = Result.CREATED if work.created else Result.UPDATED if work.wrote else None
    return replace(work.settlement, achieved=achieved, paid=tuple(work.paid.items()), turned=work.turned)
