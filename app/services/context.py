"""What every service is handed: sessions, clock, ids, the bell, the vault and the way to both backends.

Built once by `app.bootstrap`; tests and the world simulation build their own. Holds no state of a request.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.records import Errand, Lane
from app.store.session import Sessions
from app.store.tables import Connection
from app.sync.ports import Backend, Clock


class Bell(Protocol):
    """Tells workers that something is due. A lost ring is found by the sweeper, a double one finds nothing."""

    async def ring(self, connection_id: str, lane: Lane) -> None:
        """Wake a worker of the lane. Never raises: a bell that cannot ring is logged and counted."""
        ...


class Vault(Protocol):
    """Encrypts what must not be read from a backup."""

    def seal(self, secrets: dict[str, str]) -> str:
        """Cipher text."""
        ...

    def open(self, sealed: str) -> dict[str, str]:
        """The secrets; empty for an empty text. Raises SyncError CONFIG when the key does not fit."""
        ...


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of one connection, for one lane."""

    salesforce: Backend
    intacct: Backend


class Backends(Protocol):
    """Opens and keeps the clients of each connection; made anew when the connection's version changes."""

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """Both sides, with an account of what is spent per lane and errand.

        Raises SyncError CONFIG when credentials are missing or may not be used here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """The services' surroundings."""

    sessions: Sessions
    clock: Clock
    bell: Bell
    vault: Vault
    backends: Backends
    new_id: Callable[[], str]
    worker: str = "local"
    ladder: tuple[float, ...] = (5.0, 30.0, 120.0, 960.0)
    lease_seconds: float = 60.0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self.sessions() as session, session.begin():
            yield session
