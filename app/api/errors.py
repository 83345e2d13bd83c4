"""Every error answer, in one shape, from one table. The only module where status codes stand.

A Problem has the members of RFC 9457 (`type` is called `problemType`, because Apex reserves the word) and what a caller
can act on. Its media type is application/json: Flow and External Services read nothing else. No stack trace and no
value that was sent ever stands in one.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRouter
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from app.api.schemas.problem import FieldProblem, Problem
from app.domain.errors import RETRY, Kind, SyncError

OK = 200
CREATED = 201
ACCEPTED = 202
BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
CONFLICT = 409
TOO_LARGE = 413
UNSUPPORTED_MEDIA = 415
UNPROCESSABLE = 422
SERVER_ERROR = 500
UNAVAILABLE = 503

TITLES: Mapping[int, str] = {
    BAD_REQUEST: "The request cannot be read",
    UNAUTHORIZED: "No valid API key",
    FORBIDDEN: "The key's role does not allow this",
    NOT_FOUND: "Not found",
    METHOD_NOT_ALLOWED: "The path does not take this method",
    CONFLICT: "Not possible in the present state",
    TOO_LARGE: "The request is too large",
    UNSUPPORTED_MEDIA: "The body must be JSON",
    UNPROCESSABLE: "The request is not valid",
    SERVER_ERROR: "An error on our side",
    UNAVAILABLE: "Not available at present",
}

BY_KIND: Mapping[Kind, int] = {
    Kind.DATA: UNPROCESSABLE,
    Kind.CONFIG: CONFLICT,
    Kind.DEPENDENCY: CONFLICT,
    Kind.CONFLICT: CONFLICT,
    Kind.AUTH: CONFLICT,
    Kind.PERMISSION: CONFLICT,
    Kind.RATE_LIMITED: UNAVAILABLE,
    Kind.TRANSIENT: UNAVAILABLE,
    Kind.AMBIGUOUS: CONFLICT,
    Kind.BUG: SERVER_ERROR,
}

BY_CODE: Mapping[str, int] = {
    "body_undecodable": BAD_REQUEST,
    "request_id_conflict": BAD_REQUEST,
    "key_missing": UNAUTHORIZED,
    "key_refused": UNAUTHORIZED,
    "role_missing": FORBIDDEN,
    "signature_refused": UNAUTHORIZED,
    "not_found": NOT_FOUND,
    "key_unknown": NOT_FOUND,
    "connection_unknown": NOT_FOUND,
    "object_unknown": NOT_FOUND,
    "unknown_option": NOT_FOUND,
    "mapping_unknown": NOT_FOUND,
    "definition_unknown": NOT_FOUND,
    "record_id_malformed": NOT_FOUND,
    "mapping_version_unknown": NOT_FOUND,
    "mapping_draft_missing": NOT_FOUND,
    "key_ended": CONFLICT,
    "body_too_large": TOO_LARGE,
    "body_not_json": UNSUPPORTED_MEDIA,
}
"""Codes whose status is not that of their kind."""

RETRYABLE = (Kind.RATE_LIMITED, Kind.TRANSIENT)
MOST_FIELDS = 50
MOST_CHARACTERS = 300


def not_found(what: str) -> SyncError:
    """Nothing of that kind in the caller's connection; a neighbour's looks the same."""
    return SyncError(Kind.DATA, "not_found", f"There is no such {what}.", "Check the id.")


def own_key() -> SyncError:
    """A key that was asked to end itself."""
    message = "A key cannot end itself."
    return SyncError(Kind.CONFLICT, "key_in_use", message, "End it with another admin key.")


def problem_of(error: SyncError, correlation_id: str) -> Problem:
    """The Problem for an error of the tree."""
    status = BY_CODE.get(error.code, BY_KIND[error.kind])
    retryable = error.kind in RETRYABLE
    seconds = error.retry_after or RETRY[error.kind].first_delay
    blamed = error.faults or (((error.field, error.message),) if error.field else ())
    fields = [FieldProblem(field=clipped(name), message=clipped(said)) for name, said in blamed[:MOST_FIELDS]]
    detail = clipped(f"{error.message} {error.advice}".strip())
    return _problem(status, error.code, detail, correlation_id, fields, math.ceil(seconds) if retryable else None)


def _problem(
    status: int,
    code: str,
    detail: str,
    correlation_id: str,
    fields: Sequence[FieldProblem] = (),
    retry_after: int | None = None,
) -> Problem:
    return Problem(
        problem_type=f"urn:tandem:problem:{code}",
        title=TITLES.get(status, "The request failed"),
        status=status,
        detail=detail,
        instance=f"urn:tandem:request:{correlation_id}",
        code=code,
        retryable=retry_after is not None,
        retry_after_seconds=retry_after,
        correlation_id=correlation_id,
        errors=list(fields),
    )


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response that carries a Problem; what stands in a header stands in the body too."""
    extra = dict(headers or {})
    if problem.retry_after_seconds is not None:
        extra["Retry-After"] = str(problem.retry_after_seconds)
    if problem.status == UNAUTHORIZED:
        extra["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem.model_dump(by_alias=True), problem.status, extra)


def clipped(text: str) -> str:
    """Text that can be encoded, and not longer than a reader wants."""
    return text.encode("utf-8", "replace").decode("utf-8")[:MOST_CHARACTERS]


def correlation_of(scope: Scope) -> str:
    """The correlation id of the request, set at the gate."""
    return str(scope["state"]["correlation_id"])


def unavailable() -> SyncError:
    """The database does not answer."""
    return SyncError(Kind.TRANSIENT, "database_unavailable", "The database does not answer.", retry_after=5)


def unexpected() -> SyncError:
    """A fault of ours, of which the caller learns the correlation id and nothing else."""
    return SyncError(Kind.BUG, "unexpected", "Something went wrong on our side.")


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Make `app` answer every failure with a Problem; `routers` are those whose methods a 405 names."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, SyncError)
        return answer(problem_of(error, correlation_of(request.scope)))

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return answer(_invalid(request, error.errors()))

    async def framework(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        if error.status_code == METHOD_NOT_ALLOWED:
            allowed = ", ".join(sorted(allowed_methods(routers, request.scope)))
            detail = f"Allowed here: {allowed}."
            problem = _problem(METHOD_NOT_ALLOWED, "method_not_allowed", detail, correlation_of(request.scope))
            return answer(problem, {"Allow": allowed})
        code, detail = FRAMEWORK.get(error.status_code, ("refused", "The request was refused."))
        return answer(_problem(error.status_code, code, detail, correlation_of(request.scope)))

    app.add_exception_handler(SyncError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, framework)


FRAMEWORK: Mapping[int, tuple[str, str]] = {
    BAD_REQUEST: ("body_undecodable", "The body cannot be decoded as JSON in UTF-8."),
    NOT_FOUND: ("path_unknown", "There is nothing at this path."),
    TOO_LARGE: ("body_too_large", "The body is larger than the service takes."),
}
"""Code and text for what the framework itself refuses."""


def allowed_methods(routers: Sequence[APIRouter], scope: Scope) -> set[str]:
    """All methods that some route takes at the path of the request."""
    return {
        method
        for router in routers
        for route in router.routes
        if route.matches(scope)[0] is not Match.NONE
        for method in getattr(route, "methods", None) or ()
    }


def _invalid(request: Request, errors: Sequence[Any]) -> Problem:
    """What validation found, without the values that were sent."""
    correlation_id = correlation_of(request.scope)
    if any(error["type"] == "json_invalid" for error in errors):
        return _problem(BAD_REQUEST, *FRAMEWORK[BAD_REQUEST], correlation_id)
    whole_body = any(tuple(error["loc"]) == ("body",) for error in errors)
    if whole_body and not request.headers.get("content-type", "").partition(";")[0].strip().endswith("json"):
        return _problem(UNSUPPORTED_MEDIA, "body_not_json", "Send JSON as application/json.", correlation_id)
    fields = [FieldProblem(field=_name(error["loc"]), message=clipped(error["msg"])) for error in errors]
    detail = f"{fields[0].field}: {fields[0].message}." if fields else TITLES[UNPROCESSABLE]
    return _problem(UNPROCESSABLE, "request_invalid", clipped(detail), correlation_id, fields[:MOST_FIELDS])


def _name(location: Sequence[Any]) -> str:
    """The field as the caller wrote it, without the part of the request it stood in."""
    parts = [str(part) for part in location]
    return clipped(".".join(parts[1:] if len(parts) > 1 else parts))


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The declared error answers of a route: the given ones, those of every authorised route, and the default."""
    return open_problems(*statuses, UNAUTHORIZED, FORBIDDEN)


def open_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same for a route that needs no key."""
    every = sorted({*statuses, METHOD_NOT_ALLOWED, TOO_LARGE, SERVER_ERROR, UNAVAILABLE})
    declared: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": f"{TITLES[status]}."} for status in every
    }
    return declared | {"default": {"model": Problem, "description": "Any other error."}}
