"""Everything known about one record: its link, what is happening to it, what was decided and why, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.services.context import Context
from app.store import bindings, errors, operations
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
        )
