"""What has to be written, decided for every open candidate before anything is sent. Pure but for the ports' values."""

from collections.abc import Mapping

from app.domain.decisions import Result
from app.domain.declaration import BY_KEY, Companion, Creates, Rule
from app.domain.declaration import Kind as ObjectKind
from app.domain.errors import Kind, SyncError
from app.domain.mapping import from_intacct, from_salesforce, to_intacct
from app.domain.merge import Merge, merge, newer_side, with_defaults
from app.domain.options import OptionValue
from app.domain.plan import STANDARD, Plan
from app.domain.records import Record, System, Value
from app.domain.transforms import plain
from app.sync.dated import apart, keep_barred, unread
from app.sync.ending import ACTIVE, status_name
from app.sync.lines import changed_items, items, lines_withheld
from app.sync.merging import MERGED
from app.sync.ports import Action, Draft
from app.sync.work import Batch, Work

INACTIVE = "inactive"
"""Intacct's word in STATUS."""

NOT_CARRIED = "Keep it in Intacct alone, or change it there into one that can be carried over."


def decide(batch: Batch) -> None:
    """Merge every candidate that has a twin; check the rules of a create for those that have none."""
    plan = batch.plan
    for work in batch.open:
        if work.gone:
            work.merged = _flagged(batch, work)
            continue
        if work.target is None:
            _check_create(batch, work)
            continue
        if error := not_carried(plan, work.target):
            work.fail(error)
            continue
        work.merged = compare(batch, work)
        keep_barred(batch, work)
        work.finish_only |= plan.object.sent_once
        if work.finish_only:
            work.withheld = bool(work.merged.to_intacct) or lines_withheld(batch, work)
            work.merged.to_intacct.clear()
        _respect_closed(batch, work)
        for conflict in work.merged.conflicts:
            row = next(row for row in plan.rows if row.id == conflict.row)
            loser = System.INTACCT if conflict.winner is System.SALESFORCE else System.SALESFORCE
            said = "was changed on both sides"
            if seasoned(batch, work) and row.id not in trusted_base(work):
                here, there = conflict.salesforce, conflict.intacct
                said = f"was {here!s} in Salesforce and {there!s} in Intacct when first compared"
            work.warnings.append(f"{row.salesforce} {said}; {conflict.winner} won over {loser} ({row.policy}).")


def _respect_closed(batch: Batch, work: Work) -> None:
    """Nothing goes to a record that takes no more edits; what Intacct says of it still comes back."""
    closed = batch.plan.object.closed
    if closed is None or work.target is None or not (work.merged.to_intacct or changed_items(batch, work)):
        return
    if reason := closed(work.target.values):
        work.closed = reason
        work.warnings.append(reason)
        work.merged.to_intacct.clear()


def _flagged(batch: Batch, work: Work) -> Merge:
    """What happens in Salesforce to a record Intacct owned and has no more: it is marked inactive, never deleted."""
    out = Merge()
    name, word = batch.plan.object.gone_as
    row = next((row for row in batch.plan.rows if row.id == name), None)
    if row is not None and row.id not in batch.stays_out(work) and work.mapped.values.get(row.id) != word:
        out.to_salesforce[row.id] = word
    return out


def refusal(plan: Plan, record: Record) -> str | None:
    """Why an Intacct record cannot be carried over, by its declaration; None when it can."""
    return plan.object.refuse(record.values) if plan.object.refuse is not None else None


def not_carried(plan: Plan, record: Record) -> SyncError | None:
    """The error of an Intacct record that cannot be carried over, or not before it is read whole; None when it can."""
    reason = refusal(plan, record)
    refused = SyncError(Kind.DATA, "not_carried_over", reason, NOT_CARRIED) if reason else None
    return unread(plan.object, record) or refused


def compare(batch: Batch, work: Work) -> Merge:
    """The three-way merge of one record with its twin."""
    assert work.source is not None
    assert work.target is not None
    known = {row.refers_to: batch.known(row.refers_to) for row in batch.plan.rows if row.refers_to}
    theirs = from_intacct(batch.plan.rows, batch.plan.as_shown(work.target.values), known)
    work.warnings += [problem.message for problem in theirs.problems]
    out = batch.stays_out(work)
    merged = merge(
        [row for row in batch.rows(work) if row.id not in out],
        trusted_base(work),
        work.mapped.values,
        theirs.values,
        newer=newer_side(work.source.modified_at, work.target.modified_at),
        direction=batch.direction,
        repair=batch.plan.object.kind is ObjectKind.MANAGED_LIST or batch.plan.object.source_wins,
        seasoned=seasoned(batch, work),
    )
    merged.agreed |= {name: plain(theirs.values[name]) for name in out if name in theirs.values}  # seen, and left alone
    if not batch.plan.returns(work.target.values):
        merged.to_salesforce.clear()
    return merged


def seasoned(batch: Batch, work: Work) -> bool:
    """Whether the record was last in step under another mapping: rows without a base are new to it."""
    return work.bound is not None and (work.bound.mapping_version or STANDARD) != batch.plan.mapping_version


def trusted_base(work: Work) -> dict[str, object]:
    """What both sides last agreed on, our own writes to Salesforce included whose answer was lost.

    A doubted value that stands in Salesforce arrived: it is ours, not an edit. One that does not stand never arrived,
    or somebody has written over it; then the old base holds.
    """
    if work.bound is None:
        return {}
    stands = {name: value for name, value in work.bound.doubt.items() if plain(work.mapped.values.get(name)) == value}
    return {**work.bound.base, **stands}


def _check_create(batch: Batch, work: Work) -> None:
    plan = batch.plan
    if work.finish_only:
        said = "The option 'sync only once' is on, and the record was in Intacct before; no second twin is made."
        work.settle(Result.SKIPPED, "sync_only_once", said)
        return
    natural, field = plan.object.intacct.natural_key, plan.write_back.intacct_id
    if plan.creates in (Creates.FROM_INTACCT, Creates.NEVER):
        message = f"Intacct has no {plan.object.intacct.kind} for it, and Salesforce does not create these records."
        work.settle(Result.SKIPPED, "never_created_in_intacct", message)
        return
    too_long = [key for key in work.keys if len(key) > plan.object.key_width]
    source = _option(batch, "customerIdSource")
    problem = _not_creatable(batch, work)
    sent_as = work.source.values.get(field) if work.source and plan.object.kind is ObjectKind.DOCUMENT else None
    if problem is not None:
        pass
    elif sent_as:
        message = f"{field} says {sent_as}, but Intacct has no such {plan.object.intacct.kind} of this record."
        advice = f"If it is to be sent as a new one, clear {field}; a copied record brings the number along."
        problem = SyncError(Kind.CONFLICT, "sent_before", message, advice, field=field)
    elif too_long:
        message = f"{field} has {len(too_long[0])} characters; {natural} holds {plan.object.key_width}."
        problem = SyncError(Kind.DATA, "too_long", message, f"Shorten {field}.", field=field)
    elif source == "sequence" and work.keys:
        message = f"{field} says {work.keys[0]!r}, but Intacct has no such record and numbers come from its sequence."
        advice = f"Clear {field}, or let ids be supplied by Salesforce (option customerIdSource)."
        problem = SyncError(Kind.DATA, "unknown_intacct_id", message, advice, field=field)
    elif missing := _contacts_missing(batch, work):
        message = (
            f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} empty; the connection asks for contacts."
        )
        advice = f"Fill {' and '.join(missing)}, then sync again, or switch the option requireContacts off."
        problem = SyncError(Kind.DATA, "contact_missing", message, advice, field=missing[0])
    elif source == "salesforce" and not work.keys:
        message = f"{field} is empty, and the option customerIdSource says that Salesforce supplies the id."
        problem = SyncError(Kind.DATA, "intacct_id_missing", message, f"Fill {field}, then sync again.", field=field)
    elif _is_no_entity(batch, work):
        assert plan.entity is not None
        message = f"{plan.entity.salesforce} names {entity_of(batch, work)}, a location that is no entity."
        advice = "Choose an entity, or clear the field: then the record is made at top level."
        problem = SyncError(Kind.DATA, "not_an_entity", message, advice, field=plan.entity.salesforce)
    if problem:
        work.fail(problem)


def _not_creatable(batch: Batch, work: Work) -> SyncError | None:
    """The refusal of a document whose transaction definition Salesforce may not create."""
    defined = batch.plan.object.defined
    if defined is None:
        return None
    row = next((row for row in batch.plan.rows if row.names == (defined.field,)), None)
    name = str(work.mapped.values.get(row.id) or "") if row else ""
    definition = batch.plan.definitions.get(name)
    if definition is not None and definition.from_salesforce:
        return None
    message = f"Salesforce may not create documents of the transaction definition {name!r}."
    advice = "Mark the definition as created from Salesforce (transaction definitions), or choose another one."
    return SyncError(Kind.CONFIG, "definition_not_creatable", message, advice, field=row.salesforce if row else "")


def entity_of(batch: Batch, work: Work) -> str:
    """The location id of the entity in which a new record is made; empty for none, and where the plan knows none."""
    row = batch.plan.entity
    named = str((work.source.values.get(row.salesforce) if row and work.source else None) or "").strip()
    if row is None or row.refers_to is None or not named:
        return named
    return batch.twins[row.refers_to, named]


def _is_no_entity(batch: Batch, work: Work) -> bool:
    """Whether the look-up names a mere location: its list holds both kinds."""
    row = batch.plan.entity
    if row is None or row.refers_to is None or work.source is None:
        return False
    key = batch.twins.get((row.refers_to + BY_KEY, str(work.source.values.get(row.salesforce) or "")), "")
    return key.startswith("LOCATION:")


def _contacts_missing(batch: Batch, work: Work) -> list[str]:
    """Look-ups to contacts that a new record lacks although the option asks for them."""
    if not _option(batch, "requireContacts") or work.source is None:
        return []
    values = work.source.values
    return [c.unless for c in batch.plan.companions if c.unless and not values.get(c.unless)]


def _option(batch: Batch, name: str) -> OptionValue | None:
    return batch.plan.option(name) if name in {option.name for option in batch.plan.object.options} else None


def create_draft(batch: Batch, work: Work) -> Draft:
    """The create of a record: all filled rows, what Intacct needs besides, our key, its id if known, its companions."""
    plan = batch.plan
    assert work.source is not None
    rows = [row for row in plan.rows if row.rule is not Rule.FROM_INTACCT]
    values: dict[str, Value] = {}
    if work.keys:
        values[plan.object.intacct.natural_key] = work.keys[0]
    values |= _numbered_by_hand(batch, work)
    values |= _filled(to_intacct(rows, with_defaults(rows, work.mapped.values)))
    values = {**plan.object.defaults, **values}
    if plan.object.prepare is not None:
        values |= plan.object.prepare(plan.standard(work.source.values), values)
    values |= work.filled
    if plan.object.reference and not values.get(plan.object.reference):
        values[plan.object.reference] = work.document or work.id
    if plan.link_field:
        values[plan.link_field] = work.id
    for companion in plan.companions:
        if companion.name in work.companions:
            values[companion.link] = work.companions[companion.name]
    values, inner = apart(plan.object, values)
    lines = items(batch, work) if plan.lines else inner
    kind, entity = plan.object.intacct.kind, entity_of(batch, work)
    op_key = plan.op_key(work.document or work.id)
    return Draft(work.claim, op_key, "record", kind, Action.CREATE, values, lines=lines, entity=entity)


def _numbered_by_hand(batch: Batch, work: Work) -> dict[str, Value]:
    """The document number, where Salesforce gives it by definition."""
    plan, defined = batch.plan, batch.plan.object.defined
    if defined is None or work.source is None:
        return {}
    definition = plan.definitions.get(str(work.mapped.values.get(defined.field) or ""))
    number = work.source.values.get(plan.object.salesforce.natural_key)
    return {defined.number: number} if definition is not None and definition.by_hand and number else {}


def update_draft(batch: Batch, work: Work, links: Mapping[str, Value]) -> Draft | None:
    """The update of a twin: changed rows, our key where it is missing, `links` to new companions. None: nothing."""
    plan = batch.plan
    assert work.target is not None
    values = to_intacct(plan.rows, work.merged.to_intacct)
    if (
        plan.link_field
        and not work.finish_only
        and plan.lines is None
        and _to_be_marked(work, work.target.values.get(plan.link_field))
    ):
        values[plan.link_field] = work.id
    status = status_name(batch)
    if work.revive and not work.finish_only and work.target.values.get(status) != ACTIVE:
        values[status] = ACTIVE
    values |= {name: value for name, value in links.items() if work.target.values.get(name) != value}
    lines = changed_items(batch, work)
    if not values and lines is None:
        return None
    values = {**plan.along(work.target.values), **values}
    values, rows = apart(plan.object, values, work.target)
    kind, key = plan.object.intacct.kind, work.target.key
    return Draft(work.claim, plan.op_key(work.id), "record", kind, Action.UPDATE, values, key, lines or rows)


def _to_be_marked(work: Work, link: Value) -> bool:
    """Whether our key is missing on the twin, or is still that of the record that was merged into this one."""
    return not link or (work.bound is not None and work.bound.how == MERGED and link != work.id)


def companions_wanted(batch: Batch, work: Work) -> list[Companion]:
    """Companions a record should get: for a create those it has the data for, for a linked one those still to do."""
    if work.source is None or _option(batch, "createAddressContacts") is False or _option(batch, "requireContacts"):
        return []
    values = work.source.values
    return [
        companion
        for companion in batch.plan.companions
        if (work.bound is None or companion.name in work.bound.todo)
        and not (companion.unless and values.get(companion.unless))
        and any(values.get(name) for name in companion.needs)
    ]


def companion_draft(batch: Batch, work: Work, companion: Companion, natural_id: str) -> Draft:
    """The create of a companion, named after the record it belongs to."""
    assert work.source is not None
    mapped = from_salesforce(companion.fields, work.source.values, {})
    values = {
        companion.key_field: companion.key.format(id=natural_id),
        **_filled(to_intacct(companion.fields, mapped.values)),
    }
    op_key = batch.plan.op_key(work.id, companion.name)
    return Draft(work.claim, op_key, companion.name, companion.kind, Action.CREATE, values)


def _filled(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}
