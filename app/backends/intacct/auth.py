"""Who we are at Intacct: credentials, and sessions that are opened once however many tasks need one.

Holds every secret of the connection and shows none. Speaks no XML: the gateway hands in how a login is made.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.errors import Kind, SyncError
from app.sync.ports import Clock

GATEWAY_URL = "https://api.intacct.com/ia/xml/xmlgw.phtml"
REST_URL = "https://api.intacct.com/ia/api/v1"
_LASTING = {Kind.AUTH, Kind.PERMISSION, Kind.CONFIG}


@dataclass(frozen=True, slots=True)
class RestCredentials:
    """An app registration (client id and secret) and the user it acts for, as `user@company`.

    An empty `entity_id` is the top level. `url` is the base of the API.
    """

    client_id: str
    client_secret: str = field(repr=False)
    username: str
    entity_id: str = ""
    url: str = REST_URL


@dataclass(frozen=True, slots=True)
class IntacctCredentials:
    """What a connection needs to log in. An empty `entity_id` is the top level. Passwords never appear in the repr.

    `rest` is the app registration for REST v1, None where the connection has none.
    """

    sender_id: str
    sender_password: str = field(repr=False)
    company_id: str
    user_id: str
    user_password: str = field(repr=False)
    entity_id: str = ""
    url: str = GATEWAY_URL
    rest: RestCredentials | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A session of one entity and the address it belongs to. The id is as good as a password.

    `expires`: from then on a new one is opened; None where the other side moves the end on with each request.
    """

    id: str = field(repr=False)
    url: str
    entity: str = ""
    expires: datetime | None = None


class Sessions:
    """The live session of each entity. Logging in is single-flight, and a refused login is not repeated for a while.

    `login(entity)` opens a session or raises SyncError. `hold_off` seconds is how long a refusal that only a person
    can mend (AUTH, PERMISSION, CONFIG) is answered from memory: no login storm, no locked-out user.
    """

    def __init__(self, login: Callable[[str], Awaitable[Session]], clock: Clock, hold_off: float = 60.0) -> None:
        self._login = login
        self._clock = clock
        self._hold_off = timedelta(seconds=hold_off)
        self._live: dict[str, Session] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._tries: dict[str, int] = {}
        self._refused: dict[str, tuple[SyncError, datetime]] = {}

    async def current(self, entity: str) -> Session:
        """The session of `entity`, opened now if there is none.

        Tasks that wait while another one's login fails get its error instead of trying in turn.
        """
        live = self._standing(entity)
        if live is not None:
            return live
        seen = self._tries.get(entity, 0)
        async with self._locks.setdefault(entity, asyncio.Lock()):
            live = self._standing(entity)
            if live is not None:
                return live
            self._refuse_again(entity, waited=self._tries.get(entity, 0) != seen)
            self._tries[entity] = self._tries.get(entity, 0) + 1
            try:
                session = await self._login(entity)
            except SyncError as error:
                self._refused[entity] = (error, self._clock.now())
                raise
            self._refused.pop(entity, None)
            self._live[entity] = session
            return session

    def _standing(self, entity: str) -> Session | None:
        session = self._live.get(entity)
        over = session is not None and session.expires is not None and session.expires <= self._clock.now()
        return None if over else session

    def discard(self, session: Session) -> None:
        """Forget a session that was refused. A newer one that took its place meanwhile stays."""
        if self._live.get(session.entity) is session:
            del self._live[session.entity]

    def stop(self, entity: str, error: SyncError) -> None:
        """A fresh session was refused as well: answer everybody with `error` until the hold-off has passed."""
        self._live.pop(entity, None)
        self._refused[entity] = (error, self._clock.now())

    def _refuse_again(self, entity: str, *, waited: bool) -> None:
        if entity not in self._refused:
            return
        error, at = self._refused[entity]
        held_off = error.kind in _LASTING and self._clock.now() - at < self._hold_off
        if waited or held_off:
            raise SyncError(
                error.kind, error.code, error.message, error.advice, retry_after=error.retry_after, vendor=error.vendor
            ) from error
