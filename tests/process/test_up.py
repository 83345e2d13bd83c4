"""`tandem up` on one data directory, three times: asked to end, killed, and asked to end again."""

import asyncio
import os
import re
import select
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.cli import valkey
from app.cli.stack import ROOT
from tests.cli.processes import alive
from tests.process.installation import KEY, Hands, hands, settings_for, until

pytestmark = [
    pytest.mark.process,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and watches processes through their descriptors"),
]

README = ROOT / "README.md"
PORTS = ("TANDEM_PORT", "TANDEM_SALESFORCE_SIM_PORT", "TANDEM_INTACCT_SIM_PORT")
GOODBYE = 40.0


class Up:
    """One `tandem up`, as a terminal starts it."""

    def __init__(self, process: asyncio.subprocess.Process, output: Path, hands_on: Hands) -> None:
        self.process = process
        self.hands = hands_on
        self._output = output

    @property
    def said(self) -> str:
        """What stood on the terminal."""
        return self._output.read_text()

    def family(self) -> dict[int, str]:
        """Its children: command lines by process id."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text().rpartition(")")[2].split()[1])
                command = path.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it ended while we looked
                continue
            if parent == self.process.pid:
                found[int(path.parent.name)] = command
        return found


@dataclass(frozen=True)
class Life:
    """What was seen of one `tandem up`, from its start to its end."""

    code: int
    said: str
    family: Mapping[int, str]
    order: list[int]
    operation: Mapping[str, Any]
    api_key: str
    walk: str = ""


@asynccontextmanager
async def up(directory: Path, environment: Mapping[str, str]) -> AsyncIterator[Up]:
    """A running `tandem up` that has greeted; killed at the end if it is still there."""
    output = directory.with_name(f"{time.monotonic_ns()}.txt")
    with output.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "up"),
            stdout=file,
            stderr=file,
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    urls = [f"http://127.0.0.1:{environment[name]}" for name in PORTS]
    async with hands(*urls) as some:
        running = Up(process, output, some)

        async def greeted() -> bool:
            assert process.returncode is None, running.said
            return "Press Ctrl-C" in running.said

        try:
            await until(greeted)
            yield running
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def walk_through(environment: Mapping[str, str]) -> str:
    """The commands of the README's walk-through, for this installation's ports and key."""
    section = README.read_text().partition("## A record on its way")[2].partition("\n## ")[0]
    commands = "\n".join(re.findall(r"^```\n(.*?)^```", section, re.DOTALL | re.MULTILINE))
    for name, standard in zip(PORTS, ("8000", "8101", "8102"), strict=True):
        commands = commands.replace(f"127.0.0.1:{standard}", f"127.0.0.1:{environment[name]}")
    (key,) = set(re.findall(r"TANDEM_ADMIN_KEY=(\S+) make run", section))
    return commands.replace(key, KEY)


async def shell(script: str) -> str:
    """What a script says; it must not fail."""
    process = await asyncio.create_subprocess_exec("bash", "-euc", script, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), GOODBYE)
    assert process.returncode == 0
    return said.decode()


def farewell(pids: Iterable[int]) -> list[int]:
    """Wait until all of these processes have ended; in the order in which they did. Raises TimeoutError."""
    left = {os.pidfd_open(pid): pid for pid in pids}
    watch, order, deadline = select.poll(), [], time.monotonic() + GOODBYE
    for descriptor in left:
        watch.register(descriptor, select.POLLIN)
    while left:
        if time.monotonic() > deadline:
            raise TimeoutError(f"still there: {sorted(left.values())}")
        for descriptor, _ in watch.poll(500):
            watch.unregister(descriptor)
            os.close(descriptor)
            order.append(left.pop(descriptor))
    return order


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture(scope="module")
def environment(directory: Path) -> dict[str, str]:
    return {**settings_for(directory).environment(), **{name: str(valkey.free_port()) for name in PORTS}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(directory: Path, environment: dict[str, str]) -> Life:
    """The first life: the README is followed, an account synced, a key made, then SIGTERM."""
    async with up(directory, environment) as running:
        walk = await shell(walk_through(environment)) if shutil.which("curl") else ""
        ids = await running.hands.accounts(1)
        done = (await running.hands.wish(ids, "button", wait=8)).raise_for_status().json()["items"][0]
        made = await running.hands.api.post("/v1/keys", json={"name": "flow", "role": "viewer"})
        family = running.family()
        running.process.send_signal(signal.SIGTERM)
        order = await asyncio.to_thread(farewell, family)
        code = await asyncio.wait_for(running.process.wait(), GOODBYE)
        return Life(code, running.said, family, order, done, made.raise_for_status().json()["apiKey"], walk)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def killed(directory: Path, environment: dict[str, str], asked: Life) -> Life:
    """The second life, on the same directory: what is known from the first is read, then SIGKILL."""
    async with up(directory, environment) as running:
        own = {"X-API-Key": asked.api_key}
        path = f"/v1/operations/{asked.operation['operationId']}"
        known = (await running.hands.api.get(path, headers=own)).raise_for_status().json()
        family = running.family()
        running.process.kill()
        order = await asyncio.to_thread(farewell, family)
        return Life(await running.process.wait(), running.said, family, order, known, asked.api_key)


@pytest.mark.skipif(not shutil.which("curl"), reason="the README speaks curl")
async def test_the_readmes_walk_through_does_what_it_says(asked: Life) -> None:
    """Two accounts, two customers: also where the answer to the second create was lost."""
    customers = asked.walk[asked.walk.rindex('[{"RECORDNO"') :]
    assert re.findall(r'"CUSTOMERID":"([^"]+)","NAME":"([^"]+)"', customers) == [
        ("C-00001", "Bright Bakery"),
        ("C-00002", "Harbour Books"),
    ]
    assert '"reset_after_commit"' in asked.walk
    assert "problemType" not in asked.walk


async def test_asked_to_end_it_ends_with_zero_and_says_so(asked: Life) -> None:
    assert asked.code == 0
    assert asked.said.rstrip().endswith("Stopped.")
    assert "is killed" not in asked.said


async def test_asked_to_end_it_leaves_nobody_behind_and_the_queue_ends_last(asked: Life) -> None:
    assert len(asked.family) == 6
    assert not [command for pid, command in asked.family.items() if alive(pid)]
    assert "valkey" in asked.family[asked.order[-1]]
    assert "app.cli api" in asked.family[asked.order[0]]


async def test_a_fixed_admin_key_is_never_shown(asked: Life) -> None:
    assert KEY not in asked.said
    assert "Admin key" not in asked.said


async def test_a_start_on_earlier_data_says_that_the_simulators_are_empty(asked: Life, killed: Life) -> None:
    assert "started empty" not in asked.said
    assert "started empty" in killed.said


async def test_the_next_start_knows_the_operations_and_the_keys(asked: Life, killed: Life) -> None:
    assert asked.operation["result"] == "created"
    assert {name: killed.operation[name] for name in ("state", "result", "intacctId")} == {
        name: asked.operation[name] for name in ("state", "result", "intacctId")
    }


async def test_a_killed_supervisor_takes_everybody_with_it(killed: Life) -> None:
    assert killed.code == -signal.SIGKILL
    assert len(killed.family) == 6
    assert not [command for pid, command in killed.family.items() if alive(pid)]


async def test_after_a_kill_the_next_start_works_and_ctrl_c_ends_it(
    directory: Path, environment: dict[str, str], killed: Life
) -> None:
    async with up(directory, environment) as running:
        others = [{"NAME": f"Other {n}"} for n in range(5)]  # the empty company numbers anew; step past what is linked
        (await running.hands.vendors["intacct"].post("/_sim/seed", json={"CUSTOMER": others})).raise_for_status()
        ids = (await running.hands.accounts(5))[4:]
        done = (await running.hands.wish(ids, "button", wait=8)).raise_for_status().json()["items"][0]
        assert done["result"] == "created"
        await running.hands.assert_once(ids)
        running.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(running.process.wait(), GOODBYE) == 0
