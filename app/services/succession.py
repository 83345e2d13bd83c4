"""What becomes of the links of merged Salesforce records (product.md 2.3). Works in the caller's transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from app.store import bindings as links
from app.store.link_tables import FormerLink
from app.store.tables import Binding
from app.sync.merging import MERGED
from app.sync.ports import Succession

UNLINKED = "unlinked"
"""Why a link ended that was not taken over in a merge."""


def ended(new_id: str, row: Binding, why: str, by: str, now: datetime, successor: str | None = None) -> FormerLink:
    """The memory of a link that is about to end, or to pass on."""
    return FormerLink(
        id=new_id,
        connection_id=row.connection_id,
        object=row.object,
        salesforce_id=row.salesforce_id,
        intacct_key=row.intacct_key,
        intacct_id=row.intacct_id,
        why=why,
        successor=successor,
        ended_by=by,
        ended_at=now,
    )


@dataclass(frozen=True, slots=True)
class Heir:
    """Passes links of one object on. The Intacct record, its id and its transactions stay what they are."""

    connection_id: str
    object: str
    new_id: Callable[[], str]
    now: datetime

    async def take(self, session: AsyncSession, successions: Sequence[Succession]) -> list[tuple[str, Binding]]:
        """Move each loser's link to its winner, or end it where the winner has its own; pairs of loser and link."""
        ids = {name for one in successions for name in (one.loser, one.winner)}
        rows = await links.by_salesforce_id(session, self.connection_id, self.object, sorted(ids))
        known = {row.salesforce_id: row for row in rows}
        passed: list[tuple[str, Binding]] = []
        for one in successions:
            row = known.pop(one.loser, None)
            if row is None:
                continue
            session.add(ended(self.new_id(), row, MERGED, one.claim.operation_id, self.now, one.winner))
            if one.winner in known:
                await session.delete(row)
            else:
                row.salesforce_id, row.how, row.updated_at = one.winner, MERGED, self.now
                known[one.winner] = row
            passed.append((one.loser, row))
        return passed
