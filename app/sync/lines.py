"""The lines of documents in a run: read with one query per side, sent with their header, shown again in Salesforce.

Nothing here decides what becomes of a header; a line never travels without it.
"""

from collections.abc import Callable, Mapping, Sequence

from app.domain.declaration import Rule
from app.domain.lines import BASE, LinesPlan, base_lines, paired
from app.domain.mapping import from_intacct, from_salesforce, to_intacct, to_salesforce
from app.domain.merge import Direction, merge
from app.domain.plan import Plan
from app.domain.problems import Problem
from app.domain.records import Record, System
from app.domain.transforms import plain
from app.sync.ports import Action, Backend, LineItems, Verdict, Write
from app.sync.work import Batch, Line, Work


async def read_lines(batch: Batch, salesforce: Backend) -> None:
    """The Salesforce lines of all open documents: one query, each document's in the order of their ids."""
    plan = batch.plan.lines
    works = {work.id: work for work in batch.open if work.source is not None}
    if plan is None or not works:
        return
    found = await salesforce.find(plan.declared.salesforce, {plan.parent: list(works)}, plan.salesforce_fields)
    for record in sorted(found, key=lambda record: record.key):
        work = works.get(str(record.values.get(plan.parent)))
        if work is not None:
            work.lines.append(Line(record))


def map_lines(batch: Batch, work: Work) -> list[Problem]:
    """Canonical values of the lines; everything that is wrong with one of them or with the document as a whole."""
    plan = batch.plan.lines
    if plan is None or work.source is None:
        return []
    problems: list[Problem] = []
    for number, line in enumerate(work.lines, 1):
        line.mapped = from_salesforce(plan.rows, line.source.values, batch.twins)
        work.warnings += [f"Line {number}: {warning}" for warning in line.mapped.warnings]
        problems += [Problem(p.code, p.field, f"Line {number}: {p.message}") for p in line.mapped.problems]
    check = plan.declared.check
    if check is not None and not problems:
        header = {name: work.source.values.get(spelt) for name, spelt in plan.needs.items()}
        problems += check(header, [line.mapped.values for line in work.lines], options_of(batch.plan))
    return problems


def options_of(plan: Plan) -> dict[str, object]:
    """Every option of the object with its value."""
    return {option.name: plan.option(option.name) for option in plan.object.options}


def items(plan: LinesPlan, work: Work) -> LineItems:
    """The lines of a create: all filled rows that go to Intacct."""
    rows = [row for row in plan.rows if row.rule is not Rule.FROM_INTACCT]
    spread = [to_intacct(rows, line.mapped.values) for line in work.lines]
    spread = [{**one, **line.sent} for one, line in zip(spread, work.lines, strict=True)]
    filled = tuple({name: value for name, value in one.items() if value is not None} for one in spread)
    return LineItems(plan.declared.path, filled, tuple(line.source.key for line in work.lines))


async def read_twin_lines(batch: Batch, intacct: Backend, works: Sequence[Work]) -> None:
    """The Intacct lines of linked documents, one query, paired with the Salesforce lines they came from."""
    plan = batch.plan.lines
    keys = [work.target.key for work in works if work.target is not None] if plan else []
    if plan is None or not keys:
        return
    by_header = await lines_of(plan, intacct, keys)
    for work in works:
        if work.target is not None:
            _pair(batch, plan, work, by_header.get(work.target.key, []))


async def lines_of(plan: LinesPlan, intacct: Backend, headers: Sequence[str]) -> dict[str, list[Record]]:
    """Intacct lines by the RECORDNO of their header."""
    found: dict[str, list[Record]] = {}
    asked = plan.declared.intacct, {plan.declared.header: list(headers)}, plan.intacct_fields
    for record in await intacct.find(*asked):
        found.setdefault(str(record.values.get(plan.declared.header)), []).append(record)
    return found


def _pair(batch: Batch, plan: LinesPlan, work: Work, found: list[Record]) -> None:
    """Compare each line with its twin. Lines that only one side has are told as warnings: neither side makes them."""
    known = _known(plan, work)
    twins = paired(known, plan.declared.number, found)
    rows = [row for row in plan.rows if row.rule is not Rule.TO_INTACCT]
    for line in work.lines:
        line.target = twins.get(line.source.key)
        if line.target is None:
            continue
        theirs = from_intacct(rows, line.target.values, {}).values
        base = known.get(line.source.key, {}).get("values")
        line.merged = merge(
            rows,
            base if isinstance(base, dict) else {},
            line.mapped.values,
            theirs,
            newer=System.INTACCT,
            direction=Direction.FROM_INTACCT,
            repair=True,
        )
        line.returns, _ = to_salesforce(rows, line.merged.to_salesforce, line.source.values, batch.sources)
        if line.source.values.get(plan.key) != line.target.key:
            line.returns[plan.key] = line.target.key
    extra = len(found) - len(twins)
    gone = sum(1 for source, one in known.items() if source not in twins and one.get("key"))
    if extra:
        work.warnings.append(f"Intacct has {extra} lines of this document that Salesforce does not have.")
    if gone:
        work.warnings.append(f"{gone} lines of this document are not in Intacct any more.")


def _known(plan: LinesPlan, work: Work) -> dict[str, Mapping[str, object]]:
    """The lines in the base of a document; for one linked anew, what its Salesforce lines say of their twins."""
    known = base_lines(work.bound.base) if work.bound else {}
    return known or {
        line.source.key: {"place": place, "key": line.source.values.get(plan.key), "values": {}}
        for place, line in enumerate(work.lines)
    }


def lines_withheld(batch: Batch, work: Work) -> bool:
    """Whether Salesforce's lines are other ones, or hold other values, than those that were sent."""
    if batch.plan.lines is None or work.bound is None:
        return False
    known = base_lines(work.bound.base)
    if not known:
        return False
    if set(known) != {line.source.key for line in work.lines}:
        return True
    sent = [row for row in batch.plan.lines.rows if row.rule is not Rule.FROM_INTACCT]
    for line in work.lines:
        values = known[line.source.key].get("values")
        base = values if isinstance(values, dict) else {}
        if any(row.id in base and base[row.id] != plain(line.mapped.values.get(row.id)) for row in sent):
            return True
    return False


async def return_lines(batch: Batch, salesforce: Backend, alive: Callable[[], bool]) -> None:
    """Write what Intacct's lines hold beside Salesforce's own, chunk by chunk; the new bases are agreed with them.

    A line that could not be written is a warning and is written by the next run.
    """
    plan = batch.plan.lines
    works = [work for work in batch.works if plan is not None and work.settlement is None and work.lines]
    if plan is None or not works:
        return
    index: dict[int, tuple[Work, Line]] = {}
    writes: list[Write] = []
    for work in works:
        for line in work.lines:
            if line.returns:
                kind, id_ = plan.declared.salesforce, line.source.key
                writes.append(Write(kind, Action.UPDATE, line.returns, work.claim.operation_id, id_))
                index[id(writes[-1])] = (work, line)
    lost: set[str] = set()
    for chunk in salesforce.chunks(writes):
        if not alive():
            return
        for write, outcome in zip(chunk, await salesforce.write(chunk), strict=True):
            work, line = index[id(write)]
            if outcome.verdict is Verdict.CONFIRMED:
                work.lines_returned = True
                for name, value in line.returns.items():
                    work.note(System.SALESFORCE, f"{write.key}.{name}", line.source.values.get(name), value)
            else:
                lost.add(line.source.key)
                said = outcome.error.message if outcome.error else outcome.verdict
                work.warnings.append(f"Line {line.source.key} could not be updated in Salesforce: {said}")
    for work in works:
        _agree(plan, work, lost)


def _agree(plan: LinesPlan, work: Work, lost: set[str]) -> None:
    """The lines' part of the new base: what was sent, what is shown, and the keys."""
    if work.bound is None:
        return
    known = _known(plan, work)
    sent = [row for row in plan.rows if row.rule is not Rule.FROM_INTACCT]
    new: dict[str, object] = {}
    for source, one in known.items():
        line = next((line for line in work.lines if line.source.key == source), None)
        before = one.get("values")
        values: dict[str, object] = dict(before) if isinstance(before, dict) else {}
        key = one.get("key")
        if line is not None and line.target is not None and source not in lost:
            if not values:
                values |= {row.id: plain(line.mapped.values.get(row.id)) for row in sent}
            values |= line.merged.agreed
            values |= {row_id: plain(value) for row_id, value in line.merged.to_salesforce.items()}
            key = line.target.key
        new[source] = {"place": one.get("place"), "key": key, "values": values}
    work.merged.agreed[BASE] = new


def lines_edited(plan: LinesPlan, base: Mapping[str, object], found: Sequence[Record]) -> bool:
    """Whether Intacct's lines are other ones, or hold other values, than both sides last agreed on."""
    known = base_lines(base)
    if {line.key for line in found} != {one.get("key") for one in known.values()}:
        return True
    rows = [row for row in plan.rows if row.rule is not Rule.TO_INTACCT]
    by_key = {line.key: line for line in found}
    for one in known.values():
        values = one.get("values")
        theirs = from_intacct(rows, by_key[str(one["key"])].values, {}).values
        if not isinstance(values, dict) or any(plain(v) != values.get(name) for name, v in theirs.items()):
            return True
    return False
