"""Everything known about one record: its link, what is happening to it, what was decided and why, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.records import BORN_IN_INTACCT
from app.services.budget import Stops, stops_of
from app.services.context import Context
from app.services.paging import Page, cut, place_of
from app.store import bindings, decisions, errors, operations
from app.store.errors import ErrorFilter
from app.store.link_tables import FormerLink
from app.store.tables import Binding, Decision, ErrorLog, Operation

HISTORY = 50
"""How many decisions and open errors are told."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The record as we know it. `decisions` run from the newest to the oldest; `live` is the operation under way.

    `former` are links that ended, those taken over in a merge included: their older transactions bear those ids.
    """

    binding: Binding | None
    live: Operation | None
    decisions: Sequence[Decision]
    errors: Sequence[ErrorLog]
    stops: Stops
    former: Sequence[FormerLink] = ()

    @property
    def last(self) -> Decision | None:
        """The newest decision."""
        return self.decisions[0] if self.decisions else None

    @property
    def known(self) -> bool:
        """Whether we have ever heard of the record."""
        return bool(self.binding or self.live or self.decisions or self.errors)


async def explain(context: Context, connection_id: str, object_name: str, record_id: str) -> Explanation:
    """What is known of a record, by its 18-character id; nothing of it is read from either side."""
    async with context.begin() as session:
        linked = await bindings.by_salesforce_id(session, connection_id, object_name, [record_id])
        return Explanation(
            binding=linked[0] if linked else None,
            former=await bindings.former(session, connection_id, object_name, [record_id]),
            live=await operations.live_of(session, connection_id, object_name, record_id),
            decisions=await operations.decisions_about(session, connection_id, object_name, record_id, HISTORY),
            errors=await errors.page(
                session, connection_id, ErrorFilter(object_name, record_id, open=True), None, HISTORY
            ),
            stops=await stops_of(session, connection_id, context.clock.now()),
        )


async def history(
    context: Context, connection_id: str, object_name: str, record_id: str, cursor: str | None, size: int
) -> Page[tuple[Decision, Operation | None]]:
    """A page of every decision about a record, newest first, each with the operation it belongs to.

    A record that was born in Intacct was decided about under its RECORDNO before it had a Salesforce id; that counts.
    """
    async with context.begin() as session:
        linked = await bindings.by_salesforce_id(session, connection_id, object_name, [record_id])
        names = [record_id, *(f"{BORN_IN_INTACCT}{row.intacct_key}" for row in linked)]
        rows = await decisions.page_about(session, connection_id, object_name, names, place_of(cursor), size + 1)
    return cut(rows, size, lambda row: (row[0].at, row[0].id))
