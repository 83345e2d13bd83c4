"""Salesforce records that were deleted, and those that came back. Nothing is ever deleted in Intacct.

By option the twin of a deleted record is made inactive; it is made active again when the record comes back.
"""

from dataclasses import replace

from app.domain.decisions import Result
from app.domain.mapping import from_intacct
from app.domain.merge import Direction
from app.domain.records import System, Value
from app.domain.transforms import plain
from app.sync.ports import Action, Backend, Bound, Draft, Outcome, Verdict
from app.sync.recover import hold
from app.sync.work import Batch, Work, by
from app.sync.writing import Writer

STATUS, ACTIVE, INACTIVE = "STATUS", "active", "inactive"
MARK = "inactivated:"
"""Before the origin of a link: its twin was made inactive by us, and comes to life again with the record."""

SAID = "The record is deleted; nothing is deleted in Intacct."


async def end_deleted(batch: Batch, intacct: Backend, writer: Writer) -> None:
    """End candidates that are in Salesforce's bin; by option make their twins inactive, once."""
    gone = [work for work in batch.open if work.deleted]
    wanted = [work for work in gone if work.bound is not None and _inactivates(batch)]
    keys = [work.bound.intacct_key for work in wanted if work.bound is not None]
    kind, natural = batch.plan.object.intacct.kind, batch.plan.object.intacct.natural_key
    status = status_name(batch)
    found = (
        await intacct.find(kind, {"RECORDNO": keys}, (natural, status, *batch.plan.object.update_needs)) if keys else []
    )
    twins = {record.key: record for record in found}
    drafts: list[Draft] = []
    for work in wanted:
        twin = twins.get(work.bound.intacct_key) if work.bound else None
        if twin is not None and not _is_inactive(twin.values.get(status)):
            op_key, values = batch.plan.op_key(work.id), {**batch.plan.along(twin.values), status: INACTIVE}
            drafts.append(Draft(work.claim, op_key, "record", kind, Action.UPDATE, values, twin.key))
    works = by(gone, lambda work: work.id)
    for one in await writer.send(batch.plan.object.name, drafts, lambda d, o: _ended(batch, works, d, o)):
        _settle(works[one.draft.claim.record_id], one.draft, one.outcome, one.next_look_at)
    for work in gone:
        work.settle(Result.SKIPPED, "deleted_in_salesforce", SAID)


def revived(bound: Bound) -> Bound | None:
    """The link without the mark of a deletion; None when it bears none."""
    return replace(bound, how=bound.how.removeprefix(MARK)) if bound.how.startswith(MARK) else None


def _inactivates(batch: Batch) -> bool:
    named = {option.name for option in batch.plan.object.options}
    once = "syncOnlyOnce" in named and batch.plan.option("syncOnlyOnce")
    by_option = "onDelete" in named and batch.plan.option("onDelete") == "inactivate"
    by_option = by_option or (batch.plan.object.retires and batch.plan.turned)
    return by_option and not once and batch.direction is Direction.TO_INTACCT


def status_name(batch: Batch) -> str:
    """The field that says whether a record is active, as the kind spells it."""
    names = (name for row in batch.plan.rows for name in row.names if name.upper() == STATUS)
    return next(names, STATUS)


def _is_inactive(value: Value) -> bool:
    return str(value or ACTIVE).lower() == INACTIVE


def _ended(batch: Batch, works: dict[str, Work], draft: Draft, outcome: Outcome) -> Bound | None:
    bound = works[draft.claim.record_id].bound
    if bound is None or outcome.verdict is not Verdict.CONFIRMED:
        return None
    rows = [row for row in batch.plan.rows if row.names == (status_name(batch),)]
    agreed = from_intacct(rows, draft.values, {}).values
    base = {**bound.base, **{row_id: plain(value) for row_id, value in agreed.items()}}
    return replace(bound, base=base, how=f"{MARK}{bound.how.removeprefix(MARK)}"[:40])


def _settle(work: Work, draft: Draft, outcome: Outcome, next_look_at: object) -> None:
    if outcome.verdict is Verdict.CONFIRMED:
        work.wrote = True
        work.note(System.INTACCT, STATUS, ACTIVE, INACTIVE)
        said = "The record is deleted in Salesforce; its twin in Intacct was made inactive."
        work.settle(Result.UPDATED, "inactivated_in_intacct", said)
    elif outcome.verdict is Verdict.AMBIGUOUS:
        hold(work, draft, next_look_at)
    elif outcome.error is not None:
        work.fail(outcome.error)
