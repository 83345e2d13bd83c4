"""One reading of a change feed in a process of its own, so that its time and its memory are those of the reading.

`python -m benchmarks.reading bare|whole OBJECT` works on the installation that the environment names and prints one
line of JSON: `rows`, `pages`, `seconds`, and `peak` memory in MiB. `bare` asks the real client for the pages and does
nothing with them; `whole` is the product's reading: pages, links, comparison, wishes, cursor.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from app.bootstrap import open_container
from app.config import load_settings
from app.domain.declaration import SyncedObject
from app.domain.records import Errand, Lane
from app.objects import CATALOGUE
from app.services.changes import BEGINNING, PAGE, poll_object
from app.services.context import Context
from app.services.planning import plan_for
from app.services.turns import Pace
from app.store import cursors
from app.store.tables import Connection
from app.sync.ports import Position


async def read(how: str, object_name: str) -> dict[str, float]:
    """Read the object's feed; what it took."""
    async with open_container(load_settings(), role="benchmark") as container:
        context, declared = container.context, CATALOGUE[object_name]
        async with context.begin() as session:
            (connection,) = await cursors.enabled_connections(session)
        began = time.perf_counter()
        rows, pages = await (_bare if how == "bare" else _whole)(context, connection, declared)
        seconds = time.perf_counter() - began
    return {"rows": rows, "pages": pages, "seconds": seconds, "peak": _peak()}


async def _bare(context: Context, connection: Connection, declared: SyncedObject) -> tuple[int, int]:
    pair = context.backends.of(connection, Lane.BULK, Errand.POLL)
    fields = (await plan_for(context, connection, declared, pair)).intacct_fields
    position, until, rows, pages = Position(BEGINNING, "0"), datetime.now(UTC), 0, 0
    while True:
        page = await pair.intacct.changes(declared.intacct.kind, position, until, fields, PAGE)
        rows, pages = rows + len(page.records), pages + 1
        if page.done:
            return rows, pages
        position = page.position


async def _whole(context: Context, connection: Connection, declared: SyncedObject) -> tuple[int, int]:
    counts = await poll_object(context, connection, declared, Pace(0.0, 3600.0))
    if counts is None:
        raise RuntimeError("another process is reading the feed")
    return counts.seen, -(-counts.seen // PAGE)


def _peak() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(read(*sys.argv[1:3]))) + "\n")
