"""Dockerfile and compose.yaml, read rather than built: no secret has a default, nobody is root, all is pinned."""

import re
from typing import Any

import pytest
import yaml

from tests.architecture.source import ROOT

OURS = ("migrate", "api", "worker-interactive", "worker-bulk")
SECRETS = ("POSTGRES_PASSWORD", "VALKEY_PASSWORD", "TANDEM_SECRET_KEYS")
PINNED = re.compile(r"^[\w./-]+:\d+\.\d+(\.\d+)?[\w.-]*$")


def compose_text() -> str:
    return (ROOT / "compose.yaml").read_text("utf-8")


@pytest.fixture
def services() -> dict[str, Any]:
    """The services of compose.yaml, anchors resolved."""
    found: dict[str, Any] = yaml.safe_load(compose_text())["services"]
    return found


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """(instruction, rest) with continued lines joined and comments dropped."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(line.split()[0].upper(), line.split(None, 1)[1]) for line in whole if line.strip()]


def dockerfile() -> list[tuple[str, str]]:
    return instructions((ROOT / "Dockerfile").read_text("utf-8"))


def secrets_with_a_default(text: str) -> list[str]:
    """Uses of a secret that are not `${NAME:?...}`."""
    uses = re.findall(r"\$\{?(" + "|".join(SECRETS) + r")\b([^}]*)", text)
    return [name for name, rest in uses if not rest.startswith(":?")]


def test_the_services_are_those_of_the_product(services: dict[str, Any]) -> None:
    assert set(services) == {*OURS, "database", "queue"}


@pytest.mark.parametrize("name", OURS)
def test_our_services_need_no_rights(services: dict[str, Any], name: str) -> None:
    assert services[name]["read_only"] is True
    assert services[name]["cap_drop"] == ["ALL"]
    assert services[name]["command"][0] == "tandem"
    assert services[name]["environment"]["TANDEM_MODE"] == "production"


@pytest.mark.parametrize("name", ["api", "worker-interactive", "worker-bulk"])
def test_nothing_starts_before_the_migration(services: dict[str, Any], name: str) -> None:
    assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("name", ["database", "queue"])
def test_stores_are_pinned_checked_and_kept(services: dict[str, Any], name: str) -> None:
    assert PINNED.match(services[name]["image"])
    assert services[name]["healthcheck"]["test"]
    assert services[name]["volumes"]
    assert "ports" not in services[name]


def test_no_secret_has_a_default() -> None:
    assert secrets_with_a_default(compose_text()) == []


@pytest.mark.parametrize("use", ["${POSTGRES_PASSWORD}", "${VALKEY_PASSWORD:-valkey}", "$TANDEM_SECRET_KEYS"])
def test_a_secret_with_a_default_is_caught(use: str) -> None:
    assert secrets_with_a_default(f'x: "{use}"') != []


def test_the_image_stands_on_an_exact_version_in_every_stage() -> None:
    stages = [rest.split()[0] for word, rest in dockerfile() if word == "FROM"]
    default = dict(rest.split("=") for word, rest in dockerfile() if word == "ARG")["PYTHON"]
    assert stages == ["python:${PYTHON}"] * 2
    assert PINNED.match(f"python:{default}")


def test_the_image_does_not_run_as_root() -> None:
    final = [word for word, _ in dockerfile()]
    last_stage = dockerfile()[len(final) - final[::-1].index("FROM") :]
    users = [rest for word, rest in last_stage if word == "USER"]
    assert users == ["10001"]


def test_the_image_installs_by_hash_only() -> None:
    installs = [rest for word, rest in dockerfile() if word == "RUN" and "pip install" in rest]
    assert [("--require-hashes" in rest, "--no-deps" in rest) for rest in installs] == [(True, False), (False, True)]


def test_everything_copied_into_the_image_exists_and_is_let_through() -> None:
    let_through = {
        line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = {
        name
        for word, rest in dockerfile()
        if word == "COPY" and not rest.startswith("--from")
        for name in rest.split()[:-1]
    }
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_holds_a_health_check() -> None:
    checks = [rest for word, rest in dockerfile() if word == "HEALTHCHECK"]
    assert len(checks) == 1
    assert "/health" in checks[0]
