"""Every object once, in each direction it may travel: made where it is born, looked for on the other side, asked again.

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
from app.cli.demo.examples import DAYS, Stop
from app.domain.declaration import ENABLED
from app.objects import CATALOGUE

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


async def travel(caller: Caller, announce: Announce, days: Sequence[Sequence[Stop]] = DAYS) -> Tour:
    """Take every example across, and ask again for what must not change any more."""
    tour, began = Tour(), time.monotonic()
    stops = [stop for day in days for stop in day]
    names = dict.fromkeys(stop.object_name for stop in stops)
    await caller.configure({name: {"enabled": True} for name in names if ENABLED in CATALOGUE[name].options})
    known: dict[str, Sequence[Mapping[str, Any]]] = {}
    made: dict[int, list[dict[str, Any]]] = {}
    for day in days:
        announce("  " + ", ".join(f"{stop.object_name} ({stop.direction})" for stop in day))
        for stop in day:
            made[id(stop)] = await _make(caller, stop, known)
        await _bring(caller, day, made)
        for stop in day:
            tour.legs.append(await _arrived(caller, stop, made[id(stop)], known))
    before = await caller.meters()
    for day in days:
        await _bring(caller, day, made)
    spent = difference(before, await caller.meters())
    tour.written_again = spent["intacct_writes"] + spent["salesforce_writes"]
    tour.seconds = time.monotonic() - began
    return tour


async def _make(caller: Caller, stop: Stop, known: dict[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Make the records of a stop, and what belongs to them, where they are born."""
    for kind, records in stop.before.items():
        await caller.seed(stop.system, kind, records)
    made = await caller.seed(stop.system, stop.kind, stop.records(known))
    own = stop.object_name if stop.system == "salesforce" else f"{stop.object_name}/intacct"
    known[own] = [*known.get(own, ()), *made]
    for kind, records in stop.beside(known).items():
        await caller.seed(stop.system, kind, records)
    return made


async def _bring(caller: Caller, day: Sequence[Stop], made: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
    """Ask for the records as a person would: by their ids in Salesforce, or by a resync of what Intacct owns."""
    options = {stop.object_name: stop.options for stop in day if stop.options}
    if options:
        await caller.configure(options)
    since = datetime.now(UTC).isoformat()
    for stop in day:
        if stop.system == "salesforce":
            ids = [str(record["Id"]) for record in made[id(stop)]]
            await caller.sync(ids, f"{stop.object_name}-{since}", stop.object_name)
        else:
            await caller.resync(stop.object_name)
    for name in dict.fromkeys(stop.object_name for stop in day):
        least = sum(len(made[id(stop)]) for stop in day if stop.object_name == name)
        await _quiet(caller, name, since, least)


async def _quiet(caller: Caller, object_name: str, since: str, least: int) -> None:
    """Until at least so many operations of the object have come to their end, and none is under way."""
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        found = await caller.operations(since, object_name)
        if len(found) >= least and all(one["state"] in OVER for one in found.values()):
            return
        await asyncio.sleep(0.3)


async def _arrived(
    caller: Caller,
    stop: Stop,
    made: Sequence[Mapping[str, Any]],
    known: dict[str, Sequence[Mapping[str, Any]]],
) -> Leg:
    """Whether each record stands once on the other side, with the values it should have."""
    leg = Leg(stop.object_name, stop.direction, len(made))
    other = "intacct" if stop.system == "salesforce" else "salesforce"
    there = await caller.behind(other, stop.other_kind)
    here = await caller.behind(stop.system, stop.kind)
    known[stop.object_name] = there if other == "salesforce" else here
    known[f"{stop.object_name}/intacct"] = there if other == "intacct" else here
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
