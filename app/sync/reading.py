"""First steps of a run: links, the Salesforce records, the rules that end a run early, references, mapping."""

from dataclasses import replace

from app.domain.decisions import Reference, Result
from app.domain.declaration import BY_KEY, Rule
from app.domain.errors import Kind, SyncError
from app.domain.mapping import from_salesforce
from app.domain.merge import Direction
from app.domain.plan import Plan
from app.domain.records import Record
from app.domain.transforms import Constant, clean
from app.sync.ending import revived
from app.sync.lines import map_lines
from app.sync.merging import instant
from app.sync.ports import Backend, Bindings
from app.sync.work import Batch, Work, references

AUTOMATIC = ("flow", "schedule")
"""Origins nobody pressed a button for."""


def refuse_disabled(batch: Batch) -> None:
    """An object the connection does not sync ends every wish before anything is read."""
    if batch.plan.barred is not None:
        for work in batch.open:
            work.settle(Result.SKIPPED, *batch.plan.barred)
    if not batch.plan.enabled:
        for work in batch.open:
            said = f"The connection does not sync {batch.plan.object.label.lower()}; switch the option on first."
            work.settle(Result.SKIPPED, "object_not_enabled", said)


async def read_salesforce(batch: Batch, salesforce: Backend, bindings: Bindings) -> None:
    """Fetch links and Salesforce records of all open candidates; mark those that were merged or deleted."""
    works = batch.open
    known = {work.id: work.bound for work in works if work.bound is not None}
    asked = [work.id for work in works if work.bound is None]
    bound = {**await bindings.of(batch.plan.object.name, asked), **known}
    if not works:
        return
    kind = batch.plan.object.salesforce.kind
    found = await salesforce.find(kind, {"Id": [work.id for work in works]}, batch.plan.salesforce_fields)
    records = {record.key: record for record in found}
    missing = [work.id for work in works if work.id not in records]
    graves: dict[str, Record] = {}
    if missing:
        fields = ("IsDeleted", "MasterRecordId")
        buried = await salesforce.find(kind, {"Id": missing}, fields, include_deleted=True)
        graves = {record.key: record for record in buried}
    for work in works:
        work.bound = bound.get(work.id)
        work.source = records.get(work.id)
        if work.source is None:
            _mark_missing(batch, work, graves.get(work.id), kind)
            continue
        sees = batch.plan.object.sees
        if sees is not None:
            seen = batch.plan.spelt(sees(batch.plan.standard(work.source.values)))
            work.source = replace(work.source, values={**work.source.values, **seen})
        back = revived(work.bound) if work.bound else None
        if back is not None:
            work.bound, work.revive, work.tidy = back, True, True


async def give_way(batch: Batch, bindings: Bindings) -> None:
    """Find the records that are twins of another object's as well, which fills some of their fields."""
    yields = batch.plan.object.yields
    if yields is None or yields.to in batch.plan.disabled or not batch.open:
        return
    others = await bindings.of(yields.to, [work.id for work in batch.open])
    for work in batch.open:
        work.shared = work.id in others


def _mark_missing(batch: Batch, work: Work, grave: Record | None, kind: str) -> None:
    if grave is None and work.bound is None and batch.direction is Direction.FROM_INTACCT:
        work.settle(Result.SKIPPED, "not_linked", f"The Intacct record names {kind} {work.id}, which is not here.")
    elif grave is None:
        message = f"No {kind} with id {work.id} is visible to the integration user."
        advice = "Check the id, and that the integration user may see the record."
        work.fail(SyncError(Kind.DATA, "record_not_found", message, advice))
    elif master := grave.values.get("MasterRecordId"):
        work.master = str(master)
    else:
        work.deleted = True


async def guard(batch: Batch, bindings: Bindings) -> None:
    """The rules that say no before anything is compared. One gate for every origin (product.md 1.3)."""
    plan, to_intacct = batch.plan, batch.direction is Direction.TO_INTACCT
    once = to_intacct and "syncOnlyOnce" in _declared(plan) and bool(plan.option("syncOnlyOnce"))
    unlinked = [work.id for work in batch.open if work.bound is None]
    former = await bindings.former(plan.object.name, unlinked) if once and unlinked else set()
    for work in batch.open:
        assert work.source is not None
        passed_over = plan.object.passes_over(plan.standard(work.source.values)) if plan.object.passes_over else None
        if passed_over is not None:
            work.settle(Result.SKIPPED, *passed_over)
        elif work.bound is None and (word := _other_kind(plan, work)):
            work.settle(Result.SKIPPED, "other_kind", f"{word}: the record is none of {plan.object.label.lower()}.")
        elif to_intacct and plan.kept_here and work.source.values.get(plan.kept_here):
            work.settle(Result.SKIPPED, "is_template", f"{plan.kept_here} is set: templates stay in Salesforce.")
        elif not to_intacct:
            if work.bound is None and plan.link_field is None:  # else it may bear our key: see `matching`
                work.settle(Result.SKIPPED, "not_linked", "The record has no twin in Intacct.")
        elif once and (work.bound is not None or work.id in former):
            work.finish_only = True  # what Intacct changed still comes back, and a first creation is finished
        elif work.bound is None and work.claim.origin in AUTOMATIC and "addNewAccounts" in _declared(plan):
            _refuse_old(plan, work)


def _other_kind(plan: Plan, work: Work) -> str | None:
    """The word by which an unlinked record says that it is one of another object's in the same Salesforce kind."""
    assert work.source is not None
    for row in plan.rows:
        if isinstance(row.via, Constant) and row.salesforce in plan.match_salesforce:
            word = clean(work.source.values.get(row.salesforce))
            if word not in (None, row.via.value) and (not row.via.allowed or word in row.via.allowed):
                return f"{row.salesforce} says {word}"
    return None


def _declared(plan: Plan) -> set[str]:
    return {option.name for option in plan.object.options}


def _refuse_old(plan: Plan, work: Work) -> None:
    """Only new records are added without anybody asking, and only by option; a ticked box is somebody asking."""
    assert work.source is not None
    if plan.flag and work.source.values.get(plan.flag):
        return
    if not plan.option("addNewAccounts"):
        said = "New records are not added automatically; use the button, the mass tool, Apex or the checkbox."
        work.settle(Result.SKIPPED, "add_new_off", said)
        return
    created = instant(work.source.values.get("CreatedDate"))
    if plan.new_since is not None and created is not None and created < plan.new_since:
        since = plan.new_since.isoformat(timespec="seconds")
        said = f"The record is older than {since}, since when new ones are added automatically; ask for it by hand."
        work.settle(Result.SKIPPED, "not_new", said)


async def refer(batch: Batch, bindings: Bindings) -> None:
    """Resolve look-ups to other synced records; a record whose reference has no twin yet waits for it."""
    wanted: dict[str, set[str]] = {}
    for work in batch.open:
        for reference, _ in references(batch, work):
            wanted.setdefault(reference.object, set()).add(reference.record_id)
    for name, ids in wanted.items():
        for record_id, bound in (await bindings.of(name, sorted(ids))).items():
            batch.twins[name, record_id] = bound.intacct_id
            batch.note_twin(name, bound.intacct_id, record_id)
            batch.twins[name + BY_KEY, record_id] = bound.intacct_key
            batch.note_twin(name + BY_KEY, bound.intacct_key, record_id)
    if batch.direction is Direction.TO_INTACCT:
        for work in batch.open:
            _wait_for_missing(batch, work)


def _wait_for_missing(batch: Batch, work: Work) -> None:
    own = {row.salesforce for row in batch.plan.rows if row.rule is Rule.FROM_INTACCT}
    if batch.plan.entity and work.bound is None:  # it decides where the twin is made
        own.discard(batch.plan.entity.salesforce)
    missing = [
        (reference, field)
        for reference, field in references(batch, work)
        if field not in own and (reference.object, reference.record_id) not in batch.twins
    ]
    if not missing or work.finish_only:
        return
    itself = Reference(batch.plan.object.name, work.id)
    reference, field = next((pair for pair in missing if pair[0] == itself), missing[0])
    if reference == itself:
        message = f"{field} points at the record itself."
        work.fail(SyncError(Kind.DATA, "reference_to_itself", message, f"Clear or correct {field}.", field=field))
        return
    if reference.object in batch.plan.disabled:
        message = f"{field} names {reference.object} {reference.record_id}, and the connection does not sync these."
        advice = f"Switch {reference.object} on (option enabled) and sync again, or clear {field}."
        work.fail(SyncError(Kind.CONFIG, "reference_not_enabled", message, advice, field=field))
        return
    given_up = [pair for pair in missing if pair[0] in work.claim.waited_for]
    message = f"{field} names {reference.object} {reference.record_id}, which is not in Intacct yet."
    if given_up:
        (reference, field), *_ = given_up
        message = f"{field} names {reference.object} {reference.record_id}, which could not be brought to Intacct."
        advice = f"See the error log of {reference.object} {reference.record_id}; this record follows by itself."
        error = SyncError(Kind.DEPENDENCY, "reference_not_synced", message, advice, field=field)
        work.settle(Result.BLOCKED, error.code, message, error=error, blocked_on=reference)
        return
    work.settle(Result.BLOCKED, "waiting_for_reference", message, waits_for=tuple(dict.fromkeys(r for r, _ in missing)))


def _rename_designated(batch: Batch, work: Work) -> None:
    """The record an option designates as a twin is the same on both sides, whatever it is called in Salesforce."""
    designated = batch.plan.object.designated
    if designated is not None and work.source is not None and work.source.values.get(designated.flag):
        natural = batch.plan.object.intacct.natural_key
        for row in (row for row in batch.plan.rows if row.names == (natural,)):
            work.mapped.values[row.id] = str(batch.plan.option(designated.option))


def map_source(batch: Batch) -> None:
    """Canonical values of every open record; those that cannot be carried over end with all their problems named."""
    foreign = {row.id for row in batch.plan.rows if isinstance(row.via, Constant)}
    for work in batch.open:
        assert work.source is not None
        work.mapped = from_salesforce(batch.plan.rows, work.source.values, batch.twins)
        _rename_designated(batch, work)
        work.warnings += work.mapped.warnings
        problems = work.mapped.problems + map_lines(batch, work)
        if batch.direction is not Direction.TO_INTACCT or work.finish_only:
            problems = [problem for problem in problems if problem.row in foreign]
        if problems:
            message = " ".join(problem.message for problem in problems)
            first = problems[0]
            work.fail(
                SyncError(Kind.DATA, first.code, message, f"Correct {first.field}, then sync again.", field=first.field)
            )
