"""What a disconnect and an emptied pair of simulators forget: every table is in a list, and what is about one goes."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel, col, func, select

from app.domain.errors import SyncError
from app.services import unlinking
from app.services.context import Context
from app.store import builds
from app.store.build_tables import JournalBuild, JournalMappingRow, JournalUse
from app.store.feed_tables import Hint
from app.store.mass_tables import ErrorGroup, MassEdit, MassItem, MassRun, Review
from app.store.payment_tables import InvoiceInFlight, Payment, PaymentDetail, PaymentEntry
from app.store.tables import (
    ApiKey,
    Connection,
    Decision,
    ErrorLog,
    IdempotencyKey,
    Intent,
    MappingVersion,
    Operation,
    Row,
    Slot,
    Spending,
)
from tests.fakes import START

STAYS: dict[type[Row], str] = {
    ApiKey: "whoever may ask may ask after a new start too",
    Operation: "history",
    Decision: "history",
    ErrorLog: "history",
    ErrorGroup: "the causes of that history",
    MassRun: "history; what is open is cancelled",
    MassItem: "which operations a run was",
    MassEdit: "what an update changed, and from what",
    Intent: "a revision of a promised write never comes twice",
    JournalBuild: "the content of entries that were made",
    JournalUse: "no source line is ever used twice",
    Payment: "money that was received stays accounted for",
    PaymentDetail: "what the payments paid",
    PaymentEntry: "their ledger",
    InvoiceInFlight: "an unclear payment keeps its invoice",
    IdempotencyKey: "a repeat gets the first answer; it ends by itself",
    Slot: "places on the wire, about no record",
    Spending: "what was spent is spent",
}
"""Tables of a connection that a disconnect leaves, and why."""


def names(*tables: type[Row]) -> set[str]:
    """The names of tables."""
    return {str(table.__tablename__) for table in tables}


def test_every_table_of_a_connection_goes_or_stays() -> None:
    all_tables = SQLModel.metadata.tables.items()
    of_connections = {name for name, table in all_tables if "connection_id" in table.columns}
    assert names(*unlinking.FORGOTTEN) | names(*STAYS) == of_connections
    assert not names(*unlinking.FORGOTTEN) & names(*STAYS)


def mapping(home: Connection) -> JournalMappingRow:
    """A journal mapping."""
    return JournalMappingRow(id="m", connection_id=home.id, name="Gifts", created_at=START, updated_at=START)


def leftovers(home: Connection) -> list[Row]:
    """One row of each part that hangs on mappings, links and feeds."""
    version: dict[str, Any] = {
        "number": 1,
        "state": "active",
        "created_by": "k",
        "created_at": START,
        "updated_at": START,
    }
    return [
        mapping(home),
        MappingVersion(id="v", connection_id=home.id, object="account", **version),
        Review(id="r", connection_id=home.id, object="account", record_id="001", reviewed_by="k", reviewed_at=START),
        Hint(id="h", connection_id=home.id, source="webhook", outcome="wished", received_at=START),
    ]


def build(home: Connection, name: str, **more: Any) -> list[Row]:
    """A planned journal entry and the source line it speaks for."""
    given: dict[str, Any] = {"mapping": "Gifts", "state": builds.PLANNED, "correlation_id": "test", "created_at": START}
    made: dict[str, Any] = {"id": f"u-{name}", "line_id": f"line {name}", "header_id": "header", "created_at": START}
    return [
        JournalBuild(id=name, connection_id=home.id, **given, **more),
        JournalUse(connection_id=home.id, build_id=name, **made),
    ]


async def store(context: Context, *rows: Row) -> None:
    """Store rows one after the other: some refer to the one before."""
    async with context.begin() as session:
        for row in rows:
            session.add(row)
            await session.flush()


async def count(context: Context, table: type[Row]) -> int:
    """How many rows a table has."""
    async with context.begin() as session:
        return (await session.exec(select(func.count()).select_from(table))).one()


async def test_what_hangs_on_mappings_links_and_feeds_goes(context: Context, home: Connection) -> None:
    rows = leftovers(home)
    await store(context, *rows)
    await unlinking.disconnect(context, home.id)
    assert {type(row).__name__: await count(context, type(row)) for row in rows} == dict.fromkeys(
        ("JournalMappingRow", "MappingVersion", "Review", "Hint"), 0
    )


async def test_the_rows_of_another_connection_stay(context: Context, home: Connection) -> None:
    other = Connection(id="other", name="other", environment="offline", created_at=START, updated_at=START)
    await store(context, other, *leftovers(other), *build(other, "theirs"))
    await unlinking.disconnect(context, home.id)
    assert [await count(context, table) for table in (JournalMappingRow, Review, Hint, JournalUse)] == [1, 1, 1, 1]


async def test_an_entry_that_may_stand_in_salesforce_keeps_its_source_lines(context: Context, home: Connection) -> None:
    await store(context, *build(home, "tried", attempts=1), *build(home, "untouched"))
    await unlinking.disconnect(context, home.id)
    async with context.begin() as session:
        states = {row.id: row.state for row in await session.exec(select(JournalBuild))}
        used = list(await session.exec(select(JournalUse.line_id)))
    assert states == {"tried": "planned", "untouched": "refused"}
    assert used == ["line tried"]


async def test_a_mass_run_that_is_open_is_cancelled_with_the_reason(context: Context, home: Connection) -> None:
    given: dict[str, Any] = {"connection_id": home.id, "confirmed": 1, "created_by": "k", "correlation_id": "test"}
    ends = {"selecting": START, "running": START + timedelta(seconds=1), "done": START + timedelta(seconds=2)}
    runs = [MassRun(id=s, object="account", state=s, created_at=at, **given) for s, at in ends.items()]
    await store(context, *runs)
    await unlinking.disconnect(context, home.id)
    async with context.begin() as session:
        found = await session.exec(select(MassRun).order_by(col(MassRun.created_at)))
        told = [(row.state, row.reason) for row in found]
    assert told == [("cancelled", "disconnected")] * 2 + [("done", None)]


async def test_refused_disconnect_erases_nothing(context: Context, home: Connection) -> None:
    given: dict[str, Any] = {
        "record_id": "001",
        "direction": "toIntacct",
        "lane": "bulk",
        "origin": "flow",
        "correlation_id": "test",
    }
    running = Operation(id="o", connection_id=home.id, object="account", state="running", created_at=START, **given)
    await store(context, mapping(home), running, *build(home, "untouched"))
    with pytest.raises(SyncError, match="being synced"):
        await unlinking.disconnect(context, home.id)
    assert [await count(context, table) for table in (JournalMappingRow, JournalUse)] == [1, 1]


async def test_simulators_that_start_empty_free_the_source_lines_too(context: Context, home: Connection) -> None:
    await store(context, *build(home, "made"), *leftovers(home))
    await unlinking.forget_links(context, "offline")
    gone = (JournalUse, JournalBuild, Review, Hint)
    assert [await count(context, table) for table in gone] == [0] * len(gone)
    assert await count(context, JournalMappingRow) == 1
