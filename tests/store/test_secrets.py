"""The vault: what is sealed can be opened with any of its keys, and by nobody else."""

import os
from pathlib import Path

import pytest

from app.domain.errors import Kind, SyncError
from app.store.secrets import FernetVault, key_in, new_key

SECRETS = {"intacct_user_password": "hunter2", "salesforce_private_key": "-----BEGIN\nüñí"}


def test_what_is_sealed_opens_again_and_shows_nothing() -> None:
    vault = FernetVault([new_key()])
    sealed = vault.seal(SECRETS)
    assert "hunter2" not in sealed
    assert vault.open(sealed) == SECRETS


def test_the_same_secrets_are_never_sealed_alike() -> None:
    vault = FernetVault([new_key()])
    assert vault.seal(SECRETS) != vault.seal(SECRETS)


def test_no_secrets_are_an_empty_text() -> None:
    vault = FernetVault([new_key()])
    assert vault.seal({}) == ""
    assert vault.open("") == {}


def test_an_old_key_still_opens_after_a_new_one_was_put_in_front() -> None:
    old, new = new_key(), new_key()
    sealed = FernetVault([old]).seal(SECRETS)
    assert FernetVault([new, old]).open(sealed) == SECRETS


def test_after_rotation_the_old_key_can_go() -> None:
    old, new = new_key(), new_key()
    rotated = FernetVault([new, old]).rotate(FernetVault([old]).seal(SECRETS))
    assert FernetVault([new]).open(rotated) == SECRETS


@pytest.mark.parametrize("damage", ["other key", "cut", "garbage"])
def test_what_does_not_open_is_a_configuration_error_without_secrets(damage: str) -> None:
    key = new_key()
    sealed = FernetVault([key]).seal(SECRETS)
    vault = FernetVault([new_key() if damage == "other key" else key])
    text = {"other key": sealed, "cut": sealed[:-10], "garbage": "not a token"}[damage]
    for attempt in (vault.open, vault.rotate):
        with pytest.raises(SyncError) as refused:
            attempt(text)
        assert (refused.value.kind, refused.value.code) == (Kind.CONFIG, "secrets_unreadable")
        assert "hunter2" not in str(refused.value)


def test_a_vault_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        FernetVault([])


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    key = key_in(path)
    assert key_in(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["secret.key"]


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    key_in(path)
    path.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        key_in(path)
