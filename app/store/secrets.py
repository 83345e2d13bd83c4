"""Encryption at rest: the vault over Fernet keys, and the key file of an offline installation.

Knows what a key is and nothing of what the secrets are for. No secret appears in a message or repr.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.domain.errors import Kind, SyncError

OWNER_ONLY = 0o600


class FernetVault:
    """Seals with the first key and opens with any: a new key goes in front, old ones stay until all is rotated."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("a vault needs at least one key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secrets: dict[str, str]) -> str:
        """Cipher text; empty for no secrets."""
        return self._fernet.encrypt(msgspec.json.encode(secrets)).decode("ascii") if secrets else ""

    def open(self, sealed: str) -> dict[str, str]:
        """The secrets; empty for an empty text. Raises SyncError CONFIG `secrets_unreadable` when no key fits."""
        if not sealed:
            return {}
        try:
            return msgspec.json.decode(self._fernet.decrypt(sealed.encode()), type=dict[str, str])
        except (InvalidToken, msgspec.DecodeError) as unfit:
            raise _unreadable() from unfit

    def rotate(self, sealed: str) -> str:
        """The same secrets sealed with the first key. Raises SyncError CONFIG `secrets_unreadable`."""
        if not sealed:
            return ""
        try:
            return self._fernet.rotate(sealed.encode()).decode("ascii")
        except InvalidToken as unfit:
            raise _unreadable() from unfit


def new_key() -> str:
    """A fresh Fernet key."""
    return Fernet.generate_key().decode("ascii")


def key_in(path: Path) -> str:
    """The key kept in a file, made on first use and readable by its owner alone. Safe when several processes start.

    Raises PermissionError when others may read the file: such a key keeps no secret.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w") as file:
            file.write(new_key())
        try:
            os.link(fresh, path)  # unlike a rename, refuses when another process was first
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path.name} may be read by others: run `chmod 600` on it")
    return path.read_text().strip()


def _unreadable() -> SyncError:
    return SyncError(
        Kind.CONFIG,
        "secrets_unreadable",
        "The stored secrets of the connection cannot be decrypted with the keys given",
        "Give TANDEM_SECRET_KEYS the key they were sealed with, or enter the secrets again.",
    )
