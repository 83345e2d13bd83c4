"""`python -m app.simulators`: the choice, the arguments, and a real process."""

import socket
import subprocess
import sys

import httpx
import pytest

from app.simulators.__main__ import SIMULATORS, read_arguments


def test_both_simulators_can_be_chosen() -> None:
    assert sorted(SIMULATORS) == ["intacct", "salesforce"]
    chosen = read_arguments(["intacct", "--port", "8461", "--seed", "5"])
    assert (chosen.simulator, chosen.port, chosen.seed) == ("intacct", 8461, 5)


@pytest.mark.parametrize("arguments", [[], ["oracle", "--port", "1"], ["intacct"], ["intacct", "--port", "x"]])
def test_wrong_arguments_end_with_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_arguments(arguments)
    assert "usage:" in capsys.readouterr().err


@pytest.mark.process
@pytest.mark.parametrize("name", sorted(SIMULATORS))
def test_a_process_serves_its_meters_on_the_loopback(name: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "app.simulators", name, "--port", str(port)])
    try:
        transport = httpx.HTTPTransport(retries=8)  # waits for the process to listen, backing off
        with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}") as http:
            assert http.get("/_sim/meters").status_code == 200
    finally:
        process.terminate()
        process.wait(timeout=10)
