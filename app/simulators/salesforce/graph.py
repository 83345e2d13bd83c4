"""Composite graphs: independent groups of calls, each all or none. Section 4 of the reference."""

from collections.abc import Callable
from typing import Any

from app.simulators.salesforce.call import Call, Reply, split_path
from app.simulators.salesforce.composite import REFERENCE, Part, Perform, check_parts, entry, execute, halted
from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.org import Org

GRAPHS, NODES, DEPTH, NODE_KINDS, FAILED_GRAPHS = 75, 500, 15, 15, 14


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [t for v in value.values() for t in _texts(v)]
    if isinstance(value, list):
        return [t for v in value for t in _texts(v)]
    return [value] if isinstance(value, str) else []


def depth(parts: list[Part]) -> int:
    """The longest chain of references among the parts."""
    depths: dict[str, int] = {}
    for part in parts:
        texts = [str(part["url"]), *_texts(part.get("body"))]
        named = {match[1] for text in texts for match in REFERENCE.finditer(text)}
        depths[part["referenceId"]] = 1 + max((depths.get(n, 0) for n in named), default=0)
    return max(depths.values(), default=0)


def _kind(part: Part) -> tuple[str, str, str]:
    segments = split_path(str(part["url"]).partition("?")[0])
    version = segments[2] if len(segments) > 2 else ""
    return version, str(part["method"]).upper(), "/".join(segments[3:5]).lower()


def _check(graphs: Any) -> list[dict[str, Any]]:
    if not isinstance(graphs, list) or not graphs:
        raise refuse("MISSING_ARGUMENT", text="graphs")
    if len(graphs) > GRAPHS:
        raise refuse("LIMIT_EXCEEDED", text=f"The limit of {GRAPHS} graphs was exceeded")
    nodes: list[Part] = []
    names: set[str] = set()
    for graph in graphs:
        if not isinstance(graph, dict) or not graph.get("graphId") or graph["graphId"] in names:
            raise refuse("INVALID_PARAMETER", text="each graph needs a graphId of its own")
        names.add(graph["graphId"])
        parts = check_parts(graph.get("compositeRequest"), NODES)
        if depth(parts) > DEPTH:
            raise refuse("LIMIT_EXCEEDED", text=f"The maximum graph depth of {DEPTH} was exceeded")
        nodes += parts
    if len(nodes) > NODES:
        raise refuse("LIMIT_EXCEEDED", text=f"The limit of {NODES} nodes was exceeded")
    if len(set(map(_kind, nodes))) > NODE_KINDS:
        raise refuse("LIMIT_EXCEEDED", text=f"The limit of {NODE_KINDS} different nodes was exceeded")
    return graphs


def run_with(perform: Perform) -> Callable[[Org, Call], Reply]:
    """The graph handler over the given way to carry out one call."""

    def run(org: Org, call: Call) -> Reply:
        answers, failed, rows = [], 0, 0
        for graph in _check(call.mapping().get("graphs")):
            parts = graph["compositeRequest"]
            if failed >= FAILED_GRAPHS:
                entries, broken = [entry(p, halted()) for p in parts], True
            else:
                entries, broken = execute(org, call, parts, perform, True)
            failed, rows = failed + broken, rows + len(entries)
            answers.append(
                {
                    "graphId": graph["graphId"],
                    "graphResponse": {"compositeResponse": entries},
                    "isSuccessful": not broken,
                }
            )
        return Reply(200, {"graphs": answers}, rows=rows)

    return run
