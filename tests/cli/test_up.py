"""Starting and stopping an installation: what is refused, what a terminal sees, who is left behind (nobody)."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.cli import valkey
from app.cli.stack import Stack
from app.config import Settings, SettingsError, load_settings
from tests.cli.processes import alive

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        mode="offline",
        database_url=None,
        redis_url=None,
        data_dir=tmp_path / "data",
        port=0,
        salesforce_sim_port=0,
        intacct_sim_port=0,
    )


async def test_a_port_in_use_is_named_with_the_way_out(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        stack = Stack(settings.model_copy(update={"port": taken.getsockname()[1]}))
        with pytest.raises(SettingsError, match="TANDEM_PORT"):
            await stack.__aenter__()


async def test_a_data_directory_in_use_is_refused(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="Another Tandem"), valkey.owned(settings.data_dir):
        async with Stack(settings):
            pass


async def test_tandem_up_shows_its_key_once_and_ends_with_zero_when_asked(settings: Settings, tmp_path: Path) -> None:
    """The key it showed still works after the next start, which shows none and leaves nobody behind."""
    output = tmp_path / "output"
    process = up(settings, output)
    async with asyncio.timeout(90):
        while "Press Ctrl-C" not in output.read_text():
            await asyncio.sleep(0.05)
            assert process.poll() is None, output.read_text()
    process.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(process.wait, 60) == 0
    said = output.read_text()
    assert said.rstrip().endswith("Stopped.")
    (key,) = [word for word in said.split() if word.startswith("tnd_")]
    assert key not in "".join(path.read_text() for path in (settings.data_dir / "logs").iterdir())

    announced: list[str] = []
    async with Stack(settings, announced.append) as stack:
        pids = stack.pids
        assert stack.admin_key is None
        async with httpx.AsyncClient(headers={"X-API-Key": key}) as http:
            assert (await http.get(f"{stack.url}/v1/operations")).status_code == 200
    assert not [name for name, pid in pids.items() if alive(pid)]
    assert not any("tnd_" in line or "is killed" in line or "ended" in line for line in announced)


def up(settings: Settings, output: Path) -> subprocess.Popen[bytes]:
    """`tandem up` as a terminal starts it."""
    environment = {**os.environ, **settings.environment(), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up"], stdout=file, stderr=file, env=environment, start_new_session=True
        )
