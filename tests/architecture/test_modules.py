"""House rules about modules: names, docstrings, imports at the top, transactions, status codes."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import PurePosixPath

import pytest

from tests.architecture.source import ROOT, Module, product

BANNED = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "misc", "core"}
WITHOUT_STATUS_CODES = ("app/api/", "app/services/", "app/domain/", "app/sync/")
ERROR_CODES = {status.value for status in HTTPStatus if status.value >= 400}
AMOUNT = re.compile(r"(?i)(^|_)(max|min|limit|size|length|page|batch|rows|per|most|le|lt|ge|gt|cap|count)(_|$)")
THE_PLACE_OF_STATUS_CODES = "app/api/errors.py"
OWNERS_OF_TRANSACTIONS = ("app/services/", "app/simulators/")


def banned_names(modules: Iterable[Module]) -> list[str]:
    return [module.path for module in modules if BANNED & {PurePosixPath(part).stem for part in module.path.split("/")}]


def undocumented(modules: Iterable[Module]) -> list[str]:
    return [module.path for module in modules if module.text.strip() and not ast.get_docstring(module.tree)]


def deferred_imports(modules: Iterable[Module]) -> list[str]:
    return sorted(
        {
            f"{module.path}:{node.lineno}"
            for module in modules
            for function in module.functions()
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
    )


def status_codes(modules: Iterable[Module]) -> list[str]:
    """Numbers of HTTP errors in the rooms that know no HTTP, and in routes, which take them from one table."""
    return [
        f"{module.path}:{node.lineno}: {node.value}"
        for module in modules
        if module.path.startswith(WITHOUT_STATUS_CODES) and module.path != THE_PLACE_OF_STATUS_CODES
        for node in _without_sizes(module.tree)
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in ERROR_CODES
    ]


def _without_sizes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below `node`, but not what is given to a name that says it is an amount (`PER_SWEEP = 500`)."""
    yield node
    match node:
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target):
            name = ast.unparse(target)
        case ast.keyword(arg=str(name)):
            pass
        case _:
            name = ""
    if not AMOUNT.search(name):
        for child in ast.iter_child_nodes(node):
            yield from _without_sizes(child)


def uses_of_simulators(modules: Iterable[Module]) -> list[str]:
    """Imports of the simulators by the product: they are processes, started by the CLI and not imported by anybody."""
    return [
        f"{module.path}:{node.lineno}"
        for module in modules
        if not module.path.startswith(("app/simulators/", "app/cli/"))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        if any(f"{name}.".startswith("app.simulators.") for name in _imported(node))
    ]


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    names = [alias.name for alias in node.names]
    return names if isinstance(node, ast.Import) else [f"{node.module}.{name}" for name in names]


def foreign_transactions(modules: Iterable[Module]) -> list[str]:
    """Calls of `begin`, `begin_nested`, `commit` or `rollback` outside the services."""
    return [
        where
        for module in modules
        if not module.path.startswith(OWNERS_OF_TRANSACTIONS) and module.path not in EXCEPTIONS
        for where in transactions(module)
    ]


def transactions(module: Module) -> list[str]:
    verbs = {"begin", "begin_nested", "commit", "rollback"}
    return [
        f"{module.path}:{node.lineno}: {node.func.attr}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in verbs
    ]


EXCEPTIONS = {
    "app/store/migrations.py": "one transaction around a migration; no session, no service above it",
    "app/bootstrap/first_start.py": "the first rows of a new database, before there is anything to serve",
    "app/store/slots.py": "a place on the wire is taken between transactions, never inside one",
}
"""Where a transaction is opened outside the services, and why."""


def rooms_without_a_rule(modules: Iterable[Module], layers: Iterable[str]) -> list[str]:
    """Rooms (`app.x`) that stand in no layer of the import contract."""
    placed = {name.strip(" ()") for layer in layers for name in layer.replace("|", ":").split(":")}
    rooms = {".".join(module.path.removesuffix(".py").split("/")[:2]) for module in modules}
    return sorted(rooms - placed - {"app.__init__", "app.simulators"} - {r for r in rooms if r.startswith("workers.")})


def contract_layers() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = {contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}
    return list(contracts["layers"]["layers"])


def test_modules_have_names_that_say_something() -> None:
    assert banned_names(product()) == []


def test_each_module_says_what_it_is_for() -> None:
    assert undocumented(product()) == []


def test_imports_stand_at_the_top() -> None:
    assert deferred_imports(product()) == []


def test_status_codes_stand_in_one_place() -> None:
    assert status_codes(product()) == []


def test_nobody_but_the_cli_knows_the_simulators() -> None:
    assert uses_of_simulators(product()) == []


def test_only_services_own_transactions() -> None:
    assert foreign_transactions(product()) == []


def test_each_exception_is_needed() -> None:
    excused = [module for module in product() if module.path in EXCEPTIONS]
    assert {module.path for module in excused if transactions(module)} == set(EXCEPTIONS)


def test_each_room_has_its_storey() -> None:
    assert rooms_without_a_rule(product(), contract_layers()) == []


@pytest.mark.parametrize("path", ["app/utils.py", "app/api/common/x.py", "workers/base.py", "app/services/manager.py"])
def test_an_empty_name_is_caught(path: str) -> None:
    assert banned_names([Module.of(path, "")]) == [path]


def test_a_missing_docstring_is_caught() -> None:
    assert undocumented([Module.of("app/x.py", "x = 1\n")]) == ["app/x.py"]


@pytest.mark.parametrize("statement", ["import os", "from os import path"])
def test_a_deferred_import_is_caught(statement: str) -> None:
    text = f"class A:\n    async def f(self):\n        if True:\n            {statement}\n"
    assert deferred_imports([Module.of("app/x.py", text)]) == ["app/x.py:4"]


@pytest.mark.parametrize(
    ("path", "text", "caught"),
    [
        ("app/services/x.py", "answer(status=404)", True),
        ("app/api/routes/x.py", "if code == 503: pass", True),
        ("app/api/errors.py", "NOT_FOUND = 404", False),
        ("app/services/x.py", "NOT_FOUND = 404", True),
        ("app/services/x.py", "wait(seconds=500)", True),
        ("app/services/x.py", "PAGE_SIZE = 500", False),
        ("app/api/schemas/x.py", "Field(max_length=500)", False),
        ("app/services/x.py", "width = 450", False),
        ("app/services/x.py", "longest = 500.0", False),
        ("app/backends/http.py", "if status == 429: pass", False),
    ],
)
def test_a_status_code_elsewhere_is_caught(path: str, text: str, caught: bool) -> None:
    assert bool(status_codes([Module.of(path, text)])) is caught


@pytest.mark.parametrize(
    ("path", "text", "caught"),
    [
        ("app/bootstrap/x.py", "from app.simulators.salesforce import app", True),
        ("workers/x.py", "import app.simulators", True),
        ("app/services/x.py", "from app import simulators", True),
        ("app/cli/x.py", "import app.simulators", False),
        ("app/simulators/x.py", "from app.simulators import clock", False),
    ],
)
def test_a_use_of_the_simulators_is_caught(path: str, text: str, caught: bool) -> None:
    assert bool(uses_of_simulators([Module.of(path, text)])) is caught


@pytest.mark.parametrize(
    ("path", "text", "caught"),
    [
        ("app/api/x.py", "async with context.begin() as session: pass", True),
        ("app/store/x.py", "session.commit()", True),
        ("app/sync/x.py", "session.rollback()", True),
        ("workers/x.py", "session.begin_nested()", True),
        ("app/services/x.py", "session.commit()", False),
        ("app/api/x.py", "session.exec(query)", False),
    ],
)
def test_a_transaction_elsewhere_is_caught(path: str, text: str, caught: bool) -> None:
    text = text if text.startswith("session") else f"async def f():\n    {text}"
    assert bool(foreign_transactions([Module.of(path, text)])) is caught


def test_a_room_without_a_storey_is_caught() -> None:
    modules = [Module.of("app/attic/x.py", ""), Module.of("app/jobs.py", ""), Module.of("workers/main.py", "")]
    assert rooms_without_a_rule(modules, ["(workers) : (app.main)", "app.store | app.jobs"]) == ["app.attic"]
