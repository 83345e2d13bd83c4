"""Callers whose key was verified a moment ago, so that a burst of requests asks the database once.

A key or connection changed through this process is forgotten at once; one changed through another is believed for
`REMEMBERED` at most. Refusals are never remembered. What a role allows is the business of `auth`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.services import connections, keys
from app.services.context import Context
from app.store.tables import ApiKey, Connection

REMEMBERED = timedelta(seconds=2)
MOST = 1000


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified key and the connection it opens. It opens no other."""

    key: ApiKey
    connection: Connection

    @property
    def connection_id(self) -> str:
        """The connection every query is scoped by."""
        return self.connection.id


class Doors:
    """The memory of one process."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, Caller]] = {}
        self._changes = 0

    async def caller(self, context: Context, presented: str) -> Caller | None:
        """Who presents this key; None for a key that opens nothing."""
        digest, now = keys.digest_of(presented), context.clock.now()
        until, known = self._known.get(digest, (now, None))
        if known is not None and now < until and keys.is_live(known.key, now):
            return known
        changes = self._changes
        key = await keys.verify(context, presented)
        if key is None:
            return None
        found = Caller(key, await connections.get(context, key.connection_id))
        if changes == self._changes:  # else what was read may be older than the change
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[digest] = now + REMEMBERED, found
        return found

    def forget(self) -> None:
        """Something about keys or connections has changed: ask again."""
        self._known.clear()
        self._changes += 1
