"""Supervised processes: started again when they end, ended when asked, never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from app.cli.children import Child, ChildError, Program, die_with_parent
from tests.cli.processes import alive

pytestmark = pytest.mark.process

STAY = "import time, pathlib, sys; pathlib.Path(sys.argv[1]).write_text('up'); time.sleep(60)"
DEAF = (
    "import signal, time, pathlib, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "pathlib.Path(sys.argv[1]).write_text('up'); time.sleep(60)"
)
BREAK = "import sys; sys.exit('no luck today')"

Make = Callable[..., Child]


@pytest.fixture
async def said() -> list[str]:
    return []


@pytest.fixture
async def make(tmp_path: Path, said: list[str]) -> AsyncIterator[Make]:
    made: list[Child] = []

    def child(code: str, grace: float = 5.0, ready: Callable[[], Awaitable[bool]] | None = None) -> Child:
        mark = tmp_path / "mark"

        async def marked() -> bool:
            return mark.exists()

        program = Program("child", (sys.executable, "-c", code, str(mark)), ready or marked, grace)
        made.append(Child(program, tmp_path / "logs" / "child.log", said.append))
        return made[-1]

    yield child
    for one in made:
        await one.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - processes send no event
            await asyncio.sleep(0.02)


async def test_a_killed_child_is_started_again(make: Make, said: list[str]) -> None:
    child = make(STAY)
    await child.start()
    await child.ready()
    first = child.pid
    child.send(signal.SIGKILL)
    await until(lambda: child.restarts == 1 and child.pid not in (None, first))
    assert "child ended (SIGKILL)" in said[0]


async def test_a_child_that_was_asked_to_end_stays_away(make: Make) -> None:
    child = make(STAY)
    await child.start()
    await child.ready()
    pid = child.pid
    await child.stop()
    assert child.pid is None
    assert child.restarts == 0
    assert pid is not None
    assert not alive(pid)


async def test_stopping_twice_is_fine(make: Make) -> None:
    child = make(STAY)
    await child.start()
    await asyncio.gather(child.stop(), child.stop())


async def test_a_child_that_ignores_the_request_is_killed(make: Make, said: list[str]) -> None:
    child = make(DEAF, grace=0.2)
    await child.start()
    await child.ready()
    await child.stop()
    assert child.pid is None
    assert said == ["child does not end by itself and is killed"]


async def test_a_child_that_keeps_ending_is_given_up_with_its_last_words(make: Make) -> None:
    child = make(BREAK)
    await child.start()
    with pytest.raises(ChildError, match=r"keeps ending\.\n[\s\S]*no luck today"):
        await child.ready()


async def test_a_child_that_never_works_is_given_up_in_time(make: Make) -> None:
    async def never() -> bool:
        return False

    child = make(STAY, ready=never)
    await child.start()
    with pytest.raises(ChildError, match="was not ready within"):
        await child.ready(0.2)


async def test_a_child_is_out_of_the_terminals_reach(make: Make) -> None:
    child = make(STAY)
    await child.start()
    await child.ready()
    assert child.pid is not None
    assert os.getsid(child.pid) != os.getsid(0)


def supervised_sleep() -> tuple[subprocess.Popen[bytes], int]:
    """A process that has started another one as we start children, and that one's id."""
    code = (
        "import subprocess, sys, time\n"
        "from app.cli.children import die_with_parent\n"
        "child = subprocess.Popen(['sleep', '60'], start_new_session=True, preexec_fn=die_with_parent())\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)"
    )
    root = Path(__file__).parents[2]
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root)
    assert supervisor.stdout is not None
    with supervisor.stdout:
        return supervisor, int(supervisor.stdout.readline())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
async def test_a_child_ends_when_its_supervisor_is_killed() -> None:
    supervisor, pid = supervised_sleep()
    assert alive(pid)
    supervisor.kill()
    supervisor.wait()
    await until(lambda: not alive(pid))


def test_the_parents_death_is_noticed_even_before_the_request() -> None:
    """The request is made for this process: run in another one, it finds another parent and ends at once."""
    ask = die_with_parent()
    assert ask is not None
    pid = os.fork()
    if pid == 0:
        grandchild = os.fork()
        if grandchild == 0:
            ask()
            os._exit(0)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
