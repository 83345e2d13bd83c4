"""A context that counts its steps (every vendor call and transaction, before and after) and does something at one.

No test stands here.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.records import Lane, Record
from app.services.context import Backends, Context, Pair
from app.store.tables import Connection
from app.sync.ports import Outcome, Write


class Crash(BaseException):
    """The process ends here; nothing may catch it."""


async def crash() -> None:
    """End the process."""
    raise Crash


@dataclass
class Steps:
    """Counts; at step `at` it awaits `then`, once."""

    at: int
    then: Callable[[], Awaitable[None]]
    count: int = 0

    async def step(self) -> None:
        """One step more."""
        self.count += 1
        if self.count == self.at:
            await self.then()


class SteppedBackend:
    """A backend whose reads and writes are two steps each."""

    def __init__(self, inner: Any, steps: Steps) -> None:
        self._inner, self._steps = inner, steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def find(
        self, kind: str, any_of: Mapping[str, Sequence[str]], wanted: Sequence[str], **more: Any
    ) -> list[Record]:
        """See `Backend.find`."""
        await self._steps.step()
        found: list[Record] = await self._inner.find(kind, any_of, wanted, **more)
        await self._steps.step()
        return found

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Backend.write`."""
        await self._steps.step()
        outcomes: list[Outcome] = await self._inner.write(writes)
        await self._steps.step()
        return outcomes


class SteppedBackends:
    """Hands out stepped backends."""

    def __init__(self, inner: Backends, steps: Steps) -> None:
        self._inner, self._steps = inner, steps

    def of(self, connection: Connection, lane: Lane) -> Pair:
        """See `Backends.of`."""
        pair = self._inner.of(connection, lane)
        stepped: list[Any] = [SteppedBackend(side, self._steps) for side in (pair.salesforce, pair.intacct)]
        return Pair(*stepped)


class SteppedContext(Context):
    """A context whose transactions are two steps each: before they begin, and after they are committed."""

    __slots__ = ("counted",)
    counted: Steps

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """See `Context.begin`."""
        await self.counted.step()
        async with self.sessions() as session, session.begin():
            yield session
        await self.counted.step()


def stepped(context: Context, steps: Steps) -> Context:
    """The same surroundings, counted."""
    given = {one.name: getattr(context, one.name) for one in fields(context)}
    made = SteppedContext(**{**given, "backends": SteppedBackends(context.backends, steps)})
    object.__setattr__(made, "counted", steps)
    return made
