"""The size budget (convention 3): small files, small functions, declarations that fit on a page or two."""

import ast
from collections.abc import Iterable

import pytest

from tests.architecture.source import Module, length, percentile, product

FILE_HARD, FILE_P95, FILE_MEDIAN = 400, 300, 130
FUNCTION_HARD, FUNCTION_P95, FUNCTION_MEDIAN = 60, 40, 12
DECLARATION = 80


def oversized_files(modules: Iterable[Module]) -> list[str]:
    return [f"{module.path}: {module.lines} lines" for module in modules if module.lines > FILE_HARD]


def oversized_functions(modules: Iterable[Module]) -> list[str]:
    return [
        f"{module.path}:{node.lineno} {node.name}: {length(node)} lines"
        for module in modules
        for node in module.functions()
        if length(node) > FUNCTION_HARD
    ]


def oversized_declarations(modules: Iterable[Module]) -> list[str]:
    return [
        f"{module.path}:{node.lineno}: OBJECT has {length(node)} lines"
        for module in modules
        if module.path.startswith("app/objects/")
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "OBJECT" for target in node.targets)
        and length(node) > DECLARATION
    ]


def overweight(sizes: list[int], median: int, p95: int) -> list[str]:
    found = {"median": (percentile(sizes, 0.5), median), "95th percentile": (percentile(sizes, 0.95), p95)}
    return [f"{what} {size}, allowed {allowed}" for what, (size, allowed) in found.items() if size > allowed]


def test_no_file_is_too_long() -> None:
    assert oversized_files(product()) == []


def test_no_function_is_too_long() -> None:
    assert oversized_functions(product()) == []


def test_no_declaration_is_too_long() -> None:
    assert oversized_declarations(product()) == []


def test_files_are_small_on_the_whole() -> None:
    sizes = [module.lines for module in product() if not module.path.endswith("__init__.py")]
    assert overweight(sizes, FILE_MEDIAN, FILE_P95) == []


def test_functions_are_small_on_the_whole() -> None:
    sizes = [length(node) for module in product() for node in module.functions()]
    assert overweight(sizes, FUNCTION_MEDIAN, FUNCTION_P95) == []


@pytest.mark.parametrize(("lines", "caught"), [(FILE_HARD, False), (FILE_HARD + 1, True)])
def test_a_long_file_is_caught(lines: int, caught: bool) -> None:
    assert bool(oversized_files([Module.of("app/x.py", "x = 1\n" * lines)])) is caught


@pytest.mark.parametrize(("lines", "caught"), [(FUNCTION_HARD, False), (FUNCTION_HARD + 1, True)])
def test_a_long_function_is_caught_with_its_decorators(lines: int, caught: bool) -> None:
    text = "@wrapped\nasync def work() -> None:\n" + "    x = 1\n" * (lines - 2)
    assert bool(oversized_functions([Module.of("app/x.py", text)])) is caught


def test_a_long_method_is_caught() -> None:
    text = "class Worker:\n    def work(self) -> None:\n" + "        x = 1\n" * FUNCTION_HARD
    assert oversized_functions([Module.of("app/x.py", text)]) == ["app/x.py:2 work: 61 lines"]


@pytest.mark.parametrize(("lines", "caught"), [(DECLARATION, False), (DECLARATION + 1, True)])
def test_a_long_declaration_is_caught(lines: int, caught: bool) -> None:
    text = "OBJECT = dict(\n" + "    a=1,\n" * (lines - 2) + ")\n"
    assert bool(oversized_declarations([Module.of("app/objects/x.py", text)])) is caught


@pytest.mark.parametrize(
    ("sizes", "problem"),
    [([50] * 20, ""), ([50] * 9 + [150] * 11, "median 150"), ([50] * 18 + [350] * 2, "95th percentile 350")],
)
def test_weight_is_measured(sizes: list[int], problem: str) -> None:
    assert ", ".join(overweight(sizes, FILE_MEDIAN, FILE_P95)).startswith(problem)
    assert bool(overweight(sizes, FILE_MEDIAN, FILE_P95)) is bool(problem)
