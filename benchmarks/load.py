"""The load generator: a process of its own on raw sockets, so that it costs next to nothing beside what it measures.

`python -m benchmarks.load PORT KEY CONNECTIONS REQUESTS FIRST` posts wishes for REQUESTS distinct accounts, numbered
from FIRST, over so many kept-alive connections, and prints one line of JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import uvloop

BODY = b'{"origin":"button","requestedBy":"somebody@example.com"}'
LIMIT_SECONDS = 120


@dataclass
class Tally:
    """What came back."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)


class Client(asyncio.Protocol):
    """One connection: sends a request, waits for its whole answer, sends the next."""

    def __init__(self, requests: Iterator[bytes], tally: Tally, done: asyncio.Future[None]) -> None:
        self._requests, self._tally, self._done = requests, tally, done
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Collect; at the end of an answer, count it and go on."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._tally.seconds.append(time.perf_counter() - self._sent_at)
        self._tally.statuses[head[9:12].decode()] += 1
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that ends early is a failure of the run."""
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("closed by the server"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


def account(number: int) -> str:
    """A Salesforce id in its 15-character form."""
    return f"001{number:012d}"


def requests(key: str, first: int, count: int) -> Iterator[bytes]:
    """The requests, ready to be written."""
    rest = (
        f" HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n"
    ).encode() + BODY
    for number in range(first, first + count):
        yield b"POST /v1/sync/account/" + account(number).encode() + rest


async def run(port: int, key: str, connections: int, count: int, first: int) -> dict[str, Any]:
    """Post everything; `per_second`, `p50_ms`, `p99_ms`, `statuses`."""
    loop, tally, feed = asyncio.get_running_loop(), Tally(), requests(key, first, count)
    started = time.perf_counter()
    ends: list[asyncio.Future[None]] = []
    for _ in range(connections):
        done = loop.create_future()
        ends.append(done)
        await loop.create_connection(partial(Client, feed, tally, done), "127.0.0.1", port)
    await asyncio.wait_for(asyncio.gather(*ends), LIMIT_SECONDS)
    took = time.perf_counter() - started
    ranked = sorted(tally.seconds)
    return {
        "per_second": count / took,
        "p50_ms": ranked[len(ranked) // 2] * 1000,
        "p99_ms": ranked[int(len(ranked) * 0.99)] * 1000,
        "statuses": dict(tally.statuses),
    }


if __name__ == "__main__":
    port, key, *numbers = sys.argv[1:]
    sys.stdout.write(json.dumps(uvloop.run(run(int(port), key, *map(int, numbers)))) + "\n")
