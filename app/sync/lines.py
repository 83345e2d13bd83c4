"""The lines of documents in a run: read with one query per side, compared, sent with their header.

Nothing here decides what becomes of a header; a line never travels without it. The way back stands in `line_returns`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.domain.declaration import Field, Rule
from app.domain.lines import LinesPlan, base_after, base_lines, paired
from app.domain.mapping import from_intacct, from_salesforce, to_intacct, to_salesforce
from app.domain.merge import Direction, merge, newer_side
from app.domain.plan import Plan
from app.domain.problems import Problem
from app.domain.records import Record, System, Value
from app.domain.transforms import Canonical, plain
from app.sync.ports import Backend, Bindings, LineItems
from app.sync.work import Batch, Line, Work, settled_rows, twins_of


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
        problems += check(header, [_checked(plan, line) for line in work.lines], options_of(batch.plan))
    return problems


def _checked(plan: LinesPlan, line: Line) -> dict[str, Canonical]:
    """What the check of a document sees of a line: its canonical values, and the fields it consults."""
    return {**line.mapped.values, **{name: line.source.values.get(real) for name, real in plan.consults.items()}}


def options_of(plan: Plan) -> dict[str, object]:
    """Every option of the object with its value."""
    return {option.name: plan.option(option.name) for option in plan.object.options}


def rows_of(batch: Batch, line: Line) -> Sequence[Field]:
    """The rows of one line: those it leaves to Intacct come from there, as do those that went with its create."""
    plan = batch.plan.lines
    assert plan is not None
    rows = settled_rows(plan.rows) if line.target is not None else plan.rows
    leaves = plan.declared.left_to_intacct
    if leaves is None:
        return rows
    consulted = {name: line.source.values.get(real) for name, real in plan.consults.items()}
    left = leaves(options_of(batch.plan), consulted)
    return [replace(row, rule=Rule.FROM_INTACCT) if row.id in left else row for row in rows]


def items(batch: Batch, work: Work) -> LineItems | None:
    """The lines of a create: all filled rows that go to Intacct. None for an object without lines."""
    plan = batch.plan.lines
    if plan is None:
        return None
    filled = tuple(_whole(batch, line) for line in work.lines)
    return LineItems(plan.declared.path, filled, tuple(line.source.key for line in work.lines))


def _whole(batch: Batch, line: Line) -> dict[str, Value]:
    rows = [row for row in rows_of(batch, line) if row.rule is not Rule.FROM_INTACCT]
    values = {**to_intacct(rows, line.mapped.values), **line.sent}
    return {name: value for name, value in values.items() if value is not None}


def changed_items(batch: Batch, work: Work) -> LineItems | None:
    """The lines of an update: changed rows of lines that Intacct has, and whole new lines. None: there are none."""
    plan = batch.plan.lines
    if plan is None or not plan.declared.edits or work.finish_only or work.closed:
        return None
    known = base_lines(work.bound.base) if work.bound else {}
    rows: list[Mapping[str, Value]] = []
    sources, numbers, count = list[str](), list[int](), len(work.twin_lines)
    for line in work.lines:
        if line.target is not None and line.merged.to_intacct:
            rows.append(to_intacct(plan.rows, line.merged.to_intacct))
            numbers.append(int(str(line.target.values[plan.declared.number])))
            sources.append(line.source.key)
    for line in work.lines:
        if line.target is None and line.source.key not in known:
            rows.append(_whole(batch, line))
            numbers.append(count + sum(number >= count for number in numbers))
            sources.append(line.source.key)
    if not rows:
        return None
    return LineItems(plan.declared.path, tuple(rows), tuple(sources), tuple(numbers), count)


def lines_after(plan: LinesPlan, base: Mapping[str, object], sent: LineItems) -> dict[str, object]:
    """The lines of a base after an update that stands."""
    agreed = [
        {row.id: plain(values[row.names[0]]) for row in plan.rows if row.names and row.names[0] in values}
        for values in sent.rows
    ]
    return base_after(base, sent.sources, sent.numbers, sent.known, agreed)


async def read_twin_lines(batch: Batch, intacct: Backend, bindings: Bindings, works: Sequence[Work]) -> None:
    """The Intacct lines of linked documents, one query, paired with the Salesforce lines they came from."""
    plan = batch.plan.lines
    keys = [work.target.key for work in works if work.target is not None] if plan else []
    if plan is None or not keys:
        return
    by_header = await lines_of(plan, intacct, keys)
    await _resolve(batch, plan, bindings, [line for lines in by_header.values() for line in lines])
    for work in works:
        if work.target is not None:
            _pair(batch, plan, work, by_header.get(work.target.key, []))


async def _resolve(batch: Batch, plan: LinesPlan, bindings: Bindings, found: Sequence[Record]) -> None:
    """Salesforce ids of what Intacct's lines refer to, where they may come back as look-ups."""
    wanted: dict[str, set[str]] = {}
    for row in plan.rows:
        if row.refers_to and row.rule is not Rule.TO_INTACCT:
            named = {str(value) for line in found if (value := line.values.get(row.names[0]))}
            wanted.setdefault(row.refers_to, set()).update(named)
    for name, ids in wanted.items():
        unknown = sorted(natural for natural in ids if (name, natural) not in batch.sources)
        for natural, bound in (await twins_of(bindings, name, unknown)).items() if unknown else ():
            batch.note_twin(name, natural, bound.salesforce_id)


async def lines_of(plan: LinesPlan, intacct: Backend, headers: Sequence[str]) -> dict[str, list[Record]]:
    """Intacct lines by the RECORDNO of their header."""
    found: dict[str, list[Record]] = {}
    asked = plan.declared.intacct, {plan.declared.header: list(headers)}, plan.intacct_fields
    for record in await intacct.find(*asked):
        found.setdefault(str(record.values.get(plan.declared.header)), []).append(record)
    return found


def known_twins(batch: Batch, plan: LinesPlan) -> dict[str, set[str]]:
    """Natural ids that have a Salesforce twin, per object the lines refer to."""
    return {row.refers_to: batch.known(row.refers_to) for row in plan.rows if row.refers_to}


def _pair(batch: Batch, plan: LinesPlan, work: Work, found: list[Record]) -> None:
    """Compare each line with its twin, and tell of those that only one side has."""
    known, edits = known_lines(plan, work), plan.declared.edits
    twins, theirs_known = paired(known, plan.declared.number, found), known_twins(batch, plan)
    work.twin_lines = found
    for line in work.lines:
        line.target = twins.get(line.source.key)
        if line.target is None:
            continue
        rows = [row for row in rows_of(batch, line) if edits or row.rule is not Rule.TO_INTACCT]
        line.merged = merge(
            rows,
            _base(batch, work, line, known.get(line.source.key, {}).get("values")),
            line.mapped.values,
            from_intacct(rows, line.target.values, theirs_known).values,
            newer=newer_side(line.source.modified_at, line.target.modified_at) if edits else System.INTACCT,
            direction=batch.direction if edits else Direction.FROM_INTACCT,
            repair=not edits,
        )
        if not batch.plan.returns(work.target.values if work.target else {}, lines=True):
            line.merged.to_salesforce.clear()
        line.returns, _ = to_salesforce(rows, line.merged.to_salesforce, line.source.values, batch.sources)
        if line.source.values.get(plan.key) != line.target.key:
            line.returns[plan.key] = line.target.key
    _tell(batch, plan, work, known, twins)


def _base(batch: Batch, work: Work, line: Line, values: object) -> Mapping[str, object]:
    """What both sides last agreed on about a line; for one that was just sent, what was sent."""
    if isinstance(values, dict) and (values or not (work.created or work.wrote)):
        return values
    if not (work.created or work.wrote) or work.born:
        return {}
    sent = [row for row in rows_of(batch, replace(line, target=None)) if row.rule is not Rule.FROM_INTACCT]
    return {row.id: plain(line.mapped.values.get(row.id)) for row in sent}


def _tell(
    batch: Batch,
    plan: LinesPlan,
    work: Work,
    known: Mapping[str, Mapping[str, object]],
    twins: Mapping[str, Record],
) -> None:
    """Lines that only one side has: Salesforce gets them where it may, else they are told as warnings."""
    paired_keys = {line.key for line in twins.values()}
    extra = [line for line in work.twin_lines if line.key not in paired_keys]
    gone = sum(1 for source, one in known.items() if source not in twins and one.get("key"))
    removed = [
        twins[source] for source in known if source in twins and source not in {one.source.key for one in work.lines}
    ]
    wanted = batch.plan.returns(work.target.values if work.target else {}, lines=True)
    work.fresh = extra if plan.external_id is not None and wanted else []
    if extra and wanted and not work.fresh:
        work.warnings.append(f"Intacct has {len(extra)} lines of this document that Salesforce does not have.")
    if gone:
        work.warnings.append(f"{gone} lines of this document are not in Intacct any more.")
    if removed and plan.declared.edits:
        said = f"{len(removed)} lines were deleted in Salesforce; Intacct's function cannot remove lines, do it there."
        work.warnings.append(said)


def known_lines(plan: LinesPlan, work: Work) -> dict[str, Mapping[str, object]]:
    """The lines in the base of a document; for one linked anew, what its Salesforce lines say of their twins."""
    known = base_lines(work.bound.base) if work.bound else {}
    if known or plan.declared.edits:
        return known or {
            line.source.key: {"place": None, "key": key, "values": {}}
            for line in work.lines
            if (key := line.source.values.get(plan.key))
        }
    return {
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


def lines_edited(
    plan: LinesPlan, base: Mapping[str, object], found: Sequence[Record], twins: Mapping[str, set[str]] | None = None
) -> bool:
    """Whether Intacct's lines are other ones, or hold other values, than both sides last agreed on.

    `twins` are natural ids that have a Salesforce twin, per object the lines refer to.
    """
    known = [one for one in base_lines(base).values() if not one.get("gone")]
    if {line.key for line in found} != {one.get("key") for one in known}:
        return True
    rows = [row for row in plan.rows if row.rule is not Rule.TO_INTACCT]
    by_key = {line.key: line for line in found}
    for one in known:
        values = one.get("values")
        theirs = from_intacct(rows, by_key[str(one["key"])].values, twins or {}).values
        if not isinstance(values, dict) or any(plain(v) != values.get(name) for name, v in theirs.items()):
            return True
    return False
