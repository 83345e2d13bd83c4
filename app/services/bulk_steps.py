"""The worker's side of bulk updates: what a page of records is to hold is stored, then written, then what came of it.

A record's values are computed once, from what it held when it was selected. After a crash, or an answer that was lost,
the record is read again: it holds the new values, or still the old ones and is written, or somebody has been there.
"""

from collections.abc import Mapping, Sequence

from app.domain.declaration import SyncedObject
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, Value
from app.services.bulk_values import Planned, alike, alike_as_kept, assignments_of, given_of
from app.services.context import Context, Pair
from app.services.mass_runs import CANCELLED, LEASE
from app.services.selections import PAGE, selection_of, spelt, wanted_of
from app.services.spending import note_spending
from app.store import mass, mass_edits
from app.store.mass_edits import PLANNED
from app.store.mass_tables import MassEdit, MassRun
from app.store.tables import Connection
from app.store.values import decode, encode
from app.sync.ports import Action, Outcome, Verdict, Write

UPDATED, UNCHANGED, FAILED = "updated", "unchanged", "failed"

Ended = tuple[str, str | None, str, str | None]
"""Result, code, sentence and field of a record."""


async def advance(
    context: Context, connection: Connection, declared: SyncedObject, row: MassRun, pages: int, size: int
) -> None:
    """Finish what an earlier step left open, then take the run up to `pages` pages further. Raises SyncError."""
    if row.state not in mass.STOPPABLE:
        await _look_after(context, connection, declared, row)
        return
    selection = await selection_of(context, connection, declared, wanted_of(row.wanted), size)
    kind, pair = selection.plan.object.salesforce.kind, selection.pair
    try:
        await _finish_left(context, row, kind, pair, write=True)
        if row.state != mass.SELECTING:
            return
        assignments = await assignments_of(selection.plan, pair, given_of(row.changes))
        position = row.position
        for _ in range(pages):
            found, behind = await selection.records(position, assignments.fields)
            planned = [assignments.plan(record) for record in found]
            fresh = await _note(context, connection.id, row.id, position, planned, behind)
            if fresh is None:
                return
            writes = {one.record_id: one.after for one in planned if one.after and one.record_id in fresh}
            await _send(context, row.id, kind, pair, writes)
            if behind is None:
                return
            position = behind
    finally:
        await note_spending(context, connection.id, Lane.BULK, pair)


async def _look_after(context: Context, connection: Connection, declared: SyncedObject, row: MassRun) -> None:
    """Find out what became of the last records of a run that was cancelled or has failed."""
    pair = context.backends.of(connection, Lane.BULK)
    try:
        await _finish_left(context, row, spelt(connection, declared.salesforce.kind), pair, write=False)
    finally:
        await note_spending(context, connection.id, Lane.BULK, pair)


async def _note(
    context: Context, connection_id: str, run_id: str, position: str, planned: Sequence[Planned], behind: str | None
) -> set[str] | None:
    """Store what a page is to hold and move on, in one transaction: the ids that were new to the run.

    None when the run was cancelled or somebody else was faster.
    """
    now = context.clock.now()
    async with context.begin() as session:
        row = await mass.get(session, connection_id, run_id, lock=True)
        if row is None or row.state != mass.SELECTING or row.position != position:
            return None
        known = await mass_edits.known(session, run_id, [one.record_id for one in planned])
        fresh = [one for one in planned if one.record_id not in known]
        session.add_all(_edit(run_id, connection_id, one) for one in fresh)
        row.selected, row.lease_until = row.selected + len(fresh), now + LEASE[mass.UPDATE]
        row.reason, row.message = None, ""
        if behind is None:
            row.state, row.selected_at = "running", now
        else:
            row.position = behind
    return {one.record_id for one in fresh}


def _edit(run_id: str, connection_id: str, one: Planned) -> MassEdit:
    code, message, field = one.problem or (None, "", None)
    return MassEdit(
        run_id=run_id,
        record_id=one.record_id,
        connection_id=connection_id,
        result=FAILED if one.problem else PLANNED if one.after else UNCHANGED,
        before=encode(one.before),
        after=encode(one.after),
        code=code,
        message=message,
        field=field,
    )


async def _send(
    context: Context, run_id: str, kind: str, pair: Pair, values: Mapping[str, Mapping[str, Value]]
) -> None:
    """Write the records and store what came of each. Raises SyncError when some have to wait, or may be written."""
    writes = [Write(kind, Action.UPDATE, after, run_id, record_id) for record_id, after in values.items()]
    trouble: SyncError | None = None
    for chunk in pair.salesforce.chunks(writes):
        outcomes = await pair.salesforce.write(chunk)
        ended = {}
        for write, outcome in zip(chunk, outcomes, strict=True):
            if outcome.verdict in (Verdict.CONFIRMED, Verdict.REJECTED):
                ended[str(write.key)] = _ended(outcome)
            else:
                trouble = trouble or outcome.error
        await _store(context, run_id, ended)
        if trouble is not None:
            break
    if trouble is not None:
        kind_of = (
            Kind.TRANSIENT if trouble.kind is Kind.AMBIGUOUS else trouble.kind
        )  # it is read again before it is sent
        raise SyncError(kind_of, trouble.code, trouble.message, trouble.advice, retry_after=trouble.retry_after)


def _ended(outcome: Outcome) -> Ended:
    if outcome.error is None:
        return UPDATED, None, "", None
    return (
        FAILED,
        outcome.error.code[:60],
        f"{outcome.error.message} {outcome.error.advice}".strip(),
        outcome.error.field,
    )


async def _store(context: Context, run_id: str, ended: Mapping[str, Ended]) -> None:
    if not ended:
        return
    async with context.begin() as session:
        for record_id, row in (await mass_edits.of(session, run_id, sorted(ended))).items():
            if row.result == PLANNED:
                row.result, row.code, row.message, row.field = ended[record_id]


async def _finish_left(context: Context, run: MassRun, kind: str, pair: Pair, *, write: bool) -> None:
    """Find out about records that were to be written and whose answer nobody stored; write them if that may go on."""
    after = ""
    while True:
        async with context.begin() as session:
            left = await mass_edits.page(session, run.id, PLANNED, after, PAGE)
        if not left:
            return
        after = left[-1].record_id
        fields = sorted({name for row in left for name in row.after})
        found = await pair.salesforce.find(kind, {"Id": [row.record_id for row in left]}, fields)
        held = {record.key: record.values for record in found}
        ended, again = {}, {}
        for row in left:
            said = _seen(row, held.get(row.record_id), write=write)
            if said is None:
                again[row.record_id] = decode(row.after)
            else:
                ended[row.record_id] = said
        await _store(context, run.id, ended)
        await _send(context, run.id, kind, pair, again)


def _seen(row: MassEdit, values: Mapping[str, Value] | None, *, write: bool) -> Ended | None:
    """What a record that is read again says of itself; None where it is still to be written."""
    if values is None:
        return FAILED, "record_not_found", "The record is gone, or cannot be seen any more.", None
    before, after = decode(row.before), decode(row.after)
    if all(alike(values.get(name), value) for name, value in after.items()):
        return UPDATED, None, "", None
    moved = next((name for name in after if not alike(values.get(name), before[name])), None)
    if moved is not None and all(alike_as_kept(values.get(name), value) for name, value in after.items()):
        return UPDATED, None, "", None
    if moved is not None:
        return FAILED, "changed_meanwhile", f"{moved} was changed by somebody else while it was being updated.", moved
    return None if write else (CANCELLED, None, "Cancelled with its run.", None)
