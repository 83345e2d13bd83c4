"""The lines of documents on their way back: what Intacct holds is written to Salesforce's lines, missing ones are made.

What both sides agree on afterwards becomes the lines' part of the header's base.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.declaration import Rule
from app.domain.lines import BASE, LinesPlan
from app.domain.mapping import from_intacct, to_salesforce
from app.domain.records import Record, System, Value
from app.domain.transforms import plain
from app.sync.lines import known_lines, known_twins
from app.sync.ports import Action, Backend, Outcome, Verdict, Write
from app.sync.work import Batch, Line, Work


@dataclass(slots=True)
class _Back:
    """One write to a Salesforce line: of one that exists, or that makes `made` of an Intacct line."""

    work: Work
    write: Write
    line: Line | None = None
    made: Record | None = None


async def return_lines(batch: Batch, salesforce: Backend, alive: Callable[[], bool]) -> None:
    """Write what Intacct's lines hold, chunk by chunk; the new bases are agreed with them.

    A line that could not be written is a warning and is written by the next run.
    """
    plan = batch.plan.lines
    works = [
        work
        for work in batch.works
        if plan is not None and work.settlement is None and (work.lines or work.fresh or work.twin_lines)
    ]
    if plan is None or not works:
        return
    todo = [one for work in works for one in _writes(batch, plan, work)]
    index = {id(one.write): one for one in todo}
    lost: set[str] = set()
    made: dict[str, tuple[str, Record]] = {}
    for chunk in salesforce.chunks([one.write for one in todo]):
        if not alive():
            return
        for write, outcome in zip(chunk, await salesforce.write(chunk), strict=True):
            one = index[id(write)]
            if outcome.verdict is not Verdict.CONFIRMED:
                _lost(one, outcome, lost)
                continue
            one.work.lines_returned = True
            if one.made is not None and outcome.key is not None:
                made[one.made.key] = (outcome.key, one.made)
            for name, value in write.values.items() if one.line else ():
                before = one.line.source.values.get(name) if one.line else None
                one.work.note(System.SALESFORCE, f"{write.key}.{name}", before, value)
    for work in works:
        _agree(batch, plan, work, lost, made)


def _writes(batch: Batch, plan: LinesPlan, work: Work) -> Sequence[_Back]:
    kind, control = plan.declared.salesforce, work.claim.operation_id
    back = [
        _Back(work, Write(kind, Action.UPDATE, line.returns, control, line.source.key), line)
        for line in work.lines
        if line.returns
    ]
    for record in work.fresh:
        rows = [row for row in plan.rows if row.rule is not Rule.TO_INTACCT]
        theirs = from_intacct(rows, record.values, known_twins(batch, plan)).values
        values, problems = to_salesforce(rows, theirs, {}, batch.sources)
        work.warnings += [problem.message for problem in problems]
        said: dict[str, Value] = {name: value for name, value in values.items() if value is not None}
        said |= {plan.parent: work.id, plan.key: record.key, **batch.named.get(record.key, {})}
        assert plan.external_id is not None
        named = (plan.external_id, f"{plan.declared.intacct}:{record.key}")
        back.append(_Back(work, Write(kind, Action.CREATE, said, control, external_id=named), made=record))
    return back


def _lost(one: _Back, outcome: Outcome, lost: set[str]) -> None:
    said = outcome.error.message if outcome.error else outcome.verdict
    if one.line is not None:
        lost.add(one.line.source.key)
        one.work.warnings.append(f"Line {one.line.source.key} could not be updated in Salesforce: {said}")
    else:
        one.work.warnings.append(f"A line of Intacct could not be made in Salesforce: {said}")


def _agree(batch: Batch, plan: LinesPlan, work: Work, lost: set[str], made: dict[str, tuple[str, Record]]) -> None:
    """The lines' part of the new base: what was sent, what is shown, and the keys."""
    if work.bound is None:
        return
    known = known_lines(plan, work)
    sent = [row for row in plan.rows if row.rule is not Rule.FROM_INTACCT]
    standing = {line.key for line in work.twin_lines}
    new: dict[str, object] = {}
    for source, one in known.items():
        line = next((line for line in work.lines if line.source.key == source), None)
        before, key = one.get("values"), one.get("key")
        values: dict[str, object] = dict(before) if isinstance(before, dict) else {}
        if plan.declared.edits and key and standing and key not in standing and (line is None or line.target is None):
            new[source] = {"place": None, "key": None, "values": {}, "gone": True}
            continue
        if line is not None and line.target is not None and source not in lost:
            if not values and not work.born:
                values |= {row.id: plain(line.mapped.values.get(row.id)) for row in sent}
            values |= line.merged.agreed
            values |= {row_id: plain(value) for row_id, value in line.merged.to_salesforce.items()}
            key = line.target.key
        new[source] = {**one, "key": key, "values": values}
    rows = [row for row in plan.rows if row.rule is not Rule.TO_INTACCT]
    for number, record in made.values():
        if record in work.fresh:
            theirs = from_intacct(rows, record.values, known_twins(batch, plan)).values
            values = {row_id: plain(value) for row_id, value in theirs.items()}
            new[number] = {"place": None, "key": record.key, "values": values}
    if new:
        work.merged.agreed[BASE] = new
