"""Short words for what scenarios do to a house and ask of it. No test and no fixture stands here."""

from collections.abc import Mapping
from typing import Any

from app.store.tables import Connection
from tests.simulated import House


async def switch_on(house: House, *names: str, **options: Mapping[str, Any]) -> None:
    """Sync the named objects and those `options` gives options for; options set before stay."""
    async with house.context.begin() as session:
        row = await session.get_one(Connection, house.connection.id)
        known = dict(row.options.get("objects", {}))
        for name in (*names, *options):
            known[name] = {**known.get(name, {}), "enabled": True, **options.get(name, {})}
        row.options = {**row.options, "objects": known}
        house.connection = row


def shown(house: House, kind: str, *fields: str) -> list[tuple[Any, ...]]:
    """The named fields of all Salesforce records of a kind, sorted."""
    rows = [tuple(record[field] for field in fields) for record in house.salesforce.state.records(kind)]
    return sorted(rows, key=str)
