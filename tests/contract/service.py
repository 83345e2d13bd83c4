"""The service that the contract is held against: the real application over a seeded database. No check stands here."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlmodel import SQLModel

from app.api.application import build
from app.api.deps import House
from app.services import keys
from app.services.context import Context
from app.services.keys import Role
from app.store import migrations
from app.store.mass_tables import ErrorGroup
from app.store.session import open_engine, session_maker
from app.store.tables import Binding, Decision, ErrorLog, Intent, Operation
from tests import databases
from tests.fakes import START, FakeClock, sequential_ids
from tests.houses import account_id, make_connection, make_context

KEY = "tnd_admin_of_the_contract_tests"
STATES = ("queued", "running", "waiting", "held", "done", "cancelled")


def contract_app(clock: FakeClock) -> FastAPI:
    """The application; its database is made when the first request comes and removed at the end of the run."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with tempfile.TemporaryDirectory() as directory:
            url = databases.sqlite_url(Path(directory) / "contract.db")
            await migrations.upgrade(url)
            engine = open_engine(url)
            context = make_context(session_maker(engine), clock=clock)
            await furnish(context)
            app.state.house = House(context)
            yield
            await engine.dispose()

    return build(lifespan, sequential_ids("request"))


async def furnish(context: Context) -> None:
    """A connection with an admin key and a record in each state, with history and errors."""
    home = make_connection()
    async with context.begin() as session:
        session.add(home)
        await session.flush()
        await keys.create(context, home.id, "contract", Role.ADMIN, plain=KEY, session=session)
        session.add_all(rows_in_every_state(home.id))


def rows_in_every_state(connection_id: str) -> list[SQLModel]:
    """An account in each state an operation can have, linked, with a decision, a write and an error."""
    rows: list[SQLModel] = []
    for number, state in enumerate(STATES):
        record: dict[str, Any] = {"connection_id": connection_id, "object": "account"}
        owner = record | {"operation_id": f"op-{state}"}
        rows += [_operation(state, number, record), _binding(state, number, record)]
        rows += [_decision(state, number, owner), _intent(state, number, owner), _error(state, number, owner)]
        rows.append(_group(state, connection_id))
    return rows


def _binding(state: str, number: int, record: dict[str, Any]) -> Binding:
    return Binding(
        **record,
        id=f"binding-{state}",
        salesforce_id=account_id(number),
        intacct_key=str(number),
        intacct_id=f"C-{number}",
        how="created",
        created_at=START,
        updated_at=START,
    )


def _operation(state: str, number: int, record: dict[str, Any]) -> Operation:
    return Operation(
        **record,
        id=f"op-{state}",
        record_id=account_id(number),
        direction="toIntacct",
        lane="bulk",
        origin="schedule",
        correlation_id="seed",
        state=state,
        result="failed" if state in ("waiting", "done") else None,
        due_at=START if state in ("queued", "waiting") else None,
        created_at=START,
    )


def _decision(state: str, number: int, owner: dict[str, Any]) -> Decision:
    return Decision(
        **owner,
        id=f"decision-{state}",
        run=1,
        record_id=account_id(number),
        result="failed",
        reason="required_field_empty",
        message="Name is empty.",
        changes=[
            {"system": "intacct", "field": "NAME", "before": None, "after": "Acme"},
            {"system": "intacct", "field": "MAILADDRESS.ADDRESS1", "before": ["a", None], "after": True},
        ],
        warnings=["Name is long."],
        at=START,
    )


def _intent(state: str, number: int, owner: dict[str, Any]) -> Intent:
    return Intent(
        **owner,
        id=f"intent-{state}",
        salesforce_id=account_id(number),
        op_key=f"key-{state}",
        revision=1,
        control_id=f"control-{state}",
        kind="CUSTOMER",
        action="create",
        request_hash="0",
        fence=1,
        state="held" if state == "held" else "confirmed",
        trail=[{"at": START.isoformat(), "state": "ambiguous", "note": "no answer"}],
        sent_at=START,
        created_at=START,
    )


def _group(state: str, connection_id: str) -> ErrorGroup:
    return ErrorGroup(
        id=f"group-{state}",
        connection_id=connection_id,
        fingerprint=state,
        object=None if state == "waiting" else "account",
        kind="data",
        code="required_field_empty",
        message="Name is empty.",
        regressions=int(state == "held"),
        ignored_until=START if state == "queued" else None,
        first_seen=START,
        last_seen=START,
    )


def _error(state: str, number: int, owner: dict[str, Any]) -> ErrorLog:
    return ErrorLog(
        **owner,
        id=f"error-{state}",
        record_id=account_id(number),
        kind="data",
        code="required_field_empty",
        message="Name is empty.",
        vendor={"system": "intacct", "code": "BL01", "text": "no", "supportId": "s", "httpStatus": 200},
        fingerprint=state,
        first_seen=START,
        last_seen=START,
    )
