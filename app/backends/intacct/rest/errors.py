"""What a refusal of REST v1 means: by status, by code, else by the numbers and texts it shares with the XML gateway.

`ia::error` stands in `ia::result`, at the top, or, from the gateway in front, as a bare `error` (intacct-api.md 9.4).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.backends.intacct import errors
from app.backends.intacct.errors import Meaning, Place, classify
from app.backends.intacct.texts import Fault, make_fault
from app.domain.errors import Kind

Hide = Callable[[str], str]

TOKEN_TEXTS = ("invalid token", "the token is not valid")
NOT_ALLOWED = Meaning(
    Kind.CONFIG, "method_not_allowed", "Check that the subscription which owns the object is on, and the user's rights."
)

BY_CODE: dict[str, Meaning] = {
    "REST-1028": Meaning(Kind.BUG, "request_malformed"),
    "REST-1043": errors.UNKNOWN_FIELD,
    "duplicateId": errors.DUPLICATE,
    "invalidKey": errors.GONE,
    "notFound": errors.UNKNOWN_OBJECT,
    "unauthorizedUser": errors.PERMISSION,
    "methodNotAllowed": NOT_ALLOWED,
}
BY_STATUS: dict[int, Meaning] = {
    **errors.BY_STATUS,
    401: errors.TOKEN,
    404: errors.GONE,
    405: NOT_ALLOWED,
    409: errors.REPEAT,
    422: errors.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal understood. `session`: it was the token; `before`: the gateway in front refused, nothing was tried."""

    meaning: Meaning
    fault: Fault | None
    session: bool = False
    before: bool = False


def understand(status: int, body: Any, hide: Hide) -> Refusal:
    """The meaning of an answer that is no success."""
    error, at_gateway = _error(body)
    found = list(_faults(error, hide)) if error is not None else []
    numbers = {number for fault, code in found for number in (fault.errorno, code) if number}
    first = found[0][0] if found else None
    if status == 429 or "GW-0010" in numbers:
        return Refusal(errors.RATE, first, before=True)
    if status == 401 or any(number.startswith("GW-003") for number in numbers) or _about_token(status, found):
        return Refusal(errors.TOKEN, first, session=True, before=True)
    if status >= 500 or 300 <= status < 400:
        return Refusal(errors.by_status(status), first)
    if status == 409:
        return Refusal(errors.REPEAT, first)
    for fault, code in found:
        if meaning := BY_CODE.get(fault.errorno or "") or BY_CODE.get(code):
            return Refusal(meaning, fault, before=at_gateway)
    meaning, deciding = classify(Place.RESULT, [fault for fault, _ in found])
    if meaning is errors.UNCLASSIFIED:
        return Refusal(BY_STATUS.get(status, errors.UNREADABLE), deciding, before=at_gateway)
    return Refusal(meaning, deciding, before=at_gateway)


def has_error(body: Any) -> bool:
    """Whether an answer carries an error, wherever it stands."""
    return _error(body)[0] is not None


def _error(body: Any) -> tuple[Mapping[str, Any] | None, bool]:
    """The error object, and whether it is the gateway's."""
    if not isinstance(body, dict):
        return None, False
    result = body.get("ia::result")
    if isinstance(result, dict) and isinstance(result.get("ia::error"), dict):
        return result["ia::error"], False
    for name in ("ia::error", "error"):
        if isinstance(body.get(name), dict):
            return body[name], True
        if isinstance(body.get(name), str):
            return {"code": body[name], "message": str(body.get("error_description") or "")}, True
    return None, False


def _faults(error: Mapping[str, Any], hide: Hide) -> Iterator[tuple[Fault, str]]:
    """Each fault with its code word; the details, which name the reason, before the summary."""
    details = error.get("details")
    for one in [*(details if isinstance(details, list) else []), error]:
        if not isinstance(one, dict):
            continue
        code, number = _text(one.get("code")), _text(one.get("errorId"))
        target = _text(one.get("target")).strip("/").replace("/", ".")
        fault = make_fault(number or code or None, hide(_text(one.get("message"))), field=target or None)
        support = _text(one.get("supportId")) or _text(error.get("supportId"))
        yield (fault if fault.support_id or not support else _with_support(fault, support)), code


def _with_support(fault: Fault, support: str) -> Fault:
    return Fault(fault.errorno, fault.description, fault.description2, fault.correction, support[:200], fault.field)


def _about_token(status: int, found: list[tuple[Fault, str]]) -> bool:
    return status == 400 and any(text in fault.everything.lower() for fault, _ in found for text in TOKEN_TEXTS)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
