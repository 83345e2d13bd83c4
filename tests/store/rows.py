"""Rows with every required column filled, for tests that care about one or two of them."""

from collections.abc import Callable
from typing import Any

from app.store.tables import Connection, ErrorLog, Intent, Operation
from tests.fakes import START

NewId = Callable[[], str]


def _with(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return defaults | given


def connection(new_id: NewId, **given: Any) -> Connection:
    """A production connection called after its id."""
    key = new_id()
    return Connection(
        **_with({"id": key, "name": key, "environment": "production", "created_at": START, "updated_at": START}, given)
    )


def operation(new_id: NewId, of: Connection, **given: Any) -> Operation:
    """A queued wish for account 001000000000001AAA."""
    return Operation(
        **_with(
            {
                "id": new_id(),
                "connection_id": of.id,
                "object": "account",
                "record_id": "001000000000001AAA",
                "direction": "to_intacct",
                "lane": "interactive",
                "origin": "button",
                "correlation_id": "c-1",
                "state": "queued",
                "created_at": START,
            },
            given,
        )
    )


def intent(new_id: NewId, of: Connection, **given: Any) -> Intent:
    """The first revision of a customer's create, not settled."""
    key = new_id()
    return Intent(
        **_with(
            {
                "id": key,
                "connection_id": of.id,
                "operation_id": "op-1",
                "object": "account",
                "salesforce_id": "001000000000001AAA",
                "op_key": "account:001000000000001AAA:create",
                "revision": 1,
                "control_id": key,
                "kind": "CUSTOMER",
                "action": "create",
                "request_hash": "0" * 64,
                "fence": 1,
                "state": "intent",
                "sent_at": START,
                "created_at": START,
            },
            given,
        )
    )


def error(new_id: NewId, of: Connection, **given: Any) -> ErrorLog:
    """An open error of kind data on account 001000000000001AAA."""
    return ErrorLog(
        **_with(
            {
                "id": new_id(),
                "connection_id": of.id,
                "object": "account",
                "record_id": "001000000000001AAA",
                "operation_id": "op-1",
                "kind": "data",
                "code": "value_too_long",
                "message": "Name is longer than 100 characters.",
                "fingerprint": "f" * 64,
                "first_seen": START,
                "last_seen": START,
            },
            given,
        )
    )
