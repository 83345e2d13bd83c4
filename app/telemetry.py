"""What is said about the work: log events as JSON lines, bound fields, redaction, and the metrics by name.

Imports nothing of ours, so every room may speak through it. Holds no business rule.
"""

import logging
import os
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

MASK = "***"
_SECRET_NAME = re.compile(
    r"password|passwd|secret|token|authorization|session|api[_-]?key|private[_-]?key|assertion", re.I
)
_SECRET_TEXT = re.compile(r"\btnd_[A-Za-z0-9_-]{20,}|\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/=!-]{8,}")
_DEPTH = 6

REGISTRY = CollectorRegistry()

OPERATIONS = Counter("tandem_operations", "Finished operations.", ("object", "lane", "result"), registry=REGISTRY)
CALLS = Counter("tandem_vendor_calls", "Requests sent to a vendor.", ("system", "lane"), registry=REGISTRY)
TRANSACTIONS = Counter(
    "tandem_vendor_transactions", "Units Intacct bills: records written, pages read.", ("lane",), registry=REGISTRY
)
BELLS_LOST = Counter("tandem_bells_lost", "Rings the queue did not take; the sweeper finds the row.", registry=REGISTRY)
TASK_FAILURES = Counter("tandem_task_failures", "Periodic tasks that raised.", ("task",), registry=REGISTRY)
START_SECONDS = Histogram(
    "tandem_accept_to_start_seconds",
    "From a wish being due to its claim by a worker.",
    ("lane",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800),
    registry=REGISTRY,
)
RUN_SECONDS = Histogram(
    "tandem_run_seconds",
    "One batch, from claim to settled.",
    ("object", "lane"),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
    registry=REGISTRY,
)
BACKLOG = Gauge(
    "tandem_operations_live",
    "Operations that are not over.",
    ("lane", "state"),
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)
OLDEST_DUE = Gauge(
    "tandem_oldest_due_seconds",
    "How long the oldest operation that could be at work has been waiting.",
    ("lane",),
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)
RUNNING = Gauge("tandem_batches_running", "Batches at work.", ("lane",), multiprocess_mode="livesum", registry=REGISTRY)

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render_metrics() -> bytes:
    """All metrics as Prometheus text: of every process under one supervisor, else of this process."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def log(name: str) -> Any:
    """A logger. Its first argument is a fixed word such as `bell_lost`; everything that varies is a field."""
    return structlog.stdlib.get_logger(name)


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Fields that every log line inside the block carries: connection, operation, object, record, correlation_id."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask each value whose name looks like a secret's, at any depth, and keys of ours inside any text."""
    return {name: MASK if _is_secret(name) and value else _masked(value, 0) for name, value in event.items()}


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """JSON lines on `stream` (standard error by default), for our own events and for what libraries log."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "arq.worker", "uvicorn.access", "aiosqlite"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None


def _masked(value: Any, depth: int) -> Any:
    if depth > _DEPTH:
        return MASK
    if isinstance(value, str):
        return _SECRET_TEXT.sub(MASK, value)
    if isinstance(value, dict):
        return {k: MASK if _is_secret(k) and v else _masked(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item, depth + 1) for item in value]
    return value
