"""House rules about every tracked file: requirements pinned and hashed, no lock files, no addresses, no local paths."""

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

import pytest

from tests.architecture.source import ROOT, tracked

LOCK_FILES = {
    *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"),
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"),
}
"""Each of them writes down the host that every file came from."""

# written in pieces, so that the rule does not catch itself
ADDRESSES = re.compile(
    "|".join(
        (
            r"(?:extra-)?index" + r"-url\b",
            r"--find" + r"-links\b",
            r"files\.python" + r"hosted\.org",
            r"(?<!www\.)pypi" + r"\.org/(?:simple|packages)",
            r"registry\.npm" + r"js\.org",
            r"\bPIP_(?:EXTRA_)?INDEX" + r"_URL\b",
        )
    )
)
EMITTED = re.compile(r"--no-emit-in" + r"dex-url")
LOCAL_PATHS = re.compile(r"(?<![\w.:~$)}/])/(?:home|Users|work|root|mnt)/[\w.-]+")

Text = tuple[str, str]


def lock_files(texts: Iterable[Text]) -> list[str]:
    return [path for path, _ in texts if PurePosixPath(path).name in LOCK_FILES]


def addresses(texts: Iterable[Text]) -> list[str]:
    return _lines(texts, lambda line: bool(ADDRESSES.search(EMITTED.sub("", line))))


def local_paths(texts: Iterable[Text]) -> list[str]:
    return _lines(texts, lambda line: bool(LOCAL_PATHS.search(line)))


def _lines(texts: Iterable[Text], bad: Callable[[str], bool]) -> list[str]:
    return [
        f"{path}:{number}"
        for path, text in texts
        for number, line in enumerate(text.splitlines(), start=1)
        if bad(line)
    ]


def loose_requirements(text: str) -> list[str]:
    """Requirements that are not pinned with `==` or carry no hash."""
    whole = text.replace("\\\n", " ").splitlines()
    lines = [line.strip() for line in whole if line.strip() and not line.lstrip().startswith("#")]
    return [
        line.split()[0]
        for line in lines
        if not re.match(r"^[A-Za-z0-9._\[\]-]+==[\w.!+]+\s", line) or "--hash=sha256:" not in line
    ]


def test_no_lock_file_is_kept() -> None:
    assert lock_files(tracked()) == []


def test_no_file_names_a_package_index() -> None:
    assert addresses(tracked()) == []


def test_no_file_names_a_place_on_somebodys_disk() -> None:
    assert local_paths(tracked()) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_each_requirement_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert text.strip()
    assert loose_requirements(text) == []


def test_runtime_and_development_agree_on_every_version() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[\w.\[\]-]+==\S+", (ROOT / name).read_text("utf-8"), re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


@pytest.mark.parametrize("path", ["uv.lock", "web/package-lock.json"])
def test_a_lock_file_is_caught(path: str) -> None:
    assert lock_files([(path, "")]) == [path]


@pytest.mark.parametrize(
    "line",
    [
        "--index" + "-url https://example",
        "pip install --extra-index" + "-url x",
        "--find" + "-links wheels",
        "https://files.python" + "hosted.org/packages/x.whl",
        "registry=https://registry.npm" + "js.org/",
    ],
)
def test_an_address_is_caught(line: str) -> None:
    assert addresses([("a.txt", f"first\n{line}\n")]) == ["a.txt:2"]


def test_the_option_that_leaves_addresses_out_is_allowed() -> None:
    assert addresses([("Makefile", "uv pip compile --no-emit-in" + "dex-url")]) == []


@pytest.mark.parametrize(
    ("line", "caught"),
    [
        ("see /" + "home/me/tandem", True),
        ('open("/' + 'work/x.csv")', True),
        ("GET https://example.com/" + "home/page", False),
        ("the folder app/" + "work/", False),
    ],
)
def test_a_local_path_is_caught(line: str, caught: bool) -> None:
    assert bool(local_paths([("a.md", line)])) is caught


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("fastapi==1.0 \\\n    --hash=sha256:ab\n", []),
        ("uvloop==1.0 ; sys_platform != 'win32' \\\n    --hash=sha256:ab\n", []),
        ("fastapi>=1.0 \\\n    --hash=sha256:ab\n", ["fastapi>=1.0"]),
        ("fastapi==1.0\n", ["fastapi==1.0"]),
        ("-e .\n", ["-e"]),
    ],
)
def test_a_loose_requirement_is_caught(text: str, found: list[str]) -> None:
    assert loose_requirements(text) == found
