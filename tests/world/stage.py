"""Who is acting, and every point at which the acting may be interrupted: the numbered awaits of the world.

Seams (statements, requests, rings, sleeps) call `Stage.at`. A trace of all points is hashed, so that two runs can be
compared. Knows neither the product nor the faults.
"""

import asyncio
import hashlib
from collections.abc import Callable
from contextvars import ContextVar

from tests.world.clockwork import VirtualLoop

ACTOR: ContextVar[str] = ContextVar("actor", default="world")
"""The name of the life (one incarnation of a worker) on whose behalf code runs; tasks it starts inherit it."""

STATEMENT, BEGIN, END, REQUEST, REPLY, RING, SLEEP = "statement", "begin", "end", "request", "reply", "ring", "sleep"

FREEZABLE = (BEGIN, END, REPLY, RING, SLEEP)
"""Points at which a pause of the whole process shows. Between a statement's two ends the database would be held; just
before a request the pause is the network's, which has faults of its own."""

Watcher = Callable[[str, str, str], None]


class Stage:
    """The awaits of one world. `print_line` receives every point when a person wants to read the trace."""

    def __init__(self, loop: VirtualLoop, print_line: Callable[[str], None] | None = None) -> None:
        self.loop = loop
        self.points = 0
        self.watcher: Watcher | None = None
        self._dead: set[str] = set()
        self._frozen: dict[str, float] = {}
        self._hash = hashlib.blake2b(digest_size=12)
        self._print = print_line

    @property
    def trace_hash(self) -> str:
        """A mark of everything that has happened so far, in order."""
        return self._hash.hexdigest()

    def note(self, kind: str, detail: str = "") -> None:
        """Enter something into the trace."""
        line = f"{self.loop.time():.6f} {ACTOR.get()} {kind} {detail}"
        self._hash.update(line.encode())
        if self._print is not None:
            self._print(line)

    def is_dead(self) -> bool:
        """Whether the present actor was killed."""
        return ACTOR.get() in self._dead

    def bury(self, actor: str) -> None:
        """From now on nothing this actor awaits succeeds: not even its clean-up, as after a kill -9."""
        self.note("killed", actor)
        self._dead.add(actor)

    @property
    def all_thawed_at(self) -> float:
        """When the last of the frozen wakes."""
        return max(self._frozen.values(), default=0.0)

    def freeze(self, actor: str, seconds: float) -> None:
        """Stop the whole process of an actor at its next point, for so long."""
        self.note("frozen", f"{actor} {seconds:.0f}")
        self._frozen[actor] = self.loop.time() + seconds

    async def at(self, kind: str, detail: str = "") -> None:
        """A point. Raises CancelledError for the dead; keeps the frozen until they thaw."""
        self.points += 1
        self.note(kind, detail)
        if self.watcher is not None:
            self.watcher(ACTOR.get(), kind, detail)
        self.check()
        if kind in FREEZABLE:
            left = self._frozen.get(ACTOR.get(), 0.0) - self.loop.time()
            if left > 0:
                await asyncio.sleep(left)
            self.check()

    def check(self) -> None:
        """Raise CancelledError for the dead."""
        if ACTOR.get() in self._dead:
            raise asyncio.CancelledError
