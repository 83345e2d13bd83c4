"""Reads the product's source for the rules: files, functions, lengths. No rule stands here."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file: its path from the root with slashes, its text, and its tree."""

    path: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> "Module":
        """Parse a text as if it stood at `path`."""
        return cls(path, text, ast.parse(text))

    @property
    def lines(self) -> int:
        """Lines of the file."""
        return len(self.text.splitlines())

    def functions(self) -> Iterator[Function]:
        """Every function and method, inner ones included."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node


def length(node: ast.stmt) -> int:
    """Lines from the first decorator or keyword to the last line of the body."""
    decorators = getattr(node, "decorator_list", [])
    first: int = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return (node.end_lineno or node.lineno) - first + 1


def percentile(numbers: list[int], share: float) -> int:
    """The smallest number that `share` of all numbers do not exceed."""
    ordered = sorted(numbers)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


@cache
def product() -> tuple[Module, ...]:
    """All modules of `app` and `workers`."""
    files = sorted(path for folder in ("app", "workers") for path in (ROOT / folder).rglob("*.py"))
    return tuple(Module.of(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in files)


@cache
def tracked() -> tuple[tuple[str, str], ...]:
    """(path, text) of every text file git knows of, and of those it would take in."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = []
    for path in listed.stdout.split("\0"):
        try:
            found.append((path, (ROOT / path).read_text("utf-8")))
        except (UnicodeDecodeError, OSError):  # not text, or removed and not yet committed
            continue
    return tuple(found)
