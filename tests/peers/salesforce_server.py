"""A Salesforce simulator on a free loopback port, in a thread of its own, for peers that block and wires that break."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from app.simulators.salesforce.app import create_simulator

KEY = {"name": "Intacct_Id__c", "label": "Intacct Id", "length": 80, "external_id": True, "unique": True}
GROUP = {"name": "Group_Key__c", "label": "Group Key", "length": 40, "external_id": True}
PEER_FIELDS = {"name": "Account", "fields": [KEY, GROUP]}


@dataclass(frozen=True)
class RunningSalesforce:
    """Where the simulator listens. It is spoken to over HTTP only: its state belongs to its thread."""

    base: str
    verify: ssl.SSLContext | bool = True

    def control(self, path: str, body: Any = None) -> Any:
        """Read (without a body) or post to `/_sim/<path>`."""
        with httpx.Client(verify=self.verify, trust_env=False) as http:
            answer = http.request("GET" if body is None else "POST", f"{self.base}/_sim/{path}", json=body)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_salesforce(
    app: Any = None, *, certificate: Path | None = None, private_key: Path | None = None
) -> Iterator[RunningSalesforce]:
    """Serve a fresh org (or `app`) while the block runs, over TLS if a certificate is given."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(
        app or create_simulator(seed=1),
        log_level="critical",
        lifespan="off",
        ssl_certfile=certificate,
        ssl_keyfile=private_key,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    scheme, verify = ("https", ssl.create_default_context(cafile=certificate)) if certificate else ("http", True)
    try:
        yield RunningSalesforce(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", verify)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
