"""Counters of what the company would be billed for and what its limits would say, and the line of waiting requests."""

import asyncio
from collections import Counter, deque
from typing import Any

from app.simulators.clock import SimClock
from app.simulators.intacct.knobs import Knobs

FREE = {"getAPISession"}
WRITES = ("create", "update", "delete")


class Meters:
    """Transactions by section 8 of the cost rules: each record written 1, each read or page 1, refusals nothing."""

    def __init__(self) -> None:
        self.requests = self.functions = self.transactions = self.records_written = 0
        self.by_function: Counter[str] = Counter()
        self.by_tag: Counter[str] = Counter()
        self.inside = self.inside_high = self.working = self.working_high = 0

    def arrived(self) -> None:
        """A request came in."""
        self.requests += 1
        self.inside += 1
        self.inside_high = max(self.inside_high, self.inside)

    def left(self) -> None:
        """A request was answered or dropped."""
        self.inside -= 1

    def ran(self, name: str, tag: str, written: int, succeeded: bool) -> None:
        """A function was carried out and wrote so many records."""
        self.functions += 1
        self.by_function[name] += 1
        self.by_tag[tag] += 1
        self.records_written += written
        is_write = name in WRITES or name.startswith(("create_", "update_", "delete_"))
        self.transactions += written if is_write else int(succeeded and name not in FREE)

    def taken_back(self, written: int) -> None:
        """Records of a transaction that was rolled back were not written after all."""
        self.records_written -= written
        self.transactions -= written

    def describe(self, logins: int) -> dict[str, Any]:
        """The counters as plain data. High-waters: requests inside at once, and worked on at once."""
        return {
            "transactions": self.transactions,
            "requests": self.requests,
            "functions": self.functions,
            "by_function": dict(self.by_function),
            "by_tag": dict(self.by_tag),
            "records_written": self.records_written,
            "concurrency_high_water": self.inside_high,
            "worked_high_water": self.working_high,
            "logins": logins,
        }


class OverCap(Exception):
    """A request waited longer for a slot than the company lets it."""


class Line:
    """At most `concurrency` requests are worked on; the others wait in line, or give up as the knobs say."""

    def __init__(self, knobs: Knobs, meters: Meters) -> None:
        self._knobs, self._meters = knobs, meters
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Take a slot, first come first served. OverCap when the wait is refused."""
        cap = self._knobs["concurrency"]
        if cap and (self._meters.working >= cap or self._waiting):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            patience = None if self._knobs["over_cap_reply"] == "wait" else float(self._knobs["over_cap_after_s"])
            try:
                await asyncio.wait_for(turn, patience)
            except TimeoutError as late:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                raise OverCap from late
        else:
            self._meters.working += 1
        self._meters.working_high = max(self._meters.working_high, self._meters.working)

    def leave(self) -> None:
        """Give the slot back, or hand it to the next in line."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._meters.working -= 1


class RateWindow:
    """At most n requests in any window of so many seconds."""

    def __init__(self, knobs: Knobs, clock: SimClock) -> None:
        self._knobs, self._clock = knobs, clock
        self._times: deque[float] = deque()

    def admits(self) -> bool:
        """Whether one more request fits; if so it is counted."""
        limits = self._knobs["rate_limits"]
        if not limits:
            return True
        now = self._clock.now().timestamp()
        while self._times and self._times[0] <= now - float(limits["window_s"]):
            self._times.popleft()
        if len(self._times) >= int(limits["requests"]):
            return False
        self._times.append(now)
        return True

    def left(self) -> int:
        """Requests that still fit the window; -1 without a limit."""
        limits = self._knobs["rate_limits"]
        return int(limits["requests"]) - len(self._times) if limits else -1
