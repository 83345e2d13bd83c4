"""One statement both databases know: insert what is not there yet, and tell which rows were. No use case in here.

The unique index decides, so any number of parallel requests agree. A look before the insert would not do.
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


def collided(error: DBAPIError) -> bool:
    """Whether two transactions took the same locks in another order, so that this one may simply run again."""
    return getattr(error.orig, "sqlstate", None) in _DEADLOCK
