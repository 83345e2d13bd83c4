"""Every object once, in each direction it may travel: made where it is born, looked for on the other side, synced again.

What is made stands in `examples`. Speaks to the product through its public API, to the vendors' simulators behind it.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.cli.children import Announce
from app.cli.demo.caller import Caller, difference
from app.cli.demo.examples import STOPS, Stop

LONGEST_WAIT = 120.0
OVER = ("done", "held", "cancelled")


@dataclass(slots=True)
class Leg:
    """One object in one direction: how many were made, how many stand right on the other side, and what was wrong."""

    object_name: str
    direction: str
    made: int
    right: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Tour:
    """What the tour found. `written_again` counts records that a second sync of everything wrote; it should be none."""

    legs: list[Leg] = field(default_factory=list)
    written_again: int = 0
    seconds: float = 0.0

    def problems(self) -> list[str]:
        """Whatever is off, in words."""
        found = [
            f"{leg.object_name} {leg.direction}: {leg.right} of {leg.made} right ({'; '.join(leg.wrong[:2])})"
            for leg in self.legs
            if leg.right != leg.made
        ]
        return found + ([f"{self.written_again} records written by a second sync"] if self.written_again else [])


async def travel(caller: Caller, announce: Announce) -> Tour:
    """Take every example across and back to where it must not change any more."""
    tour, began = Tour(), time.monotonic()
    await caller.configure({stop.object_name: dict(stop.options) for stop in STOPS})
    made: dict[int, list[dict[str, Any]]] = {}
    for number, stop in enumerate(STOPS):
        announce(f"  {stop.object_name}: {stop.says}")
        made[number] = await caller.seed(stop.system, stop.kind, stop.records(made))
        await _bring(caller, stop, made[number])
        tour.legs.append(await _arrived(caller, stop, made[number]))
    before = await caller.meters()
    for number, stop in enumerate(STOPS):
        await _bring(caller, stop, made[number])
    spent = difference(before, await caller.meters())
    tour.written_again = spent["intacct_writes"] + spent["salesforce_writes"]
    tour.seconds = time.monotonic() - began
    return tour


async def _bring(caller: Caller, stop: Stop, records: Sequence[Mapping[str, Any]]) -> None:
    """Ask for the records as a person would: by their ids in Salesforce, or by a resync of what Intacct owns."""
    since = datetime.now(UTC).isoformat()
    if stop.system == "salesforce":
        await caller.sync([str(record["Id"]) for record in records], f"{stop.object_name}-{since}", stop.object_name)
        await _quiet(caller, stop.object_name, since, len(records))
    else:
        await caller.resync(stop.object_name)
        await _quiet(caller, stop.object_name, since, stop.expected)


async def _quiet(caller: Caller, object_name: str, since: str, least: int) -> None:
    """Until at least so many operations of the object have come to their end, and none is under way."""
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        found = await caller.operations(since, object_name)
        if len(found) >= least and all(one["state"] in OVER for one in found.values()):
            return
        await asyncio.sleep(0.3)


async def _arrived(caller: Caller, stop: Stop, made: Sequence[Mapping[str, Any]]) -> Leg:
    """Whether each record stands once on the other side, with the values it should have."""
    leg = Leg(stop.object_name, stop.direction, len(made))
    other = "intacct" if stop.system == "salesforce" else "salesforce"
    there = await caller.behind(other, stop.other_kind)
    here = await caller.behind(stop.system, stop.kind)
    key = "Id" if stop.system == "salesforce" else "RECORDNO"
    for one in made:
        record = next(record for record in here if str(record[key]) == str(one[key]))
        wanted = {name: _plain(record, own) for own, name in stop.same.items()} | dict(stop.also)
        twins = [t for t in there if all(_plain(t, name) == value for name, value in wanted.items())]
        if len(twins) == 1:
            leg.right += 1
        else:
            leg.wrong.append(f"{len(twins)} {stop.other_kind} with {wanted}")
    return leg


def _plain(record: Mapping[str, Any], name: str) -> str:
    """A value as text, whichever side spelt it; dotted names lead into nested parts."""
    value: Any = record
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    text = "" if value is None else str(value)
    try:
        return f"{float(text):g}"
    except ValueError:
        return text
