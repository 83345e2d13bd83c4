"""Unclear writes of earlier runs, settled before anything new is planned: look up, confirm, wait, resend or hold.

One query settles a whole batch. Found by our key: confirmed. Found by natural key alone: ours for master data, a case
for a person where money is concerned.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from app.domain.decisions import Result
from app.domain.declaration import Field, Rule
from app.domain.errors import Kind, SyncError
from app.domain.lines import BASE, sent_base
from app.domain.mapping import base_of
from app.domain.paying import Pays, is_reversed
from app.domain.records import Record, System, Value
from app.domain.transforms import clean, decimal
from app.sync.dated import rewrites, stands
from app.sync.lines import lines_after, lines_of
from app.sync.ports import (
    Action,
    Backend,
    Bindings,
    Bound,
    Clock,
    Draft,
    Journal,
    Outcome,
    Promise,
    Receipt,
    Settled,
    Verdict,
)
from app.sync.work import Batch, Work, by
from app.sync.writing import ALREADY_LINKED, Sent, Writer, confirmed_by_look_up

HELD_FOR_A_PERSON = "held_for_a_person"
LONGEST_LAG = timedelta(hours=2)
"""How late a committed write may become visible to queries (reliability.md 8, F20)."""

BETWEEN_LOOKS = timedelta(minutes=30)


async def recover(
    batch: Batch, intacct: Backend, journal: Journal, bindings: Bindings, writer: Writer, clock: Clock
) -> None:
    """Settle what earlier runs left unclear; candidates that stay unclear end as held, the others go on."""
    name = batch.plan.object.name
    promises = await journal.unsettled(name, [work.claim for work in batch.open])
    if not promises:
        return
    bounds = await bindings.of(name, [promise.draft.claim.record_id for promise in promises])

    def rebind(draft: Draft, outcome: Outcome) -> Bound | None:
        return _rebound(batch, bounds.get(draft.claim.record_id), draft) or bind(batch, draft, outcome)

    now = clock.now()
    works = by(batch.open, lambda work: work.id)
    due = [promise for promise in promises if promise.next_look_at is None or promise.next_look_at <= now]
    for promise in promises:
        if promise not in due:
            _hold(works, promise, promise.next_look_at)
    found, foreign = await _look_up(batch, intacct, bindings, due)
    receipts: list[Receipt] = []
    again: list[Promise] = []
    for promise in due:
        record = found.get(promise.id)
        if promise.id in foreign and batch.plan.object.money and (record is None or not promise.released):
            note = "several are like it" if record is None else "found by its natural key alone"
            receipts.append(Receipt(promise, Settled.HELD, note, looks=promise.looks + 1))
            _hold(works, promise, None)
            continue
        if record is not None:
            outcome = confirmed_by_look_up(promise, record.key, _natural_of(batch, promise, record))
            bound = rebind(promise.draft, outcome)
            note = "found in Intacct by look-up"
            receipts.append(
                Receipt(promise, Settled.CONFIRMED, note, record.key, _natural_of(batch, promise, record), bound=bound)
            )
            _stands(batch, works, promise.draft)
            continue
        exhausted, next_look = writer.absent(promise, now)
        state = _after_absence(batch, promise, exhausted=exhausted)
        if state is Settled.RESENT and promise.repeated:
            state, next_look = _after_repeat(batch, promise, now)
        note = "not found in Intacct" + (" on the whole ladder" if exhausted else "")
        receipts.append(Receipt(promise, state, note, next_look_at=next_look, looks=promise.looks + 1))
        if state is Settled.RESENT:
            again.append(promise)
        elif state is not Settled.REJECTED:
            _hold(works, promise, next_look if state is Settled.AMBIGUOUS else None)
    for record_id in await journal.settle(name, receipts):
        works[record_id].fail(ALREADY_LINKED)
    if again:
        sent = await writer.resend(name, again, rebind)
        for one in sent:
            _after_resend(batch, works, one)


def _after_absence(batch: Batch, promise: Promise, *, exhausted: bool) -> Settled:
    """Where a promise goes that was not found. Money is never sent again unless a person says so."""
    if promise.released:
        return Settled.RESENT
    if promise.held:
        return Settled.HELD
    if not exhausted:
        return Settled.AMBIGUOUS
    if rewrites(promise.draft):
        return Settled.REJECTED  # planned anew, from the list as it is by then
    return Settled.HELD if batch.plan.object.money else Settled.RESENT


def _after_repeat(batch: Batch, promise: Promise, now: datetime) -> tuple[Settled, datetime]:
    """Where a promise goes whose control id Intacct has refused as used, and which is still not found.

    Intacct worked on the first sending to its end. If it is not to be seen once the longest read lag has passed, it
    failed: master data is planned anew, money is a person's case unless a person has already decided.
    """
    seen = promise.sent_at + LONGEST_LAG
    if now < seen:
        return Settled.AMBIGUOUS, min(seen, now + BETWEEN_LOOKS)
    asks = batch.plan.object.money and not promise.released
    return (Settled.HELD if asks else Settled.REJECTED), now


def bind(batch: Batch, draft: Draft, outcome: Outcome, todo: Sequence[str] | None = None) -> Bound | None:
    """The link that follows from a confirmed create of the record itself; companions and updates make none here.

    The base is what was sent, so that whatever Salesforce changed since then travels as an update. `todo` names the
    companions still to be made; unknown after a crash: then all that the create did not name, and the run that
    follows drops those nobody wants.
    """
    if draft.purpose != "record" or draft.action is not Action.CREATE or outcome.key is None:
        return None
    natural = draft.values.get(batch.plan.object.intacct.natural_key)
    name = next(iter(outcome.returned.values()), None) or natural or outcome.key
    settled = [row for row in batch.plan.rows if row.names and row.names[0] not in batch.plan.object.given]
    base = base_of(settled, draft.values, whole=True)
    if draft.lines is not None:
        base[BASE] = sent_base(draft.lines.sources)
    unnamed = [c.name for c in batch.plan.companions if c.link not in draft.values]
    return Bound(
        draft.claim.record_id,
        outcome.key,
        str(name),
        base=base,
        todo=tuple(unnamed if todo is None else [name for name in todo if name in unnamed]),
        how="created",
        mapping_version=batch.plan.mapping_version,
    )


def _rebound(batch: Batch, bound: Bound | None, draft: Draft) -> Bound | None:
    """The link after an update that is known to stand: what it carried is agreed, else it would pass for an edit."""
    if bound is None or draft.purpose != "record" or draft.action is not Action.UPDATE:
        return None
    named = {c.name for c in batch.plan.companions if c.link in draft.values}
    only = [row for row in batch.plan.rows if not _sent_along(batch, draft, row)]
    base = {**bound.base, **base_of(only, draft.values, whole=False)}
    if draft.lines is not None and batch.plan.lines is not None:
        base[BASE] = lines_after(batch.plan.lines, base, draft.lines)
    return replace(bound, base=base, todo=tuple(name for name in bound.todo if name not in named))


def _sent_along(batch: Batch, draft: Draft, row: Field) -> bool:
    """Whether an update sends a row whether it changed or not, so that nothing is known of it from the update."""
    return draft.action is Action.UPDATE and any(name in batch.plan.object.update_needs for name in row.names)


async def _look_up(
    batch: Batch, intacct: Backend, bindings: Bindings, promises: Sequence[Promise]
) -> tuple[dict[str, Record], set[str]]:
    """The record each promise stands for, where exactly one can be found; one query per kind.

    Also the promises for which there is one, or several, by natural key alone: it may be somebody else's.
    """
    found: dict[str, Record] = {}
    foreign: set[str] = set()
    for kind in dict.fromkeys(promise.draft.kind for promise in promises):
        mine = [promise for promise in promises if promise.draft.kind == kind]
        any_of: dict[str, list[str]] = {}
        fields: dict[str, None] = {}
        for promise in mine:
            for name, value in _identity(batch, promise.draft).items():
                any_of.setdefault(name, []).append(value)
                fields[name] = None
            fields |= dict.fromkeys(_compared(batch, promise.draft))
            fields |= dict.fromkeys(batch.plan.intacct_fields if rewrites(promise.draft) else ())
        natural = _natural_field(batch, kind)
        records = await intacct.find(kind, any_of, tuple(dict.fromkeys([*fields, natural])))
        theirs = await _lines_of(batch, intacct, mine)
        alike = {
            promise.id: [
                record
                for record in records
                if _is_it(batch, promise.draft, record)
                and _lines_stand(batch, promise.draft, theirs.get(record.key, []))
            ]
            for promise in mine
        }
        nameless = [one for one in mine if one.draft.key is None and _mark(batch, one.draft) is None]
        if batch.plan.object.money:
            await _leave_out(batch.plan.object.name, nameless, alike, bindings)
        foreign |= {promise.id for promise in nameless if alike[promise.id]}
        found |= {name: records[0] for name, records in alike.items() if len(records) == 1}
    return found, foreign


async def _leave_out(
    object_name: str, nameless: Sequence[Promise], alike: dict[str, list[Record]], bindings: Bindings
) -> None:
    """What is linked to another record of ours is not what a promise looks for, however like it is."""
    keys = sorted({record.key for promise in nameless for record in alike[promise.id]})
    linked = await bindings.by_intacct_key(object_name, keys) if keys else {}
    for promise in nameless:
        mine = promise.draft.claim.record_id
        alike[promise.id] = [r for r in alike[promise.id] if r.key not in linked or linked[r.key].salesforce_id == mine]


def _mark(batch: Batch, draft: Draft) -> str | None:
    """The field in which the draft bears our key and can be asked for: the custom field, else a reference of ours."""
    link, reference = batch.plan.link_field, batch.plan.object.reference
    if draft.purpose != "record":
        return None
    if link is not None and draft.values.get(link):
        return link
    ours = reference is not None and draft.values.get(reference) == draft.op_key.rsplit(":", 2)[1]
    return reference if ours else None


def _compared(batch: Batch, draft: Draft) -> Sequence[str]:
    """The fields that are read of what may be the record of a draft."""
    pays = batch.plan.object.pays
    return [pays.customer, pays.received, pays.amount, pays.state] if pays is not None else list(draft.values)


async def _lines_of(batch: Batch, intacct: Backend, promises: Sequence[Promise]) -> dict[str, list[Record]]:
    """Intacct's lines of the documents whose lines an unclear update changes, by header."""
    keys = [p.draft.key for p in promises if p.draft.key is not None and p.draft.lines is not None]
    return await lines_of(batch.plan.lines, intacct, keys) if keys and batch.plan.lines is not None else {}


def _lines_stand(batch: Batch, draft: Draft, found: Sequence[Record]) -> bool:
    """Whether Intacct's lines are as an update wanted them; a create is known by its key, lines or not."""
    plan = batch.plan.lines
    if draft.key is None or draft.lines is None or plan is None:
        return True
    by_number = {str(record.values.get(plan.declared.number)): record for record in found}
    pairs = zip(draft.lines.numbers, draft.lines.rows, strict=True)
    return all(
        (record := by_number.get(str(number))) is not None
        and all(same(record.values.get(name), value) for name, value in row.items() if name in record.values)
        for number, row in pairs
    )


def _natural_field(batch: Batch, kind: str) -> str:
    for companion in batch.plan.companions:
        if companion.kind == kind and kind != batch.plan.object.intacct.kind:
            return companion.key_field
    return batch.plan.object.intacct.natural_key


def _identity(batch: Batch, draft: Draft) -> dict[str, str]:
    """Fields and values by which a write can be found: its record number, our key, its natural key, else its name."""
    if draft.key is not None:
        return {"RECORDNO": draft.key}
    names = [_natural_field(batch, draft.kind)]
    if draft.purpose == "record":
        names = [*([batch.plan.link_field] if batch.plan.link_field else []), *names]
        if batch.plan.link_field is None:
            names += [*batch.plan.object.match_by, *filter(None, [batch.plan.object.reference])]
    return {name: str(draft.values[name]) for name in names if name and draft.values.get(name)}


def _is_it(batch: Batch, draft: Draft, record: Record) -> bool:
    if draft.action is Action.REVERSE:
        pays = batch.plan.object.pays
        return record.key == draft.key and pays is not None and is_reversed(record.values.get(pays.state))
    if draft.key is not None:
        holds = all(same(record.values.get(n), v) for n, v in draft.values.items())
        return record.key == draft.key and holds and stands(batch.plan.object, draft, record)
    if (mark := _mark(batch, draft)) is not None:
        return record.values.get(mark) == draft.values[mark]
    if batch.plan.object.pays is not None and not _same_payment(batch.plan.object.pays, draft, record):
        return False
    if batch.plan.object.match_within and draft.purpose == "record":
        return all(same(record.values.get(name), value) for name, value in draft.values.items())
    scope = batch.plan.object.key_scope
    if scope and draft.purpose == "record" and record.values.get(scope) != draft.values.get(scope):
        return False
    return any(str(record.values.get(name) or "") == value for name, value in _identity(batch, draft).items())


def _same_payment(pays: Pays, draft: Draft, record: Record) -> bool:
    """Whether customer, date and amount are those of the draft: its lines and what is paid over."""
    paid = [row.get(pays.paid) for row in draft.lines.rows] if draft.lines else []
    amount = sum((decimal(part) or Decimal(0) for part in [*paid, draft.values.get(pays.over)]), Decimal(0))
    whole = decimal(draft.values.get(pays.whole)) or amount
    alike = all(same(record.values.get(name), draft.values.get(name)) for name in (pays.customer, pays.received))
    return alike and same(record.values.get(pays.amount), whole)


def same(theirs: Value, ours: Value) -> bool:
    """Whether a value read back is the one that was written, whatever its spelling."""
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return str(theirs or False).lower() == str(ours or False).lower()
    left, right = clean(theirs), clean(ours)
    if left == right:
        return True
    try:
        return left is not None and right is not None and decimal(left) == decimal(right)
    except ValueError:
        return False


def _natural_of(batch: Batch, promise: Promise, record: Record) -> str | None:
    value = record.values.get(_natural_field(batch, promise.draft.kind))
    return str(value) if value else None


def _stands(batch: Batch, works: dict[str, Work], draft: Draft) -> None:
    """Remember for the history that a write of an earlier run stands."""
    work = works.get(draft.claim.record_id)
    if work is None:
        return
    work.wrote = True
    work.turned |= draft.action is Action.REVERSE
    work.created |= draft.purpose == "record" and draft.action is Action.CREATE
    for row in batch.plan.rows if draft.purpose == "record" else ():
        if row.rule is not Rule.FROM_INTACCT and all(name in draft.values for name in row.names):
            parts = tuple(draft.values[name] for name in row.names)
            work.note(System.INTACCT, row.names[0], None, parts if len(parts) > 1 else parts[0])


def _hold(works: dict[str, Work], promise: Promise, until: object) -> None:
    work = works.get(promise.draft.claim.record_id)
    if work is not None:
        hold(work, promise.draft, until)


def hold(work: Work, draft: Draft, until: object) -> None:
    """End the run of a record whose write is unclear: until the next look-up, or until a person decides."""
    what = f"{draft.kind} ({draft.action})"
    if until is None:
        message = f"The {what} may exist in Intacct and could not be found. A person has to decide."
        advice = "Look in Intacct. Retry if it is not there; it is looked up once more and then sent. Else cancel."
        error = SyncError(Kind.AMBIGUOUS, HELD_FOR_A_PERSON, message, advice)
        work.settle(Result.HELD, error.code, message, error=error)
        return
    stamp = until.isoformat(timespec="seconds") if hasattr(until, "isoformat") else str(until)
    message = f"The {what} may exist in Intacct; the answer was lost. Next check at {stamp}."
    work.settle(Result.HELD, "outcome_unknown", message, again_at=until)


def _after_resend(batch: Batch, works: dict[str, Work], one: Sent) -> None:
    work = works.get(one.draft.claim.record_id)
    if work is None:
        return
    if one.outcome.verdict is Verdict.CONFIRMED:
        _stands(batch, works, one.draft)
    elif one.outcome.verdict is Verdict.AMBIGUOUS:
        hold(work, one.draft, one.next_look_at)
    elif one.outcome.error is not None and one.outcome.verdict is Verdict.NOT_SENT:
        work.fail(one.outcome.error)
    elif one.outcome.error is ALREADY_LINKED:
        work.fail(ALREADY_LINKED)
    # a rejected resend goes on: the run that follows plans a new revision
