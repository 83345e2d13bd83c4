"""A TCP proxy that delays, cuts, falls silent, or loses the replies to requests it has passed on. Knows no protocol."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

CHUNK = 65536


class Proxy:
    """Lines from a port of its own to a server on this machine, found anew for each line.

    `delay` holds back every chunk of a reply for so many seconds. While `losing`, what the server answers is thrown
    away and the line is reset at the first byte of it: the request was executed, the caller does not hear of it.
    """

    def __init__(self, target: Callable[[], int]) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self.delay = 0.0
        self.losing = False
        self.lost = 0
        self.cuts = 0

    async def open(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Reset all lines that exist."""
        for line in list(self._lines):
            self.cuts += 1
            _reset(line)

    def silence(self) -> None:
        """From now on nothing passes on the lines that exist, and nobody is told; later lines work."""
        self._passing.clear()
        self._passing = asyncio.Event()
        self._passing.set()

    async def close(self) -> None:
        """End everything."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in self._lines:
            line.transport.abort()
        await asyncio.sleep(0)  # transports close in the next round of the loop

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, away = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            _reset(writer)
            return
        self._lines |= {writer, away}
        passing = self._passing
        asked = self._start(self._pass_on(reader, away, passing, reply=False))
        answered = self._start(self._pass_on(there, writer, passing, reply=True))
        await asyncio.wait({asked, answered})
        for line in (writer, away):
            line.close()
        self._lines -= {writer, away}

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, passing: asyncio.Event, *, reply: bool
    ) -> None:
        with suppress(ConnectionError, OSError):  # either end may go at any time
            while data := await source.read(CHUNK):
                await passing.wait()
                if reply and self.losing:
                    self.lost += 1
                    _reset(target)
                    return
                if reply and self.delay:
                    await asyncio.sleep(self.delay)
                target.write(data)
                await target.drain()
        target.close()


def _reset(line: asyncio.StreamWriter) -> None:
    """Close a line as a crash would: with a reset, not with a farewell."""
    raw: socket.socket | None = line.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    line.transport.abort()
