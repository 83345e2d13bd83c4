"""Queries over records a person has looked through. No transaction of their own."""

from collections.abc import Sequence

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.mass_tables import Review
from app.store.upsert import insert_absent


async def mark(session: AsyncSession, row: Review) -> None:
    """Set a record aside; one that is aside stays as it is."""
    unique = ("connection_id", "object", "record_id")
    await insert_absent(session, Review.__table__, [row.model_dump()], unique=unique)  # type: ignore[attr-defined]


async def unmark(session: AsyncSession, connection_id: str, object_name: str, record_id: str) -> None:
    """Take a record out again."""
    await session.exec(
        delete(Review).where(
            col(Review.connection_id) == connection_id,
            col(Review.object) == object_name,
            col(Review.record_id) == record_id,
        )
    )


async def among(session: AsyncSession, connection_id: str, object_name: str, record_ids: Sequence[str]) -> set[str]:
    """Those of the records that were set aside."""
    query = select(Review.record_id).where(
        Review.connection_id == connection_id, Review.object == object_name, col(Review.record_id).in_(record_ids)
    )
    return set(await session.exec(query))
