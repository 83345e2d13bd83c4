"""Composite: several calls in one, with references between them. Section 4 of the reference."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.simulators.salesforce.call import Call, Reply, parse_query, split_path
from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.org import Org

PARTS, SPECIAL_PARTS = 25, 5
REFERENCE_ID = re.compile(r"[A-Za-z0-9_]+")
REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
Perform = Callable[[Org, Call], Reply]
Part = dict[str, Any]


def index(_: Org, call: Call) -> Reply:
    """What stands under `composite`."""
    base = f"/services/data/{call.version}/composite"
    return Reply(body={name: f"{base}/{name}" for name in ("graph", "sobjects", "tree")})


def _dig(answers: dict[str, Any], match: re.Match[str]) -> Any:
    reference, path = match[1], match[2]
    if reference not in answers:
        raise refuse("PROCESSING_HALTED/reference", text=path.lstrip("."), reference=reference)
    value = answers[reference]
    for name, position in re.findall(r"\.([A-Za-z0-9_]+)|\[(\d+)\]", path):
        try:
            value = value[int(position)] if position else value[name]
        except (KeyError, IndexError, TypeError):
            raise refuse("PROCESSING_HALTED/reference", text=path.lstrip("."), reference=reference) from None
    return value


def resolve(value: Any, answers: dict[str, Any]) -> Any:
    """`value` with every `@{reference.path}` replaced; a text that is one reference takes the value's own type."""
    if isinstance(value, dict):
        return {k: resolve(v, answers) for k, v in value.items()}
    if isinstance(value, list):
        return [resolve(v, answers) for v in value]
    if not isinstance(value, str):
        return value
    if (whole := REFERENCE.fullmatch(value)) is not None:
        return _dig(answers, whole)
    return REFERENCE.sub(lambda m: str(_dig(answers, m)), value)


def check_parts(parts: Any, most: int) -> list[Part]:
    """The parts of a request. Refuses the whole request for a wrong shape, number or referenceId."""
    if not isinstance(parts, list) or not parts:
        raise refuse("MISSING_ARGUMENT", text="compositeRequest")
    if len(parts) > most:
        raise refuse("LIMIT_EXCEEDED", text=f"The limit of {most} subrequests was exceeded")
    seen: set[str] = set()
    for part in parts:
        if not isinstance(part, dict) or not {"method", "url", "referenceId"} <= set(part):
            raise refuse("MISSING_ARGUMENT", text="method, url and referenceId of a subrequest")
        reference = str(part["referenceId"])
        if not REFERENCE_ID.fullmatch(reference):
            text = f"Provided referenceId '{reference}' is invalid: letters, digits and underscores only"
            raise refuse("INVALID_PARAMETER", text=text)
        if reference in seen:
            raise refuse("INVALID_PARAMETER", text=f"Duplicate referenceId '{reference}'")
        seen.add(reference)
    return parts


def _special(part: Part) -> bool:
    segments = split_path(str(part["url"]).partition("?")[0])[3:]
    return segments[:1] in (("query",), ("queryAll",)) or segments[:2] == ("composite", "sobjects")


def _nested(call: Call, part: Part, answers: dict[str, Any], halting: bool) -> Call:
    """The part as a call of its own. Refuses what may not stand inside a composite."""
    path, _, query = str(resolve(part["url"], answers)).partition("?")
    segments = split_path(path)
    if segments[:2] != ("services", "data") or len(segments) < 4:
        raise refuse("NOT_FOUND")
    if segments[3] == "composite" and segments[4:5] != ("sobjects",):
        raise refuse("INVALID_PARAMETER", text="composite requests cannot be nested")
    kept = ("sforce-call-options", "sforce-duplicate-rule-header", "sforce-query-options")
    headers = {k: v for k, v in call.headers.items() if k in kept}
    own = part.get("httpHeaders")
    headers |= {str(k).lower(): str(v) for k, v in own.items()} if isinstance(own, dict) else {}
    return replace(
        call,
        method=str(part["method"]).upper(),
        version=segments[2],
        segments=segments[3:],
        query=parse_query(query),
        headers=headers,
        parsed=resolve(part.get("body"), answers),
        nested=True,
        halting=halting,
    )


def entry(part: Part, reply: Reply) -> dict[str, Any]:
    """A part's place in the answer."""
    return {
        "body": reply.body,
        "httpHeaders": dict(reply.headers),
        "httpStatusCode": reply.status,
        "referenceId": part["referenceId"],
    }


def halted() -> Reply:
    """What a part that did nothing wrong answers after a rollback."""
    error = refuse("PROCESSING_HALTED")
    return Reply(error.status, error.as_rest())


def _failed(reply: Reply) -> bool:
    rows = reply.body if isinstance(reply.body, list) else ()
    return reply.status >= 300 or any(isinstance(r, dict) and r.get("success") is False for r in rows)


def execute(org: Org, call: Call, parts: list[Part], perform: Perform, whole: bool) -> tuple[list[Any], bool]:
    """Carry out the parts in order (`whole`: all or none); answers their entries and whether all was taken back."""
    mark = org.store.mark()
    answers: dict[str, Any] = {}
    replies: list[Reply] = []
    culprit = None
    for position, part in enumerate(parts):
        try:
            reply = perform(org, _nested(call, part, answers, whole))
        except Refusal as error:
            reply = Reply(error.status, error.as_rest())
        replies.append(reply)
        if reply.status < 300:
            answers[part["referenceId"]] = reply.body
        if whole and _failed(reply):
            culprit = position
            break
    if culprit is not None:
        org.store.rollback(mark)
        guilty = replace(replies[culprit], status=max(replies[culprit].status, 400))
        replies = [guilty if n == culprit else halted() for n in range(len(parts))]
    return [entry(p, r) for p, r in zip(parts, replies, strict=True)], culprit is not None


def run_with(perform: Perform) -> Callable[[Org, Call], Reply]:
    """The composite handler over the given way to carry out one call."""

    def run(org: Org, call: Call) -> Reply:
        body = call.mapping()
        parts = check_parts(body.get("compositeRequest"), PARTS)
        if sum(map(_special, parts)) > SPECIAL_PARTS:
            raise refuse("LIMIT_EXCEEDED", text=f"The limit of {SPECIAL_PARTS} queries and collections was exceeded")
        entries, _ = execute(org, call, parts, perform, bool(body.get("allOrNone", False)))
        return Reply(200, {"compositeResponse": entries}, rows=len(entries))

    return run
