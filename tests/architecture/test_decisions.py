"""Every reason a run can give is explained in docs/decisions.md, and the page explains nothing that is not there."""

import ast
import re
from collections.abc import Iterator, Mapping

from tests.architecture.source import ROOT, Module, product

PAGE = ROOT / "docs" / "decisions.md"

ROOMS = ("app/sync/", "app/domain/", "app/objects/", "app/backends/")
SERVICES = ("formulas", "items", "planning", "preview", "previewed", "runner", "settling", "users")
"""Services whose codes end a run; those of the others are answers of the API and stand in its document."""

PLACES = {"SyncError": 1, "settle": 1, "Settlement": 1, "Problem": 0, "Unfit": 0, "Meaning": 1, "Rule": 1}
"""Where the code stands among the arguments of a call."""

CODE = re.compile(r"[a-z][a-z0-9_]*\*?")


def runs(module: Module) -> bool:
    """Whether codes of the module can become the reason of a run."""
    return module.path.startswith(ROOMS) or module.path in {f"app/services/{name}.py" for name in SERVICES}


def codes(tree: ast.AST) -> Iterator[str]:
    """The codes a module gives; what stands in for a part of one that is only known at run time is `*`."""
    constants = {
        node.targets[0].id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and _is_refusal(node):
            yield str(_text(node.elts[0], constants))
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        place = PLACES.get(name)
        if place is not None and len(node.args) > place:
            said = _text(node.args[place], constants)
            if said is not None and CODE.fullmatch(said):
                yield said


def _is_refusal(node: ast.Tuple) -> bool:
    """Whether a pair is a code and its sentence."""
    if len(node.elts) != 2:
        return False
    code, said = (_text(part, {}) for part in node.elts)
    return code is not None and said is not None and bool(CODE.fullmatch(code)) and " " in said and said.endswith(".")


def _text(node: ast.expr, constants: Mapping[str, object]) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        return str(constants[node.id]) if node.id in constants else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "lower":
        return _text(node.func.value, constants)
    return None


def documented() -> list[str]:
    """First columns of the page's tables."""
    return re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def given() -> set[str]:
    """All codes of the product that can end a run."""
    return {code for module in product() if runs(module) for code in codes(module.tree)}


def test_every_reason_is_explained() -> None:
    missing = sorted(given() - set(documented()))
    assert missing == [], f"add a line to docs/decisions.md for each of {missing}"


def test_no_reason_is_explained_twice() -> None:
    assert sorted(documented()) == sorted(set(documented()))


def test_nothing_is_explained_that_no_code_gives() -> None:
    written = "\n".join((ROOT / module.path).read_text(encoding="utf-8") for module in product())
    known = given()
    assert [code for code in documented() if code not in known and f'"{code}"' not in written] == []


def test_a_code_is_found_wherever_it_stands() -> None:
    lines = (
        'X = "named"',
        'raise SyncError(K.D, "plain", "m")',
        "work.settle(R.S, X)",
        'work.settle(R.U, f"by_{name}".lower())',
        'pair = "paired", "A sentence."',
    )
    assert set(codes(ast.parse("\n".join(lines)))) == {"plain", "named", "by_*", "paired"}
