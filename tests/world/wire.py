"""The network between the house and both simulators, with what networks do: lose, delay, double, garble, refuse.

Also a fault plan that tells who was hit. Decides nothing by itself: probabilities come from the scenario.
"""

import asyncio
import random
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import httpx

from app.simulators.faults import Fault, FaultKind, FaultPlan
from app.simulators.wire import Dropped
from tests.world.stage import REPLY, REQUEST, Stage

CONNECT_REFUSED = "wire_connect_refused"
LOST_BEFORE = "wire_lost_before"
LOST_AFTER = "wire_lost_after"
LATE_ARRIVAL = "wire_late_arrival"
DOUBLED = "wire_doubled"
SLOW_REPLY = "wire_slow_reply"

GATEWAY = "xmlgw"
"""Intacct alone goes on with a request for up to 15 minutes after the caller was cut off; Salesforce does not."""

CONTROL_ID = re.compile(rb"<function controlid=\"([^\"]*)\"><(\w+)")


@dataclass(frozen=True, slots=True)
class WireFault:
    """One thing the network does to a share of the requests whose path holds `path`; `seconds` is the longest delay."""

    kind: str
    probability: float
    seconds: float = 0.0
    path: str = ""


class Weather:
    """What the network does at present, and to whom it was done."""

    def __init__(self, rng: random.Random, hit: Callable[[str], None]) -> None:
        self.faults: list[WireFault] = []
        self._rng, self.hit = rng, hit

    def draw(self, path: str) -> tuple[str, float]:
        """The fault of one request, and its seconds; ("", 0.0) for none."""
        for fault in self.faults:
            if fault.path in path and self._rng.random() < fault.probability:
                self.hit(fault.kind)
                return fault.kind, self._rng.uniform(0.0, fault.seconds)
        return "", 0.0


class ToldPlan(FaultPlan):
    """A simulator's fault plan that tells of each fault drawn, on whose request."""

    def __init__(self, seed: int, hit: Callable[[str], None]) -> None:
        super().__init__(seed)
        self._hit = hit

    def draw(self, tag: str, kinds: Collection[FaultKind] | None = None) -> Fault | None:
        """See `FaultPlan.draw`."""
        fault = super().draw(tag, kinds)
        if fault is not None:
            self._hit(fault.kind.value)
        return fault


class WorldTransport(httpx.AsyncBaseTransport):
    """In-process transport through the weather. What has arrived is worked on whether or not the caller still waits."""

    def __init__(self, app: Any, stage: Stage, weather: Weather, arrived: Callable[[], None]) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self._stage, self._weather, self._arrived = stage, weather, arrived

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or fail as sockets fail."""
        mark = _mark(request)
        await self._stage.at(REQUEST, mark)
        kind, seconds = self._weather.draw(request.url.path)
        if kind == CONNECT_REFUSED:
            raise httpx.ConnectError("refused", request=request)
        if kind == LOST_BEFORE:
            raise httpx.ReadError("reset before it arrived", request=request)
        patience = request.extensions.get("timeout", {}).get("read") or 120.0
        if kind == LATE_ARRIVAL:
            seconds += patience
        work = asyncio.ensure_future(self._serve(request, kind, seconds))
        try:
            response = await asyncio.wait_for(asyncio.shield(work), patience)
        except TimeoutError as late:
            work.add_done_callback(_heard)
            raise httpx.ReadTimeout("no answer in time", request=request) from late
        except asyncio.CancelledError:
            work.add_done_callback(_heard)
            raise
        except Dropped as dropped:
            raise httpx.ReadError("connection reset", request=request) from dropped
        await self._stage.at(REPLY, f"{response.status_code} {mark}")
        if kind == LOST_AFTER:
            raise httpx.ReadError("reset before the answer", request=request)
        return response

    async def _serve(self, request: httpx.Request, kind: str, seconds: float) -> httpx.Response:
        if kind == LATE_ARRIVAL:
            await asyncio.sleep(seconds)
        try:
            response = await self._inner.handle_async_request(request)
            await response.aread()
            if kind == DOUBLED:
                response = await self._inner.handle_async_request(request)
                await response.aread()
        finally:
            self._arrived()
        if kind == SLOW_REPLY:
            await asyncio.sleep(seconds)
        return response


def _mark(request: httpx.Request) -> str:
    """A short, secret-free name of a request for the trace."""
    found = CONTROL_ID.findall(request.content)
    if found:
        return " ".join(f"{verb.decode()}#{number.decode()[:10]}" for number, verb in found)
    return f"{request.method} {request.url.path[-48:]}"


def _heard(work: "asyncio.Future[httpx.Response]") -> None:
    """Nobody waits any more: an outcome is not to be reported as forgotten."""
    if not work.cancelled():
        work.exception()
