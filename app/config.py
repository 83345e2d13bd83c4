"""Settings: one frozen class, read from the environment by whoever starts a process, and by nothing deeper.

Offline is the default: everything on this machine, both vendors simulated. Production is refused while anything that
belongs to offline work is still set. No behaviour lives here.
"""

import base64
import binascii
import ipaddress
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

STANDARD_LADDER = (5.0, 30.0, 120.0, 960.0)
"""Seconds after which an unclear write is looked up; the last lies past Intacct's own 15 minutes (reliability.md 4)."""

VENDOR_HOSTS = ("salesforce.com", "force.com", "intacct.com")
"""Host suffixes that may be called unless TANDEM_ALLOWED_HOSTS names others."""


class Mode(StrEnum):
    """Whether this installation touches real systems."""

    OFFLINE = "offline"
    PRODUCTION = "production"


OFFLINE_POLL = 30.0
PRODUCTION_POLL = 900.0


class SettingsError(Exception):
    """The settings cannot be used. The text is one sentence per problem, and never holds a value that was given."""


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
CommaNumbers = Annotated[tuple[float, ...], NoDecode, BeforeValidator(_words)]
CommaSecrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_words)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]


class Settings(BaseSettings):
    """What an installation may choose. Each field is an environment variable: TANDEM_ and the name in capitals.

    `database_url` and `redis_url` are DATABASE_URL and REDIS_URL. Times are seconds. A port of 0 lets the supervisor
    choose a free one. `worker_concurrency` is how many batches one worker process runs at once, per lane if not given.
    """

    model_config = SettingsConfigDict(
        env_prefix="TANDEM_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    mode: Mode | None = None
    database_url: str | None = Field(default=None, validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    redis_url: str | None = Field(default=None, validation_alias=AliasChoices("REDIS_URL", "redis_url"))
    host: str = "127.0.0.1"
    port: Port = 8000
    salesforce_sim_port: Port = 8101
    intacct_sim_port: Port = 8102
    data_dir: Path = Path(".tandem")
    admin_key: SecretStr | None = None
    secret_keys: CommaSecrets = ()
    lookup_ladder: CommaNumbers | None = None
    lease_seconds: Annotated[float, Field(ge=5, le=3600)] = 60.0
    sweep_seconds: Seconds = 5.0
    poll_seconds: Seconds | None = None
    purge_seconds: Seconds = 600.0
    allowed_hosts: CommaList = VENDOR_HOSTS
    worker_concurrency: Annotated[int, Field(ge=1, le=50)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def production(self) -> bool:
        """True when TANDEM_MODE says so or, without it, when both DATABASE_URL and REDIS_URL are given."""
        if self.mode is not None:
            return self.mode is Mode.PRODUCTION
        return self.database_url is not None and self.redis_url is not None

    @property
    def settled_mode(self) -> Mode:
        """The mode in words."""
        return Mode.PRODUCTION if self.production else Mode.OFFLINE

    @property
    def database(self) -> str:
        """The database to use: the given one, else a file in the data directory."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'tandem.db').absolute()}"

    @property
    def poll_every(self) -> float:
        """Seconds between readings of an Intacct feed; each reading is a billed transaction (reliability.md 12)."""
        return self.poll_seconds or (PRODUCTION_POLL if self.production else OFFLINE_POLL)

    @property
    def ladder(self) -> tuple[float, ...]:
        """Seconds between looks at an unclear write."""
        return self.lookup_ladder or STANDARD_LADDER

    def environment(self) -> dict[str, str]:
        """The variables from which a child process reads exactly these settings."""
        given = {
            "TANDEM_MODE": self.settled_mode.value,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "TANDEM_HOST": self.host,
            "TANDEM_PORT": str(self.port),
            "TANDEM_SALESFORCE_SIM_PORT": str(self.salesforce_sim_port),
            "TANDEM_INTACCT_SIM_PORT": str(self.intacct_sim_port),
            "TANDEM_DATA_DIR": str(self.data_dir.absolute()),
            "TANDEM_ADMIN_KEY": self.admin_key.get_secret_value() if self.admin_key else None,
            "TANDEM_SECRET_KEYS": ",".join(key.get_secret_value() for key in self.secret_keys) or None,
            "TANDEM_LOOKUP_LADDER": ",".join(map(str, self.lookup_ladder)) if self.lookup_ladder else None,
            "TANDEM_LEASE_SECONDS": str(self.lease_seconds),
            "TANDEM_SWEEP_SECONDS": str(self.sweep_seconds),
            "TANDEM_POLL_SECONDS": str(self.poll_every),
            "TANDEM_PURGE_SECONDS": str(self.purge_seconds),
            "TANDEM_ALLOWED_HOSTS": ",".join(self.allowed_hosts),
            "TANDEM_WORKER_CONCURRENCY": str(self.worker_concurrency) if self.worker_concurrency else None,
            "TANDEM_LOG_LEVEL": self.log_level,
        }
        return {name: value for name, value in given.items() if value is not None}

    @field_validator(
        "mode", "database_url", "redis_url", "admin_key", "lookup_ladder", "worker_concurrency", mode="before"
    )
    @classmethod
    def _empty_is_absent(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
            raise ValueError("DATABASE_URL must start with postgresql+asyncpg:// or sqlite+aiosqlite:///.")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_queue(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("REDIS_URL must start with redis://, rediss:// or unix://.")
        return value

    @field_validator("secret_keys")
    @classmethod
    def _fernet_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(_is_fernet_key(key.get_secret_value()) for key in value):
            raise ValueError("Each key in TANDEM_SECRET_KEYS must be 32 random bytes in URL-safe base64.")
        return value

    @field_validator("lookup_ladder")
    @classmethod
    def _rising_ladder(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and (not value or min(value) <= 0 or list(value) != sorted(value)):
            raise ValueError("TANDEM_LOOKUP_LADDER must be seconds above zero in rising order.")
        return value

    @field_validator("admin_key")
    @classmethod
    def _long_admin_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[!-~]{4,200}", value.get_secret_value()):
            raise ValueError("TANDEM_ADMIN_KEY must have 4 to 200 visible ASCII characters.")
        return value

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if not self.production:
            return self
        problems = [sentence for wrong, sentence in self._production_rules() if wrong]
        if problems:
            raise ValueError(" ".join(problems))
        return self

    def _production_rules(self) -> list[tuple[bool, str]]:
        database, keys = self.database_url or "", [key.get_secret_value() for key in self.secret_keys]
        return [
            (not database, "Production needs DATABASE_URL."),
            (database.startswith("sqlite"), "Production needs PostgreSQL: DATABASE_URL names a SQLite file."),
            (not self.redis_url, "Production needs REDIS_URL."),
            (not keys, "Production needs TANDEM_SECRET_KEYS."),
            (any(map(_is_guessable, keys)), "A key in TANDEM_SECRET_KEYS is a well-known or guessable one."),
            (len(set(keys)) < len(keys), "A key stands twice in TANDEM_SECRET_KEYS."),
            (self.admin_key is not None, "TANDEM_ADMIN_KEY is for offline use only: create keys with `tandem keys`."),
            (self.lookup_ladder is not None, "TANDEM_LOOKUP_LADDER is for offline use only."),
            (any(map(_is_local, self.allowed_hosts)), "TANDEM_ALLOWED_HOSTS may not name this machine in production."),
            (not self.allowed_hosts, "TANDEM_ALLOWED_HOSTS allows no host at all."),
        ]


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment and the given values. Raises SettingsError with a sentence per problem."""
    try:
        return Settings(**overrides)
    except ValidationError as refused:
        raise SettingsError(" ".join(_sentence(problem) for problem in refused.errors())) from None


def is_loopback_url(url: str) -> bool:
    """Whether an address points at this machine."""
    return _is_local(urlsplit(url).hostname or "")


def _sentence(problem: Any) -> str:
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    name = str(problem["loc"][0]) if problem["loc"] else "settings"
    variable = name.upper() if name.upper() in ("DATABASE_URL", "REDIS_URL") else f"TANDEM_{name.upper()}"
    return f"{variable} cannot be used: {problem['msg']}."


def _is_fernet_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)) == 32
    except (ValueError, binascii.Error):
        return False


def _is_guessable(key: str) -> bool:
    return len(set(base64.urlsafe_b64decode(key))) < 8  # 32 random bytes never hold so few different ones


def _is_local(host: str) -> bool:
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
