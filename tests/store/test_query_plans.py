"""What is asked again and again reads what is open, not the history: by the plans SQLite makes of the true queries."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store import bindings, journal, work
from app.store.session import Sessions
from tests.fakes import START

Ask = Callable[[AsyncSession], Awaitable[Any]]
LEASE = timedelta(seconds=60)

ASKED: dict[str, tuple[Ask, str]] = {
    "claiming": (lambda s: work.claim(s, "c", "bulk", 200, START, LEASE, "worker"), "ix_operation_due"),
    "lanes that have something due": (lambda s: work.lanes_due(s, START), "ix_operation_due"),
    "leases that have passed": (lambda s: work.expired(s, START, 100), "ix_operation_lease"),
    "waking": (lambda s: work.wake(s, "c", {"account/1"}, START), "ix_operation_waits"),
    "waiting for nobody": (lambda s: work.forgotten(s, 100), "ix_operation_waits"),
    "unclear writes of records": (lambda s: journal.unsettled(s, "c", "account", ["1"]), "uq_intent_unsettled"),
    "unclear creates": (lambda s: journal.creating(s, "c", "account"), "uq_intent_unsettled"),
    "links a reading did not show": (
        lambda s: bindings.not_shown(s, "c", "product", "reading", START, "", 500),
        "sqlite_autoindex_binding_",
    ),
}


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)  # PostgreSQL plans by the sizes of its tables
@pytest.mark.parametrize("name", ASKED)
async def test_query_uses_the_index_made_for_it(sessions: Sessions, name: str) -> None:
    ask, index = ASKED[name]
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    engine = sessions.kw["bind"].sync_engine
    event.listen(engine, "before_cursor_execute", note)
    async with sessions() as session, session.begin():
        await ask(session)
        event.remove(engine, "before_cursor_execute", note)
        statement, parameters = next((said, given) for said, given in sent if said.startswith("SELECT"))
        connection = await session.connection()
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [str(row.detail) for row in plan]
    assert index in steps[0]
