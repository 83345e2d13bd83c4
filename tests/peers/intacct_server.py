"""A Sage Intacct simulator on a free loopback port, in a thread of its own, for peers that block."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from app.simulators.intacct.app import create_simulator


@dataclass(frozen=True)
class RunningIntacct:
    """Where the simulator listens. It is spoken to over HTTP only: its state belongs to its thread."""

    base: str

    @property
    def gateway(self) -> str:
        """Address of the XML gateway."""
        return f"{self.base}/ia/xml/xmlgw.phtml"

    def control(self, path: str, body: Any = None) -> Any:
        """Read (without a body) or post to `/_sim/<path>`."""
        answer = httpx.request("GET" if body is None else "POST", f"{self.base}/_sim/{path}", json=body)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_intacct() -> Iterator[RunningIntacct]:
    """Serve a fresh company while the block runs. Calls made before the server is up wait in the socket's backlog."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(create_simulator(seed=1), log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield RunningIntacct(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
