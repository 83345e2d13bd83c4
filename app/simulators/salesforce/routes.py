"""Which call is what: paths under a version, methods, handlers, and the tags by which faults are planned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from app.simulators.salesforce import composite, graph, many, replication, tree, verbs
from app.simulators.salesforce.call import Call, Reply
from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.ids import normalise
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.query import object_of

Handler = Callable[..., Reply]


@dataclass(frozen=True)
class Endpoint:
    """A verb and what carries it out."""

    verb: str
    handle: Handler
    writes: bool = False


@dataclass(frozen=True)
class Match:
    """A call found in the table, with the path's variable parts."""

    endpoint: Endpoint
    arguments: tuple[str, ...]


E = Endpoint
COMPOSITE = composite.run_with(lambda org, call: perform(org, call))
GRAPH = graph.run_with(lambda org, call: perform(org, call))
ROUTES: list[tuple[tuple[str, ...], dict[str, Endpoint]]] = [
    ((), {"GET": E("resources", verbs.resources)}),
    (("limits",), {"GET": E("limits", verbs.limits)}),
    (("query",), {"GET": E("query", verbs.query)}),
    (("query", "*"), {"GET": E("query", verbs.more)}),
    (("queryAll",), {"GET": E("query", verbs.query_all)}),
    (("queryAll", "*"), {"GET": E("query", verbs.more)}),
    (("sobjects",), {"GET": E("describe", verbs.describe_all)}),
    (("sobjects", "*"), {"GET": E("describe", verbs.basic), "POST": E("create", verbs.create, True)}),
    (("sobjects", "*", "describe"), {"GET": E("describe", verbs.describe_one)}),
    (("sobjects", "*", "updated"), {"GET": E("updated", replication.updated)}),
    (("sobjects", "*", "deleted"), {"GET": E("deleted", replication.deleted)}),
    (
        ("sobjects", "*", "*"),
        {
            "GET": E("read", verbs.read),
            "PATCH": E("update", verbs.update, True),
            "DELETE": E("delete", verbs.delete, True),
        },
    ),
    (
        ("sobjects", "*", "*", "*"),
        {
            "GET": E("read", verbs.read_by_key),
            "PATCH": E("upsert", verbs.upsert, True),
            "DELETE": E("delete", verbs.delete_by_key, True),
        },
    ),
    (
        ("composite",),
        {
            "GET": E("resources", composite.index),
            "POST": E("composite", COMPOSITE, True),
        },
    ),
    (
        ("composite", "graph"),
        {"POST": E("composite.graph", GRAPH, True)},
    ),
    (("composite", "tree", "*"), {"POST": E("composite.tree", tree.insert, True)}),
    (
        ("composite", "sobjects"),
        {
            "POST": E("collections.create", many.create, True),
            "PATCH": E("collections.update", many.update, True),
            "DELETE": E("collections.delete", many.delete, True),
        },
    ),
    (
        ("composite", "sobjects", "*"),
        {"GET": E("collections.read", many.read), "POST": E("collections.read", many.read)},
    ),
    (("composite", "sobjects", "*", "*"), {"PATCH": E("collections.upsert", many.upsert, True)}),
]


def _fits(pattern: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    return len(pattern) == len(segments) and all(p in ("*", s) for p, s in zip(pattern, segments, strict=True))


def find(call: Call) -> Match:
    """What the call asks for. Refuses NOT_FOUND for a path and METHOD_NOT_ALLOWED for a method the table lacks."""
    for pattern, methods in ROUTES:
        if _fits(pattern, call.segments):
            endpoint = methods.get(call.method)
            if endpoint is None:
                raise refuse("METHOD_NOT_ALLOWED", method=call.method)
            return Match(endpoint, tuple(s for p, s in zip(pattern, call.segments, strict=True) if p == "*"))
    raise refuse("NOT_FOUND")


def perform(org: Org, call: Call) -> Reply:
    """Carry the call out; a refusal becomes its answer and leaves nothing written."""
    mark = org.store.mark()
    try:
        match = find(call)
        return match.endpoint.handle(org, call, *match.arguments)
    except Refusal as error:
        org.store.rollback(mark)
        return Reply(error.status, error.as_rest())


def _body(call: Call) -> Any:
    try:
        return orjson.loads(call.raw)
    except orjson.JSONDecodeError:
        return None


def _kinds(items: Any) -> list[str]:
    found = []
    for item in items if isinstance(items, list) else ():
        attributes = item.get("attributes") if isinstance(item, dict) else None
        if isinstance(attributes, dict) and isinstance(attributes.get("type"), str):
            found.append(attributes["type"])
    return found


def _part_kinds(parts: Any) -> list[str]:
    found: list[str] = []
    for part in parts if isinstance(parts, list) else ():
        url = part.get("url", "") if isinstance(part, dict) else ""
        segments = str(url).partition("?")[0].strip("/").split("/")
        if len(segments) > 4 and segments[3] == "sobjects":
            found.append(segments[4])
        elif isinstance(part, dict) and isinstance(part.get("body"), dict):
            found += _kinds(part["body"].get("records"))
    return found


def tag(org: Org, call: Call, match: Match) -> str:
    """`<verb>:<object>`; several objects are joined with commas in order of appearance."""
    verb, kinds = match.endpoint.verb, list(match.arguments[:1])
    if verb == "query":
        locator = org.locators.get(match.arguments[0].partition("-")[0]) if match.arguments else None
        kinds = [locator.kind if locator else object_of(org, call.query.get("q", ""))]
    elif verb == "collections.delete":
        ids = [normalise(i) or "" for i in call.query.get("ids", "").split(",")]
        kinds = [s.name for s in map(org.catalogue.by_id, ids) if s is not None]
    elif verb.startswith(("collections.", "composite")) and not kinds:
        body = _body(call)
        if isinstance(body, dict):
            graphs = body.get("graphs") if isinstance(body.get("graphs"), list) else [body]
            kinds = _kinds(body.get("records"))
            for graph in graphs or ():
                kinds += _part_kinds(graph.get("compositeRequest")) if isinstance(graph, dict) else []
    spelled = [schema.name if (schema := org.catalogue.find(k)) else k for k in kinds]
    return f"{verb}:{','.join(dict.fromkeys(spelled))}"


def refuse_all(call: Call, verb: str, wrong: Refusal) -> Reply:
    """The answer of a write in which every record or part fails for the same reason, in the shape of its verb."""
    body = _body(call)
    items = body if isinstance(body, dict) else {}
    if verb == "collections.delete":
        return Reply(200, [_row(wrong) for i in call.query.get("ids", "").split(",") if i])
    if verb.startswith("collections."):
        return Reply(200, [_row(wrong) for _ in items.get("records", ())])
    if verb == "composite":
        return Reply(200, {"compositeResponse": _parts(items, wrong)})
    if verb == "composite.graph":
        graphs = [
            {
                "graphId": g.get("graphId"),
                "graphResponse": {"compositeResponse": _parts(g, wrong)},
                "isSuccessful": False,
            }
            for g in items.get("graphs", ())
        ]
        return Reply(200, {"graphs": graphs})
    return Reply(wrong.status, wrong.as_rest())


def _row(wrong: Refusal) -> dict[str, Any]:
    return {"success": False, "errors": [wrong.as_row()]}


def _parts(request: dict[str, Any], wrong: Refusal) -> list[dict[str, Any]]:
    reply = Reply(wrong.status, wrong.as_rest())
    return [composite.entry(part, reply) for part in request.get("compositeRequest", ())]
