"""What an administrator switches: the master switch and the options each object declares. Credentials stand elsewhere.

Options are kept per connection as {"objects": {object: {option: value}}}; what is absent has its declared default.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.declaration import Option
from app.domain.errors import Kind, SyncError
from app.domain.plan import option_problem
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services.context import Context
from app.store import connections
from app.store.tables import Connection

OBJECTS = "objects"

OptionValues = dict[str, bool | str]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The switches of one connection, defaults filled in. `version` grows with every change of the connection."""

    sync_enabled: bool
    environment: str
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
    objects: Mapping[str, Mapping[str, object]] | None = None,
    version: int | None = None,
) -> Configuration:
    """Change what is named and leave the rest. Switching on wakes the workers for what was accepted meanwhile.

    Raises SyncError DATA `unknown_object`, `unknown_option`, `option_invalid` (field: object.option) and CONFLICT
    `version_conflict` when `version` is not the present one.
    """
    wanted = checked(objects or {})
    async with context.begin() as session:
        row = known(await connections.get(session, connection_id, lock=True))
        require_version(row, version)
        switched_on = sync_enabled is True and not row.enabled
        stored = row.options.get(OBJECTS, {})
        merged = stored | {name: stored.get(name, {}) | values for name, values in wanted.items() if values}
        enabled = row.enabled if sync_enabled is None else sync_enabled
        if (enabled, merged) != (row.enabled, stored):
            row.enabled, row.options = enabled, row.options | {OBJECTS: merged}
            touch(context, row)
        now = _configuration(row)
    if switched_on:
        for lane in Lane:
            await context.bell.ring(connection_id, lane)
    return now


def checked(objects: Mapping[str, Mapping[str, object]]) -> dict[str, OptionValues]:
    """The same options, all known and of the declared kind. Raises SyncError DATA by the name that is wrong."""
    good: dict[str, OptionValues] = {}
    for name, values in objects.items():
        if name not in CATALOGUE:
            raise _refused("unknown_object", name, f"There is no object {name!r}", "objects", CATALOGUE)
        declared = {option.name: option for option in CATALOGUE[name].options}
        good[name] = {key: _value(name, declared, key, value) for key, value in values.items()}
    return good


def known(row: Connection | None) -> Connection:
    """The row. Raises SyncError CONFIG `connection_unknown` for none."""
    if row is None:
        raise SyncError(Kind.CONFIG, "connection_unknown", "There is no such connection.")
    return row


def require_version(row: Connection, version: int | None) -> None:
    """Raises SyncError CONFLICT `version_conflict` when a version is named and is not the present one."""
    if version is not None and version != row.version:
        raise SyncError(
            Kind.CONFLICT,
            "version_conflict",
            f"The connection was changed meanwhile: its version is {row.version}.",
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
        objects={
            name: {option.name: stored.get(name, {}).get(option.name, option.default) for option in declared.options}
            for name, declared in CATALOGUE.items()
        },
        version=row.version,
    )


def _value(name: str, declared: Mapping[str, Option], key: str, value: object) -> bool | str:
    if key not in declared:
        raise _refused("unknown_option", f"{name}.{key}", f"{name} has no option {key!r}", "options", declared)
    problem = option_problem(declared[key], value)
    if problem is not None or not isinstance(value, bool | str):
        raise SyncError(Kind.DATA, "option_invalid", f"{name}.{key} {problem}.", field=f"{name}.{key}")
    return value


def _refused(code: str, field: str, message: str, what: str, known: Mapping[str, object]) -> SyncError:
    return SyncError(Kind.DATA, code, f"{message}.", f"Known {what}: {', '.join(known)}.", field=field)
