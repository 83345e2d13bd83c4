"""Queries over journal mappings, builds and the source lines they use. No transaction of their own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.build_tables import JournalBuild, JournalMappingRow, JournalUse
from app.store.upsert import insert_absent

_USES: Table = JournalUse.__table__  # type: ignore[attr-defined]
_MAPPINGS: Table = JournalMappingRow.__table__  # type: ignore[attr-defined]

PLANNED, BUILT, REFUSED = "planned", "built", "refused"


async def mappings(session: AsyncSession, connection_id: str) -> list[JournalMappingRow]:
    """All mappings of a connection, by name."""
    query = select(JournalMappingRow).where(JournalMappingRow.connection_id == connection_id)
    return list(await session.exec(query.order_by(col(JournalMappingRow.name))))


async def mapping(
    session: AsyncSession, connection_id: str, name: str, *, lock: bool = False
) -> JournalMappingRow | None:
    """One mapping by its name."""
    query = select(JournalMappingRow).where(
        JournalMappingRow.connection_id == connection_id, JournalMappingRow.name == name
    )
    return (await session.exec(query.with_for_update() if lock else query)).first()


async def insert_mapping(session: AsyncSession, row: JournalMappingRow) -> bool:
    """Store a new mapping; False when its name is taken."""
    return bool(await insert_absent(session, _MAPPINGS, [row.model_dump()], unique=("connection_id", "name")))


async def scheduled(session: AsyncSession, connection_id: str) -> list[str]:
    """Names of the mappings that run by the clock."""
    query = select(JournalMappingRow.name).where(
        JournalMappingRow.connection_id == connection_id, col(JournalMappingRow.scheduled).is_(True)
    )
    return list(await session.exec(query.order_by(col(JournalMappingRow.name))))


async def uses(session: AsyncSession, connection_id: str, line_ids: Sequence[str]) -> dict[str, str]:
    """Which build each of the source lines is spoken for by."""
    query = select(JournalUse).where(JournalUse.connection_id == connection_id, col(JournalUse.line_id).in_(line_ids))
    return {row.line_id: row.build_id for row in await session.exec(query)}


async def take(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Speak for all source lines, in one order for all; False when one of them is taken: then nothing may stand."""
    ordered = sorted(rows, key=lambda row: str(row["line_id"]))
    return len(await insert_absent(session, _USES, ordered, unique=("connection_id", "line_id"))) == len(ordered)


async def release(session: AsyncSession, build_id: str) -> None:
    """Give the source lines of a build back."""
    await session.exec(delete(JournalUse).where(col(JournalUse.build_id) == build_id))


async def by_ids(session: AsyncSession, connection_id: str, ids: Sequence[str]) -> dict[str, JournalBuild]:
    """Builds by id."""
    query = select(JournalBuild).where(JournalBuild.connection_id == connection_id, col(JournalBuild.id).in_(ids))
    return {row.id: row for row in await session.exec(query)}


async def planned(session: AsyncSession, connection_id: str, now: datetime, size: int) -> list[str]:
    """Ids of builds that are not finished and that nobody holds, oldest first."""
    query = (
        select(JournalBuild.id)
        .where(
            JournalBuild.connection_id == connection_id,
            JournalBuild.state == PLANNED,
            (col(JournalBuild.held_until).is_(None)) | (col(JournalBuild.held_until) <= now),
        )
        .order_by(col(JournalBuild.created_at), col(JournalBuild.id))
        .limit(size)
    )
    return list(await session.exec(query))


async def hold(session: AsyncSession, build_id: str, now: datetime, until: datetime) -> JournalBuild | None:
    """Take a planned build for a while and count the try; None when it is finished or somebody else has it."""
    done = await session.exec(
        update(JournalBuild)
        .where(
            col(JournalBuild.id) == build_id,
            col(JournalBuild.state) == PLANNED,
            (col(JournalBuild.held_until).is_(None)) | (col(JournalBuild.held_until) <= now),
        )
        .values(held_until=until, attempts=JournalBuild.attempts + 1)
    )
    return await session.get(JournalBuild, build_id, populate_existing=True) if done.rowcount else None


async def give_up_unbegun(session: AsyncSession, connection_id: str, why: str) -> None:
    """Refuse the planned builds of which nothing was ever sent, and give their source lines back.

    One that was tried may stand in Salesforce and is finished later: its lines stay spoken for.
    """
    never_tried = (col(JournalBuild.state) == PLANNED, col(JournalBuild.attempts) == 0)
    query = select(JournalBuild).where(JournalBuild.connection_id == connection_id, *never_tried)
    for row in await session.exec(query.order_by(col(JournalBuild.id)).with_for_update()):
        row.state, row.error = REFUSED, why
        await release(session, row.id)
