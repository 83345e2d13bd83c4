"""Links that follow a record which Intacct has replaced by another one: the natural key has stayed, RECORDNO has not.

Only objects that are declared `lasting`. Nothing is written here.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.domain.decisions import Result
from app.domain.errors import Kind, SyncError
from app.domain.records import Record
from app.sync.ports import Backend, Bindings, Bound
from app.sync.work import Batch, Work


def natural_of(batch: Batch, work: Work) -> str | None:
    """The natural key of an arriving record; its RECORDNO where only records that are replaced have one."""
    named = work.target.values.get(batch.plan.object.intacct.natural_key) if work.target else None
    return str(named) if named is not None else work.born if batch.plan.object.lasting else None


def external_key(batch: Batch, work: Work) -> str:
    """The value of the external id under which an arriving record stands in Salesforce."""
    return batch.plan.external_key(str(work.born), natural_of(batch, work) or "")


async def take_over(batch: Batch, works: Sequence[Work], bindings: Bindings) -> list[Work]:
    """Give arriving records that stand in the place of linked ones their links; answers those that remain.

    One that was read while it is being replaced comes again a little later, and is gone then.
    """
    declared, natural = batch.plan.object, batch.plan.object.intacct.natural_key
    if declared.lasting is None:
        return list(works)
    named: dict[str, Work] = {}
    for work in works:
        if work.target is None:
            continue
        if declared.lasting.torn(work.target.values, natural):
            said = f"Record {work.target.key} is just being replaced in Intacct by another one of the same document."
            work.fail(SyncError(Kind.TRANSIENT, "being_replaced", said))
        elif name := work.target.values.get(natural):
            named[str(name)] = work
    linked = await bindings.by_intacct_id(declared.name, sorted(named)) if named else {}
    claimed = {work.claim.record_id for work in batch.works}
    for name, bound in linked.items():
        work = named[name]
        if bound.salesforce_id in claimed:
            work.settle(Result.SKIPPED, "replaces_another", f"{bound.salesforce_id} is linked to it in this very run.")
        elif work.target is not None:
            _move(work, bound, work.target)
    return [work for work in works if work.bound is None and work.settlement is None]


async def replacements(batch: Batch, intacct: Backend, found: Sequence[Record]) -> list[Record]:
    """Records that stand in the place of linked ones which are not among `found`: one query, where there are such."""
    declared, keys = batch.plan.object, {record.key for record in found}
    if declared.lasting is None:
        return []
    links = [work.bound for work in batch.open if work.bound is not None]
    lost = {link.intacct_id for link in links if link.intacct_key not in keys and link.intacct_id != link.intacct_key}
    asked = {declared.intacct.natural_key: sorted(lost)}
    return await intacct.find(declared.intacct.kind, asked, batch.plan.intacct_fields) if lost else []


def replacement(batch: Batch, work: Work, found: Sequence[Record]) -> Record | None:
    """The record in the place of the linked one; the link leads to it from now on."""
    declared = batch.plan.object
    if declared.lasting is None or work.bound is None:
        return None
    for record in found:
        if record.values.get(declared.intacct.natural_key) == work.bound.intacct_id:
            _move(work, work.bound, record)
            return record
    return None


def _move(work: Work, bound: Bound, record: Record) -> None:
    """What was agreed stays agreed: it is the same document."""
    work.bound = replace(bound, intacct_key=record.key, seen_at=None)
    work.moved, work.tidy = True, True
