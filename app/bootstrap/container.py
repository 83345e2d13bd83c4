"""One process's container: engine, sessions, clock, bell, vault, clients; opened together and closed together."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import uuid_utils
from sqlalchemy.ext.asyncio import AsyncEngine

from app.backends.http import HttpClient, HttpPolicy
from app.bootstrap.connected import ConnectedBackends
from app.config import Settings
from app.domain.records import Lane, System
from app.jobs import ArqBell
from app.services.context import Context
from app.store.secrets import FernetVault, key_in
from app.store.session import open_engine, session_maker
from app.store.slots import SqlSlots
from app.sync.ports import Clock, Slots

Transports = Mapping[System, httpx.AsyncBaseTransport]


class SystemClock:
    """The `Clock` port over the machine's time."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class SilentBell:
    """The bell of a process without a queue: whatever it accepts is found by the workers' sweeper."""

    async def ring(self, connection_id: str, lane: Lane) -> None:
        """Nothing."""

    async def reachable(self) -> bool:
        """There is no queue to be reached."""
        return False

    async def aclose(self) -> None:
        """Nothing to let go of."""


@dataclass(frozen=True, slots=True)
class Container:
    """Everything one process works with. `bell` is there for readiness; services ring it through the context."""

    settings: Settings
    context: Context
    engine: AsyncEngine
    bell: ArqBell | SilentBell


@asynccontextmanager
async def open_container(
    settings: Settings,
    *,
    role: str = "api",
    transports: Transports | None = None,
    clock: Clock | None = None,
    engine: AsyncEngine | None = None,
    new_id: Callable[[], str] | None = None,
) -> AsyncIterator[Container]:
    """A container over a migrated database, closed when the block ends.

    `role` tells processes of this machine apart in leases. `transports`, `clock`, `engine` and `new_id` are seams for
    tests. Raises PermissionError when the key file may be read by others.
    """
    clock = clock or SystemClock()
    new_id = new_id or _uuid7
    engine = engine or open_engine(settings.database)
    sessions = session_maker(engine)
    vault = FernetVault(vault_keys(settings))
    bell = ArqBell(settings.redis_url) if settings.redis_url else SilentBell()
    worker = f"{socket.gethostname()[:30]}:{os.getpid()}:{role}"
    http = _http_clients(settings, transports or {})

    def new_slots(connection_id: str, capacity: Mapping[System, int]) -> Slots:
        return SqlSlots(sessions, clock, new_id, connection_id, worker, capacity)

    backends = ConnectedBackends(http, vault, clock, new_slots, production=settings.production)
    context = Context(sessions, clock, bell, vault, backends, new_id, worker, settings.ladder, settings.lease_seconds)
    try:
        yield Container(settings, context, engine, bell)
    finally:
        for client in http.values():
            await client.aclose()
        await bell.aclose()
        await engine.dispose()


def vault_keys(settings: Settings) -> list[str]:
    """The keys of the vault: the given ones, else (offline) the one kept in the data directory."""
    given = [key.get_secret_value() for key in settings.secret_keys]
    return given or [key_in(settings.data_dir / "secret.key")]


def _http_clients(settings: Settings, transports: Transports) -> dict[System, HttpClient]:
    policy = HttpPolicy(settings.allowed_hosts, allow_loopback=not settings.production)
    return {system: HttpClient(policy, transports.get(system)) for system in System}


def _uuid7() -> str:
    return str(uuid_utils.uuid7())
