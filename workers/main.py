"""A worker process: one lane, one queue. `python -m workers.main interactive` or `bulk`.

Builds the worker from settings; what a job does stands in `workers.jobs`, what runs by the clock in
`workers.schedules`.
"""

import asyncio
import gc
import sys
from typing import Any

from app import jobs, telemetry
from app.bootstrap import Container, open_container
from app.config import Settings, SettingsError, load_settings
from app.domain.records import Lane
from workers.batches import Batches
from workers.drains import LIMIT, Drains
from workers.jobs import drain
from workers.schedules import Schedules

JOB_SECONDS = 900
"""A job cut off in the middle of a write leaves an outcome to be looked up, so it is cut off late. Recovery after a
crash does not wait for this: rows have leases, and each ring is a job of its own."""

FINISH_SECONDS = 20
"""How long a worker that is asked to end goes on with its current batches."""

PLACES = 50
POLL_SECONDS = 0.5
SCHEDULING_LANE = Lane.BULK
"""The lane whose workers run the periodic tasks."""

_log = telemetry.log("workers")


def options(redis_url: str, lane: Lane) -> dict[str, Any]:
    """How the queue is worked, as arguments of `WakeWorker` (the reasons are in ADR 0001)."""
    return {
        "redis_settings": jobs.redis_settings(redis_url),
        "queue_name": jobs.QUEUES[lane],
        "max_jobs": PLACES,
        "queue_read_limit": 1000,
        "poll_delay": POLL_SECONDS,
        "keep_result": 0,
        "max_tries": 10,
        "job_timeout": JOB_SECONDS,
        "health_check_interval": 10,
        "job_completion_wait": FINISH_SECONDS,
        "log_results": False,
        "expires_extra_ms": jobs.EXPIRY_MS,
    }


async def work(lane: Lane, settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish the current batches. Raises SettingsError without a queue."""
    if settings.redis_url is None:
        raise SettingsError("A worker needs REDIS_URL; `tandem up` starts a queue of its own.")
    async with open_container(settings, role=lane.value) as container:
        worker = jobs.WakeWorker({jobs.DRAIN: drain}, **options(settings.redis_url, lane))
        worker.ctx["drains"] = _drains(container, lane, worker.stopping)
        schedules = Schedules(container.context, settings) if lane is SCHEDULING_LANE else None
        _log.info("worker_started", lane=lane.value, worker=container.context.worker)
        try:
            await worker.async_run()
        except asyncio.CancelledError:
            if not worker.stopping.is_set():
                raise
        finally:
            if schedules is not None:
                await schedules.close()
            await worker.close()
        _log.info("worker_stopped", lane=lane.value)


def run(lane: Lane, settings: Settings | None = None) -> int:
    """Run a worker to its end; answers the exit code."""
    try:
        chosen = settings or load_settings()
        telemetry.configure_logging(chosen.log_level)
        gc.freeze()  # what was imported stays: looked through at each full collection, it took 55 ms
        asyncio.run(work(lane, chosen))
    except SettingsError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    return 0


def _drains(container: Container, lane: Lane, stopping: asyncio.Event) -> Drains:
    limit = container.settings.worker_concurrency or LIMIT[lane]
    return Drains(Batches(container.context).one, limit, stopping)


if __name__ == "__main__":
    if sys.argv[1:] not in ([lane.value] for lane in Lane):
        sys.exit("usage: python -m workers.main interactive|bulk")
    sys.exit(run(Lane(sys.argv[1])))
