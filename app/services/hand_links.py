"""What a person decides in the match tool: two records are one, a field's value of one side is right, a record is done.

Nothing is sent here: a link is stored, or what was agreed on is moved so that the next run carries the chosen value;
the run itself keeps every rule. Each act is told by a decision of the record, with who did it.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.declaration import Field, Rule, SyncedObject
from app.domain.errors import Kind, SyncError
from app.domain.mapping import from_intacct, from_salesforce
from app.domain.plan import Plan
from app.domain.records import Lane, Record, System
from app.domain.transforms import Canonical, plain
from app.services import intake
from app.services.context import Context, Pair
from app.services.intake import Origin
from app.services.items import Item
from app.services.journal import SqlJournal
from app.services.planning import plan_for
from app.services.spending import note_spending
from app.store import bindings, operations, reviews
from app.store.mass_tables import Review
from app.store.tables import Binding, Connection, Decision

BY_HAND = "byHand"


async def link(
    context: Context, connection: Connection, declared: SyncedObject, record_id: str, intacct_key: str, by: str
) -> None:
    """Make two existing records one; the next sync brings them in step. `by` is the API key that asked.

    Raises SyncError CONFLICT `already_linked`, `twin_taken`, `record_busy`, `record_missing`.
    """
    pair = context.backends.of(connection, Lane.INTERACTIVE)
    try:
        plan = await plan_for(context, connection, declared, pair)
        _, there = await _both(plan, pair, record_id, intacct_key)
    finally:
        await note_spending(context, connection.id, Lane.INTERACTIVE, pair)
    now = context.clock.now()
    natural = str(there.values.get(declared.intacct.natural_key) or there.key)
    row = Binding(
        id=context.new_id(),
        connection_id=connection.id,
        object=declared.name,
        salesforce_id=record_id,
        intacct_key=there.key,
        intacct_id=natural,
        how=BY_HAND,
        created_at=now,
        updated_at=now,
    )
    said = f"Linked by hand to {declared.intacct.kind} {natural} (record {there.key}), with API key {by}."
    try:
        async with context.begin() as session:
            await _idle(session, connection, declared, record_id)
            if await bindings.by_salesforce_id(session, connection.id, declared.name, [record_id]):
                advice = "Unlink it first."
                raise SyncError(Kind.CONFLICT, "already_linked", "The record has a twin in Intacct.", advice)
            if await bindings.by_intacct_key(session, connection.id, declared.name, [there.key]):
                raise _taken(natural)
            session.add(row)
            session.add(_decision(context, connection, declared, record_id, "linked_by_hand", said, now))
    except IntegrityError as raced:
        raise _taken(natural) from raced


async def copy_fields(
    context: Context,
    connection: Connection,
    declared: SyncedObject,
    record_id: str,
    fields: Sequence[str],
    to: System,
    *,
    by: str,
    requested_by: str | None,
    correlation_id: str,
) -> Item:
    """Have the named Salesforce fields of a linked record take the value of the other side, or give theirs; then sync.

    All other fields follow their rules as in every sync. Raises SyncError CONFLICT `not_linked`, `record_busy`,
    `record_missing`, CONFIG `field_not_mapped`, `rule_forbids` by the field's name.
    """
    pair = context.backends.of(connection, Lane.INTERACTIVE)
    memory = SqlJournal(context, connection.id)
    try:
        plan = await plan_for(context, connection, declared, pair)
        rows = [_row(plan, name, to) for name in dict.fromkeys(fields)]
        bound = (await memory.of(declared.name, [record_id])).get(record_id)
        if bound is None:
            raise SyncError(Kind.CONFLICT, "not_linked", "The record has no twin in Intacct.", "Link it first.")
        here, there = await _both(plan, pair, record_id, bound.intacct_key)
        stale = await _stale(memory, rows, here, there, to)
    finally:
        await note_spending(context, connection.id, Lane.INTERACTIVE, pair)
    said = f"{', '.join(fields)} copied to {to.value} by hand, with API key {by}."
    async with context.begin() as session:
        await _idle(session, connection, declared, record_id)
        [row] = await bindings.by_salesforce_id(session, connection.id, declared.name, [record_id])
        row.base = {**row.base, **{name: plain(value) for name, value in stale.items()}}
        now = context.clock.now()
        session.add(_decision(context, connection, declared, record_id, "copied_by_hand", said, now))
        [item] = await intake.wish(
            context,
            connection,
            declared.name,
            [record_id],
            origin=Origin.BUTTON,
            correlation_id=correlation_id,
            requested_by=requested_by,
            session=session,
        )
    await context.bell.ring(connection.id, Lane.INTERACTIVE)
    return item


async def review(
    context: Context, connection_id: str, object_name: str, record_id: str, by: str, *, done: bool
) -> None:
    """Set a record of the match tool aside, or take it out again."""
    async with context.begin() as session:
        if not done:
            await reviews.unmark(session, connection_id, object_name, record_id)
            return
        now, key = context.clock.now(), context.new_id()
        await reviews.mark(
            session,
            Review(
                id=key,
                connection_id=connection_id,
                object=object_name,
                record_id=record_id,
                reviewed_by=by,
                reviewed_at=now,
            ),
        )


def _row(plan: Plan, name: str, to: System) -> Field:
    row = next((row for row in plan.rows if name in row.places), None)
    if row is None:
        message = f"{name} is not in the active mapping of {plan.object.name}."
        raise SyncError(Kind.CONFIG, "field_not_mapped", message, "Name a mapped Salesforce field.", field=name)
    if row.rule is (Rule.TO_INTACCT if to is System.SALESFORCE else Rule.FROM_INTACCT):
        message = f"By its rule {name} is not carried to {to.value}."
        raise SyncError(Kind.CONFIG, "rule_forbids", message, "Change the rule in the mapping, or choose.", field=name)
    return row


async def _stale(
    memory: SqlJournal, rows: Sequence[Field], here: Record, there: Record, to: System
) -> dict[str, Canonical]:
    """The present values of the side that is to change, by row: taken for agreed, the other side was edited."""
    if to is System.INTACCT:
        known = {row.refers_to: {str(there.values.get(row.names[0]))} for row in rows if row.refers_to}
        return from_intacct(rows, there.values, known).values
    twins = {}
    for row in rows:
        if row.refers_to and (value := here.values.get(row.salesforce)):
            bound = (await memory.of(row.refers_to, [str(value)])).get(str(value))
            twins[row.refers_to, str(value)] = bound.intacct_id if bound else ""
    return from_salesforce(rows, here.values, twins).values


async def _both(plan: Plan, pair: Pair, record_id: str, intacct_key: str) -> tuple[Record, Record]:
    """Both records as they stand. Raises SyncError CONFLICT `record_missing`."""
    declared = plan.object
    here = await pair.salesforce.find(declared.salesforce.kind, {"Id": [record_id]}, plan.salesforce_fields)
    there = await pair.intacct.find(declared.intacct.kind, {"RECORDNO": [intacct_key]}, plan.intacct_fields)
    for found, what in (
        (here, f"{declared.salesforce.kind} {record_id}"),
        (there, f"{declared.intacct.kind} record {intacct_key}"),
    ):
        if not found:
            raise SyncError(Kind.CONFLICT, "record_missing", f"{what} cannot be read.", "Check the id.")
    return here[0], there[0]


async def _idle(session: AsyncSession, connection: Connection, declared: SyncedObject, record_id: str) -> None:
    if await operations.lock_live(session, connection.id, declared.name, [record_id]):
        message = "An operation for this record is not over."
        raise SyncError(Kind.CONFLICT, "record_busy", message, "Wait for its end, or cancel it first.")


def _taken(natural: str) -> SyncError:
    message = f"{natural} is the twin of another Salesforce record."
    return SyncError(Kind.CONFLICT, "twin_taken", message, "Unlink that one first, or choose another record.")


def _decision(
    context: Context,
    connection: Connection,
    declared: SyncedObject,
    record_id: str,
    reason: str,
    message: str,
    now: datetime,
) -> Decision:
    """An act by hand, in the history of the record; it belongs to no operation, so its own id stands there."""
    key = context.new_id()
    return Decision(
        id=key,
        connection_id=connection.id,
        operation_id=key,
        run=0,
        object=declared.name,
        record_id=record_id,
        result="unchanged",
        reason=reason,
        message=message,
        at=now,
    )
