"""A worker's hold on a batch: renewed while the batch runs, asked before every write, given up when it has passed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from app.services.context import Context
from app.store import work


class Lease:
    """`until` moves on while the keeper manages to renew; a worker that slept past it finds the lease gone for good."""

    def __init__(self, context: Context, fences: Sequence[tuple[str, int]], until: datetime) -> None:
        self._context, self._fences = context, list(fences)
        self.until = until

    def stands(self) -> bool:
        """Whether what is written now is still ours to write. Asks nobody, so that nothing comes between."""
        return self._context.clock.now() < self.until

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew at every third of the lease's life while the body runs."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    async def _keep(self) -> None:
        life = timedelta(seconds=self._context.lease_seconds)
        while True:
            await self._context.clock.sleep(self._context.lease_seconds / 3)
            if not self.stands():
                return
            now = self._context.clock.now()
            async with self._context.begin() as session:
                renewed = await work.renew(session, self._fences, now, life)
            if renewed < len(self._fences):
                self.until = now  # somebody has taken part of the batch over: nothing of it is ours to write
                return
            self.until = now + life
