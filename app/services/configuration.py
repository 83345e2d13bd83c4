"""What an administrator switches: the master switch and the options each object declares. Credentials stand elsewhere.

Options are kept per connection as {"connection": {option: value}, "objects": {object: {option: value}}}; what is absent
has its declared default.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from app.domain.connection_options import CONNECTION_OPTIONS
from app.domain.declaration import DIMENSIONS, SELECTION, SyncedObject
from app.domain.errors import Kind, SyncError
from app.domain.options import Option, OptionValue, option_problem, option_value
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services.context import Context
from app.store import connections, cursors
from app.store.tables import Connection

OBJECTS = "objects"
WHOLE = "connection"
SINCE = "since"
"""Where it stands since when dated switches are on, as {object: time}."""

OptionValues = dict[str, OptionValue]


RESELECTING = frozenset({SELECTION.name, DIMENSIONS.name})
"""Options that decide which records are carried: when one changes, the object's feed is read anew."""

INTACCT_FEED = "intacct"
"""The feed that is read anew: what is carried is a matter of Intacct's records."""
BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)


class Versioned(Protocol):
    """A row that counts its changes."""

    version: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """The switches of one connection, defaults filled in. `version` grows with every change of the connection."""

    sync_enabled: bool
    environment: str
    options: OptionValues
    objects: dict[str, OptionValues]
    version: int


async def read(context: Context, connection_id: str) -> Configuration:
    """The present configuration."""
    async with context.begin() as session:
        return _configuration(known(await connections.get(session, connection_id)))


async def change(
    context: Context,
    connection_id: str,
    *,
    sync_enabled: bool | None = None,
    options: Mapping[str, object] | None = None,
    objects: Mapping[str, Mapping[str, object]] | None = None,
    version: int | None = None,
) -> Configuration:
    """Change what is named and leave the rest. Switching on wakes the workers for what was accepted meanwhile.

    `options` are those of the whole connection. Raises SyncError DATA `unknown_object`, `unknown_option`,
    `option_invalid` (field: object.option) and CONFLICT `version_conflict` when `version` is not the present one.
    """
    wanted, whole = checked(objects or {}), _values("connection", CONNECTION_OPTIONS, options or {})
    async with context.begin() as session:
        row = known(await connections.get(session, connection_id, lock=True))
        require_version(row, version)
        switched_on = sync_enabled is True and not row.enabled
        stored = row.options.get(OBJECTS, {})
        merged = stored | {name: stored.get(name, {}) | values for name, values in wanted.items() if values}
        since = row.options.get(SINCE, {}) | _switched_on(stored, wanted, context.clock.now())
        parts = {SINCE: since, OBJECTS: merged, WHOLE: row.options.get(WHOLE, {}) | whole}
        enabled = row.enabled if sync_enabled is None else sync_enabled
        after = row.options | {name: part for name, part in parts.items() if part}
        if (enabled, after) != (row.enabled, row.options):
            row.enabled, row.options = enabled, after
            touch(context, row)
        chosen = {name for name, values in wanted.items() if not RESELECTING.isdisjoint(values)}
        if chosen:
            await cursors.rewind(session, connection_id, chosen, INTACCT_FEED, BEGINNING)
        now = _configuration(row)
    if switched_on:
        for lane in Lane:
            await context.bell.ring(connection_id, lane)
    return now


def checked(objects: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, object]]:
    """The same options as they are stored, all known and allowed. Raises SyncError DATA by the name that is wrong."""
    good: dict[str, dict[str, object]] = {}
    for name, values in objects.items():
        if name not in CATALOGUE:
            raise _refused("unknown_object", name, f"There is no object {name!r}", "objects", CATALOGUE)
        good[name] = _values(name, CATALOGUE[name].options, values)
    return good


def option_of(connection: Connection, option: Option) -> OptionValue:
    """The value of an option of the whole connection."""
    return option_value(option, connection.options.get(WHOLE, {}).get(option.name))


def new_since(connection: Connection, declared: SyncedObject) -> datetime | None:
    """Since when new records of an object are added by themselves; None where no switch of that kind is declared."""
    if not any(option.dated for option in declared.options):
        return None
    stamp = connection.options.get(SINCE, {}).get(declared.name)
    return datetime.fromisoformat(stamp) if stamp else connection.created_at


def _switched_on(
    before: Mapping[str, Mapping[str, object]], wanted: Mapping[str, Mapping[str, object]], now: datetime
) -> dict[str, str]:
    """The objects one of whose dated switches goes from off to on."""
    dated = {(name, option) for name in wanted for option in CATALOGUE[name].options if option.dated}
    return {
        name: now.isoformat()
        for name, option in dated
        if wanted[name].get(option.name) is True and not option_value(option, before.get(name, {}).get(option.name))
    }


def known(row: Connection | None) -> Connection:
    """The row. Raises SyncError CONFIG `connection_unknown` for none."""
    if row is None:
        raise SyncError(Kind.CONFIG, "connection_unknown", "There is no such connection.")
    return row


def require_version(row: Versioned, version: int | None) -> None:
    """Raises SyncError CONFLICT `version_conflict` when a version is named and is not the present one."""
    if version is not None and version != row.version:
        raise SyncError(
            Kind.CONFLICT,
            "version_conflict",
            f"It was changed meanwhile: its version is {row.version}.",
            "Read it again and repeat the change.",
            field="version",
        )


def touch(context: Context, row: Connection) -> None:
    """Mark a change, so that clients are made anew from it."""
    row.version += 1
    row.updated_at = context.clock.now()


def _configuration(row: Connection) -> Configuration:
    stored = row.options.get(OBJECTS, {})
    return Configuration(
        sync_enabled=row.enabled,
        environment=row.environment,
        options={option.name: option_of(row, option) for option in CONNECTION_OPTIONS},
        objects={
            name: {option.name: option_value(option, stored.get(name, {}).get(option.name)) for option in one.options}
            for name, one in CATALOGUE.items()
        },
        version=row.version,
    )


def _values(name: str, options: Iterable[Option], given: Mapping[str, object]) -> dict[str, object]:
    declared = {option.name: option for option in options}
    good: dict[str, object] = {}
    for key, value in given.items():
        if key not in declared:
            raise _refused("unknown_option", f"{name}.{key}", f"{name} has no option {key!r}", "options", declared)
        problem = option_problem(declared[key], value)
        if problem is not None:
            raise SyncError(Kind.DATA, "option_invalid", f"{name}.{key} {problem}.", field=f"{name}.{key}")
        good[key] = list(value) if isinstance(value, tuple) else value
    return good


def _refused(code: str, field: str, message: str, what: str, known: Mapping[str, object]) -> SyncError:
    return SyncError(Kind.DATA, code, f"{message}.", f"Known {what}: {', '.join(known)}.", field=field)
