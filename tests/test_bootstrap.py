"""The composition root: first start, credentials, and clients that follow their connection."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlmodel import select

from app.bootstrap import Container, ensure_default_connection, open_container
from app.config import Settings, load_settings
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane
from app.services import keys, sealing
from app.services.context import Context
from app.store import migrations
from app.store.tables import Connection
from tests.fakes import START, FakeClock

MakeSettings = Callable[..., Settings]


@pytest.fixture
def make(tmp_path: Path) -> MakeSettings:
    def made(**changes: Any) -> Settings:
        file = f"sqlite+aiosqlite:///{tmp_path / 'tandem.db'}"
        return load_settings(
            **{"mode": "offline", "data_dir": tmp_path, "database_url": file, "redis_url": None, **changes}
        )

    return made


@pytest.fixture
async def container(make: MakeSettings) -> AsyncIterator[Container]:
    await migrations.upgrade(make().database)
    async with open_container(make(), clock=FakeClock()) as opened:
        yield opened


async def only(context: Context) -> Connection:
    async with context.begin() as session:
        return (await session.exec(select(Connection))).one()


async def changed(context: Context, **values: Any) -> Connection:
    async with context.begin() as session:
        row = (await session.exec(select(Connection))).one()
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
    return row


async def test_a_first_start_makes_the_connection_and_shows_an_admin_key_once(container: Container) -> None:
    first = await ensure_default_connection(container.context, container.settings)
    second = await ensure_default_connection(container.context, container.settings)
    assert first.admin_key is not None
    assert second.admin_key is None
    assert first.connection_id == second.connection_id
    row = await keys.verify(container.context, first.admin_key)
    assert row is not None
    assert row.role == "admin"
    assert first.admin_key not in repr(first)


async def test_a_fixed_admin_key_is_the_one_that_works(container: Container, make: MakeSettings) -> None:
    made = await ensure_default_connection(container.context, make(admin_key="tnd_0123456789abcdef"))
    assert made.admin_key is None
    assert await keys.verify(container.context, "tnd_0123456789abcdef") is not None


async def test_a_new_admin_key_is_made_when_the_last_one_was_revoked(container: Container) -> None:
    first = await ensure_default_connection(container.context, container.settings)
    row = await keys.verify(container.context, first.admin_key or "")
    assert row is not None
    await keys.revoke(container.context, row.connection_id, row.id)
    assert (await ensure_default_connection(container.context, container.settings)).admin_key is not None


async def test_the_offline_connection_points_at_both_simulators(container: Container) -> None:
    await ensure_default_connection(container.context, container.settings)
    row = await only(container.context)
    assert row.environment == "offline"
    assert row.settings["salesforce"]["login_url"] == "http://127.0.0.1:8101"
    assert row.settings["intacct"]["url"].startswith("http://127.0.0.1:8102/")
    assert "secret" not in row.secrets
    pair = container.context.backends.of(row, Lane.INTERACTIVE)
    assert (pair.salesforce.system, pair.intacct.system) == ("salesforce", "intacct")


async def test_the_offline_connection_follows_the_simulators_to_other_ports(
    container: Container, make: MakeSettings
) -> None:
    await ensure_default_connection(container.context, container.settings)
    before = await only(container.context)
    await ensure_default_connection(container.context, make(intacct_sim_port=9102))
    after = await only(container.context)
    assert after.settings["intacct"]["url"].startswith("http://127.0.0.1:9102/")
    assert after.settings["salesforce"] == before.settings["salesforce"]
    assert after.version == before.version + 1


async def test_addresses_a_person_chose_are_left_alone(container: Container, make: MakeSettings) -> None:
    await ensure_default_connection(container.context, container.settings)
    row = await only(container.context)
    chosen = {**row.settings, "intacct": {**row.settings["intacct"], "url": "https://api.intacct.com/x"}}
    await changed(container.context, settings=chosen)
    await ensure_default_connection(container.context, make(intacct_sim_port=9102))
    assert (await only(container.context)).settings["intacct"]["url"] == "https://api.intacct.com/x"


async def test_clients_are_kept_until_their_connection_changes(container: Container) -> None:
    await ensure_default_connection(container.context, container.settings)
    backends, row = container.context.backends, await only(container.context)
    first = backends.of(row, Lane.BULK)
    assert backends.of(row, Lane.BULK) is first
    assert backends.of(row, Lane.INTERACTIVE) is not first
    assert backends.of(await changed(container.context, name="renamed"), Lane.BULK) is not first


async def test_missing_settings_and_secrets_are_named_together(container: Container) -> None:
    await ensure_default_connection(container.context, container.settings)
    row = await only(container.context)
    bare = {**row.settings, "intacct": {"sender_id": "sender"}}
    row = await changed(container.context, settings=bare, secrets="")
    with pytest.raises(SyncError) as refused:
        container.context.backends.of(row, Lane.BULK)
    assert (refused.value.kind, refused.value.code) == (Kind.CONFIG, "connection_incomplete")
    for name in ("intacct.company_id", "intacct.user_id", "intacct_user_password", "intacct_sender_password"):
        assert name in refused.value.message


async def test_login_by_key_needs_key_and_user(container: Container) -> None:
    await ensure_default_connection(container.context, container.settings)
    row = await only(container.context)
    by_key = {**row.settings, "salesforce": {**row.settings["salesforce"], "auth": "jwt"}}
    with pytest.raises(SyncError) as refused:
        container.context.backends.of(await changed(container.context, settings=by_key), Lane.BULK)
    assert "salesforce.username" in refused.value.message
    assert "salesforce_private_key" in refused.value.message


@pytest.mark.parametrize(
    ("environment", "address", "password"),
    [
        ("offline", "https://x.my.salesforce.com", "p4ss"),
        ("production", "http://127.0.0.1:8101", "p4ss"),
        ("production", "https://x.my.salesforce.com", "secret"),
    ],
)
async def test_production_refuses_whatever_belongs_to_offline_use(
    container: Container, make: MakeSettings, environment: str, address: str, password: str
) -> None:
    """The database stays the test's own: only the mode of the container is production."""
    live = make(
        mode="production",
        database_url="postgresql+asyncpg://db/x",
        redis_url="redis://127.0.0.1:1",
        secret_keys=Fernet.generate_key().decode(),
    )
    async with open_container(live, engine=container.engine, clock=FakeClock()) as opened:
        secrets = {
            "salesforce_client_secret": password,
            "intacct_sender_password": "p4ss",
            "intacct_user_password": "p4ss",
        }
        row = Connection(
            id="c",
            name="default",
            environment=environment,
            settings={
                "salesforce": {"login_url": address, "client_id": "id"},
                "intacct": {"sender_id": "s", "company_id": "c", "user_id": "u"},
            },
            secrets=opened.context.vault.seal(secrets),
            created_at=START,
            updated_at=START,
        )
        with pytest.raises(SyncError) as refused:
            opened.context.backends.of(row, Lane.BULK)
        assert refused.value.code == "offline_connection"


async def test_secrets_sealed_anew_no_longer_need_the_old_key(container: Container, make: MakeSettings) -> None:
    await ensure_default_connection(container.context, container.settings)
    old, new = (container.settings.data_dir / "secret.key").read_text(), Fernet.generate_key().decode()
    async with open_container(make(secret_keys=f"{new},{old}"), clock=FakeClock()) as both:
        assert await sealing.reseal(both.context) == 1
    async with open_container(make(secret_keys=new), clock=FakeClock()) as later:
        row = await only(later.context)
        assert later.context.vault.open(row.secrets)["intacct_user_password"] == "secret"
        later.context.backends.of(row, Lane.BULK)


async def test_a_container_has_the_times_of_its_settings(make: MakeSettings) -> None:
    async with open_container(make(lookup_ladder="0.2,1", lease_seconds=7)) as opened:
        assert opened.context.ladder == (0.2, 1.0)
        assert opened.context.lease_seconds == 7
        assert abs(opened.context.clock.now() - opened.context.clock.now()) < timedelta(seconds=5)
