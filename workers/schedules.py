"""What runs by the clock: a table of tasks, and the loop that runs each of them.

Plain tasks in the worker's loop and no cron jobs of the queue: they must run when the queue is away. Each service
guards itself by rows and leases, so several workers may run the same table.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app import telemetry
from app.config import Settings
from app.services import (
    building,
    building_schedule,
    changes,
    completeness,
    events,
    mass_steps,
    retention,
    sweeper,
    vitals,
)
from app.services.context import Context

_log = telemetry.log("schedules")


OBSERVE_SECONDS = 15.0
MASS_SECONDS = 2.0
MAPPINGS_SECONDS = 3600.0
RETENTION_SECONDS = 3600.0
VERIFY_SECONDS = 900.0
"""How often it is looked, in our own rows, whether the last verification of an object is a day old."""
LOOK_SECONDS = 10.0
"""How often it is looked whether a feed is due, in our own rows: so soon a hint takes effect."""


@dataclass(frozen=True, slots=True)
class Task:
    """One periodic task: its name, the seconds between two runs, and the service it calls."""

    name: str
    seconds: Callable[[Settings], float]
    run: Callable[[Context, Settings], Awaitable[object]]


TASKS = (
    Task("sweep", lambda settings: settings.sweep_seconds, lambda context, _: sweeper.sweep(context)),
    Task(
        "poll_changes",
        lambda settings: min(settings.poll_every, LOOK_SECONDS),
        lambda context, settings: changes.poll(context, timedelta(seconds=settings.poll_every)),
    ),
    Task("mass_runs", lambda _: MASS_SECONDS, lambda context, _: mass_steps.advance(context)),
    Task("finish_builds", lambda settings: settings.sweep_seconds, lambda context, _: building.finish_left(context)),
    Task("run_journal_mappings", lambda _: MAPPINGS_SECONDS, lambda context, _: building_schedule.run_due(context)),
    Task("purge_requests", lambda settings: settings.purge_seconds, lambda context, _: sweeper.purge(context)),
    Task("purge_hints", lambda settings: settings.purge_seconds, lambda context, _: events.purge(context)),
    Task("retention", lambda _: RETENTION_SECONDS, lambda context, _: retention.purge(context)),
    Task("verify", lambda _: VERIFY_SECONDS, lambda context, _: completeness.verify_due(context)),
    Task("observe", lambda _: OBSERVE_SECONDS, lambda context, _: vitals.observe(context)),
)


class Schedules:
    """Runs tasks, each in a loop of its own: at once, then after its pause. A run that raises is logged and counted."""

    def __init__(self, context: Context, settings: Settings, tasks: Sequence[Task] = TASKS) -> None:
        self._context = context
        self._settings = settings
        self._loops = {task.name: asyncio.create_task(self._loop(task)) for task in tasks}
        self._resting: set[str] = set()
        self._ending = False

    async def close(self) -> None:
        """End: runs that are under way are finished, no other is begun."""
        self._ending = True
        for name in self._resting:
            self._loops[name].cancel()
        await asyncio.gather(*self._loops.values(), return_exceptions=True)

    async def _loop(self, task: Task) -> None:
        seconds = task.seconds(self._settings)
        while not self._ending:
            try:
                await task.run(self._context, self._settings)
            except Exception:
                telemetry.TASK_FAILURES.labels(task.name).inc()
                _log.exception("task_failed", task=task.name)
            if not self._ending:
                self._resting.add(task.name)
                await self._context.clock.sleep(seconds)
                self._resting.discard(task.name)
