"""The application put together: routes, error answers, the gate, the document. Opens nothing."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api import errors
from app.api.gate import Gate
from app.api.routes import ROUTERS

TITLE = "Tandem"
VERSION = "1.0.0"
DESCRIPTION = """Keeps Salesforce and Sage Intacct in step.

Every answer is JSON with an object at the top, errors included: they are a `Problem`, as application/json, with a code,
whether to repeat, and the correlation id. Send `X-Correlation-Id` (letters, digits, `._:-`, at most 64) to choose it.

Work is accepted with 202 as soon as it is stored. Repeating a request under the same Idempotency-Key (or `requestId`)
within 7 days has no second effect and gets the first answer with `replayed` true; the same key for another request is
refused with 422.

A key opens one connection. Roles: viewer reads, caller also syncs, operator also retries, cancels and resolves, admin
also changes configuration, connection and keys."""

TAGS = [
    {"name": "sync", "description": "Bring records in step."},
    {"name": "operations", "description": "What became of a wish."},
    {"name": "errors", "description": "What went wrong and what to do."},
    {"name": "records", "description": "One record explained."},
    {"name": "journals", "description": "Journal entries made from any records."},
    {"name": "salesDocuments", "description": "Quotes, orders and invoices of Order Entry."},
    {"name": "configuration", "description": "What is synced, and between whom."},
    {"name": "mappings", "description": "Which field goes where, by which rule: drafted, checked, put in force."},
    {"name": "keys", "description": "Who may call."},
    {"name": "health", "description": "For whoever runs the service."},
]

IDLE: Mapping[str, type] = {"default": type(None), "title": str}
"""Keywords that say nothing when they hold this; a property called title is a dict and stays."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build(lifespan: Lifespan, new_id: Callable[[], str]) -> FastAPI:
    """The application; `lifespan` sets `app.state.house` before the first request, `new_id` makes correlation ids."""
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    for router in ROUTERS:
        app.include_router(router)
    errors.install(app, ROUTERS)
    app.add_middleware(Gate, new_id=new_id)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    return app


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, made once per application."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            description=app.description,
            tags=app.openapi_tags,
            routes=app.routes,
        )
        _say_problems_in_json(made)
        app.openapi_schema = _tidied(made) | {"info": made["info"]}
    return app.openapi_schema


def as_text(made: dict[str, Any]) -> str:
    """The document as it is committed."""
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _say_problems_in_json(made: dict[str, Any]) -> None:
    """FastAPI declares a route's errors in the media type of its success; ours are JSON everywhere."""
    for methods in made["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    response["content"] = dict.fromkeys(["application/json"], *response["content"].values())


def _tidied(node: Any) -> Any:
    """The same without made-up titles, and without `default: null`, which says of a parameter that it may be null."""
    if isinstance(node, list):
        return [_tidied(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {key: _tidied(part) for key, part in node.items() if not isinstance(part, IDLE.get(key, ()))}
