"""Salesforce records that were merged: the link of the loser passes to the winner; no Intacct record is made or moved.

A merge is found out from either side: by a candidate that is the loser, and by a new-looking candidate that is the
winner, before a twin is made for it.
"""

from datetime import datetime, timedelta

from app.domain.decisions import Reference, Result
from app.domain.merge import Direction
from app.domain.records import Value
from app.sync.ports import Backend, Bindings, Bound, Succession
from app.sync.work import Batch, Work, by

MERGED = "merged"
"""Origin of a link that was taken over."""

FRESH = timedelta(seconds=1)
"""A record that was last changed when it was created cannot be the winner of a merge."""


async def follow_merges(batch: Batch, salesforce: Backend, bindings: Bindings) -> None:
    """End candidates that were merged away, and give the winners among the others what the losers had."""
    losers = [work for work in batch.open if work.master is not None]
    pairs = [Succession(work.claim, work.id, str(work.master)) for work in losers]
    winners = by(batch.open, lambda work: None if work.master else work.id)
    asked = [work.id for work in winners.values() if _may_have_won(batch, work)]
    if asked:
        kind, fields = batch.plan.object.salesforce.kind, ("IsDeleted", "MasterRecordId")
        for grave in await salesforce.find(kind, {"MasterRecordId": asked}, fields, include_deleted=True):
            winner = winners.get(str(grave.values.get("MasterRecordId")))
            if winner is not None:
                pairs.append(Succession(winner.claim, grave.key, winner.id))
    passed = await bindings.succeed(batch.plan.object.name, pairs) if pairs else {}
    for pair in pairs:
        work, bound = winners.get(pair.winner), passed.get(pair.loser)
        if work is not None and bound is not None:
            _take_over(work, pair.loser, bound)
    for work in losers:
        _end(batch, work, passed.get(work.id))


def _may_have_won(batch: Batch, work: Work) -> bool:
    """Whether it is worth a question: the record looks new to us, but not to Salesforce."""
    source = work.source
    if not batch.plan.object.merges or work.bound is not None or source is None:
        return False
    created = instant(source.values.get("CreatedDate"))
    edited = source.modified_at
    return batch.direction is Direction.TO_INTACCT and not (created and edited and edited - created <= FRESH)


def instant(value: Value) -> datetime | None:
    """A date-time as Salesforce or a test gives it, or None."""
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None


def _take_over(work: Work, loser: str, bound: Bound) -> None:
    if bound.salesforce_id == work.id:
        work.bound = bound
        work.warnings.append(f"{loser} was merged into this record, which now has its {bound.intacct_id} in Intacct.")
    else:
        kept = work.bound.intacct_id if work.bound else "another one"
        said = f"{loser} was merged into this record; {kept} is kept, {bound.intacct_id} stays known as a former id."
        work.warnings.append(said)


def _end(batch: Batch, work: Work, bound: Bound | None) -> None:
    said = f"The record was merged into {work.master}."
    if bound is None:
        work.settle(Result.SKIPPED, "merged_in_salesforce", said)
        return
    if bound.salesforce_id == work.master:
        said += f" {bound.intacct_id} in Intacct is linked to that one now."
    else:
        said += f" That one keeps its own twin; {bound.intacct_id} and its transactions stay as they are in Intacct."
    follow = (Reference(batch.plan.object.name, str(work.master)),)
    work.settle(Result.SKIPPED, "merged_in_salesforce", said, follow=follow)
