"""The embedded queue server: which binary, whose directory, what stays on disk."""

import subprocess
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.cli import valkey
from app.config import SettingsError
from tests.queues import QueueServer

pytestmark = pytest.mark.process


def runnable(path: Path) -> str:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def no_wheel() -> object:
    raise RuntimeError("unsupported platform")


def test_the_packaged_binary_comes_first(tmp_path: Path) -> None:
    packaged = runnable(tmp_path / "packaged")
    runnable(tmp_path / "valkey-server")
    assert valkey.find_binary(lambda: packaged, str(tmp_path)) == packaged


def test_a_server_on_the_path_comes_next_valkey_before_redis(tmp_path: Path) -> None:
    redis = runnable(tmp_path / "redis-server")
    assert valkey.find_binary(no_wheel, str(tmp_path)) == redis
    other = runnable(tmp_path / "valkey-server")
    assert valkey.find_binary(None, str(tmp_path)) == other


def test_a_packaged_binary_that_cannot_run_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "packaged"
    broken.write_text("")
    redis = runnable(tmp_path / "redis-server")
    assert valkey.find_binary(lambda: broken, str(tmp_path)) == redis


def test_without_any_server_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="install one, or set REDIS_URL"):
        valkey.find_binary(no_wheel, str(tmp_path))


def test_a_data_directory_belongs_to_one_supervisor(tmp_path: Path) -> None:
    with valkey.owned(tmp_path), pytest.raises(SettingsError, match="Another Tandem"), valkey.owned(tmp_path):
        pass
    with valkey.owned(tmp_path):
        pass


async def test_what_was_queued_survives_a_killed_server(tmp_path: Path) -> None:
    server = QueueServer(tmp_path)
    server.start()
    async with Redis.from_url(server.url) as client:
        await client.zadd("queue", {"job": 1})
        await client.aclose()
        server.kill()
        server.start()
        assert await client.zcard("queue") == 1
    server.stop()


async def test_the_server_listens_on_this_machine_only_and_evicts_nothing(tmp_path: Path) -> None:
    server = QueueServer(tmp_path)
    server.start()
    async with Redis.from_url(server.url) as client:
        assert (await client.config_get("bind"))["bind"] == "127.0.0.1"
        assert (await client.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"
    server.stop()
    assert not valkey.pid_file(tmp_path).exists()


async def test_a_server_left_behind_is_ended(tmp_path: Path) -> None:
    server = QueueServer(tmp_path)
    server.start()
    assert await valkey.answers(server.url)
    assert valkey.remove_stale(tmp_path)
    assert not await valkey.answers(server.url)
    server.stop()
    assert not valkey.remove_stale(tmp_path)


def test_a_process_id_that_somebody_else_has_now_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    valkey.pid_file(tmp_path).write_text(str(stranger.pid))
    assert not valkey.remove_stale(tmp_path)
    assert stranger.poll() is None
    assert not valkey.pid_file(tmp_path).exists()
    stranger.kill()
    stranger.wait()


@pytest.mark.parametrize("text", ["", "0", "1", "4194304", "-5", "nonsense"])
def test_a_process_id_that_means_nothing_is_forgotten(tmp_path: Path, text: str) -> None:
    valkey.pid_file(tmp_path).write_text(text)
    assert not valkey.remove_stale(tmp_path)
    assert not valkey.pid_file(tmp_path).exists()


def test_a_port_in_use_is_seen(tmp_path: Path) -> None:
    server = QueueServer(tmp_path)
    assert valkey.is_free(server.port)
    server.start()
    assert not valkey.is_free(server.port)
    server.stop()
