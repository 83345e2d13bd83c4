"""Journal mappings that run by the clock: they look for source lines that are in no entry yet, page by page.

Safe to run any number at once; what makes a line used stands in `building`.
"""

import logging

from app.domain.building import RECORD_TYPE, JournalMapping
from app.domain.conditions import AllOf, Compare, Condition, Operator
from app.domain.errors import SyncError
from app.domain.records import Lane
from app.services import building
from app.services.building import Asked
from app.services.context import Context
from app.services.journal_mappings import load
from app.store import builds, cursors
from app.store.tables import Connection

LOG = logging.getLogger("tandem.building")

PAGE = 200
MOST_PAGES = 50
"""Pages of one mapping and turn; what is left comes with the next turn, as used lines are not read again."""


async def run_due(context: Context) -> int:
    """Run every mapping that is marked for it, of all enabled connections; how many records had an entry built.

    A mapping that cannot run is logged and tried again next time; the others go on.
    """
    async with context.begin() as session:
        connections = await cursors.enabled_connections(session)
        due = {one.id: await builds.scheduled(session, one.id) for one in connections}
    built = 0
    for connection in connections:
        for name in due[connection.id]:
            try:
                built += await _run(context, connection, name)
            except SyncError as error:
                LOG.warning("mapping_not_run", extra={"mapping": name, "code": error.code, "error": error.message})
    return built


async def _run(context: Context, connection: Connection, name: str) -> int:
    mapping = await load(context, connection.id, name)
    salesforce = context.backends.of(connection, Lane.BULK).salesforce
    kind, fields = mapping.line or mapping.header, [mapping.parent] if mapping.line and mapping.parent else []
    after, built = "", 0
    for _ in range(MOST_PAGES):
        page = await salesforce.select(kind, _unused(mapping), fields, after=after, size=PAGE)
        owners = [str(record.values.get(mapping.parent)) if mapping.parent else record.key for record in page]
        if page:
            asked = Asked(context.new_id())
            made = await building.run(context, connection, name, list(dict.fromkeys(owners)), asked)
            built += sum(1 for one in made if one.result == "built")
            after = page[-1].key
        if len(page) < PAGE:
            break
    return built


def _unused(mapping: JournalMapping) -> Condition:
    """Source lines of the mapping without a reference; what else the header must satisfy is seen when it is read."""
    empty = tuple(Compare(name, Operator.IS_EMPTY) for name in mapping.references)
    if mapping.line:
        return AllOf((*empty, mapping.line_filter))
    types = (Compare(RECORD_TYPE, Operator.IN, mapping.record_types),) if mapping.record_types else ()
    return AllOf((*empty, *types, mapping.header_filter, mapping.line_filter))
