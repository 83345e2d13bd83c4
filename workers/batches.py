"""One batch at a time, so that a worker that is asked to end can stop between two: claim, call for company, run.

Payments that were handed in go first: they have to reach Salesforce before they can be claimed like any other record.
What a batch is and does stands in `app.services.runner`.
"""

from app import telemetry
from app.domain.records import Lane
from app.services import payment_delivery, runner
from app.services.context import Context


class Batches:
    """The batches of all connections, for the workers of one process."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def one(self, connection_id: str, lane: Lane) -> bool:
        """Run the next due batch; False when nothing is due.

        A full batch means there may be more, so the bell is rung before it runs: others begin while it is at work.
        """
        delivered = await payment_delivery.deliver(self._context, connection_id, lane)
        claimed = await runner.claim(self._context, connection_id, lane)
        if claimed is None:
            return delivered > 0
        if len(claimed.claims) >= runner.BATCH[lane]:
            await self._context.bell.ring(connection_id, lane)
        began = self._context.clock.now()
        with (
            telemetry.RUNNING.labels(lane.value).track_inprogress(),
            telemetry.bound(connection=connection_id, lane=lane.value, object=claimed.object_name),
        ):
            await runner.run(self._context, lane, claimed)
        took = (self._context.clock.now() - began).total_seconds()
        telemetry.RUN_SECONDS.labels(claimed.object_name, lane.value).observe(took)
        return True
