"""A data call and its answer, free of sockets: what a handler is given and what it gives back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.org import Writer

CLIENT = re.compile(r"client=([^,;\s]+)")
BATCH_SIZE = re.compile(r"batchSize=(\d+)")


@dataclass(frozen=True)
class Reply:
    """`body` is plain data for JSON, text for HTML, or None for an empty answer; `rows` is how many records it took."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    rows: int = 0


@dataclass(frozen=True)
class Call:
    """One call, alone or as part of a composite. `segments` are those after the version, percent-decoded once."""

    method: str
    version: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes = b""
    parsed: Any = None
    nested: bool = False
    halting: bool = False  # an allOrNone around it: collections inside obey

    @property
    def version_number(self) -> float:
        return float(self.version[1:])

    def json(self) -> Any:
        """The body. Refuses 415 for another media type and JSON_PARSER_ERROR for no JSON."""
        if self.nested:
            return self.parsed
        media = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json":
            raise refuse("UNSUPPORTED_MEDIA_TYPE", type=media)
        try:
            return orjson.loads(self.raw)
        except orjson.JSONDecodeError as broken:
            raise refuse("JSON_PARSER_ERROR", text=str(broken)) from broken

    def mapping(self) -> dict[str, Any]:
        """The body as an object. Refuses JSON_PARSER_ERROR for anything else."""
        body = self.json()
        if not isinstance(body, dict):
            raise refuse("JSON_PARSER_ERROR", text="The HTTP entity body must be a JSON object")
        return body

    def writer(self) -> Writer:
        """Who writes, by the call's headers."""
        named = CLIENT.search(self.headers.get("sforce-call-options", ""))
        allow = self.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        return Writer(client=named[1] if named else "", allow_save="allowsave=true" in allow)

    def page_size(self, cap: int) -> int:
        """Rows a page: the caller's hint within 200 to 2,000, then the server's own cap."""
        hint = BATCH_SIZE.search(self.headers.get("sforce-query-options", ""))
        wished = min(max(int(hint[1]), 200), 2000) if hint else 2000
        return max(1, min(wished, cap))


def split_path(raw: str) -> tuple[str, ...]:
    """The segments of a raw path, each percent-decoded once; slashes at the ends do not count."""
    return tuple(unquote(part) for part in raw.strip("/").split("/")) if raw.strip("/") else ()


def parse_query(text: str) -> dict[str, str]:
    """Query parameters by name; the last of equal names wins."""
    return dict(parse_qsl(text, keep_blank_values=True))
