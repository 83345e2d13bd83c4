"""Back to Salesforce: what Intacct owns or changed, and id, status, errors and date on the record itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.decisions import Result, Settlement
from app.domain.errors import RETRY, Kind, SyncError
from app.domain.mapping import to_salesforce
from app.domain.records import System, Value
from app.domain.transforms import Canonical, plain
from app.sync.deciding import compare, seasoned, trusted_base
from app.sync.line_returns import return_lines
from app.sync.lines import read_twin_lines
from app.sync.ports import Action, Backend, Bindings, Bound, Claim, Clock, Outcome, Verdict, Write
from app.sync.recover import HELD_FOR_A_PERSON
from app.sync.telling import tell_opportunities
from app.sync.work import Batch, Work
from app.sync.writing import LEASE_LOST

OK, ERROR, IN_PROCESS = "OK", "Error", "In Process"
"""Words of the status field, as users of the reference product know them (product.md 3.2)."""

LONGEST_TEXT = 4000

SYNC_ONLY_ONCE_SAYS = "The option 'sync only once' is on and the record has been synced; nothing was sent to Intacct."

SENT_ONCE_SAYS = "The document is in Intacct; what Salesforce has changed since then is not sent. Change it in Intacct."


async def read_back(batch: Batch, intacct: Backend, bindings: Bindings) -> None:
    """What Intacct made of the records created in this run, and of edited documents, whose totals it reckons anew.

    One query, two with lines, so that its fields return at once.
    """
    edits = batch.plan.lines is not None and batch.plan.lines.declared.edits
    created = {
        work.bound.intacct_key: work
        for work in batch.open
        if work.bound is not None and (work.made or (edits and work.wrote))
    }
    if not created:
        return
    kind, fields = batch.plan.object.intacct.kind, batch.plan.intacct_fields
    for record in await intacct.find(kind, {"RECORDNO": list(created)}, fields):
        work = created.get(record.key)
        if work is not None:
            work.target = record
            work.merged = compare(batch, work)
            work.merged.to_intacct.clear()
    await read_twin_lines(batch, intacct, bindings, list(created.values()))


def plan_retries(batch: Batch, now: datetime) -> None:
    """Give failures that pass by themselves their next try; the table of kinds decides."""
    for work in batch.works:
        settlement = work.settlement
        if settlement is None or settlement.error is None or settlement.again_at or settlement.result is Result.HELD:
            continue
        error, attempt = settlement.error, work.claim.attempts + 1
        policy = RETRY[error.kind]
        if attempt <= policy.attempts:
            delay = max(policy.delay(attempt), error.retry_after or 0.0)
            work.settlement = replace(settlement, again_at=now + timedelta(seconds=delay))


@dataclass(slots=True)
class _Return:
    work: Work
    values: dict[str, Value]
    carried: bool
    document: bool = False


async def write_back(
    batch: Batch, salesforce: Backend, bindings: Bindings, clock: Clock, alive: Callable[[], bool]
) -> None:
    """Write every record's differences to Salesforce, end the open runs, and store the new bases.

    Once the lease has passed nothing more is written: the new owner's words stand.
    """
    now = clock.now()
    returns = [made for work in batch.works if (made := _prepare(batch, work, now)) is not None]
    lost = await _doubt(batch, bindings)
    todo = [one for one in returns if one.values and one.work.id not in lost]
    writes = [
        Write(
            batch.plan.object.salesforce.kind, Action.UPDATE, one.values, f"{one.work.claim.operation_id}", one.work.id
        )
        for one in todo
    ]
    index = {id(write): one for write, one in zip(writes, todo, strict=True)}
    for chunk in salesforce.chunks(writes):
        if not alive():
            batch.fail_open(LEASE_LOST)
            return
        for write, outcome in zip(chunk, await salesforce.write(chunk), strict=True):
            _after_write(batch, index[id(write)], outcome)
    await return_lines(batch, salesforce, alive)
    await tell_opportunities(batch, salesforce, alive)
    await _store_bases(batch, bindings)
    for one in returns:
        _finish(one)


async def _doubt(batch: Batch, bindings: Bindings) -> set[str]:
    """Remember what is about to be written to Salesforce: should the answer be lost, it must not pass for an edit.

    Answers the records whose lease has passed meanwhile.
    """
    pairs: list[tuple[Claim, Bound]] = []
    for work in batch.open:
        if work.bound is not None and work.merged.to_salesforce:
            rows = {row_id: plain(value) for row_id, value in _carried(work).items()}
            work.bound = replace(work.bound, base=trusted_base(work), doubt=rows)
            pairs.append((work.claim, work.bound))
    refused = await bindings.save(batch.plan.object.name, pairs) if pairs else set()
    for work in batch.open:
        if work.id in refused:
            work.fail(LEASE_LOST)
    return refused


def _prepare(batch: Batch, work: Work, now: datetime) -> _Return | None:
    """The differences between the record as read and as it should read."""
    held = work.settlement is not None and work.settlement.reason == HELD_FOR_A_PERSON
    if work.source is None and not held:
        return None
    before, back = work.source.values if work.source else {}, batch.plan.write_back
    document = batch.plan.object.sent_once
    wanted: dict[str, Value] = {}
    if work.settlement is None:
        wanted, problems = to_salesforce(batch.rows(work), work.merged.to_salesforce, before, batch.sources)
        work.warnings += [problem.message for problem in problems]
        for problem in problems:
            del work.merged.to_salesforce[problem.row]  # it cannot travel, so it is not agreed
        assert work.bound is not None
        wanted |= {back.intacct_id: batch.plan.readable(work.bound.intacct_id)}
        if (said := before.get(back.intacct_id)) not in (None, "", wanted[back.intacct_id]):
            kept = f"the record is linked to {work.bound.intacct_id}"
            work.warnings.append(f"{back.intacct_id} said {said}; {kept}, which was put back.")
        if work.finish_only and not work.wrote and not document:
            return _Return(
                work, {name: v for name, v in wanted.items() if not _equal(before.get(name), v)}, carried=True
            )
        if back.id_copy:
            wanted[back.id_copy] = work.id
        if work.moved and batch.plan.external_id:
            wanted[batch.plan.external_id] = batch.plan.external_key(work.bound.intacct_key, work.bound.intacct_id)
        status, text = OK, None
    elif work.settlement.result is Result.SKIPPED or work.settlement.reason == LEASE_LOST.code:
        return None
    else:
        work.merged.to_salesforce.clear()  # it did not travel, so it is not agreed
        status, text = _told(work.settlement)
    wanted |= {name: value for name, value in ((back.status, status), (back.errors, text)) if name}
    values = {name: value for name, value in wanted.items() if not _equal(before.get(name), value)}
    if set(values) == {back.id_copy}:
        values = {}  # a record born in Intacct lacks it; it goes along with the next difference, alone it is no news
    carried = any(name in values for row in batch.plan.rows for name in row.places)
    if back.synced_at and work.settlement is None and (values or work.wrote):
        values[back.synced_at] = now
    return _Return(work, values, carried, document)


def _told(settlement: Settlement) -> tuple[str, str]:
    """Status word and text for a record that is not in step."""
    pending = settlement.again_at is not None or bool(settlement.waits_for)
    advice = settlement.error.advice if settlement.error else ""
    return IN_PROCESS if pending else ERROR, f"{settlement.message} {advice}".strip()[:LONGEST_TEXT]


def _equal(before: Value, after: Value) -> bool:
    if before in (None, "", False) and after in (None, "", False):
        return True
    return before == after


def _after_write(batch: Batch, one: _Return, outcome: Outcome) -> None:
    work = one.work
    if outcome.verdict is Verdict.CONFIRMED:
        for name in dict.fromkeys(name for row in batch.plan.rows for name in row.places):
            if name in one.values and work.source is not None:
                work.note(System.SALESFORCE, name, work.source.values.get(name), one.values[name])
        return
    work.merged.to_salesforce.clear()  # not agreed: the base keeps the old values
    if work.settlement is not None or outcome.error is None:
        return
    error = outcome.error
    kind = Kind.TRANSIENT if outcome.verdict is Verdict.AMBIGUOUS else error.kind  # the same values may go again
    done = f"{work.bound.intacct_id} stands in Intacct, but " if work.bound and work.wrote else ""
    message = f"{done}the Salesforce record could not be updated: {error.message}"
    vendor, field = error.vendor, error.field
    work.fail(
        SyncError(kind, error.code, message, error.advice, retry_after=error.retry_after, field=field, vendor=vendor)
    )


async def _store_bases(batch: Batch, bindings: Bindings) -> None:
    """Save each base that moved: rows both sides agree on, and rows Salesforce has taken over."""
    pairs: list[tuple[Claim, Bound]] = []
    for work in batch.works:
        if work.bound is None or work.source is None or (work.settlement and not work.wrote):
            continue
        agreed = dict(work.merged.agreed)
        agreed |= {row_id: plain(value) for row_id, value in _carried(work).items()}
        doubt = work.bound.doubt if work.settlement else {}  # settled before the end: the answer is not known
        base = {name: value for name, value in {**trusted_base(work), **agreed}.items() if not batch.plan.forgets(name)}
        moved = replace(work.bound, base=base, doubt=doubt)
        if seasoned(batch, work) and work.settlement is None and not work.finish_only:
            moved = replace(moved, mapping_version=batch.plan.mapping_version)
            work.tidy = True
        if moved.base != work.bound.base or moved.doubt != work.bound.doubt or work.tidy:
            work.bound = moved
            pairs.append((work.claim, moved))
    if pairs:
        await bindings.save(batch.plan.object.name, pairs)


def _carried(work: Work) -> dict[str, Canonical]:
    """What Salesforce takes over from Intacct; a default fills a gap and is nothing both sides agreed on."""
    return {name: value for name, value in work.merged.to_salesforce.items() if name not in work.merged.filled}


def _finish(one: _Return) -> None:
    work = one.work
    if work.finish_only and not work.wrote and not one.document:
        work.settle(Result.SKIPPED, "sync_only_once", SYNC_ONLY_ONCE_SAYS)
    elif work.created:
        work.settle(Result.CREATED, "created_in_salesforce" if work.born else "created")
    elif work.linked:
        work.settle(Result.UPDATED, f"linked_by_{work.linked}".lower())
    elif work.wrote or one.carried or work.lines_returned:
        work.settle(Result.UPDATED, "updated")
    elif work.closed:
        work.settle(Result.SKIPPED, "closed_in_intacct", work.closed)
    elif one.document and work.withheld:
        work.settle(Result.SKIPPED, "sent_once", SENT_ONCE_SAYS)
    else:
        work.settle(Result.UNCHANGED, "in_step", "Nothing changed since the last sync; nothing was written.")


def settle_lost(works: Sequence[Work]) -> None:
    """Ends runs that no step ended; only a defect of ours leads here."""
    for work in works:
        if work.settlement is None:
            work.fail(SyncError(Kind.BUG, "unsettled", "The run ended without a decision for this record."))
