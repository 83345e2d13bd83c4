"""Settings: what is read, what is refused, and that refusals quote nothing."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.config import STANDARD_LADDER, VENDOR_HOSTS, Mode, SettingsError, load_settings

KEY = Fernet.generate_key().decode()
PRODUCTION: dict[str, Any] = {
    "database_url": "postgresql+asyncpg://tandem@db/tandem",
    "redis_url": "redis://queue:6379",
    "secret_keys": KEY,
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "TANDEM_MODE", "TANDEM_ADMIN_KEY", "TANDEM_DATA_DIR", "TANDEM_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_given_is_offline_on_a_file_in_the_data_directory() -> None:
    settings = load_settings()
    assert not settings.production
    assert settings.database == f"sqlite+aiosqlite:///{Path('.tandem/tandem.db').absolute()}"
    assert settings.ladder == STANDARD_LADDER
    assert settings.allowed_hosts == VENDOR_HOSTS


def test_database_and_queue_given_is_production() -> None:
    assert load_settings(**PRODUCTION).production


def test_one_of_both_given_is_still_offline() -> None:
    assert not load_settings(redis_url="redis://queue").production


def test_mode_said_in_words_wins_over_what_is_given() -> None:
    assert not load_settings(**PRODUCTION, mode="offline").production


def test_variables_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite+aiosqlite:////tmp/x.db")
    monkeypatch.setenv("TANDEM_PORT", "9000")
    monkeypatch.setenv("TANDEM_LOOKUP_LADDER", "0.2, 0.5,1,2")
    monkeypatch.setenv("TANDEM_ALLOWED_HOSTS", "intacct.com, example.org")
    monkeypatch.setenv("TANDEM_ADMIN_KEY", "")
    settings = load_settings()
    assert (settings.port, settings.ladder) == (9000, (0.2, 0.5, 1.0, 2.0))
    assert settings.allowed_hosts == ("intacct.com", "example.org")
    assert settings.database == "sqlite+aiosqlite:////tmp/x.db"
    assert settings.admin_key is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"database_url": None, "mode": "production"}, "Production needs DATABASE_URL."),
        ({"redis_url": None, "mode": "production"}, "Production needs REDIS_URL."),
        ({"database_url": "sqlite+aiosqlite:///x.db"}, "Production needs PostgreSQL"),
        ({"secret_keys": ""}, "Production needs TANDEM_SECRET_KEYS."),
        ({"secret_keys": "A" * 43 + "="}, "well-known or guessable"),
        ({"secret_keys": f"{KEY},{KEY}"}, "stands twice"),
        ({"admin_key": "tnd_0123456789abcdef"}, "TANDEM_ADMIN_KEY is for offline use only"),
        ({"lookup_ladder": "1,2"}, "TANDEM_LOOKUP_LADDER is for offline use only"),
        ({"allowed_hosts": "intacct.com,127.0.0.1"}, "may not name this machine"),
        ({"allowed_hosts": "localhost"}, "may not name this machine"),
        ({"allowed_hosts": ""}, "allows no host"),
    ],
)
def test_production_refuses(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        load_settings(**{**PRODUCTION, **change})


def test_production_names_all_problems_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(mode="production")
    assert "DATABASE_URL" in str(refused.value)
    assert "REDIS_URL" in str(refused.value)
    assert "TANDEM_SECRET_KEYS" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"port": 70000}, "TANDEM_PORT cannot be used"),
        ({"database_url": "mysql://x"}, "DATABASE_URL must start with"),
        ({"redis_url": "http://x"}, "REDIS_URL must start with"),
        ({"secret_keys": "short"}, "32 random bytes"),
        ({"lookup_ladder": "3,1"}, "rising order"),
        ({"lookup_ladder": "0,1"}, "above zero"),
        ({"admin_key": "abc"}, "4 to 200 visible ASCII"),
        ({"log_level": "loud"}, "TANDEM_LOG_LEVEL cannot be used"),
        ({"lease_seconds": 1}, "TANDEM_LEASE_SECONDS cannot be used"),
    ],
)
def test_any_mode_refuses(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        load_settings(**change)


def test_a_refusal_never_quotes_what_was_given() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(secret_keys="hunter2hunter2", admin_key="swordfish", port="sesame")
    assert not any(word in str(refused.value) for word in ("hunter2", "swordfish", "sesame"))


def test_settings_show_no_secret() -> None:
    settings = load_settings(admin_key="tnd_0123456789abcdef", secret_keys=KEY)
    assert KEY not in repr(settings)
    assert "0123456789abcdef" not in repr(settings)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1  # type: ignore[misc]


def test_a_child_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parent = load_settings(
        mode="offline",
        redis_url="redis://127.0.0.1:7000",
        database_url="sqlite+aiosqlite:////tmp/x.db",
        admin_key="tnd_0123456789abcdef",
        secret_keys=KEY,
        lookup_ladder="0.2,0.5",
        data_dir=tmp_path,
        worker_concurrency=4,
        poll_seconds=2.5,
    )
    for name, value in parent.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == parent
    assert load_settings().mode is Mode.OFFLINE
