"""Values of managed lists that Intacct's records name and Salesforce has not got yet: the list is asked once.

One question per list and batch. A value the list has is brought first, by an operation of its own which the record
waits for; one it has not, or that could not be brought, is an error that names field and value. Nothing is emptied.
"""

from collections.abc import Sequence

from app.domain.decisions import Reference, Result
from app.domain.declaration import UNION, Rule
from app.domain.errors import Kind, SyncError
from app.domain.plan import Plan
from app.domain.records import BORN_IN_INTACCT, Record
from app.sync.ports import Backend, Bindings
from app.sync.work import Batch, Work

Named = tuple[str, str]
"""A list and a value of it, by its natural id."""


def values_named(plan: Plan, record: Record) -> dict[str, Named]:
    """The list values an Intacct record names in rows that come back, by row id."""
    return {
        row.id: (row.refers_to, str(value))
        for row in plan.rows
        if row.refers_to in plan.lists and row.rule is not Rule.TO_INTACCT
        if row.refers_to and (value := record.values.get(row.names[0]))
    }


async def bring_list_values(batch: Batch, works: Sequence[Work], intacct: Backend, bindings: Bindings) -> None:
    """End, for now, the runs of records that name a list value which has no Salesforce twin."""
    unknown = {
        id(work): {
            row_id: named for row_id, named in values_named(batch.plan, work.target).items() if _new(batch, named)
        }
        for work in works
        if work.settlement is None and work.target is not None
    }
    wanted: dict[str, set[str]] = {}
    for name, value in (named for rows in unknown.values() for named in rows.values()):
        wanted.setdefault(name, set()).add(value)
    keys: dict[Named, str] = {}
    for name, values in wanted.items():
        keys |= await _ask(batch, name, sorted(values), intacct, bindings)
    for work in works:
        for row_id, named in unknown.get(id(work), {}).items():
            if _new(batch, named):
                _refuse(batch, work, row_id, named, keys)
        missing = [named for named in unknown.get(id(work), {}).values() if _new(batch, named)]
        if missing:
            _wait(batch, work, missing, keys)


def _new(batch: Batch, named: Named) -> bool:
    return named not in batch.sources


async def _ask(
    batch: Batch, name: str, values: Sequence[str], intacct: Backend, bindings: Bindings
) -> dict[Named, str]:
    """The RECORDNO of each value the list has. One that is linked under a name it had before is known from now on."""
    end = batch.plan.lists[name]
    order = end.kind.split(UNION)
    found: dict[str, str] = {}
    for record in await intacct.find(end.kind, {end.natural_key: list(values)}, [end.natural_key]):
        value, place = str(record.values.get(end.natural_key)), _place(order, record.key)
        if value not in found or place < _place(order, found[value]):
            found[value] = record.key
    linked = await bindings.by_intacct_key(name, sorted(found.values())) if found else {}
    for value, key in found.items():
        if key in linked:
            batch.note_twin(name, value, linked[key].salesforce_id)
    return {(name, value): key for value, key in found.items()}


def _place(order: Sequence[str], key: str) -> int:
    """Where the kind of a key of a union stands: the first one that has a value carries it."""
    kind, colon, _ = key.partition(":")
    return order.index(kind) if colon and kind in order else 0


def _refuse(batch: Batch, work: Work, row_id: str, named: Named, keys: dict[Named, str]) -> None:
    """The error of a value that its list has not, or that could not be brought although it was tried."""
    row = next(row for row in batch.plan.rows if row.id == row_id)
    (name, value), field = named, row.salesforce
    said = f"{row.names[0]} in Intacct is {value!r}"
    if named not in keys:
        message = f"{said}, which {batch.plan.lists[name].kind} has not; {field} cannot show it."
        advice = f"Choose a value of the list for {row.names[0]} in Intacct; this record is read again then."
        work.fail(SyncError(Kind.DATA, "list_value_unknown", message, advice, field=field))
        return
    reference = Reference(name, f"{BORN_IN_INTACCT}{keys[named]}")
    if reference in work.claim.waited_for:
        message = f"{said}, and that {name} could not be brought to Salesforce; {field} cannot show it."
        advice = f"See the error log of {name}, or its options; this record follows when the value has arrived."
        error = SyncError(Kind.DEPENDENCY, "list_value_not_synced", message, advice, field=field)
        work.settle(Result.BLOCKED, error.code, message, error=error, blocked_on=reference)


def _wait(batch: Batch, work: Work, missing: Sequence[Named], keys: dict[Named, str]) -> None:
    """Let the record wait until its list values have arrived; nothing where its run is over already."""
    if work.settlement is None:
        references = dict.fromkeys(Reference(name, f"{BORN_IN_INTACCT}{keys[name, value]}") for name, value in missing)
        said = ", ".join(f"{name} {value!r}" for name, value in dict.fromkeys(missing))
        message = f"The record names what Salesforce has not yet got: {said}."
        work.settle(Result.BLOCKED, "waiting_for_list", message, waits_for=tuple(references))
