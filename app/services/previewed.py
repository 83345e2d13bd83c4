"""One record of a dry run, told: its decision, each field with both values, the requests that would leave.

Pure: makes plain values of what the engine has learned. Runs nothing and reads nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.decisions import Result
from app.domain.declaration import Field
from app.domain.errors import SyncError
from app.domain.merge import Direction
from app.domain.problems import Problem
from app.domain.records import System, Value
from app.domain.transforms import Canonical, plain
from app.services.dry_journal import DryJournal
from app.sync.dry import STAND_IN, DryWrite
from app.sync.ports import Bound, Promise
from app.sync.work import Batch, Work


@dataclass(frozen=True, slots=True)
class PreviewedField:
    """One mapping row of a record, values in their plain form (text, truth, lists of text).

    `salesforce` and `intacct` stand on the two sides now, `base` is what both last agreed on, `mapped` Salesforce's
    value as Intacct would hold it. `written_to` and `written` say where what would be written; `won_by` who won where
    both sides had changed.
    """

    row: str
    salesforce_field: str
    intacct_field: str
    rule: str
    salesforce: object
    intacct: object
    base: object
    mapped: object
    written_to: System | None = None
    written: object = None
    won_by: System | None = None


@dataclass(frozen=True, slots=True)
class PreviewedRequest:
    """One write as it would leave. `exact`: every character is certain; else a stand-in or a time stands in it."""

    system: System
    kind: str
    action: str
    text: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Previewed:
    """What would become of one record; `transactions` are those of its own writes to Intacct."""

    record_id: str
    result: Result
    reason: str
    message: str
    advice: str = ""
    intacct_id: str | None = None
    fields: tuple[PreviewedField, ...] = ()
    requests: tuple[PreviewedRequest, ...] = ()
    transactions: int = 0
    waits_for: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def refused(given: str, code: str, message: str) -> Previewed:
    """A wish that would not be accepted."""
    return Previewed(given, Result.FAILED, code, message)


def unrun(record_id: str, error: SyncError) -> Previewed:
    """A run that could not start."""
    problem = Problem(error.code, error.field or "", error.message)
    return Previewed(record_id, Result.FAILED, error.code, error.message, error.advice, problems=(problem,))


def tell(
    batch: Batch,
    stored: Mapping[str, Bound],
    salesforce: Sequence[DryWrite],
    intacct: Sequence[DryWrite],
    memory: DryJournal,
) -> list[Previewed]:
    """Every record of a dry run. `stored` are the links by Salesforce id as they stand, the other two the writes."""
    synced_at = batch.plan.write_back.synced_at
    requests: dict[str, list[PreviewedRequest]] = {}
    for one in intacct:
        owner = memory.owners[one.write.control_id]
        requests.setdefault(owner, []).append(_request(System.INTACCT, one, exact=one.exact))
    for one in salesforce:
        exact = one.exact and synced_at not in one.write.values  # that field holds the time of the run
        requests.setdefault(one.write.control_id, []).append(_request(System.SALESFORCE, one, exact=exact))
    unclear: dict[str, list[Promise]] = {}
    for promise in memory.unclear:
        unclear.setdefault(promise.draft.claim.operation_id, []).append(promise)
    return [
        _told(batch, work, stored.get(work.id), requests.get(key, []), unclear.get(key, []))
        for work in batch.works
        for key in (work.claim.operation_id,)
    ]


def _request(system: System, one: DryWrite, *, exact: bool) -> PreviewedRequest:
    return PreviewedRequest(system, one.write.kind, one.write.action, one.text, exact)


def _told(
    batch: Batch, work: Work, stored: Bound | None, requests: Sequence[PreviewedRequest], unclear: Sequence[Promise]
) -> Previewed:
    said = work.settlement
    assert said is not None
    warnings = [_unclear(promise) for promise in unclear] + work.warnings
    cascade = batch.plan.object.cascade if batch.direction is Direction.TO_INTACCT else ()
    if said.result is Result.CREATED and cascade:
        warnings.append(f"Its records of {', '.join(cascade)} would follow in operations of their own.")
    problems = tuple(work.mapped.problems)
    if said.error is not None and said.error.code not in {problem.code for problem in problems}:
        problems += (Problem(said.error.code, said.error.field or "", said.error.message),)
    return Previewed(
        record_id=work.claim.record_id,
        result=said.result,
        reason=said.reason,
        message=said.message,
        advice=said.error.advice if said.error else "",
        intacct_id=stored.intacct_id if stored else _found(batch, work),
        fields=tuple(_field(batch, work, row, stored) for row in batch.plan.rows),
        requests=tuple(requests),
        transactions=sum(one.system is System.INTACCT for one in requests),
        waits_for=tuple(f"{one.object}/{one.record_id}" for one in said.waits_for),
        warnings=tuple(dict.fromkeys(warnings)),
        problems=problems,
    )


def _found(batch: Batch, work: Work) -> str | None:
    """The readable key of a twin that was found, or the one a create would bear if that is known."""
    if work.linked and work.target is not None:
        return str(work.target.values.get(batch.plan.object.intacct.natural_key) or work.target.key)
    return work.keys[0] if work.created and work.keys else None


def _unclear(promise: Promise) -> str:
    draft = promise.draft
    return (
        f"An earlier {draft.action} of {draft.kind} (control id {promise.control_id}) is unclear; the run would settle "
        "it first, this preview leaves it as it is."
    )


def _field(batch: Batch, work: Work, row: Field, stored: Bound | None) -> PreviewedField:
    written = next((c for c in reversed(work.changes) if _writes(row, c.system, c.field)), None)
    won = next((c.winner for c in work.merged.conflicts if c.row == row.id), None)
    theirs = work.target
    if theirs is not None and theirs.key.startswith(STAND_IN):
        theirs = None  # it would only be made by this run
    return PreviewedField(
        row=row.id,
        salesforce_field=", ".join(row.places),
        intacct_field=", ".join(row.names),
        rule=row.rule,
        salesforce=_side(row.places, work.source.values if work.source else {}),
        intacct=_side(row.names, theirs.values if theirs else {}),
        base=stored.base.get(row.id) if stored else None,
        mapped=plain(work.mapped.values.get(row.id)),
        written_to=written.system if written else None,
        written=plain(written.after) if written else None,
        won_by=won,
    )


def _writes(row: Field, system: System, name: str) -> bool:
    return name == row.names[0] if system is System.INTACCT else name in row.places


def _side(names: Sequence[str], values: Mapping[str, Value]) -> object:
    """The values of a row's fields on one side; a list where there are several."""
    parts: tuple[Canonical, ...] = tuple(values.get(name) for name in names)
    return plain(parts[0]) if len(parts) == 1 else [plain(part) for part in parts]
