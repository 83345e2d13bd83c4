"""Logs are JSON events with bound fields and no secrets, whoever wrote them; metrics are Prometheus text."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from app import telemetry


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    telemetry.configure_logging("info", written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_with_the_fields_bound_around_it(stream: io.StringIO) -> None:
    with telemetry.bound(connection="c", correlation_id="x"):
        telemetry.log("test").info("record_created", record="001")
    telemetry.log("test").info("afterwards")
    first, second = lines(stream)
    assert (first["event"], first["level"], first["logger"]) == ("record_created", "info", "test")
    assert (first["connection"], first["correlation_id"], first["record"]) == ("c", "x", "001")
    assert "connection" not in second


def test_lines_of_libraries_and_of_plain_loggers_look_alike(stream: io.StringIO) -> None:
    logging.getLogger("elsewhere").warning("feed_unread", extra={"object": "account"})
    (line,) = lines(stream)
    assert (line["event"], line["object"], line["level"]) == ("feed_unread", "account", "warning")


def test_quiet_levels_are_not_written(stream: io.StringIO) -> None:
    telemetry.log("test").debug("too quiet")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "name",
    ["password", "intacct_user_password", "clientSecret", "Authorization", "sessionid", "x-api-key", "access_token"],
)
def test_a_value_under_a_secrets_name_is_masked(stream: io.StringIO, name: str) -> None:
    telemetry.log("test").info("event", **{name: "hunter2", "nested": [{"deep": {name: "hunter2"}}]})
    assert "hunter2" not in stream.getvalue()
    assert lines(stream)[0][name] == telemetry.MASK


@pytest.mark.parametrize("text", ["key tnd_" + "A" * 43 + " here", "Authorization: Bearer 00D5g!AQEAQx.y_z0123"])
def test_keys_and_tokens_inside_texts_are_masked(stream: io.StringIO, text: str) -> None:
    telemetry.log("test").info("event", text=text)
    logging.getLogger("elsewhere").warning("said %s", text)
    assert "AAAAAAAA" not in stream.getvalue()
    assert "AQEAQx" not in stream.getvalue()


def test_a_failure_is_written_with_its_trace_and_without_keys(stream: io.StringIO) -> None:
    try:
        raise RuntimeError("tnd_" + "A" * 43)
    except RuntimeError:
        telemetry.log("test").exception("broke")
    (line,) = lines(stream)
    assert "RuntimeError" in line["exception"]
    assert "AAAA" not in line["exception"]


def test_a_structure_without_end_is_cut(stream: io.StringIO) -> None:
    endless: dict[str, Any] = {}
    endless["inner"] = endless
    telemetry.log("test").info("event", endless=endless)
    assert lines(stream)[0]["event"] == "event"


def test_metrics_are_prometheus_text() -> None:
    text = telemetry.render_metrics().decode()
    assert "# TYPE tandem_bells_lost_total counter" in text
    assert "# TYPE tandem_run_seconds histogram" in text


def test_metrics_of_several_processes_are_added_up(tmp_path: Path) -> None:
    count = "from app import telemetry; telemetry.BELLS_LOST.inc()"
    show = "import sys; from app import telemetry; sys.stdout.buffer.write(telemetry.render_metrics())"
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    root = Path(__file__).parents[1]
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=environment, cwd=root, check=True)
    shown = subprocess.run([sys.executable, "-c", show], env=environment, cwd=root, check=True, capture_output=True)
    assert "tandem_bells_lost_total 2.0" in shown.stdout.decode()
