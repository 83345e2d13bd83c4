"""How columns and indexes are spelt so that both engines keep them alike. No table stands here."""

from typing import Any

from sqlalchemy import JSON, Index, text
from sqlalchemy.dialects.postgresql import JSONB


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
