"""The log of requests as received, with every secret masked, kept for the tests that read it."""

import json
import re
from collections import deque
from collections.abc import Mapping
from typing import Any

from lxml import etree

from app.simulators.clock import SimClock
from app.simulators.intacct.envelope import Envelope

KEPT, SHOWN = 1000, 4000
_SECRET = re.compile(r"(<(\w*(?:password|sessionid|token|secret)\w*)\b[^>]*>)[^<]*(</\2>)", re.IGNORECASE)


class RequestLog:
    """The latest requests, oldest first."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._seq = 0

    def note(self, size: int, envelope: Envelope | None) -> dict[str, Any]:
        """Open an entry; the caller fills in `answer`. Nothing of a request that does not parse is kept."""
        self._seq += 1
        entry: dict[str, Any] = {"seq": self._seq, "at": self._clock.now().isoformat(), "bytes": size, "answer": None}
        if envelope is not None:
            entry |= {
                "senderid": envelope.control.sender,
                "controlid": envelope.control.controlid,
                "uniqueid": envelope.control.uniqueid,
                "transaction": envelope.transaction,
                "authentication": "login" if envelope.login is not None else "session",
                "functions": [
                    {
                        "tag": f.tag,
                        "controlid": f.controlid,
                        "xml": masked(etree.tostring(f.element, encoding="unicode")),
                    }
                    for f in envelope.functions
                ],
            }
        self._entries.append(entry)
        return entry

    def note_call(self, method: str, path: str, tag: str, headers: Mapping[str, str], body: Any) -> dict[str, Any]:
        """Open an entry for a request to REST v1; bodies of the token endpoint are left out."""
        self._seq += 1
        shown = None if path.startswith("oauth2/") else json.dumps(body)[:SHOWN]
        entry: dict[str, Any] = {
            "seq": self._seq,
            "at": self._clock.now().isoformat(),
            "method": method,
            "path": path,
            "tag": tag,
            "idempotency_key": headers.get("idempotency-key"),
            "entity": headers.get("x-ia-api-param-entity"),
            "body": shown,
            "answer": None,
        }
        self._entries.append(entry)
        return entry

    def describe(self) -> list[dict[str, Any]]:
        """All entries."""
        return list(self._entries)


def masked(text: str) -> str:
    """The text without the contents of secret elements, at most `SHOWN` characters of it."""
    return _SECRET.sub(r"\1***\3", text)[:SHOWN]
