"""To Intacct: links, companions, creates, updates, in the order that needs the fewest writes, under the protocol."""

from dataclasses import replace
from datetime import timedelta

from app.domain.decisions import Result
from app.domain.declaration import Rule
from app.domain.errors import Kind, SyncError
from app.domain.lines import BASE
from app.domain.paying import explained
from app.domain.records import System, Value
from app.domain.transforms import Canonical, plain
from app.sync.dated import together
from app.sync.deciding import companion_draft, companions_wanted, create_draft, update_draft
from app.sync.lines import lines_after
from app.sync.ports import Action, Bindings, Bound, Clock, Draft, Journal, Outcome, Verdict
from app.sync.recover import bind, hold
from app.sync.work import Batch, Work, by
from app.sync.writing import ALREADY_LINKED, Binder, Sent, Writer

TAKEN = "already_exists"


async def link(batch: Batch, bindings: Bindings) -> None:
    """Store the links found by matching. What both sides agree on becomes the base."""
    linked = [work for work in batch.open if work.linked and work.target is not None and work.bound is None]
    natural = batch.plan.object.intacct.natural_key
    pairs = []
    for work in linked:
        assert work.target is not None
        name = str(work.target.values.get(natural) or work.target.key)
        work.bound = Bound(
            work.id,
            work.target.key,
            name,
            dict(work.merged.agreed),
            how=f"matched_by_{work.linked}"[:40],
            mapping_version=batch.plan.mapping_version,
        )
        pairs.append((work.claim, work.bound))
    refused = await bindings.save(batch.plan.object.name, pairs) if pairs else set()
    for work in linked:
        if work.id in refused:
            work.fail(ALREADY_LINKED)


async def push(batch: Batch, writer: Writer, journal: Journal, clock: Clock) -> None:
    """Carry all decided changes to Intacct.

    Companions whose name is known go before the record that names them; a record numbered by Intacct goes first, its
    companions after, and one update links them (three writes where the id is known, four where it is not).
    """
    name = batch.plan.object.name
    await _companions(batch, writer, journal, [work for work in batch.open if work.target is None and work.keys])
    wanted = {work.id: [c.name for c in companions_wanted(batch, work)] for work in batch.open}

    def binder(draft: Draft, outcome: Outcome) -> Bound | None:
        return bind(batch, draft, outcome, wanted[draft.claim.record_id])

    creates = [create_draft(batch, work) for work in batch.open if work.target is None]
    _after_creates(batch, await writer.send(name, creates, binder), binder, clock)
    late = [
        work
        for work in batch.open
        if work.bound is not None and work.bound.todo and not (work.target is None and work.keys)
    ]
    await _companions(batch, writer, journal, late)
    await _updates(batch, writer)
    for work in batch.open:
        if work.bound is not None and work.bound.todo:
            left = tuple(_still_to_do(batch, work))
            work.tidy = left != work.bound.todo
            work.bound = replace(work.bound, todo=left)


def _still_to_do(batch: Batch, work: Work) -> list[str]:
    """Companions that are wanted and not named on the twin yet (their create was refused)."""
    return [c.name for c in companions_wanted(batch, work) if c.name not in work.companions]


async def _companions(batch: Batch, writer: Writer, journal: Journal, works: list[Work]) -> None:
    """Create the companions of the given records; those that exist already are taken as they are."""
    drafts: list[Draft] = []
    for work in works:
        natural_id = work.bound.intacct_id if work.bound else work.keys[0]
        drafts += [companion_draft(batch, work, c, natural_id) for c in companions_wanted(batch, work)]
    if not drafts:
        return
    done = await journal.confirmed([draft.op_key for draft in drafts])
    owners = by(works, lambda work: work.id)
    key_of = {c.name: c.key_field for c in batch.plan.companions}
    for draft in drafts:
        if draft.op_key in done:
            owners[draft.claim.record_id].companions[draft.purpose] = str(draft.values[key_of[draft.purpose]])
    fresh = [draft for draft in drafts if draft.op_key not in done]
    for one in await writer.send(batch.plan.object.name, fresh, lambda draft, outcome: None):
        work, draft = owners[one.draft.claim.record_id], one.draft
        error = one.outcome.error
        if one.outcome.verdict is Verdict.CONFIRMED or (error is not None and error.code == TAKEN):
            work.companions[draft.purpose] = str(draft.values[key_of[draft.purpose]])
            work.wrote = True
        elif one.outcome.verdict is Verdict.REJECTED and error is not None:
            work.warnings.append(f"The contact for {draft.purpose} was refused: {error.message}")
        else:
            _unfinished(work, one)


def _after_creates(batch: Batch, sent: list[Sent], binder: Binder, clock: Clock) -> None:
    works = by(batch.works, lambda work: work.id)
    for one in sent:
        work = works[one.draft.claim.record_id]
        if one.outcome.verdict is Verdict.CONFIRMED:
            work.bound = binder(one.draft, one.outcome)
            work.created = work.wrote = True
            said = together(batch.plan.object, one.draft)
            for row in batch.plan.rows:
                if row.rule is not Rule.FROM_INTACCT and row.names[0] in said:
                    parts = tuple(said.get(name) for name in row.names)
                    work.note(System.INTACCT, row.names[0], None, parts if len(parts) > 1 else parts[0])
        elif one.outcome.verdict is Verdict.REJECTED:
            _create_refused(batch, work, one, clock)
        else:
            _unfinished(work, one)


def _create_refused(batch: Batch, work: Work, one: Sent, clock: Clock) -> None:
    error = one.outcome.error
    assert error is not None
    natural = batch.plan.object.intacct.natural_key
    if error.code == TAKEN and work.claim.attempts < 3:
        # the name was taken between look-up and create: the next run finds the owner and links or renames
        again = clock.now() + timedelta(seconds=1)
        work.settle(Result.FAILED, error.code, error.message, error=error, again_at=again, counts_as_try=True)
    elif natural not in one.draft.values and natural in f"{error.field} {error.message} {error.vendor}":
        message = f"Intacct has no document sequence for {natural}, and the record brings no id of its own."
        field = batch.plan.write_back.intacct_id
        advice = f"Set up the {one.draft.kind.lower()} sequence in Intacct, or supply ids in {field}."
        work.fail(SyncError(Kind.CONFIG, "sequence_missing", message, advice, vendor=error.vendor))
    else:
        work.fail(explained(error) if batch.plan.object.pays else error)


async def _updates(batch: Batch, writer: Writer) -> None:
    """One update per record: merged rows and links to companions together."""
    works = by(batch.works, lambda work: work.id)
    named = {row.id: row.names[0] for row in batch.plan.rows if row.names}
    drafts: list[Draft] = []
    for work in batch.open:
        if work.bound is None or (work.target is None and not work.bound.todo):
            continue
        links: dict[str, Value] = {
            c.link: work.companions[c.name] for c in batch.plan.companions if c.name in work.companions
        }
        draft = _link_draft(batch, work, links) if work.target is None else update_draft(batch, work, links)
        if draft is not None:
            drafts.append(draft)
    for one in await writer.send(
        batch.plan.object.name, drafts, lambda d, o: _rebound(batch, works[d.claim.record_id], d, o)
    ):
        work = works[one.draft.claim.record_id]
        if one.outcome.verdict is Verdict.CONFIRMED:
            assert work.bound is not None
            before = work.bound.base
            work.bound = _rebound(batch, work, one.draft, one.outcome)
            work.wrote = True
            for row_id, value in work.merged.to_intacct.items():
                work.note(System.INTACCT, named[row_id], _shown(before.get(row_id)), value)
            _note_lines(work, one.draft)
        elif one.outcome.verdict is Verdict.REJECTED and one.outcome.error is not None:
            work.fail(one.outcome.error)
        else:
            _unfinished(work, one)


def _note_lines(work: Work, draft: Draft) -> None:
    """Remember for the history what an update wrote to the lines of a document."""
    if draft.lines is not None and draft.lines.numbers:
        for number, row in zip(draft.lines.numbers, draft.lines.rows, strict=True):
            for name, value in row.items():
                work.note(System.INTACCT, f"line {number + 1}.{name}", None, value)


def _link_draft(batch: Batch, work: Work, links: dict[str, Value]) -> Draft | None:
    """The update that names the companions on a record created in this run."""
    assert work.bound is not None
    if not links:
        return None
    op_key, kind = batch.plan.op_key(work.id), batch.plan.object.intacct.kind
    return Draft(work.claim, op_key, "record", kind, Action.UPDATE, links, work.bound.intacct_key)


def _rebound(batch: Batch, work: Work, draft: Draft, outcome: Outcome) -> Bound:
    """The link after a confirmed update: sent rows are agreed now, named companions are done."""
    assert work.bound is not None
    base = dict(work.bound.base)
    base |= {row_id: plain(value) for row_id, value in work.merged.to_intacct.items()}
    if draft.lines is not None and batch.plan.lines is not None:
        base[BASE] = lines_after(batch.plan.lines, base, draft.lines)
    named = {c.name for c in batch.plan.companions if c.link in draft.values}
    todo = tuple(name for name in work.bound.todo if name not in named)
    seen_at = work.target.modified_at if work.target is not None else work.bound.seen_at
    return replace(work.bound, base=base, todo=todo, seen_at=seen_at)


def _shown(value: object) -> Canonical:
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, str | bool | int) or value is None else str(value)


def _unfinished(work: Work, one: Sent) -> None:
    if one.outcome.verdict is Verdict.AMBIGUOUS:
        hold(work, one.draft, one.next_look_at)
    elif one.outcome.error is not None:
        work.fail(one.outcome.error)
