"""The OpenAPI document itself: committed, valid, and fit for callers written in Apex and Flow."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.application import as_text
from app.main import create_app
from app.objects import CATALOGUE

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"

WORDS = """
    abstract activate and any array as asc autonomous begin bigdecimal blob boolean break bulk by byte case cast
    catch char class collect commit const continue currency date datetime decimal default delete desc do double else
    end enum exception exit export extends false final finally float for from global goto group having hint if
    implements import in inner insert instanceof int integer interface into join like limit list long loop map merge
    new not null nulls number object of on or outer override package parallel pragma private protected public retrieve
    return rollback select set short sobject sort stat static string super switch synchronized system testmethod then
    this throw time transaction trigger true try type undelete update upsert using virtual void webservice when where
    while
"""
RESERVED = set(WORDS.split())
"""Words that Apex would rewrite (salesforce-api.md 11.1)."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
HEADERS = {"Idempotency-Key"}
"""Names that Apex sees rewritten, because HTTP asks for them; each has a twin in the body."""


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The document as the application makes it; not to be changed."""
    return create_app().openapi()


@pytest.fixture
def document(made: dict[str, Any]) -> dict[str, Any]:
    """A copy of the document, to be broken at will."""
    return copy.deepcopy(made)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bad_names(document: dict[str, Any]) -> set[str]:
    """Names an Apex caller would not find as they are."""
    schemas = document["components"]["schemas"]
    names = {name for schema in schemas.values() for name in schema.get("properties", {})} | set(schemas)
    for _, operation in operations(document):
        names |= {parameter["name"] for parameter in operation.get("parameters", ())} - HEADERS
    names -= set(CATALOGUE)  # where options are keyed by object, the objects go by their own names
    return {name for name in names if not NAME.fullmatch(name) or name.lower() in RESERVED}


def bad_operation_ids(document: dict[str, Any]) -> list[str]:
    """Operation ids that are no camelCase word of at most 40 letters and digits, or not unique whatever their case."""
    ids = [operation["operationId"] for _, operation in operations(document)]
    lower = [one.lower() for one in ids]
    return [one for one in ids if not re.fullmatch(r"[a-z][A-Za-z0-9]{0,39}", one) or lower.count(one.lower()) > 1]


def undeclared_errors(document: dict[str, Any]) -> list[str]:
    """Operations that do not declare what every operation may answer, or declare it in another shape."""
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    wrong = []
    for name, operation in operations(document):
        declared = operation["responses"]
        needed = {"405", "413", "500", "503", "default"} | ({"401", "403"} if "security" in operation else set())
        needed |= {"400", "415", "422"} if "requestBody" in operation else set()
        needed |= {"422"} if operation.get("parameters") else set()
        shapes = {status: declared[status]["content"] for status in declared if status[0] in "45d"}
        odd = {status for status, content in shapes.items() if content != problem} - {"503"}
        wrong += [name] if needed - set(declared) or odd else []
    return wrong


def output_schemas(document: dict[str, Any]) -> set[str]:
    """Schemas that some answer is made of."""
    schemas, found = document["components"]["schemas"], set[str]()
    waiting = {ref for _, operation in operations(document) for ref in _refs(operation["responses"])}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= set(_refs(schemas[name])) - found
    return found


def with_defaults(document: dict[str, Any]) -> list[str]:
    """Output properties that have a default or may be missing."""
    wrong = []
    for name in sorted(output_schemas(document)):
        schema = document["components"]["schemas"][name]
        for key, value in schema.get("properties", {}).items():
            if "default" in value or key not in schema.get("required", ()):
                wrong.append(f"{name}.{key}")
    return wrong


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rsplit("/", 1)[1]
        for part in node.values():
            yield from _refs(part)
    elif isinstance(node, list):
        for part in node:
            yield from _refs(part)


def test_the_committed_document_is_fresh(document: dict[str, Any]) -> None:
    assert COMMITTED.read_text(encoding="utf-8") == as_text(document), "run make openapi and review the difference"


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


async def test_the_document_is_served_to_everybody(document: dict[str, Any]) -> None:
    async with AsyncClient(transport=ASGITransport(app=create_app()), base_url="http://tandem") as client:
        assert (await client.get("/openapi.json")).json() == document


def test_names_survive_apex(document: dict[str, Any]) -> None:
    assert bad_names(document) == set()


@pytest.mark.parametrize("name", ["number", "due_date", "Content-Length", "1st"])
def test_a_name_that_apex_rewrites_is_found(document: dict[str, Any], name: str) -> None:
    document["components"]["schemas"]["Problem"]["properties"][name] = {"type": "string"}
    assert bad_names(document) == {name}


def test_operation_ids_are_short_camel_case_and_unique(document: dict[str, Any]) -> None:
    assert bad_operation_ids(document) == []


@pytest.mark.parametrize("name", ["sync_record", "SyncRecord", "s" * 41, "GETREQUEST"])
def test_a_bad_operation_id_is_found(document: dict[str, Any], name: str) -> None:
    document["paths"]["/health"]["get"]["operationId"] = name
    assert name in bad_operation_ids(document)


def test_every_error_is_declared_in_one_shape(document: dict[str, Any]) -> None:
    assert undeclared_errors(document) == []


def test_an_undeclared_error_is_found(document: dict[str, Any]) -> None:
    del document["paths"]["/v1/objects"]["get"]["responses"]["401"]
    assert undeclared_errors(document) == ["GET /v1/objects"]


def test_answers_are_complete(document: dict[str, Any]) -> None:
    assert with_defaults(document) == []


def test_a_default_in_an_answer_is_found(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Alive"]["properties"]["status"]["default"] = "ok"
    assert with_defaults(document) == ["Alive.status"]


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert 0 < len(operation["description"]) <= 1333, name
        assert all(parameter.get("description") for parameter in operation.get("parameters", ())), name


def test_no_secret_is_ever_answered(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    texts = {
        f"{name}.{key}"
        for name in output_schemas(document)
        for key, value in schemas[name].get("properties", {}).items()
        if re.search(r"secret|password|private|apiKey", key, re.I) and value.get("type") != "boolean"
    }
    assert texts == {"KeyMade.apiKey", "ConnectionView.secretsSet"}
