"""Records that Intacct gave birth to: found in Salesforce if they are there, else created there by external id.

Only candidates known by their Intacct number pass through here. Whoever is linked, or is found, goes on like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from app.domain.decisions import Result
from app.domain.declaration import OF_KIND, UNION, Rule
from app.domain.declaration import Kind as ObjectKind
from app.domain.errors import Kind, SyncError
from app.domain.mapping import from_intacct, to_salesforce
from app.domain.merge import with_defaults
from app.domain.records import Record, System, Value
from app.domain.transactions import NOT_SHOWN
from app.domain.transforms import Canonical, Constant, Unfit, clean, plain
from app.sync.agreeing import agrees_in_part, alike, as_written
from app.sync.deciding import not_carried, refusal
from app.sync.echo import is_inactive, made_from
from app.sync.list_values import bring_list_values
from app.sync.ports import Action, Backend, Bindings, Bound, Clock, Outcome, Verdict, Write
from app.sync.replacing import external_key, natural_of, take_over
from app.sync.returning import OK
from app.sync.work import Batch, Work, twins_of
from app.sync.writing import ALREADY_LINKED, LEASE_LOST

PATIENCE = 10
"""Tries for a record whose required reference has not arrived in Salesforce yet."""


async def arrive(
    batch: Batch, salesforce: Backend, intacct: Backend, bindings: Bindings, clock: Clock, alive: Callable[[], bool]
) -> None:
    """Link or create the Salesforce twin of every candidate that is known by its Intacct number."""
    born = [work for work in batch.open if work.born]
    if not born:
        return
    plan = batch.plan
    linked = await bindings.by_intacct_key(plan.object.name, [str(work.born) for work in born])
    for work in born:
        work.bound = linked.get(str(work.born))
    fresh = [work for work in born if work.bound is None]
    if not fresh:
        return
    if not plan.born_in_intacct:
        for work in fresh:
            work.settle(Result.SKIPPED, "never_created_in_salesforce", "Salesforce creates these records, not Intacct.")
        return
    keys = [str(work.born) for work in fresh]
    found = await intacct.find(plan.object.intacct.kind, {"RECORDNO": keys}, plan.intacct_fields)
    records = {record.key: record for record in found}
    values: dict[str, dict[str, Canonical]] = {}
    await _resolve(batch, found, bindings)
    for work in fresh:
        work.target = records.get(str(work.born))
    fresh = await take_over(batch, fresh, bindings)
    await bring_list_values(batch, fresh, intacct, bindings)
    await _only_stages_in_force(batch, intacct, fresh, clock)
    for work in fresh:
        values[work.claim.record_id] = {} if work.settlement else _canonical(batch, work, clock)
    if plan.object.first_kind_wins:
        await _first_of_its_id(batch, intacct)
    await _match(batch, salesforce, bindings, values)
    await _create(batch, salesforce, bindings, clock, alive, values)


async def _first_of_its_id(batch: Batch, intacct: Backend) -> None:
    """End those whose id an earlier kind of the union has as well: it is carried as that (an entity is a location)."""
    plan, works = batch.plan, [work for work in batch.open if work.born and work.target is not None]
    kind, natural = plan.object.intacct.kind, plan.object.intacct.natural_key
    order = kind.split(UNION)
    ids = {str(work.target.values.get(natural)) for work in works if work.target is not None}
    first: dict[str, str] = {}
    for record in await intacct.find(kind, {natural: sorted(ids)}, [natural, OF_KIND]) if ids else []:
        name, among = str(record.values.get(natural)), str(record.values.get(OF_KIND))
        first[name] = min(first.get(name, among), among, key=order.index)
    for work in works:
        assert work.target is not None
        winner = first.get(str(work.target.values.get(natural)), "")
        if winner and work.target.values.get(OF_KIND) != winner:
            work.settle(Result.SKIPPED, "carried_as_other_kind", f"The record is carried as {winner}.")


async def _resolve(batch: Batch, found: Sequence[Record], bindings: Bindings) -> None:
    """Salesforce ids of the records that the arriving ones refer to."""
    wanted: dict[str, set[str]] = {}
    for row in batch.plan.rows:
        if row.refers_to:
            wanted.setdefault(row.refers_to, set()).update(
                str(record.values[row.names[0]]) for record in found if record.values.get(row.names[0])
            )
    for name, ids in wanted.items():
        for natural, bound in (await twins_of(bindings, name, sorted(ids))).items() if ids else ():
            batch.note_twin(name, natural, bound.salesforce_id)


async def _only_stages_in_force(batch: Batch, intacct: Backend, works: Sequence[Work], clock: Clock) -> None:
    """End the run of every stage that another one stands before: one query for the siblings of all."""
    plan, stages = batch.plan, batch.plan.object.stages
    targets = [work.target for work in works if work.target is not None]
    if stages is None or not targets:
        return
    sought = stages.of[0]
    names = sorted({str(record.values[sought]) for record in targets if record.values.get(sought)})
    siblings = await intacct.find(plan.object.intacct.kind, {sought: names}, plan.intacct_fields)
    fit = [record for record in siblings if refusal(plan, record) is None]
    chosen = stages.in_force(fit, clock.now().date())
    for work in works:
        if work.target is None or refusal(plan, work.target) is not None:
            continue
        other = chosen.get(stages.group(work.target))
        if other is None or other.key != work.target.key:
            said = f"Record {other.key} stands in its place today." if other else "It is not valid today."
            work.settle(Result.SKIPPED, "not_in_force", said)


def _canonical(batch: Batch, work: Work, clock: Clock) -> dict[str, Canonical]:
    """Canonical values of an arriving record; ends the run of one that may not, or cannot yet, be created."""
    target = work.target
    if target is None:
        work.settle(Result.SKIPPED, "gone_from_intacct", "The record is not in Intacct any more.")
        return {}
    if not batch.plan.shows(target.values):
        work.settle(Result.SKIPPED, "definition_not_written_back", NOT_SHOWN)
        return {}
    if batch.plan.link_field and (maker := made_from(batch.plan, target)):
        said = f"It was made from {batch.plan.object.salesforce.kind} {maker}, whose own operation links it."
        work.settle(Result.SKIPPED, "made_from_salesforce", said)
        return {}
    if not batch.plan.selected(target.values):
        work.settle(Result.SKIPPED, "not_selected", "The option selection does not name the record.")
        return {}
    listed = batch.plan.object.kind is ObjectKind.MANAGED_LIST  # records may name a value that is inactive by now
    if is_inactive(target) and not listed:
        work.settle(Result.SKIPPED, "inactive_in_intacct", "Inactive records are not created in Salesforce.")
        return {}
    if error := not_carried(batch.plan, target):
        work.fail(error)
        return {}
    known = {row.refers_to: batch.known(row.refers_to) for row in batch.plan.rows if row.refers_to}
    out = batch.plan.object.withhold(target.values) if batch.plan.object.withhold else frozenset()
    mapped = from_intacct([row for row in batch.plan.rows if row.id not in out], target.values, known)
    for row in (row for row in batch.plan.rows if row.refers_to):
        named = target.values.get(row.names[0])
        if row.refers_to and row.required and named and mapped.values.get(row.id) is None:
            _wait(work, row.refers_to, str(named), clock)
    if mapped.problems:
        first = mapped.problems[0]
        message = " ".join(problem.message for problem in mapped.problems)
        work.fail(SyncError(Kind.DATA, first.code, message, f"Correct {first.field} in Intacct.", field=first.field))
    return mapped.values


def _wait(work: Work, name: str, natural: str, clock: Clock) -> None:
    message = f"The {name} {natural} it belongs to is not in Salesforce."
    work.missing = SyncError(Kind.DEPENDENCY, "reference_not_synced", message)
    _wait_for_salesforce(work, clock)


async def _match(
    batch: Batch, salesforce: Backend, bindings: Bindings, values: Mapping[str, Mapping[str, Canonical]]
) -> None:
    """Take an existing Salesforce record for the twin: by external id, else when all declared fields agree."""
    plan = batch.plan
    works = [work for work in batch.open if work.born and work.bound is None]
    assert plan.external_id is not None
    any_of: dict[str, list[str]] = {plan.external_id: [external_key(batch, work) for work in works]}
    for name in plan.match_salesforce if plan.object.must_agree else plan.match_salesforce[:1]:
        any_of[name] = [text for work in works if (text := _wanted(batch, work, values[work.claim.record_id], name))]
    if any(_is_designated(batch, work) for work in works):
        assert plan.object.designated is not None
        any_of[plan.object.designated.flag] = ["true"]
    found = await salesforce.find(plan.object.salesforce.kind, any_of, plan.salesforce_fields) if works else []
    taken = await bindings.of(plan.object.name, [record.key for record in found])
    if plan.object.stages is not None:
        for work in works:
            _succeed(batch, work, found, taken, values[work.claim.record_id])
        works = [work for work in works if work.bound is None]
    free = [record for record in found if record.key not in taken]
    for work in works:
        key = external_key(batch, work)
        ours = [record for record in free if str(record.values.get(plan.external_id) or "") == key]
        mine = ours or _twins(batch, work, free, values[work.claim.record_id])
        if len(mine) > 1:
            ids = ", ".join(record.key for record in mine)
            message = f"{len(mine)} Salesforce records could be the twin: {ids}."
            work.fail(SyncError(Kind.CONFLICT, "ambiguous_match", message, "Tell them apart by name, then resync."))
        elif mine:
            await _link(batch, work, mine[0], bindings, as_written(batch.plan, mine[0], work.target) if ours else {})
        elif _is_designated(batch, work):
            message = (
                f"The {plan.object.salesforce.kind} that stands for it is linked to another record, or not visible."
            )
            work.fail(SyncError(Kind.CONFLICT, "designated_record_taken", message))
        elif half := _half(batch, work, found, taken, values[work.claim.record_id]):
            work.fail(half)


def _is_designated(batch: Batch, work: Work) -> bool:
    """Whether the arriving record is the one an option names as the twin of a certain Salesforce record."""
    plan, designated = batch.plan, batch.plan.object.designated
    if designated is None or work.target is None:
        return False
    return work.target.values.get(plan.object.intacct.natural_key) == plan.option(designated.option)


def _succeed(
    batch: Batch, work: Work, found: Sequence[Record], taken: Mapping[str, Bound], values: Mapping[str, Canonical]
) -> None:
    """Take over the link of an earlier stage: the run goes on with its Salesforce record, and moves the link."""
    for record in found:
        if record.key in taken and _agrees(batch, work, record, values, linked=True):
            work.bound = taken[record.key]


def _twins(batch: Batch, work: Work, free: Sequence[Record], values: Mapping[str, Canonical]) -> list[Record]:
    """Salesforce records that could be the twin of an arriving one."""
    designated = batch.plan.object.designated
    if designated is not None:
        chosen = _is_designated(batch, work)
        free = [record for record in free if bool(record.values.get(designated.flag)) is chosen]
        if chosen:
            return list(free)
    twins = [record for record in free if _agrees(batch, work, record, values)]
    return twins or [record for record in free if _agrees(batch, work, record, values, unset=_unset(batch, record))]


def _wanted(batch: Batch, work: Work, values: Mapping[str, Canonical], name: str) -> str | None:
    """The text a twin's field would hold: the natural key, the id of a reference, or the row's own value."""
    plan = batch.plan
    if name == plan.write_back.intacct_id and work.target is not None:
        return clean(work.target.values.get(plan.object.intacct.natural_key))
    row = next((row for row in plan.rows if row.salesforce == name), None)
    value = values.get(row.id) if row else None
    if row is not None and row.refers_to and isinstance(value, str):
        return batch.sources.get((row.refers_to, value))
    return value if isinstance(value, str) else None


def _unset(batch: Batch, record: Record) -> frozenset[str]:
    """Fields of a record without the word that tells its kind from others, where such a one may be taken."""
    rows = [row for row in batch.plan.rows if isinstance(row.via, Constant) and row.via.unset_fits]
    return frozenset(row.salesforce for row in rows if clean(record.values.get(row.salesforce)) is None)


def _agrees(
    batch: Batch,
    work: Work,
    record: Record,
    values: Mapping[str, Canonical],
    *,
    linked: bool = False,
    unset: frozenset[str] = frozenset(),
) -> bool:
    names = [name for name in batch.plan.match_salesforce if name not in unset]
    if not names or (record.values.get(batch.plan.external_id or "") and not linked):
        return False
    pairs = [(_held(batch, record, name), _wanted(batch, work, values, name)) for name in names]
    return all(text is not None and theirs.lower() == text.lower() for theirs, text in pairs)


def _half(
    batch: Batch, work: Work, found: Sequence[Record], taken: Mapping[str, Bound], values: Mapping[str, Canonical]
) -> SyncError | None:
    """The conflict of an arriving record with Salesforce records that agree with it in part, linked or not in key."""
    plan, names = batch.plan, batch.plan.match_salesforce
    if not plan.object.must_agree:
        return None
    wanted = {name: _wanted(batch, work, values, name) for name in names}
    by_key, by_rest = [], []
    for record in found:
        same = [alike(_held(batch, record, name), wanted[name]) for name in names]
        said = [record.key, *(_held(batch, record, name) for name in names)]
        if same[0]:
            by_key.append(said)
        elif all(same[1:]) and record.key not in taken and not record.values.get(plan.external_id or ""):
            by_rest.append(said)
    return agrees_in_part(plan.object.salesforce.kind, names, by_key, by_rest)


def _held(batch: Batch, record: Record, name: str) -> str:
    """A field of a Salesforce record as its row compares it."""
    row = next((row for row in batch.plan.rows if row.salesforce == name and not row.refers_to), None)
    try:
        value = row.via.canonical(record.values.get(name)) if row else record.values.get(name)
    except Unfit:
        return ""
    return str(value or "")


async def _link(batch: Batch, work: Work, record: Record, bindings: Bindings, agreed: Mapping[str, Canonical]) -> None:
    assert work.target is not None
    work.linked = "salesforce"
    bound = _bound(batch, work, record.key, agreed, how="matched_in_salesforce")
    if await bindings.save(batch.plan.object.name, [(work.claim, bound)]):
        work.fail(ALREADY_LINKED)
        return
    work.bound = bound


async def _create(
    batch: Batch,
    salesforce: Backend,
    bindings: Bindings,
    clock: Clock,
    alive: Callable[[], bool],
    values: Mapping[str, Mapping[str, Canonical]],
) -> None:
    """Upsert what is not there by external id, and link it in the next breath."""
    works = [work for work in batch.open if work.born and work.bound is None]
    held = await _send(batch, salesforce, bindings, clock, alive, values, works)
    if held and len(held) < len(works):
        # what they waited for came with them
        held = await _send(batch, salesforce, bindings, clock, alive, values, held)
    for work in held:
        _wait_for_salesforce(work, clock)


async def _send(
    batch: Batch,
    salesforce: Backend,
    bindings: Bindings,
    clock: Clock,
    alive: Callable[[], bool],
    values: Mapping[str, Mapping[str, Canonical]],
    works: Sequence[Work],
) -> list[Work]:
    """Send creates chunk by chunk. Answers those that Salesforce wants another record before."""
    plan = batch.plan
    held: list[Work] = []
    writes = [_write(batch, work, values[work.claim.record_id], clock) for work in works]
    index = {id(write): work for write, work in zip(writes, works, strict=True)}
    for chunk in salesforce.chunks(writes):
        if not alive():
            batch.fail_open(LEASE_LOST)
            return []
        pairs = []
        for write, outcome in zip(chunk, await salesforce.write(chunk), strict=True):
            work = index[id(write)]
            if outcome.verdict is Verdict.CONFIRMED and outcome.key is not None:
                bound = _bound(batch, work, outcome.key, values[work.claim.record_id], how="created_in_salesforce")
                pairs.append((work, write, bound))
            elif outcome.error is not None and outcome.error.kind is Kind.DEPENDENCY:
                work.missing = outcome.error
                held.append(work)
            else:
                _not_created(work, outcome)
        refused = await bindings.save(plan.object.name, [(work.claim, bound) for work, _, bound in pairs])
        for work, write, bound in pairs:
            if bound.salesforce_id in refused:
                work.fail(ALREADY_LINKED)
                continue
            work.bound, work.created = bound, True
            for name in dict.fromkeys(name for row in plan.rows for name in row.places):
                if name in write.values:
                    work.note(System.SALESFORCE, name, None, write.values[name])
            if plan.lines is None:  # with lines the run goes on and brings them
                work.settle(Result.CREATED, "created_in_salesforce")
    return held


def _wait_for_salesforce(work: Work, clock: Clock) -> None:
    error = work.missing
    assert error is not None
    again = clock.now() + timedelta(seconds=5 * 2**work.claim.attempts) if work.claim.attempts < PATIENCE else None
    work.settle(Result.BLOCKED, error.code, error.message, error=error, again_at=again, counts_as_try=True)


def _write(batch: Batch, work: Work, values: Mapping[str, Canonical], clock: Clock) -> Write:
    plan = batch.plan
    rows = [row for row in plan.rows if row.rule is not Rule.TO_INTACCT]
    out, problems = to_salesforce(rows, with_defaults(rows, values), {}, batch.sources)
    work.warnings += [problem.message for problem in problems]
    back = plan.write_back
    said: dict[str, Value] = {name: value for name, value in out.items() if value is not None}
    named = natural_of(batch, work)
    said[back.intacct_id] = None if named is None else plan.readable(named)
    said |= {name: value for name, value in ((back.status, OK), (back.synced_at, clock.now())) if name}
    assert plan.external_id is not None
    kind, control_id = plan.object.salesforce.kind, work.claim.operation_id
    external_id = (plan.external_id, external_key(batch, work))
    return Write(kind, Action.CREATE, said, control_id, external_id=external_id)


def _bound(batch: Batch, work: Work, salesforce_id: str, values: Mapping[str, Canonical], *, how: str) -> Bound:
    assert work.target is not None
    natural = str(work.target.values.get(batch.plan.object.intacct.natural_key) or work.target.key)
    rows = {row.id for row in batch.plan.rows if row.rule is not Rule.TO_INTACCT}
    base = {name: plain(value) for name, value in values.items() if name in rows}
    version = batch.plan.mapping_version
    return Bound(salesforce_id, work.target.key, natural, base, how=how, mapping_version=version)


def _not_created(work: Work, outcome: Outcome) -> None:
    error = outcome.error
    assert error is not None
    kind = Kind.TRANSIENT if outcome.verdict is Verdict.AMBIGUOUS else error.kind  # an upsert may simply go again
    wait, field, vendor = error.retry_after, error.field, error.vendor
    work.fail(SyncError(kind, error.code, error.message, error.advice, retry_after=wait, field=field, vendor=vendor))
