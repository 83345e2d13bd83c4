"""A connection's settings and secrets, read and changed. Secrets go in and never come out.

Layout: settings = {"salesforce": {...}, "intacct": {...}, "namespace", "link_field", "concurrency": {...}}, each name
listed in the tables below; secrets are sealed by the vault. Options and the master switch stand in `configuration`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.domain.errors import Kind, SyncError
from app.services.configuration import known, require_version, touch
from app.services.context import Context
from app.store import connections
from app.store.tables import Connection

ENVIRONMENTS = ("production", "sandbox", "offline")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECRETS = (
    "salesforce_client_secret",
    "salesforce_private_key",
    "intacct_sender_password",
    "intacct_user_password",
    "intacct_rest_client_secret",
)


def _address(value: object) -> str | None:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or not parts.hostname or parts.username is not None or parts.fragment:
        return "must be an address such as https://example.my.salesforce.com"
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return "must begin with https://"
    return None


def _matching(pattern: str, says: str) -> Callable[[object], str | None]:
    compiled = re.compile(pattern)
    return lambda value: None if isinstance(value, str) and compiled.fullmatch(value) else says


def _between(least: int, most: int) -> Callable[[object], str | None]:
    says = f"must be a whole number from {least} to {most}"
    return lambda value: None if type(value) is int and least <= value <= most else says


_TEXT = _matching(r"[^\x00-\x1f\x7f]{0,255}", "must be text of at most 255 characters on one line")

PARTS: Mapping[str, Mapping[str, Callable[[object], str | None]]] = {
    "salesforce": {
        "login_url": _address,
        "client_id": _TEXT,
        "username": _TEXT,
        "audience": _TEXT,
        "api_version": _matching(r"[0-9]{2,3}\.0", "must be a version such as 64.0"),
        "auth": _matching(r"client_credentials|jwt", "must be client_credentials or jwt"),
    },
    "intacct": {
        "url": _address,
        "sender_id": _TEXT,
        "company_id": _TEXT,
        "user_id": _TEXT,
        "entity_id": _TEXT,
        "rest_url": _address,
        "rest_client_id": _TEXT,
    },
    "concurrency": {"salesforce": _between(1, 20), "intacct": _between(1, 20)},
}
"""Settings in groups: for each the check that says what is wrong with a value."""

PLAIN: Mapping[str, Callable[[object], str | None]] = {
    "namespace": _matching(r"([A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*)?", "must be a package namespace, or empty"),
    "link_field": _matching(r"[A-Za-z][A-Za-z0-9_]{0,79}", "must be the name of an Intacct field"),
}


@dataclass(frozen=True, slots=True)
class Described:
    """A connection without its secrets; `secrets_set` names those that are there."""

    row: Connection
    secrets_set: frozenset[str]


async def get(context: Context, connection_id: str) -> Connection:
    """The connection, secrets sealed. Raises SyncError CONFIG `connection_unknown`."""
    async with context.begin() as session:
        return known(await connections.get(session, connection_id))


async def describe(context: Context, connection_id: str) -> Described:
    """Settings, and which secrets are set. Raises SyncError CONFIG `connection_unknown`."""
    row = await get(context, connection_id)
    return Described(row, frozenset(context.vault.open(row.secrets)))


async def everyone(context: Context) -> list[Connection]:
    """All connections of the installation, by name; for its operator only."""
    async with context.begin() as session:
        return await connections.everyone(session)


async def change(
    context: Context,
    connection_id: str,
    *,
    environment: str | None = None,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str | None] | None = None,
    version: int | None = None,
) -> Described:
    """Change what is named and leave the rest; None removes a setting or a secret.

    Raises SyncError DATA `setting_invalid` (field: its name) before anything is stored, and CONFLICT
    `version_conflict`.
    """
    if environment is not None and environment not in ENVIRONMENTS:
        raise _invalid("environment", f"must be one of {', '.join(ENVIRONMENTS)}")
    _check(settings or {})
    for name in secrets or {}:
        if name not in SECRETS:
            raise _invalid(name, "is no secret of a connection")
    async with context.begin() as session:
        row = known(await connections.get(session, connection_id, lock=True))
        require_version(row, version)
        held = _merged(context.vault.open(row.secrets), secrets or {})
        before = (row.environment, row.settings, context.vault.open(row.secrets))
        row.environment = environment or row.environment
        row.settings = _merged_settings(row.settings, settings or {})
        if (row.environment, row.settings, held) != before:
            row.secrets = context.vault.seal(held) if held != before[2] else row.secrets
            touch(context, row)
    return Described(row, frozenset(held))


def _check(settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        if name in PARTS and isinstance(value, Mapping):
            for key, part in value.items():
                _check_one(f"{name}.{key}", PARTS[name].get(key), part)
        else:
            _check_one(name, PLAIN.get(name), value)


def _check_one(name: str, check: Callable[[object], str | None] | None, value: object) -> None:
    if check is None:
        raise _invalid(name, "is no setting of a connection")
    problem = None if value is None else check(value)
    if problem is not None:
        raise _invalid(name, problem)


def _merged_settings(before: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    groups = {name: _merged(before.get(name) or {}, value) for name, value in settings.items() if name in PARTS}
    return _merged(before, {**settings, **groups})


def _merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**before, **given}.items() if value is not None}


def _invalid(name: str, problem: str) -> SyncError:
    return SyncError(Kind.DATA, "setting_invalid", f"{name} {problem}.", "Correct the setting.", field=name)
