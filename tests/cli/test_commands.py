"""Commands that need no running process: migrate, keys, connections, objects, the document."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.cli.access import parse_settings
from app.objects import CATALOGUE
from app.services.catalogue import objects_markdown

Tandem = Callable[..., Result]


@pytest.fixture
def tandem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tandem:
    """Runs the command on a data directory of the test's own."""
    for name in ("DATABASE_URL", "REDIS_URL", "TANDEM_ADMIN_KEY", "TANDEM_SECRET_KEYS", "TANDEM_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TANDEM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, typed: str = "", fails: bool = False) -> Result:
        result = CliRunner().invoke(cli, list(arguments), input=typed)
        assert (result.exit_code != 0) == fails, result.output + repr(result.exception)
        return result

    return run


def test_the_admin_key_is_shown_by_the_first_migration_only(tandem: Tandem) -> None:
    assert "Admin key (shown this once): tnd_" in tandem("migrate").output
    assert "tnd_" not in tandem("migrate").output


def test_migrate_answers_programs_in_json(tandem: Tandem) -> None:
    made = json.loads(tandem("migrate", "--json").stdout)
    assert made["adminKey"].startswith("tnd_")
    assert made["connectionId"]
    assert json.loads(tandem("migrate", "--json").stdout)["adminKey"] is None


def test_the_data_directory_is_for_its_owner(tandem: Tandem, tmp_path: Path) -> None:
    tandem("migrate")
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o077 == 0


def test_a_key_is_made_listed_rotated_and_revoked(tandem: Tandem) -> None:
    tandem("migrate")
    plain = tandem("keys", "create", "flow", "--role", "caller", "--days", "30").stdout.strip()
    assert plain.startswith("tnd_")
    listed = tandem("keys", "list").stdout
    assert "flow" in listed
    assert plain not in listed
    key_id = next(line for line in listed.splitlines() if "flow" in line).split("│")[1].strip()
    assert tandem("keys", "rotate", key_id).stdout.strip() not in ("", plain)
    assert "revoked" in tandem("keys", "revoke", key_id).stdout
    assert "revoked" in tandem("keys", "list").stdout


def test_settings_and_secrets_are_set_and_secrets_never_shown(tandem: Tandem) -> None:
    tandem("migrate")
    tandem(
        *("connections", "set", "default", "intacct.company_id=acme", "concurrency.intacct=3"),
        *("--environment", "sandbox", "--secret", "intacct_user_password"),
        typed="hunter2\n",
    )
    shown = tandem("connections", "show").stdout
    assert '"company_id": "acme"' in shown
    assert '"intacct": 3' in shown
    assert "intacct_user_password" in shown
    assert "hunter2" not in shown
    assert "sandbox" in tandem("connections", "list").stdout


def test_a_secret_may_come_from_a_file(tandem: Tandem, tmp_path: Path) -> None:
    tandem("migrate")
    key = tmp_path / "key.pem"
    key.write_text("-----BEGIN\nlines\n")
    tandem("connections", "set", "default", "--secret-file", f"salesforce_private_key={key}")
    assert "salesforce_private_key" in tandem("connections", "show").stdout


def test_a_setting_that_is_none_is_refused_by_name(tandem: Tandem) -> None:
    tandem("migrate")
    refused = tandem("connections", "set", "default", "intacct.colour=red", fails=True)
    assert "intacct.colour" in str(refused.exception)


def test_an_unknown_connection_is_refused_by_name(tandem: Tandem) -> None:
    tandem("migrate")
    assert "'nowhere'" in str(tandem("connections", "show", "nowhere", fails=True).exception)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("TANDEM_DATA_DIR", None, "run `tandem migrate`"),
        ("DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:1/none", "correct DATABASE_URL"),
        ("TANDEM_PORT", "many", "TANDEM_PORT cannot be used"),
    ],
)
def test_a_failure_of_the_set_up_is_one_sentence_and_exit_code_two(
    tmp_path: Path, variable: str, value: str | None, sentence: str
) -> None:
    environment = {
        **os.environ,
        "TANDEM_MODE": "offline",
        "TANDEM_DATA_DIR": str(tmp_path),
        variable: value or str(tmp_path),
    }
    command = [sys.executable, "-m", "app.cli", "connections", "list"]
    root = Path(__file__).parents[2]
    ended = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_secrets_are_sealed_anew(tandem: Tandem) -> None:
    tandem("migrate")
    assert "1 connections" in tandem("connections", "reseal").stdout


def test_settings_are_written_with_dots() -> None:
    words = ["intacct.company_id=a=b", "intacct.entity_id=", "concurrency.intacct=2", "link_field=SFDC_ID"]
    assert parse_settings(words) == {
        "intacct": {"company_id": "a=b", "entity_id": None},
        "concurrency": {"intacct": 2},
        "link_field": "SFDC_ID",
    }


def test_the_document_of_objects_is_up_to_date(tandem: Tandem) -> None:
    assert "no problems" in tandem("lint-objects").stdout


def test_an_outdated_document_is_a_problem_until_it_is_written(tandem: Tandem, tmp_path: Path) -> None:
    path = tmp_path / "objects.md"
    path.write_text("old")
    assert "not up to date" in tandem("lint-objects", "--path", str(path), fails=True).stdout
    tandem("lint-objects", "--write", "--path", str(path))
    tandem("lint-objects", "--path", str(path))


def test_the_document_names_every_row_of_every_object() -> None:
    text = objects_markdown()
    for declared in CATALOGUE.values():
        assert f"(`{declared.name}`)" in text
        for row in declared.fields:
            assert f"| `{row.salesforce}` |" in text


def test_the_api_document_is_written(tandem: Tandem, tmp_path: Path) -> None:
    path = tmp_path / "new" / "openapi.json"
    tandem("openapi", str(path))
    made = json.loads(path.read_text())
    assert made["openapi"].startswith("3.1")
    assert any(name.startswith("/v1/") for name in made["paths"])
    assert json.loads(tandem("openapi", "-").stdout) == made
