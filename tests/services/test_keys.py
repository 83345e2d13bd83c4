"""API keys: shown once, verified by digest, rotated with an overlap, ended at once when revoked."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from app.domain.errors import SyncError
from app.domain.records import Errand, Lane
from app.services import keys
from app.services.context import Context, Pair
from app.services.keys import Role
from app.store.session import Sessions
from app.store.tables import ApiKey, Connection
from tests.fakes import START, FakeClock, ListBell, PlainVault

DAY = timedelta(days=1)


class NoBackends:
    """Keys need no vendor."""

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        raise AssertionError("no vendor is needed here")


@pytest.fixture
async def context(sessions: Sessions, clock: FakeClock, new_id: Callable[[], str]) -> Context:
    async with sessions() as session, session.begin():
        for name in ("one", "two"):
            session.add(Connection(id=name, name=name, environment="offline", created_at=START, updated_at=START))
    return Context(sessions, clock, ListBell(), PlainVault(), NoBackends(), new_id)


async def stored(context: Context) -> list[ApiKey]:
    async with context.begin() as session:
        return list((await session.exec(select(ApiKey))).all())


async def test_a_new_key_is_256_random_bits_and_only_its_digest_is_kept(context: Context) -> None:
    made = await keys.create(context, "one", "flow", Role.CALLER)
    assert made.plain.startswith("tnd_")
    assert len(made.plain) == 4 + 43
    (row,) = await stored(context)
    assert row.digest == keys.digest_of(made.plain)
    assert made.plain not in row.model_dump_json()
    assert made.plain not in repr(made)


async def test_a_key_opens_its_own_connection(context: Context) -> None:
    made = await keys.create(context, "two", "flow", Role.CALLER)
    row = await keys.verify(context, made.plain)
    assert row is not None
    assert (row.connection_id, row.role) == ("two", "caller")


@pytest.mark.parametrize("presented", ["", "tnd_", "tnd_" + "A" * 43, "\ud800", "x" * 10_000, "tnd_\x00"])
async def test_anything_else_opens_nothing(context: Context, presented: str) -> None:
    await keys.create(context, "one", "flow", Role.CALLER)
    assert await keys.verify(context, presented) is None


async def test_a_key_ends_after_its_time(context: Context, clock: FakeClock) -> None:
    made = await keys.create(context, "one", "flow", Role.CALLER, DAY)
    clock.advance(DAY.total_seconds() - 1)
    assert await keys.verify(context, made.plain) is not None
    clock.advance(1)
    assert await keys.verify(context, made.plain) is None


async def test_a_key_without_any_life_is_refused(context: Context) -> None:
    with pytest.raises(SyncError) as refused:
        await keys.create(context, "one", "flow", Role.CALLER, timedelta(0))
    assert refused.value.code == "ttl_invalid"


async def test_use_is_noted_once_a_minute(context: Context, clock: FakeClock) -> None:
    made = await keys.create(context, "one", "flow", Role.CALLER)
    await keys.verify(context, made.plain)
    clock.advance(59)
    await keys.verify(context, made.plain)
    assert (await stored(context))[0].last_used_at == START
    clock.advance(1)
    await keys.verify(context, made.plain)
    assert (await stored(context))[0].last_used_at == START + timedelta(minutes=1)


async def test_rotation_lets_both_keys_work_for_the_overlap(context: Context, clock: FakeClock) -> None:
    old = await keys.create(context, "one", "flow", Role.OPERATOR)
    new = await keys.rotate(context, "one", old.row.id, timedelta(hours=1))
    assert (new.row.name, new.row.role) == ("flow", "operator")
    assert await keys.verify(context, old.plain) is not None
    clock.advance(3600)
    assert await keys.verify(context, old.plain) is None
    assert await keys.verify(context, new.plain) is not None


async def test_rotation_never_makes_a_key_live_longer(context: Context, clock: FakeClock) -> None:
    old = await keys.create(context, "one", "flow", Role.CALLER, timedelta(minutes=5))
    new = await keys.rotate(context, "one", old.row.id, DAY)
    clock.advance(300)
    assert await keys.verify(context, old.plain) is None
    assert await keys.verify(context, new.plain) is None


async def test_an_ended_key_is_not_rotated(context: Context) -> None:
    made = await keys.create(context, "one", "flow", Role.CALLER)
    await keys.revoke(context, "one", made.row.id)
    with pytest.raises(SyncError) as refused:
        await keys.rotate(context, "one", made.row.id)
    assert refused.value.code == "key_ended"


async def test_a_revoked_key_ends_at_once_and_stays_so(context: Context, clock: FakeClock) -> None:
    made = await keys.create(context, "one", "flow", Role.CALLER)
    await keys.revoke(context, "one", made.row.id)
    clock.advance(60)
    again = await keys.revoke(context, "one", made.row.id)
    assert again.revoked_at == START
    assert await keys.verify(context, made.plain) is None


async def test_keys_of_another_connection_are_out_of_reach(context: Context) -> None:
    made = await keys.create(context, "one", "flow", Role.CALLER)
    for reach in (keys.rotate, keys.revoke):
        with pytest.raises(SyncError) as refused:
            await reach(context, "two", made.row.id)
        assert refused.value.code == "key_unknown"
    assert await keys.listed(context, "two") == []


async def test_a_fixed_admin_key_works_again_after_it_was_revoked(context: Context) -> None:
    for _ in range(2):
        async with context.begin() as session:
            await keys.fix_admin(context, session, "one", "tnd_fixed-for-the-demo")
        row = await keys.verify(context, "tnd_fixed-for-the-demo")
        assert row is not None
        assert row.role == "admin"
        await keys.revoke(context, "one", row.id)
    assert len(await stored(context)) == 1


@pytest.mark.parametrize("role", list(Role))
def test_each_role_includes_those_before_it(role: Role) -> None:
    order = [Role.VIEWER, Role.CALLER, Role.OPERATOR, Role.ADMIN]
    assert [role.includes(other) for other in order] == [order.index(other) <= order.index(role) for other in order]
