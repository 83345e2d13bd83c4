"""Mappings by which journal entries are made: kept per connection by name, checked before they are stored.

Whether Salesforce has the fields a mapping names is seen by its preview, not here: an org may be away or change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from app.domain.building import ACCOUNT, AMOUNT, JournalMapping, Row, Side, bare
from app.domain.conditions import AllOf, AnyOf, Compare, Condition, Operator, check
from app.domain.errors import Kind, SyncError
from app.services.configuration import require_version
from app.services.context import Context
from app.store import builds
from app.store.build_tables import JournalMappingRow
from app.store.values import decode, encode

REQUIRED_HEADER = ("Intacct_Journal__c", "Date__c", "Description__c")
OURS = ("Source_Key__c", "Line_Count__c", "Intacct_Record_No__c", "Batch_Number__c", "Debit_Credit__c")
"""Targets the service fills itself; those that begin with SB_ are Intacct's."""


async def listed(context: Context, connection_id: str) -> list[JournalMappingRow]:
    """All mappings of the connection, by name."""
    async with context.begin() as session:
        return await builds.mappings(session, connection_id)


async def get(context: Context, connection_id: str, name: str) -> JournalMappingRow:
    """One mapping. Raises SyncError DATA `mapping_unknown`."""
    async with context.begin() as session:
        return known(await builds.mapping(session, connection_id, name))


async def load(context: Context, connection_id: str, name: str) -> JournalMapping:
    """One mapping as code works by it. Raises SyncError DATA `mapping_unknown`."""
    return read(await get(context, connection_id, name))


async def create(context: Context, connection_id: str, mapping: JournalMapping) -> JournalMappingRow:
    """Store a new mapping. Raises SyncError CONFIG `mapping_invalid`, CONFLICT `name_taken`."""
    validate(mapping)
    now = context.clock.now()
    row = JournalMappingRow(
        id=context.new_id(),
        connection_id=connection_id,
        name=mapping.name,
        scheduled=mapping.scheduled,
        definition=plain(mapping),
        created_at=now,
        updated_at=now,
    )
    async with context.begin() as session:
        if not await builds.insert_mapping(session, row):
            message = f"There is a journal mapping {mapping.name!r} already."
            raise SyncError(Kind.CONFLICT, "name_taken", message, "Choose another name.", field="name")
    return row


async def change(
    context: Context, connection_id: str, name: str, changes: Mapping[str, Any], version: int | None
) -> JournalMappingRow:
    """Change the members that are named. What was built stays as it is.

    Raises SyncError DATA `mapping_unknown`, CONFIG `mapping_invalid`, CONFLICT `version_conflict`.
    """
    async with context.begin() as session:
        row = known(await builds.mapping(session, connection_id, name, lock=True))
        require_version(row, version)
        changed = replace(read(row), **changes)
        validate(changed)
        if plain(changed) != row.definition:
            row.definition, row.scheduled = plain(changed), changed.scheduled
            row.version, row.updated_at = row.version + 1, context.clock.now()
    return row


async def delete(context: Context, connection_id: str, name: str) -> None:
    """Forget a mapping; what it built stays. Raises SyncError DATA `mapping_unknown`."""
    async with context.begin() as session:
        await session.delete(known(await builds.mapping(session, connection_id, name, lock=True)))


def known(row: JournalMappingRow | None) -> JournalMappingRow:
    """The row. Raises SyncError DATA `mapping_unknown` for none."""
    if row is None:
        raise SyncError(Kind.DATA, "mapping_unknown", "There is no such journal mapping.", "Check its name.")
    return row


def validate(mapping: JournalMapping) -> None:
    """Raises SyncError CONFIG `mapping_invalid` with all that is wrong, or DATA `condition_invalid`."""
    problems = []
    if bool(mapping.line) is not bool(mapping.parent):
        problems.append("lineSource and parentField go together")
    if not mapping.statistical and not mapping.credit_field:
        problems.append("creditField is missing; only a statistical mapping has one side")
    if mapping.credit_field == mapping.debit_field:
        problems.append("debitField and creditField must be two fields")
    problems += [f"no header row fills {n}" for n in REQUIRED_HEADER if n not in set(map(_target, mapping.header_rows))]
    amounts = [row for row in mapping.line_rows if _target(row) == AMOUNT]
    if len(amounts) != 1 or amounts[0].side is not Side.BOTH or amounts[0].field is None:
        problems.append(f"exactly one line row fills {AMOUNT}, from a field, for both sides")
    for side in (Side.DEBIT,) if mapping.statistical else (Side.DEBIT, Side.CREDIT):
        rows = [row for row in mapping.line_rows if _target(row) == ACCOUNT and row.side in (Side.BOTH, side)]
        if len(rows) != 1:
            problems.append(f"exactly one line row fills {ACCOUNT} for {side.value}")
    problems += _targets("header", mapping.header_rows) + _targets("line", mapping.line_rows)
    if problems:
        message = f"The mapping cannot work: {'; '.join(problems)}."
        raise SyncError(Kind.CONFIG, "mapping_invalid", message, "Correct the mapping.")
    check(mapping.header_filter)
    check(mapping.line_filter)


def _target(row: Row) -> str:
    return bare(row.target)


def _targets(what: str, rows: Sequence[Row]) -> list[str]:
    found = [f"{what} row {r.target} is filled by the service" for r in rows if _target(r) in OURS]
    found += [f"{what} row {r.target} shows what stands in Intacct" for r in rows if _target(r).startswith("SB_")]
    found += [
        f"{what} row {r.target} needs a field or a constant" for r in rows if (r.field is None) is (r.constant is None)
    ]
    blanks = [row for row in rows if isinstance(row.constant, str) and row.constant.startswith("<")]
    found += [f"{what} row {row.target} still has the blank {row.constant}" for row in blanks]
    for side in (Side.DEBIT, Side.CREDIT):
        names = [row.target for row in rows if row.side in (Side.BOTH, side)]
        found += [f"two {what} rows fill {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    return list(dict.fromkeys(found))


def plain(mapping: JournalMapping) -> dict[str, Any]:
    """A mapping as JSON holds it."""
    return {one.name: _plain(getattr(mapping, one.name)) for one in fields(mapping) if one.name != "name"}


def _plain(value: Any) -> Any:
    if isinstance(value, Compare):
        return {
            "field": value.field,
            "operator": value.operator.value,
            "values": list(encode(_numbered(value)).values()),
        }
    if isinstance(value, AllOf | AnyOf):
        return {"all" if isinstance(value, AllOf) else "any": [_plain(part) for part in value.parts]}
    if isinstance(value, Row):
        return {"target": value.target, "field": value.field, "constant": value.constant, "side": value.side.value}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _numbered(one: Compare) -> dict[str, Any]:
    return {str(number): value for number, value in enumerate(one.values)}


def read(row: JournalMappingRow) -> JournalMapping:
    """The inverse of `plain`."""
    stored = row.definition
    rows = {name: tuple(_row(one) for one in stored[name]) for name in ("header_rows", "line_rows")}
    filters = {name: _condition(stored[name]) for name in ("header_filter", "line_filter")}
    texts = {name: tuple(stored[name]) for name in ("entries_by", "lines_by", "record_types")}
    single = ("header", "line", "parent", "debit_field", "credit_field", "statistical", "scheduled")
    dimensions = tuple((target, record_id) for target, record_id in stored["dimensions"])
    given: dict[str, Any] = {**rows, **filters, **texts, **{name: stored[name] for name in single}}
    return JournalMapping(name=row.name, dimensions=dimensions, **given)


def _row(stored: Mapping[str, Any]) -> Row:
    return Row(stored["target"], stored["field"], stored["constant"], Side(stored["side"]))


def _condition(stored: Mapping[str, Any]) -> Condition:
    if "field" in stored:
        values = decode({str(number): value for number, value in enumerate(stored["values"])})
        return Compare(stored["field"], Operator(stored["operator"]), tuple(values.values()))
    kind = AllOf if "all" in stored else AnyOf
    return kind(tuple(_condition(part) for part in stored["all" if kind is AllOf else "any"]))
