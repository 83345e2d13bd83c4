"""Queries over the records that bulk updates edit. Opens no transaction and decides nothing."""

from collections.abc import Sequence

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.mass_tables import MassEdit

PLANNED = "planned"


async def known(session: AsyncSession, run_id: str, record_ids: Sequence[str]) -> set[str]:
    """Those of the records that the run has selected before."""
    query = select(MassEdit.record_id).where(MassEdit.run_id == run_id, col(MassEdit.record_id).in_(record_ids))
    return set(await session.exec(query))


async def tally(session: AsyncSession, run_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Per run: how many of its records have each result."""
    query = (
        select(MassEdit.run_id, MassEdit.result, func.count())
        .where(col(MassEdit.run_id).in_(run_ids))
        .group_by(col(MassEdit.run_id), col(MassEdit.result))
    )
    found: dict[str, dict[str, int]] = {run_id: {} for run_id in run_ids}
    for run_id, result, number in await session.exec(query):
        found[run_id][result] = number
    return found


async def of(session: AsyncSession, run_id: str, record_ids: Sequence[str]) -> dict[str, MassEdit]:
    """The given records of a run, locked in the order of their ids."""
    query = (
        select(MassEdit)
        .where(MassEdit.run_id == run_id, col(MassEdit.record_id).in_(record_ids))
        .order_by(col(MassEdit.record_id))
        .with_for_update()
    )
    return {row.record_id: row for row in await session.exec(query.execution_options(populate_existing=True))}


async def page(session: AsyncSession, run_id: str, result: str | None, after: str, size: int) -> list[MassEdit]:
    """Up to `size` records of a run, of one result if it is given, behind the id `after`."""
    query = select(MassEdit).where(MassEdit.run_id == run_id, col(MassEdit.record_id) > after)
    if result is not None:
        query = query.where(MassEdit.result == result)
    return list(await session.exec(query.order_by(col(MassEdit.record_id)).limit(size)))
