"""The Intacct side of a run: one query for current values and possible twins, and the choice among those. No writes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from app.domain.decisions import Result
from app.domain.declaration import Creates, Rule
from app.domain.declaration import Kind as ObjectKind
from app.domain.errors import Kind, SyncError
from app.domain.mapping import to_intacct
from app.domain.merge import Direction
from app.domain.plan import Plan
from app.domain.records import Record, Value
from app.sync.agreeing import agrees_in_part, alike
from app.sync.echo import edited
from app.sync.list_values import bring_list_values
from app.sync.ports import Backend, Bindings
from app.sync.recover import LONGEST_LAG
from app.sync.replacing import replacement, replacements
from app.sync.work import Batch, Work, twins_of


async def read_intacct(batch: Batch, intacct: Backend, bindings: Bindings, now: datetime) -> None:
    """One query for the whole batch: current values of linked records, and possible twins of unlinked ones."""
    plan = batch.plan
    natural, link = plan.object.intacct.natural_key, plan.link_field
    any_of: dict[str, list[str]] = {}
    for work in batch.open:
        if work.bound is not None:
            any_of.setdefault("RECORDNO", []).append(work.bound.intacct_key)
            continue
        if link:
            any_of.setdefault(link, []).append(work.id)
        if batch.direction is Direction.FROM_INTACCT:
            continue  # nothing is created there in this run: only a twin that bears our key is looked for
        work.keys = _proposed_keys(batch, work)
        for name in plan.object.match_by:
            values = work.keys if name == natural else [_sought(plan, work, name)]
            any_of.setdefault(name, []).extend(value for value in values if value)
        for name in plan.object.must_agree if work.keys else ():
            any_of.setdefault(name, []).extend(value for value in [_sought(plan, work, name)] if value)
    for name in plan.object.stages.of[:1] if plan.object.stages else ():
        any_of.setdefault(name, []).extend(value for work in batch.open if (value := _sought(plan, work, name)))
    any_of = {name: list(dict.fromkeys(values)) for name, values in any_of.items()}
    found = await intacct.find(plan.object.intacct.kind, any_of, plan.intacct_fields)
    found += await replacements(batch, intacct, found)
    by_key = {record.key: record for record in found}
    for work in batch.open:
        if work.bound is not None:
            work.target = by_key.get(work.bound.intacct_key) or replacement(batch, work, found)
            _follow_stage(batch, work, found, now)
            if work.target is None:
                _end_vanished(batch, work, now)
    if plan.object.stages is not None:
        found = list(plan.object.stages.in_force(found, now.date()).values())
    await _match(batch, found, bindings)
    await _resolve_back(batch, bindings)
    await bring_list_values(batch, batch.open, intacct, bindings)
    for work in batch.open:
        if work.bound is not None and _is_late(batch, work):
            message = f"Intacct still shows {work.bound.intacct_id} as it was before our last update."
            work.fail(SyncError(Kind.TRANSIENT, "late_read", message))


def _follow_stage(batch: Batch, work: Work, found: list[Record], now: datetime) -> None:
    """Move the link of a record with stages to the one that holds today."""
    stages = batch.plan.object.stages
    if stages is None or work.bound is None:
        return
    group = stages.group(work.target) if work.target else tuple(_sought(batch.plan, work, name) for name in stages.of)
    chosen = stages.in_force(found, now.date()).get(group)
    if chosen is not None and chosen.key != work.bound.intacct_key:
        natural = str(chosen.values.get(batch.plan.object.intacct.natural_key) or chosen.key)
        work.bound = replace(work.bound, intacct_key=chosen.key, intacct_id=natural, base={}, seen_at=None)
        work.target, work.tidy, work.moved = chosen, True, True


def _is_late(batch: Batch, work: Work) -> bool:
    """Whether the read shows a version that is older than our last write to it.

    WHENMODIFIED has a granularity of one second: a version of the very second we saw is late only if it differs.
    """
    bound, target = work.bound, work.target
    if bound is None or target is None or bound.seen_at is None or target.modified_at is None:
        return False
    if target.modified_at > bound.seen_at:
        return False
    known = {row.refers_to: batch.known(row.refers_to) for row in batch.plan.rows if row.refers_to}
    return edited(batch.plan, target, bound.base, known, every_row=True)


def _end_vanished(batch: Batch, work: Work, now: datetime) -> None:
    assert work.bound is not None
    if batch.plan.creates is Creates.FROM_INTACCT:
        work.gone = True
        work.warnings.append(f"Intacct has {work.bound.intacct_id} no more; the record is marked inactive.")
        return
    if work.bound.updated_at is not None and now - work.bound.updated_at < LONGEST_LAG:
        message = f"{work.bound.intacct_id} was written a short while ago and cannot be read in Intacct yet."
        work.fail(SyncError(Kind.TRANSIENT, "not_visible_yet", message))
        return
    message = (
        f"{batch.plan.object.intacct.kind} {work.bound.intacct_id} (record {work.bound.intacct_key}) cannot be read "
        "in Intacct; it was deleted there, or is private to another entity."
    )
    work.fail(
        SyncError(Kind.CONFLICT, "deleted_in_intacct", message, "Restore it, or unlink the record and sync it again.")
    )


def _proposed_keys(batch: Batch, work: Work) -> list[str]:
    """Natural keys to look for and, if none is taken, to create with; empty where Intacct gives the number."""
    assert work.source is not None
    plan = batch.plan
    if plan.object.kind is ObjectKind.DOCUMENT:
        return []  # a document is known by our key alone; a number on a copy would lead to the original
    designated = plan.object.designated
    if designated is not None and work.source.values.get(designated.flag):
        return [str(plan.option(designated.option))]
    if plan.object.keys_for is not None:
        return list(plan.object.keys_for({**plan.standard(work.source.values), "Id": work.id}))
    supplied = work.source.values.get(plan.write_back.intacct_id)
    return [str(supplied).strip()] if supplied and str(supplied).strip() else []


async def _match(batch: Batch, found: list[Record], bindings: Bindings) -> None:
    """Link unlinked records to an existing twin: by our key, then by the declared fields in order; never by guess."""
    plan = batch.plan
    works = [work for work in batch.open if work.bound is None]
    if not works:
        return
    taken = await bindings.by_intacct_key(plan.object.name, [record.key for record in found])
    free = [record for record in found if record.key not in taken]
    pushing = batch.direction is Direction.TO_INTACCT
    for name in ([plan.link_field] if plan.link_field else []) + (list(plan.object.match_by) if pushing else []):
        index: dict[str, list[Record]] = {}
        for record in free:
            if value := record.values.get(name):
                index.setdefault(_scoped(plan, name, str(value), record.values), []).append(record)
        claims: dict[str, list[Work]] = {}
        for work in works:
            if work.settlement is None and work.target is None:
                _match_one(batch, work, name, index, claims)
        for record_key, rivals in claims.items():
            _take(batch, record_key, rivals, free, name)
    natural = plan.object.intacct.natural_key
    in_use = {_scoped(plan, natural, str(record.values.get(natural)), record.values) for record in found}
    for work in works:
        if work.settlement is None and work.target is None and not pushing:
            work.settle(Result.SKIPPED, "not_linked", "The record has no twin in Intacct.")
        elif work.settlement is None and work.target is None:
            _refuse_halves(plan, work, free)
            _refuse_taken_key(batch, work, in_use)
            in_use |= {_scoped(plan, natural, key, _named(plan, work)) for key in work.keys[:1]}


def _scoped(plan: Plan, name: str, value: str, values: Mapping[str, object]) -> str:
    """A natural key, or a value to match by, within the record it belongs to where it is unique only there."""
    scope = plan.object.key_scope
    if name == plan.object.intacct.natural_key:
        return f"{values.get(scope)}/{value}" if scope else value
    within = plan.object.match_within if name in plan.object.match_by else ()
    return "/".join([*(str(values.get(other) or "") for other in within), value])


def _named(plan: Plan, work: Work) -> dict[str, Value]:
    """The values of a record by Intacct's own field names."""
    rows = [row for row in plan.rows if row.computed is None or row.rule is not Rule.FROM_INTACCT]
    return to_intacct(rows, work.mapped.values)


def _sought(plan: Plan, work: Work, name: str) -> str:
    """What a twin would hold in an Intacct field; nothing where no row says."""
    rows = [row for row in plan.rows if row.names == (name,)]
    return str(next((value for row in rows if (value := work.mapped.values.get(row.id))), None) or "")


def _match_one(
    batch: Batch, work: Work, name: str, index: dict[str, list[Record]], claims: dict[str, list[Work]]
) -> None:
    plan = batch.plan
    if work.keys and plan.object.keys_for is None and name not in (plan.link_field, plan.object.intacct.natural_key):
        return  # an id that was supplied is the only twin there can be
    if name == plan.link_field:
        wanted = [work.id]
    elif name == plan.object.intacct.natural_key:
        wanted = [_scoped(plan, name, key, _named(plan, work)) for key in work.keys]
        index = {key: [record for record in index.get(key, []) if _fits(plan, work, record)] for key in wanted}
    else:
        wanted = [_scoped(plan, name, _sought(plan, work, name), _named(plan, work))]
    candidates = [record for value in wanted for record in index.get(value, [])]
    if plan.link_field and name != plan.link_field:
        candidates = [record for record in candidates if not record.values.get(plan.link_field)]
    if len({record.key for record in candidates}) > 1 and name != plan.object.intacct.natural_key:
        kind, keys = (
            plan.object.intacct.kind,
            ", ".join(str(r.values.get(plan.object.intacct.natural_key)) for r in candidates),
        )
        message = f"{len(candidates)} {kind} records bear the {name} {wanted[0]!r}: {keys}."
        advice = (
            f"Write the right {plan.object.intacct.natural_key} into {plan.write_back.intacct_id}, then sync again."
        )
        work.fail(SyncError(Kind.CONFLICT, "ambiguous_match", message, advice))
    elif candidates:
        claims.setdefault(candidates[0].key, []).append(work)


def _fits(plan: Plan, work: Work, record: Record) -> bool:
    """Whether a record that bears the right key agrees in all the object asks for besides."""
    return all(alike(record.values.get(name), _sought(plan, work, name)) for name in plan.object.must_agree)


def _refuse_halves(plan: Plan, work: Work, free: list[Record]) -> None:
    """A record that agrees with free ones in part is neither linked nor created."""
    if not plan.object.must_agree:
        return
    names = (plan.object.intacct.natural_key, *plan.object.must_agree)
    named = [(record, [plan.object.intacct.kind, *(str(record.values.get(name)) for name in names)]) for record in free]
    by_key = [said for record, said in named if any(alike(record.values.get(names[0]), key) for key in work.keys)]
    by_rest = [said for record, said in named if said not in by_key and _fits(plan, work, record)]
    if error := agrees_in_part(plan.object.intacct.kind, names, by_key, by_rest):
        work.fail(error)


def _take(batch: Batch, record_key: str, rivals: list[Work], free: list[Record], name: str) -> None:
    record = next(record for record in free if record.key == record_key)
    if len(rivals) > 1:
        natural = record.values.get(batch.plan.object.intacct.natural_key)
        for work in rivals:
            message = f"{len(rivals)} records would be linked to the same {batch.plan.object.intacct.kind} {natural}."
            work.fail(SyncError(Kind.CONFLICT, "ambiguous_match", message, "Sync the right one alone first."))
        return
    rivals[0].target = record
    rivals[0].linked = "link_key" if name == batch.plan.link_field else name
    free.remove(record)


def _refuse_taken_key(batch: Batch, work: Work, in_use: set[str]) -> None:
    plan = batch.plan
    natural = plan.object.intacct.natural_key
    free_keys = [key for key in work.keys if _scoped(plan, natural, key, _named(plan, work)) not in in_use]
    if work.keys and not free_keys:
        message = f"{natural} {work.keys[0]!r} belongs to another record."
        advice = f"Clear or correct {plan.write_back.intacct_id}, then sync again."
        work.fail(SyncError(Kind.CONFLICT, "id_taken", message, advice, field=plan.write_back.intacct_id))
    work.keys = free_keys


async def _resolve_back(batch: Batch, bindings: Bindings) -> None:
    """Which references found on the Intacct side have a Salesforce twin, so that they can come back as look-ups."""
    wanted: dict[str, set[str]] = {}
    for work in batch.open:
        for row in batch.plan.rows:
            if row.refers_to is None or row.rule is Rule.TO_INTACCT or work.target is None:
                continue
            if value := work.target.values.get(row.names[0]):
                wanted.setdefault(row.refers_to, set()).add(str(value))
    for name, ids in wanted.items():
        unknown = sorted(natural for natural in ids if (name, natural) not in batch.sources)
        for natural, bound in (await twins_of(bindings, name, unknown)).items() if unknown else ():
            batch.note_twin(name, natural, bound.salesforce_id)
