"""Transaction definitions of a connection: those Intacct has, and how this connection uses them (product.md 4.1).

A definition that was never set may neither be created from Salesforce nor comes back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.conditions import EVERYTHING
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane
from app.domain.transactions import CLASSES, Category, Definition
from app.services.context import Context
from app.store import sales
from app.store.sales_tables import TransactionDefinition
from app.store.tables import Connection

KIND = "SODOCUMENTPARAMS"
MOST = 1000
"""Definitions of one company; no company has nearly as many."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A definition with what Intacct says of it. `standing`: active, inactive, or missing there."""

    definition: Definition
    standing: str


@dataclass(frozen=True, slots=True)
class Use:
    """How a connection is to use a definition; members as in `Definition`."""

    from_salesforce: bool
    to_salesforce: bool
    details: bool
    advanced: bool
    by_hand: bool


async def of_connection(context: Context, connection_id: str) -> dict[str, Definition]:
    """The definitions a connection uses, by name."""
    async with context.begin() as session:
        rows = await sales.definitions(session, connection_id)
    return {row.name: _read(row) for row in rows}


async def listed(context: Context, connection: Connection) -> list[Shown]:
    """All definitions of the company and those set here, by name. Raises SyncError when Intacct cannot be asked."""
    known = await of_connection(context, connection.id)
    there = await _company(context, connection)
    names = sorted({*known, *there})
    return [
        Shown(known.get(name) or Definition(name, there[name][0]), there[name][1] if name in there else "missing")
        for name in names
    ]


async def put(context: Context, connection: Connection, name: str, use: Use) -> Shown:
    """Set how a definition is used. Raises SyncError DATA `definition_unknown` for one the company does not have."""
    there = await _company(context, connection)
    if name not in there:
        message = f"Intacct has no transaction definition {name!r}."
        raise SyncError(Kind.DATA, "definition_unknown", message, "Spell it as in Order Entry.", field="name")
    category, standing = there[name]
    async with context.begin() as session:
        row = await sales.definition(session, connection.id, name, lock=True)
        if row is None:
            now = context.clock.now()
            row = TransactionDefinition(
                id=context.new_id(), connection_id=connection.id, name=name, category=category.value, updated_at=now
            )
            session.add(row)
        row.category, row.updated_at = category.value, context.clock.now()
        row.from_salesforce, row.to_salesforce, row.details = use.from_salesforce, use.to_salesforce, use.details
        row.advanced, row.by_hand = use.advanced, use.by_hand
        await session.flush()
        return Shown(_read(row), standing)


async def forget(context: Context, connection_id: str, name: str) -> None:
    """Use a definition no more: nothing of it is created or comes back. Raises SyncError DATA `definition_unknown`."""
    async with context.begin() as session:
        row = await sales.definition(session, connection_id, name, lock=True)
        if row is None:
            raise SyncError(Kind.DATA, "definition_unknown", f"The definition {name!r} is not used.", field="name")
        await session.delete(row)


async def _company(context: Context, connection: Connection) -> Mapping[str, tuple[Category, str]]:
    """Category and status of every definition of the company."""
    intacct = context.backends.of(connection, Lane.INTERACTIVE).intacct
    found = await intacct.select(KIND, EVERYTHING, ("DOCID", "DOCCLASS", "STATUS"), after="", size=MOST)
    return {
        str(record.values["DOCID"]): (
            CLASSES.get(str(record.values.get("DOCCLASS")), Category.OTHER),
            str(record.values.get("STATUS") or "active"),
        )
        for record in found
        if record.values.get("DOCID")
    }


def _read(row: TransactionDefinition) -> Definition:
    return Definition(
        row.name,
        Category(row.category),
        row.from_salesforce,
        row.to_salesforce,
        row.details,
        row.advanced,
        row.by_hand,
    )
