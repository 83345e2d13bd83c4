"""The control plane both simulators offer under `/_sim/`: meters, records, seed, reset, faults, clock.

It speaks plain JSON and knows no vendor format. Each simulator hands in its `Controlled` state.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.simulators.clock import SimClock
from app.simulators.faults import FaultPlan, parse_faults


class Controlled(Protocol):
    """What a simulator shows its tests: state they may read, fill and empty."""

    clock: SimClock
    faults: FaultPlan

    def meters(self) -> dict[str, Any]:
        """Counters since the last reset (calls, transactions, concurrency high-water...)."""
        ...

    def records(self, kind: str) -> list[dict[str, Any]]:
        """All records of `kind`, deleted ones included where the vendor keeps them. KeyError for an unknown kind."""
        ...

    def seed(self, records: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """Insert records, read-only fields allowed; answers the same shape with ids. ValueError says what is wrong."""
        ...

    def configure(self, knobs: Mapping[str, Any]) -> dict[str, Any]:
        """Set knobs (empty: none); answers all knobs with their values. ValueError for an unknown one."""
        ...

    def reset(self) -> None:
        """Back to the state of a fresh start."""
        ...


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except ValueError as broken:
        raise ValueError(f"the body is not JSON: {broken}") from broken


def _guarded(work: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        try:
            return JSONResponse(await work(request))
        except KeyError as unknown:
            return JSONResponse({"error": f"unknown kind {unknown.args[0]!r}"}, status_code=404)
        except (ValueError, TypeError) as wrong:
            return JSONResponse({"error": str(wrong)}, status_code=400)

    return endpoint


class _Controls:
    """One method for each path under `/_sim/`."""

    def __init__(self, state: Controlled) -> None:
        self._state = state

    async def meters(self, _: Request) -> Any:
        return self._state.meters()

    async def records(self, request: Request) -> Any:
        return self._state.records(request.path_params["kind"])

    async def seed(self, request: Request) -> Any:
        body = await _json(request)
        if not isinstance(body, dict) or not all(isinstance(v, list) for v in body.values()):
            raise ValueError('the body must be {"kind": [record, ...]}')
        return self._state.seed(body)

    async def reset(self, _: Request) -> Any:
        self._state.reset()
        return {"reset": True}

    async def faults(self, request: Request) -> Any:
        plan = self._state.faults
        if request.method == "GET":
            return plan.describe()
        if request.method == "DELETE":
            plan.reset()
            return []
        body = await _json(request)
        if isinstance(body, dict) and "seed" in body:
            plan.reset(int(body["seed"]))
            body = body.get("faults", [])
        for fault in parse_faults(body if isinstance(body, list) else [body]):
            plan.add(fault)
        return plan.describe()

    async def clock(self, request: Request) -> Any:
        clock = self._state.clock
        if request.method == "POST":
            body = await _json(request)
            for word, value in body.items():
                if word == "advance":
                    clock.advance(float(value))
                elif word == "set":
                    clock.set(datetime.fromisoformat(value))
                elif word == "freeze":
                    (clock.freeze if value else clock.run)()
                else:
                    raise ValueError(f"unknown clock word {word!r}; known are advance, set, freeze")
        return {"now": clock.now().isoformat()}

    async def knobs(self, request: Request) -> Any:
        return self._state.configure(await _json(request) if request.method == "POST" else {})


def control_routes(state: Controlled) -> list[Route]:
    """Routes of the control plane, for the simulator whose state is given."""
    controls = _Controls(state)
    return [
        Route("/_sim/meters", _guarded(controls.meters), methods=["GET"]),
        Route("/_sim/records/{kind}", _guarded(controls.records), methods=["GET"]),
        Route("/_sim/seed", _guarded(controls.seed), methods=["POST"]),
        Route("/_sim/reset", _guarded(controls.reset), methods=["POST"]),
        Route("/_sim/faults", _guarded(controls.faults), methods=["GET", "POST", "DELETE"]),
        Route("/_sim/clock", _guarded(controls.clock), methods=["GET", "POST"]),
        Route("/_sim/knobs", _guarded(controls.knobs), methods=["GET", "POST"]),
    ]
