"""How columns and indexes are spelt so that both engines keep them alike. No table stands here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Index, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col


def empty() -> dict[str, Any]:
    """The default of a JSON object."""
    return {}


def nothing() -> list[Any]:
    """The default of a JSON array."""
    return []


def json_column() -> Any:
    """The type of a JSON column: binary where the engine has it."""
    return JSON().with_variant(JSONB(), "postgresql")


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows that satisfy `where`."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def among(column: str, words: Sequence[str]) -> ColumnElement[bool]:
    """The column holds one of `words`, our own, which are written out in the statement.

    Only so does SQLite see that a partial index over the same words fits; with parameters it would read every row.
    """
    return col(column).in_(bindparam(None, list(words), expanding=True, literal_execute=True))
