"""What the documents name exists: files, make targets, and the settings of the environment."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest

from app.config import Settings
from tests.architecture.source import ROOT

FOLDERS = ("app", "workers", "tests", "alembic", "docs", "openapi", "benchmarks")
DOCUMENTS = ("README.md", "docs/operations.md", *(f"docs/adr/{path.name}" for path in (ROOT / "docs/adr").glob("*.md")))
MADE_LATER = {"openapi/openapi.json", "tests/peers/"}


def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def missing_files(document: str, text: str, root: Path) -> list[str]:
    """Paths in back-ticks (`app/x.py`, `app/x.py: name`) and targets of relative links that are not there."""
    quoted = [word.split(":")[0] for word in re.findall(r"`([^`\n]+)`", text)]
    named = {word for word in quoted if word.split("/")[0] in FOLDERS and "/" in word and "*" not in word}
    home = PurePosixPath(document).parent
    linked = {
        (home / target.split("#")[0]).as_posix()
        for target in re.findall(r"\]\(([^)\s]+)\)", text)
        if "://" not in target and not target.startswith("#")
    }
    return sorted(path for path in named | linked if not (root / path).exists() and path not in MADE_LATER)


def unknown_targets(text: str, makefile: str) -> list[str]:
    known = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    return sorted(set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)) - known)


def unknown_settings(text: str, known: Iterable[str]) -> list[str]:
    return sorted(set(re.findall(r"\bTANDEM_[A-Z_]*[A-Z]\b", text)) - set(known))


def settings() -> set[str]:
    return {f"TANDEM_{name.upper()}" for name in Settings.model_fields} | {"TANDEM_TEST_POSTGRES"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_exists(document: str) -> None:
    assert missing_files(document, text_of(document), ROOT) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_named_exists(document: str) -> None:
    assert unknown_targets(text_of(document), text_of("Makefile")) == []


@pytest.mark.parametrize("document", [*DOCUMENTS, "compose.yaml", "Dockerfile"])
def test_every_setting_that_is_named_exists(document: str) -> None:
    assert unknown_settings(text_of(document), settings()) == []


def test_every_setting_is_explained() -> None:
    said = set(re.findall(r"\bTANDEM_[A-Z_]*[A-Z]\b", text_of("docs/operations.md")))
    own = {f"TANDEM_{name.upper()}" for name in Settings.model_fields} - {"TANDEM_DATABASE_URL", "TANDEM_REDIS_URL"}
    assert own - said == set()


def test_each_decision_is_listed() -> None:
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", text_of("docs/adr/README.md")))
    assert listed == {path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see `app/attic.py`", ["app/attic.py"]),
        ("see `app/attic.py: dust`", ["app/attic.py"]),
        ("[more](attic.md)", ["docs/attic.md"]),
        ("`app/config.py` and [home](../README.md#top), [web](https://example.com)", []),
    ],
)
def test_a_missing_file_is_caught(text: str, found: list[str]) -> None:
    assert missing_files("docs/x.md", text, ROOT) == found


def test_a_missing_target_is_caught() -> None:
    assert unknown_targets("`make run`, `make tea`\nmake world", "run: x\nworld:\n") == ["tea"]


def test_an_unknown_setting_is_caught() -> None:
    assert unknown_settings("set `TANDEM_PORT` and TANDEM_PROT", {"TANDEM_PORT"}) == ["TANDEM_PROT"]
