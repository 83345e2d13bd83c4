"""Places on the wire shared by all processes of one connection: rows that are taken and given back.

A place is taken by one conditional update in a short transaction of its own, so no transaction is open while its holder
calls a vendor. A dead holder's place is free again when its lease has passed; living ones renew theirs. While an
interactive request waits, bulk requests take nothing. Knows no vendor.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, Update, and_, bindparam, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgres
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from app.domain.records import Lane, System
from app.store.session import Sessions, hasty
from app.store.tables import Slot
from app.sync.ports import Clock

DEFAULT_CAPACITY = {System.SALESFORCE: 5, System.INTACCT: 2}
LEASE = timedelta(seconds=15)
WAITING = timedelta(seconds=0.25)
"""How long a mark that an interactive request waits keeps bulk requests away, unless renewed."""

FIRST_WAIT = {Lane.INTERACTIVE: 0.005, Lane.BULK: 0.02}
LONGEST_WAIT = 0.05
LINGER = timedelta(seconds=0.04)
"""How long a place of the interactive lane stays with its process after a request: the next one follows at once."""
MARK = 0
"""The number of the row that is no place but the mark of waiting interactive requests."""

# `Slot` is a mapped class; its table gives statements whose column types the checker knows
_T: Table = Slot.__table__  # type: ignore[attr-defined]


_OURS = _T.c.connection_id == bindparam("ours")
_MINE = _T.c.holder == bindparam("token")
_HELD: dict[str, Any] = {"holder": bindparam("token"), "lane": bindparam("in_lane"), "until": bindparam("end")}


def _free(table: FromClause) -> ColumnElement[bool]:
    return or_(table.c.holder.is_(None), table.c.until < bindparam("instant"))


def _taking(lane: Lane) -> Update:
    place, mark = _T.alias("place"), _T.alias("mark")
    here = and_(place.c.connection_id == bindparam("ours"), place.c.system == bindparam("at"))
    number = place.c.number.between(1, bindparam("most"))
    chosen = select(place.c.id).where(here, number, _free(place)).order_by(place.c.number).limit(1)
    if lane is Lane.BULK:
        marked = and_(mark.c.connection_id == bindparam("ours"), mark.c.system == bindparam("at"))
        chosen = chosen.where(~exists().where(marked, mark.c.number == MARK, mark.c.until > bindparam("instant")))
    one = chosen.with_for_update(skip_locked=True).scalar_subquery()
    return update(_T).where(_T.c.id == one, _free(_T)).values(_HELD)


# built once: ten of them run in each interactive sync
_TAKE = {lane: _taking(lane) for lane in Lane}
_PUT_MARK = update(_T).where(_OURS, _T.c.system == bindparam("at"), _T.c.number == MARK).values(_HELD)
_LIFT_MARK = update(_T).where(_OURS, _MINE, _T.c.number == MARK).values(holder=None, until=None)
_GIVE_BACK = update(_T).where(_OURS, _MINE).values(holder=None, lane=None, until=None)
_OUR_PLACES = (_OURS, _T.c.number != MARK, _T.c.holder.in_(bindparam("tokens", expanding=True)))
_RENEW = update(_T).where(*_OUR_PLACES).values(until=bindparam("end"))


class SqlSlots:
    """The `Slots` port for one connection over the database.

    `capacity` is how many requests may be on the wire to each system, over all processes. `holder` names the process.
    """

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        new_id: Callable[[], str],
        connection_id: str,
        holder: str,
        capacity: Mapping[System, int],
    ) -> None:
        self._engine = hasty(sessions)  # a place taken before a power cut has no holder after it
        self._clock = clock
        self._new_id = new_id
        self._connection_id = connection_id
        self._holder = holder[:40]
        self._capacity = {**DEFAULT_CAPACITY, **capacity}
        self._turns = {(system, lane): asyncio.Lock() for system in System for lane in Lane}
        self._freed = {system: asyncio.Event() for system in System}
        self._prepared: set[System] = set()
        self._held: set[str] = set()
        self._spares: dict[System, dict[str, datetime]] = {system: {} for system in System}
        self._leaving: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._resting = False

    def hold(self, system: System, lane: Lane) -> AbstractAsyncContextManager[None]:
        """See `Slots.hold`. Requests of one process and lane come in turn; a cancelled one leaves nothing behind."""
        return self._hold(system, lane)

    @asynccontextmanager
    async def _hold(self, system: System, lane: Lane) -> AsyncIterator[None]:
        token = self._spare(system, lane) or f"{self._holder}:{self._new_id()}"
        try:
            if token not in self._held:
                async with self._turns[system, lane]:  # one of us polls, the others wait without touching the database
                    token = await self._acquire(system, lane, token)
            self._keep(token)
            yield
        finally:
            if lane is Lane.INTERACTIVE and token in self._held:
                self._park(system, token)
            else:
                self._let_go(token)
                await asyncio.shield(self._release(token))
            self._freed[system].set()

    def _spare(self, system: System, lane: Lane) -> str | None:
        """A place that lingers, for the next request of the lane; one parked for too long may be another's by now."""
        spares = self._spares[system]
        while spares and lane is Lane.INTERACTIVE:
            token, parked = spares.popitem()
            if self._clock.now() - parked <= 2 * LINGER:
                return token
            self._let_go(token)
        return None

    def _park(self, system: System, token: str) -> None:
        self._spares[system][token] = self._clock.now()
        leaving = asyncio.create_task(self._leave(system, token))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _leave(self, system: System, token: str) -> None:
        """Give a place back that nobody wanted again."""
        parked = self._spares[system].get(token)
        await self._clock.sleep(LINGER.total_seconds())
        if parked is not None and self._spares[system].get(token) == parked:
            del self._spares[system][token]
            self._let_go(token)
            await self._release(token)
            self._freed[system].set()

    async def _acquire(self, system: System, lane: Lane, token: str) -> str:
        """A place of ours, taken under `token` or handed over by a request that has ended meanwhile."""
        await self._prepare(system)
        wait, marked_until = FIRST_WAIT[lane], self._clock.now()
        self._freed[system].clear()
        while (spare := self._spare(system, lane)) is None and not await self._take(system, lane, token):
            now = self._clock.now()
            if lane is Lane.INTERACTIVE and marked_until - now < WAITING / 2:
                marked_until = now + WAITING
                await self._mark(system, token, marked_until)
            await self._rest(system, wait)
            wait = min(wait * 2, LONGEST_WAIT)
            self._freed[system].clear()
        if spare is not None:
            return spare  # at once: cancelled in between, it would be lost; the mark passes by itself
        if marked_until > self._clock.now():
            await self._run(_LIFT_MARK, token=token)
        return token

    async def _rest(self, system: System, seconds: float) -> None:
        """Wait a while, or until this process gives a place back: other processes' places are noticed by looking."""
        waits = [asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(self._freed[system].wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def _take(self, system: System, lane: Lane, token: str) -> bool:
        now = self._clock.now()
        holding = {"token": token, "in_lane": lane.value, "end": now + LEASE}
        return await self._run(_TAKE[lane], at=system.value, most=self._capacity[system], instant=now, **holding) == 1

    async def _mark(self, system: System, token: str, until: datetime) -> None:
        await self._run(_PUT_MARK, at=system.value, token=token, in_lane=Lane.INTERACTIVE.value, end=until)

    async def _release(self, token: str) -> None:
        await self._run(_GIVE_BACK, token=token)

    async def _prepare(self, system: System) -> None:
        """Make the rows of a system; every process does so once, and all but the first change nothing."""
        if system in self._prepared:
            return
        rows = [
            {"id": self._new_id(), "connection_id": self._connection_id, "system": system.value, "number": number}
            for number in range(self._capacity[system] + 1)
        ]
        async with self._engine.begin() as connection:
            insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgres
            await connection.execute(insert(_T).values(rows).on_conflict_do_nothing())
        self._prepared.add(system)

    def _keep(self, token: str) -> None:
        self._held.add(token)
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._renew())

    def _let_go(self, token: str) -> None:
        self._held.discard(token)
        if not self._held and self._keeper is not None and self._resting:
            self._keeper.cancel()
            self._keeper = None

    async def _renew(self) -> None:
        """Renew the leases of all our places while there are any. Cancelled only while it rests."""
        while self._held:
            self._resting = True
            await self._clock.sleep(LEASE.total_seconds() / 3)
            self._resting = False
            await self._run(_RENEW, tokens=sorted(self._held), end=self._clock.now() + LEASE)

    async def _run(self, statement: Update, **values: Any) -> int:
        async with self._engine.begin() as connection:
            return (await connection.execute(statement, {"ours": self._connection_id, **values})).rowcount
