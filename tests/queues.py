"""A real queue server for tests, which may be killed and started again on the same port and data. No test here."""

import socket
import subprocess
import time
from pathlib import Path

from app.cli import valkey
from app.cli.children import die_with_parent


class QueueServer:
    """One Valkey of the test's own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = valkey.free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._argv = valkey.program(directory, self.port).argv
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            self._argv, stdout=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent()
        )
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline, "the queue server did not come up"
            time.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL: what was not on disk is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in good order, if it is still there."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")
        except OSError:
            return False
