"""First link-up: unlinked Salesforce records page by page, each with the Intacct records that may be its twin.

Reads both sides and proposes; what follows a person decides in `hand_links`. A proposal is never taken by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.conditions import EVERYTHING, Condition
from app.domain.declaration import SyncedObject
from app.domain.plan import Plan
from app.domain.records import Lane, Record
from app.services.context import Context
from app.services.selections import Selection, Wanted, selection_of
from app.services.spending import note_spending
from app.store import bindings, reviews
from app.store.tables import Connection
from app.sync.ports import Backend

PAGE, PAGES = 200, 10
"""Salesforce records looked at with one query, and queries of one call."""
MOST_TWINS = 10


@dataclass(frozen=True, slots=True)
class Twin:
    """An Intacct record that may be the twin. `by` is the Intacct field that agrees; `taken_by` its present twin."""

    key: str
    natural_id: str
    name: str
    by: str
    taken_by: str | None


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A Salesforce record without a twin, and those that may be it, the surest first."""

    record_id: str
    name: str
    reviewed: bool
    twins: tuple[Twin, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """A page of unlinked records and the key behind which the next begins, None at the end.

    The numbers are those of the whole object, whatever the filter: records without a twin on either side.
    """

    records: tuple[Unlinked, ...]
    next_after: str | None
    salesforce_unlinked: int
    intacct_unlinked: int


async def matches(
    context: Context,
    connection: Connection,
    declared: SyncedObject,
    where: Condition,
    *,
    after: str,
    size: int,
    with_reviewed: bool = False,
) -> Matches:
    """Up to `size` unlinked records behind the Salesforce id `after`; fewer when many linked ones stand between.

    Raises SyncError for a filter that cannot be asked, an object that is off, or a side that does not answer.
    """
    selection = await selection_of(context, connection, declared, Wanted(where=where))
    plan, pair = selection.plan, selection.pair
    try:
        found, aside, behind = await _unlinked(context, selection, after, size, with_reviewed=with_reviewed)
        twins = await _twins(context, connection, plan, pair.intacct, found)
        here = await pair.salesforce.count(plan.object.salesforce.kind, EVERYTHING)
        there = await pair.intacct.count(declared.intacct.kind, EVERYTHING)
    finally:
        await note_spending(context, connection.id, Lane.BULK, pair)
    async with context.begin() as session:
        linked = await bindings.how_many(session, connection.id, declared.name)
    named = plan.object.salesforce.natural_key
    records = [Unlinked(r.key, str(r.values.get(named) or ""), r.key in aside, tuple(twins[r.key])) for r in found]
    return Matches(tuple(records), behind, max(0, here - linked), max(0, there - linked))


async def _unlinked(
    context: Context, selection: Selection, after: str, size: int, *, with_reviewed: bool
) -> tuple[list[Record], set[str], str | None]:
    """Unlinked records, those of them that were set aside, and the key behind which the next page begins."""
    declared, connection_id = selection.plan.object, selection.connection.id
    fields = list(dict.fromkeys((*selection.plan.salesforce_fields, declared.salesforce.natural_key)))
    found: list[Record] = []
    aside: set[str] = set()
    for _ in range(PAGES):
        page = await selection.pair.salesforce.select(
            declared.salesforce.kind, selection.wanted.where, fields, after=after, size=PAGE
        )
        ids = [record.key for record in page]
        async with context.begin() as session:
            linked = {
                b.salesforce_id for b in await bindings.by_salesforce_id(session, connection_id, declared.name, ids)
            }
            reviewed = await reviews.among(session, connection_id, declared.name, ids)
        aside |= reviewed
        for record in page:
            if len(found) == size:
                return found, aside, after
            after = record.key
            if record.key not in linked and (with_reviewed or record.key not in reviewed):
                found.append(record)
        if len(page) < PAGE:
            return found, aside, None
    return found, aside, after


async def _twins(
    context: Context, connection: Connection, plan: Plan, intacct: Backend, records: Sequence[Record]
) -> Mapping[str, list[Twin]]:
    """Intacct records that agree in our key, the id or the name: one query for all."""
    wanted = {record.key: _sought(plan, record) for record in records}
    any_of: dict[str, list[str]] = {}
    for sought in wanted.values():
        for name, values in sought.items():
            any_of.setdefault(name, []).extend(values)
    natural = plan.object.intacct.natural_key
    shown = _names(plan)
    fields = list(dict.fromkeys((natural, *any_of, *shown)))
    there = await intacct.find(plan.object.intacct.kind, {n: list(dict.fromkeys(v)) for n, v in any_of.items()}, fields)
    async with context.begin() as session:
        keys = [record.key for record in there]
        bound = await bindings.by_intacct_key(session, connection.id, plan.object.name, keys)
    taken = {row.intacct_key: row.salesforce_id for row in bound}
    proposed: dict[str, list[Twin]] = {key: [] for key in wanted}
    for key, sought in wanted.items():
        for name, values in sought.items():
            folded = {value.casefold() for value in values}
            for one in there:
                if str(one.values.get(name) or "").casefold() in folded and not any(
                    t.key == one.key for t in proposed[key]
                ):
                    title = next((str(one.values[n]) for n in shown if one.values.get(n)), "")
                    twin = Twin(one.key, str(one.values.get(natural) or one.key), title, name, taken.get(one.key))
                    proposed[key].append(twin)
        del proposed[key][MOST_TWINS:]
    return proposed


def _sought(plan: Plan, record: Record) -> dict[str, list[str]]:
    """What a twin would hold, by Intacct field: our key, the natural ids, then the fields by which it is matched."""
    natural, values = plan.object.intacct.natural_key, record.values
    keys = [values.get(plan.write_back.intacct_id)]
    if plan.object.keys_for is not None:
        keys += plan.object.keys_for({**plan.standard(values), "Id": record.key})
    sought: dict[str, list[str]] = {plan.link_field: [record.key]} if plan.link_field else {}
    sought[natural] = [str(key).strip() for key in keys if key and str(key).strip()]
    for name in (*plan.object.match_by, *_names(plan)):
        if name != natural:
            rows = [row for row in plan.rows if row.names == (name,) and not row.refers_to]
            sought[name] = [str(value) for row in rows if (value := values.get(row.salesforce))]
    return {name: values for name, values in sought.items() if values}


def _names(plan: Plan) -> list[str]:
    """Intacct fields that hold what Salesforce calls the record's name."""
    named = plan.object.salesforce.natural_key
    return [row.names[0] for row in plan.rows if row.salesforce == named and not row.refers_to]
