"""Everything known about one record."""

from typing import Any

from app.services import records
from app.services.context import Context
from app.store.tables import Binding, Connection, Decision, ErrorLog, Operation
from tests.fakes import START
from tests.houses import ACCOUNT, OTHER_ACCOUNT


async def test_a_record_nobody_asked_for_is_unknown(context: Context, home: Connection) -> None:
    known = await records.explain(context, home.id, "account", ACCOUNT)
    assert not known.known
    assert known.last is None


async def test_a_record_is_explained_from_all_we_have(context: Context, home: Connection) -> None:
    common: dict[str, Any] = {"connection_id": home.id, "object": "account"}
    async with context.begin() as session:
        session.add(
            Binding(
                **common,
                id="b",
                salesforce_id=ACCOUNT,
                intacct_key="7",
                intacct_id="C-7",
                how="created",
                created_at=START,
                updated_at=START,
            )
        )
        session.add(
            Operation(
                **common,
                id="live",
                record_id=ACCOUNT,
                direction="toIntacct",
                lane="bulk",
                origin="apex",
                correlation_id="c",
                state="waiting",
                created_at=START,
            )
        )
        for number, record_id in enumerate([ACCOUNT, ACCOUNT, OTHER_ACCOUNT]):
            session.add(
                Decision(
                    **common,
                    id=f"d{number}",
                    operation_id="live",
                    run=number,
                    record_id=record_id,
                    result="failed",
                    reason=f"r{number}",
                    at=START.replace(minute=number),
                )
            )
        for number, resolved_at in enumerate([None, START]):
            session.add(
                ErrorLog(
                    **common,
                    id=f"e{number}",
                    record_id=ACCOUNT,
                    operation_id="live",
                    kind="data",
                    code="c",
                    message="m",
                    fingerprint=str(number),
                    first_seen=START,
                    last_seen=START,
                    resolved_at=resolved_at,
                )
            )
    known = await records.explain(context, home.id, "account", ACCOUNT)
    assert known.binding is not None
    assert known.binding.intacct_id == "C-7"
    assert known.live is not None
    assert known.last is not None
    assert known.last.reason == "r1"
    assert [decision.reason for decision in known.decisions] == ["r1", "r0"]
    assert [error.id for error in known.errors] == ["e0"]
    assert not (await records.explain(context, "c-other", "account", ACCOUNT)).known
