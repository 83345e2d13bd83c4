"""Answers a test forces: results and whole replies that no fault kind describes, one-shot and matched like faults.

`{"match": "create:CUSTOMER", "times": 1, "execute": true, "result": {"status": "weird", "errors": [...]}}` or
`{"match": "query:", "reply": {"status": 200, "body": "...", "content_type": "text/html", "headers": {}}}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.simulators.intacct.errors import VendorError

_ERROR = {"errorno", "description", "description2", "correction"}


@dataclass
class Forced:
    """One forced answer. `result` replaces a function's result, `reply` the answer to the whole request."""

    match: str = ""
    times: int = 1
    execute: bool = False
    result: dict[str, Any] | None = None
    reply: dict[str, Any] | None = None


@dataclass
class ForcedAnswers:
    """Planned answers, tried in the order in which they were added."""

    plan: list[Forced] = field(default_factory=list)

    def add(self, items: list[Mapping[str, Any]]) -> None:
        """Plan answers. ValueError names an unknown member."""
        for item in items:
            try:
                forced = Forced(**item)
            except TypeError as wrong:
                raise ValueError(f"forced answer: {wrong}") from wrong
            if (forced.result is None) == (forced.reply is None):
                raise ValueError("a forced answer has either a result or a reply")
            self.plan.append(forced)

    def result(self, tag: str) -> Forced | None:
        """The forced result for a function, used up by this call."""
        return self._take(tag, lambda forced: forced.result is not None)

    def reply(self, tags: str) -> Forced | None:
        """The forced reply for a request, used up by this call."""
        return self._take(tags, lambda forced: forced.reply is not None)

    def _take(self, tag: str, wanted: Any) -> Forced | None:
        for forced in self.plan:
            if forced.times > 0 and wanted(forced) and forced.match in tag:
                forced.times -= 1
                return forced
        return None


def vendor_errors(items: list[dict[str, Any]]) -> list[VendorError]:
    """Errors as a test writes them; a missing errorno leaves the element out."""
    return [
        VendorError(
            item.get("errorno"),
            item.get("description2", ""),
            item.get("correction", ""),
            item.get("description", ""),
        )
        for item in items
    ]
