"""Groups of errors: one per cause, counted, regressed when they return, tried again, ignored, closed by hand."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlmodel import col, select

from app.domain.decisions import Reference, Result, Settlement
from app.domain.errors import Kind, SyncError, VendorFault
from app.services import error_groups
from app.services.context import Context
from app.services.error_groups import Group
from app.services.error_keeping import keep_errors
from app.store.error_groups import GroupFilter
from app.store.tables import Connection, ErrorLog, Operation
from tests.fakes import FakeClock
from tests.houses import account_id, make_connection
from tests.store import rows

EVERY = GroupFilter()


def refusal(text: str = "Period 'May' is closed", code: str = "period_closed") -> SyncError:
    return SyncError(Kind.DATA, code, text, vendor=VendorFault("intacct", "BL01", text))


async def settled(
    context: Context, home: Connection, numbers: Sequence[int], error: SyncError | None, *, name: str = "account",
    blocked_on: Reference | None = None,
) -> None:  # fmt: skip
    """Runs of some records that ended with the error, or went well."""
    said = Settlement(Result.FAILED if error else Result.UPDATED, "r", error=error, blocked_on=blocked_on)
    done = [
        rows.operation(context.new_id, home, object=name, record_id=account_id(number), state="done")
        for number in numbers
    ]
    async with context.begin() as session:
        await keep_errors(context, session, home.id, [(row, said) for row in done], context.clock.now())


async def groups(context: Context, home: Connection, wanted: GroupFilter = EVERY) -> list[Group]:
    return list((await error_groups.listed(context, home.id, wanted, None, 50)).rows)


async def only(context: Context, home: Connection) -> Group:
    [group] = await groups(context, home)
    return group


async def test_one_cause_on_a_thousand_records_is_one_group(context: Context, home: Connection) -> None:
    for start in range(0, 1000, 200):
        await settled(context, home, range(start, start + 200), refusal(f"Period '{start}' is closed"))
    group = await only(context, home)
    assert (group.state, group.standing.records, group.standing.group.occurrences) == ("open", 1000, 1000)
    assert (group.trend, group.standing.group.object) == ("rising", "account")


async def test_open_groups_are_the_distinct_open_fingerprints(context: Context, home: Connection) -> None:
    await settled(context, home, [1, 2], refusal())
    await settled(context, home, [2, 3], refusal("Customer is on hold"))
    await settled(context, home, [3], None)
    await settled(context, home, [4], refusal("Never seen before", "refused"))
    async with context.begin() as session:
        query = select(ErrorLog.fingerprint).where(col(ErrorLog.resolved_at).is_(None)).distinct()
        marks = set(await session.exec(query))
    standing = {g.standing.group.fingerprint for g in await groups(context, home) if g.state != "resolved"}
    assert standing == marks
    assert len(marks) == 3


async def test_a_success_resolves_and_a_return_is_a_regression(context: Context, home: Connection) -> None:
    await settled(context, home, [1, 2], refusal())
    await settled(context, home, [1], None)
    assert (await only(context, home)).state == "open"
    await settled(context, home, [2], None)
    assert (await only(context, home)).state == "resolved"
    await settled(context, home, [3], refusal())
    group = await only(context, home)
    assert (group.state, group.standing.records, group.standing.group.regressions) == ("regressed", 1, 1)


async def test_the_same_failure_again_is_no_regression(context: Context, home: Connection) -> None:
    await settled(context, home, [1], refusal())
    await settled(context, home, [1], refusal())
    group = await only(context, home)
    assert (group.state, group.standing.group.occurrences, group.standing.records) == ("open", 2, 1)


async def test_a_missing_record_groups_what_it_blocks_of_every_object(context: Context, home: Connection) -> None:
    missing = Reference("account", account_id(9))
    wait = SyncError(Kind.DEPENDENCY, "reference_not_synced", "Account 9 must come first.")
    await settled(context, home, [1, 2], wait, name="contact", blocked_on=missing)
    await settled(context, home, [3], wait, name="project", blocked_on=missing)
    group = await only(context, home)
    row = group.standing.group
    assert (group.standing.records, row.object, row.blocked_object, row.blocked_id) == (
        3,
        None,
        "account",
        account_id(9),
    )


async def test_ignored_until_its_time_has_come(context: Context, home: Connection, clock: FakeClock) -> None:
    await settled(context, home, [1], refusal())
    group = await only(context, home)
    until = clock.now() + timedelta(hours=1)
    ignored = await error_groups.ignore(context, home.id, group.standing.group.id, until, "key")
    assert ignored is not None
    assert ignored.state == "ignored"
    assert await groups(context, home, GroupFilter(state="open")) == []
    clock.advance(3601)
    assert (await only(context, home)).state == "open"


async def test_a_time_that_has_passed_ends_the_ignoring(context: Context, home: Connection, clock: FakeClock) -> None:
    await settled(context, home, [1], refusal())
    group_id = (await only(context, home)).standing.group.id
    await error_groups.ignore(context, home.id, group_id, clock.now() + timedelta(days=9), "key")
    back = await error_groups.ignore(context, home.id, group_id, clock.now(), "key")
    assert back is not None
    assert back.state == "open"


async def test_resolving_closes_every_error_and_a_return_is_a_regression(context: Context, home: Connection) -> None:
    await settled(context, home, [1, 2], refusal())
    closed = await error_groups.resolve(context, home.id, (await only(context, home)).standing.group.id, "key-7")
    assert closed is not None
    assert (closed.state, closed.standing.records) == ("resolved", 0)
    async with context.begin() as session:
        assert set(await session.exec(select(ErrorLog.resolved_by))) == {"key-7"}
    await settled(context, home, [1], refusal())
    assert (await only(context, home)).state == "regressed"


async def test_retrying_wishes_every_record_once(context: Context, home: Connection) -> None:
    await settled(context, home, range(450), refusal())
    group_id = (await only(context, home)).standing.group.id
    retried = await error_groups.retry(context, home, group_id, "c")
    assert retried is not None
    assert (retried.wished, retried.joined) == (450, 0)
    again = await error_groups.retry(context, home, group_id, "c")
    assert again is not None
    assert (again.wished, again.joined) == (450, 450)
    async with context.begin() as session:
        made = list(await session.exec(select(Operation)))
    assert (len(made), {row.lane for row in made}, {row.origin for row in made}) == (450, {"bulk"}, {"massTool"})


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (GroupFilter(), ["b", "a"]),
        (GroupFilter(object="contact"), ["b"]),
        (GroupFilter(kind="config"), []),
        (GroupFilter(code="a"), ["a"]),
        (GroupFilter(state="open"), ["b"]),
        (GroupFilter(state="resolved"), ["a"]),
        (GroupFilter(state="regressed"), []),
    ],
    ids=str,
)
async def test_lists_are_narrowed(
    context: Context, home: Connection, clock: FakeClock, wanted: GroupFilter, codes: list[str]
) -> None:
    await settled(context, home, [1], refusal("x", "a"))
    await settled(context, home, [1], None)
    clock.advance(1)
    await settled(context, home, [2], refusal("y", "b"), name="contact")
    assert [group.standing.group.code for group in await groups(context, home, wanted)] == codes


async def test_pages_lead_on_and_neighbours_see_nothing(
    context: Context, home: Connection, clock: FakeClock, new_id: Callable[[], str]
) -> None:
    for code in "abc":
        await settled(context, home, [1], refusal(code, code))
        clock.advance(1)
    first = await error_groups.listed(context, home.id, EVERY, None, 2)
    second = await error_groups.listed(context, home.id, EVERY, first.next_cursor, 2)
    assert [g.standing.group.code for g in (*first.rows, *second.rows)] == ["c", "b", "a"]
    group_id = first.rows[0].standing.group.id
    other = make_connection("other")
    assert await error_groups.get(context, other.id, group_id) is None
    assert await error_groups.resolve(context, other.id, group_id, "k") is None
    assert await error_groups.retry(context, other, group_id, "c") is None


async def test_the_trend_compares_the_last_day_with_the_day_before(
    context: Context, home: Connection, clock: FakeClock
) -> None:
    await settled(context, home, [1, 2], refusal())
    clock.advance(25 * 3600)
    assert (await only(context, home)).trend == "falling"
    await settled(context, home, [3, 4], refusal())
    assert (await only(context, home)).trend == "steady"
