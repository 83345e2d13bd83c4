"""The lines of records that Intacct owns, shown in Salesforce below their header: made, changed and marked as gone.

One query per side for a whole batch. A line is known by its header's external id and its place, so that it stays the
same record when Intacct makes header and lines anew. Documents that Salesforce sends have their lines in `lines`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.decisions import Result
from app.domain.errors import Kind, SyncError
from app.domain.lines import BASE, LinesPlan
from app.domain.mapping import from_intacct, to_salesforce
from app.domain.records import Record, System, Value
from app.domain.transforms import Constant, plain
from app.sync.lines import lines_of
from app.sync.ports import Action, Backend, Bindings, Bound, Claim, Outcome, Verdict, Write
from app.sync.work import Batch, Work, twins_of

DONE = (Result.CREATED, Result.UPDATED, Result.UNCHANGED)
GONE = "Inactive"
"""The word by which a line is shown that Intacct has no more."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A write to a line, with the record it belongs to and the line as it was."""

    work: Work
    write: Write
    before: Mapping[str, Value]


async def mirror_lines(
    batch: Batch, salesforce: Backend, intacct: Backend, bindings: Bindings, alive: Callable[[], bool]
) -> None:
    """Bring the lines of all records in step that are; a record whose lines could not be written fails after all."""
    plan = batch.plan.mirrored
    works = [one for one in batch.works if plan and one.bound and one.target and _is_done(one)]
    if plan is None or not works:
        return
    keys = [one.target.key for one in works if one.target]
    theirs = await lines_of(plan, intacct, keys)
    await _resolve(batch, plan, [line for lines in theirs.values() for line in lines], bindings)
    asked = {plan.parent: [one.bound.salesforce_id for one in works if one.bound]}
    ours: dict[str, list[Record]] = {}
    for record in await salesforce.find(plan.declared.salesforce, asked, plan.salesforce_fields):
        ours.setdefault(str(record.values.get(plan.parent)), []).append(record)
    changes: list[_Change] = []
    for work in works:
        assert work.bound is not None
        assert work.target is not None
        lines = theirs.get(work.target.key, [])
        changes += _changes(batch, plan, work, lines, ours.get(work.bound.salesforce_id, []))
    if await _send(salesforce, changes, alive):
        await _remember(batch, plan, works, theirs, bindings)


def mirror_edited(plan: LinesPlan, base: Mapping[str, object], found: Sequence[Record]) -> bool:
    """Whether Intacct's lines are other ones, or hold other values, than those Salesforce last got."""
    return base.get(BASE, {}) != _seen(plan, found)


def _is_done(work: Work) -> bool:
    return work.settlement is not None and work.settlement.result in DONE


def _seen(plan: LinesPlan, lines: Sequence[Record]) -> dict[str, object]:
    """What Intacct's lines hold, by their RECORDNO, as a base keeps it."""
    names = plan.intacct_fields
    return {line.key: {name: plain(line.values.get(name)) for name in names} for line in lines}


async def _resolve(batch: Batch, plan: LinesPlan, lines: Sequence[Record], bindings: Bindings) -> None:
    """Salesforce ids of the records that the lines refer to."""
    for row in plan.rows:
        if row.refers_to is None:
            continue
        ids = sorted({str(value) for line in lines if (value := line.values.get(row.names[0]))})
        unknown = [one for one in ids if (row.refers_to, one) not in batch.sources]
        for natural, bound in (await twins_of(bindings, row.refers_to, unknown)).items() if unknown else ():
            batch.note_twin(row.refers_to, natural, bound.salesforce_id)


def _changes(
    batch: Batch, plan: LinesPlan, work: Work, theirs: Sequence[Record], ours: Sequence[Record]
) -> Iterator[_Change]:
    bound = work.bound
    assert bound is not None
    kind, control_id = plan.declared.salesforce, work.claim.operation_id
    head = batch.plan.external_key(bound.intacct_key, bound.intacct_id)
    here = {str(one.values[plan.key]): one for one in ours if one.values.get(plan.key)}
    known = {row.refers_to: batch.known(row.refers_to) for row in plan.rows if row.refers_to}
    for line in theirs:
        key = f"{head}/{line.values.get(plan.declared.number)}"
        before = here.pop(key, None)
        mapped = from_intacct(plan.rows, line.values, known)
        held = before.values if before else {}
        out, problems = to_salesforce(plan.rows, mapped.values, held, batch.sources)
        work.warnings += [problem.message for problem in [*mapped.problems, *problems]]
        if before is None:
            made = {name: value for name, value in out.items() if value is not None}
            said = {**made, plan.parent: bound.salesforce_id}
            yield _Change(work, Write(kind, Action.CREATE, said, control_id, external_id=(plan.key, key)), {})
        elif differing := {name: value for name, value in out.items() if not _same(held.get(name), value)}:
            yield _Change(work, Write(kind, Action.UPDATE, differing, control_id, before.key), held)
    for row in (row for row in plan.rows if isinstance(row.via, Constant)):
        for gone in here.values():
            if gone.values.get(row.salesforce) != GONE:
                said = {row.salesforce: GONE}
                yield _Change(work, Write(kind, Action.UPDATE, said, control_id, gone.key), gone.values)


def _same(before: Value, after: Value) -> bool:
    return before == after or (before in (None, "") and after in (None, ""))


async def _send(salesforce: Backend, changes: Sequence[_Change], alive: Callable[[], bool]) -> bool:
    """Whether everything was sent: nothing is any more once the lease has passed."""
    index = {id(change.write): change for change in changes}
    for chunk in salesforce.chunks([change.write for change in changes]):
        if not alive():
            return False
        for write, outcome in zip(chunk, await salesforce.write(chunk), strict=True):
            change = index[id(write)]
            if outcome.verdict is Verdict.CONFIRMED:
                _note(change)
            else:
                _fail(change.work, outcome)
    return True


def _note(change: _Change) -> None:
    work, write = change.work, change.write
    name = write.key or (write.external_id[1] if write.external_id else "")
    for field, value in write.values.items():
        work.note(System.SALESFORCE, f"{name}.{field}", change.before.get(field), value)
    if work.settlement is not None and work.settlement.result in DONE:
        unchanged = work.settlement.result is Result.UNCHANGED
        more = {"result": Result.UPDATED, "reason": "updated", "message": ""} if unchanged else {}
        work.settlement = replace(work.settlement, changes=tuple(work.changes), **more)  # type: ignore[arg-type]


def _fail(work: Work, outcome: Outcome) -> None:
    """The same lines may go again: they are written by external id."""
    error = outcome.error
    assert error is not None
    kind = Kind.TRANSIENT if outcome.verdict is Verdict.AMBIGUOUS else error.kind
    message = f"The record is in step, but a line of it could not be written: {error.message}"
    if work.settlement is not None and work.settlement.result in DONE:
        work.settlement = None
    work.fail(SyncError(kind, error.code, message, error.advice, retry_after=error.retry_after, field=error.field))


def fail_mirrored(batch: Batch, error: SyncError) -> None:
    """A side could not be asked for the lines: all records whose lines were to come wait with them."""
    for work in batch.works:
        if _is_done(work):
            work.settlement = None
            work.fail(error)


async def _remember(
    batch: Batch, plan: LinesPlan, works: Sequence[Work], theirs: Mapping[str, Sequence[Record]], bindings: Bindings
) -> None:
    pairs: list[tuple[Claim, Bound]] = []
    for work in works:
        assert work.bound is not None
        assert work.target is not None
        seen = _seen(plan, theirs.get(work.target.key, []))
        if _is_done(work) and work.bound.base.get(BASE) != seen:
            work.bound = replace(work.bound, base={**work.bound.base, BASE: seen})
            pairs.append((work.claim, work.bound))
    if pairs:
        await bindings.save(batch.plan.object.name, pairs)
