"""Statements both databases know: insert what is not there yet and tell which rows were, or add to what is there.

The unique index decides, so any number of parallel requests agree. A look before the insert would not do. No use case
in here.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table, TextClause
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

_DEADLOCK = ("40P01", "40001")
"""SQLSTATE deadlock_detected and serialization_failure: nothing was changed, the transaction may run again."""


async def insert_absent(
    session: AsyncSession,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    unique: Sequence[str],
    where: TextClause | None = None,
) -> set[str]:
    """Insert the `rows` whose `unique` columns (of rows that satisfy `where`) are free; the ids that went in.

    A row that another open transaction is inserting is waited for. Rows come with all columns, in the order in which
    locks are to be taken.
    """
    if not rows:
        return set()
    connection = await session.connection()
    statement = _statement(connection.dialect.name, table, tuple(unique), where)
    given = [dict(row) for row in rows]
    return set((await connection.execute(statement, given if len(given) > 1 else given[0])).scalars())


@cache
def _statement(dialect: str, table: Table, unique: tuple[str, ...], where: TextClause | None) -> Any:
    module: Any = postgresql if dialect == "postgresql" else sqlite
    insert = module.insert(table).on_conflict_do_nothing(index_elements=list(unique), index_where=where)
    return insert.returning(table.c.id)


async def add_up(
    session: AsyncSession,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    unique: Sequence[str],
    sums: Sequence[str],
) -> None:
    """Insert the `rows`; where the `unique` columns are taken, add the `sums` columns to the row that is there.

    Rows come with all columns, in the order in which locks are to be taken.
    """
    if rows:
        connection = await session.connection()
        statement = _adding(connection.dialect.name, table, tuple(unique), tuple(sums))
        await connection.execute(statement, [dict(row) for row in rows])


@cache
def _adding(dialect: str, table: Table, unique: tuple[str, ...], sums: tuple[str, ...]) -> Any:
    module: Any = postgresql if dialect == "postgresql" else sqlite
    insert = module.insert(table)
    grown = {name: table.c[name] + insert.excluded[name] for name in sums}
    return insert.on_conflict_do_update(index_elements=list(unique), set_=grown)


def collided(error: DBAPIError) -> bool:
    """Whether two transactions took the same locks in another order, so that this one may simply run again."""
    return getattr(error.orig, "sqlstate", None) in _DEADLOCK
