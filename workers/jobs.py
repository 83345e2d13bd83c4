"""The jobs, as the queue calls them: ids in, one service called. No rule stands here."""

from typing import Any

from app.domain.records import Lane


async def drain(ctx: dict[str, Any], connection_id: str, lane: str) -> None:
    """Bring in step what is due. May run twice: the second claim finds nothing."""
    await ctx["drains"].drain(connection_id, Lane(lane))
