"""Refusals of REST v1: HTTP status, `ia::error` bodies in their three placements, and the gateway's bare `error`.

Codes and numbers are those of the wire reference (9.4, 5.3); texts are ours where nothing is published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.simulators.intacct.errors import VendorError

Body = dict[str, Any]


@dataclass(frozen=True)
class Detail:
    """One entry of `details`."""

    code: str
    message: str
    error_id: str = ""
    target: str = ""

    def body(self) -> Body:
        """As JSON shows it; what is empty is left out."""
        named = {"code": self.code, "message": self.message, "errorId": self.error_id, "target": self.target}
        return {name: text for name, text in named.items() if text}


class RestRefused(Exception):
    """A request or one item of a batch is refused. `gateway`: the gateway in front answered, not the application."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        error_id: str = "",
        details: Sequence[Detail] = (),
        *,
        gateway: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.error_id = status, code, message, error_id
        self.details, self.gateway, self.headers = tuple(details), gateway, headers or {}

    def error(self, support_id: str) -> Body:
        """The `ia::error` object."""
        body: Body = {"code": self.code, "message": self.message, "supportId": support_id}
        if self.error_id:
            body["errorId"] = self.error_id
        if self.details:
            body["details"] = [detail.body() for detail in self.details]
        return body


def payload(*details: Detail) -> RestRefused:
    """The body contains errors; nothing was done."""
    return RestRefused(400, "invalidRequest", "Payload contains errors", "REST-1064", details)


def unknown_field(name: str) -> Detail:
    """A field the object does not have."""
    return Detail("invalidRequest", f"/{name} is not a valid field", "REST-1043", f"/{name}")


def missing_field(name: str) -> Detail:
    """(model) A required field is absent."""
    return Detail("invalidRequest", f"Required field /{name} is missing", "REST-1044", f"/{name}")


def read_only(name: str) -> Detail:
    """(model) A field only Intacct sets."""
    return Detail("invalidRequest", f"/{name} is read-only", "REST-1045", f"/{name}")


def bad_value(name: str, why: str) -> Detail:
    """(model) A value of the wrong form."""
    return Detail("invalidRequest", f"Invalid value for /{name}: {why}", "REST-1046", f"/{name}")


def no_body() -> RestRefused:
    """The body is missing or is no JSON object."""
    return RestRefused(400, "invalidRequest", "Request body is missing or is not valid JSON", "REST-1028")


def bad_query(why: str) -> RestRefused:
    """A query outside the grammar."""
    return RestRefused(400, "invalidRequest", f"Invalid query payload: {why}", "REST-1064")


def unknown_object(name: str) -> RestRefused:
    """No such resource."""
    return RestRefused(404, "notFound", f"Resource {name} was not found", "REST-1010")


def not_found(name: str, key: str) -> RestRefused:
    """No such record, or none the caller may see."""
    return RestRefused(404, "invalidKey", f"Object {name} with key {key} was not found", "REST-1012")


def not_allowed(method: str) -> RestRefused:
    """The resource does not take the method."""
    return RestRefused(405, "methodNotAllowed", f"Method {method} is not supported by this resource")


def failed(errors: Sequence[VendorError], support_id: str) -> RestRefused:
    """A business rule refused: numbers as in XML, each text with the call's Support ID."""
    details = [
        Detail(
            "duplicateId" if error.errorno == "BL34000061" else "operationFailed",
            f"{error.description2} [Support ID: {support_id}]",
            error.errorno or "",
            f"/{error.field}" if error.field else "",
        )
        for error in errors
    ]
    return RestRefused(422, "operationFailed", "The operation failed", "REST-1070", details)


def conflict(why: str) -> RestRefused:
    """The Idempotency-Key cannot be used for this request."""
    return RestRefused(409, "conflict", why, "REST-1090")


def bad_token(shape: str) -> RestRefused:
    """An access token that is unknown or has expired, in the shape the knob names."""
    if shape == "400_invalid_token":
        return RestRefused(400, "invalidRequest", "Invalid token", gateway=True)
    return RestRefused(401, "GW-0034", "Invalid Authorization header", gateway=True)


def gateway(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> RestRefused:
    """A refusal of the gateway in front."""
    return RestRefused(status, code, message, gateway=True, headers=headers)
