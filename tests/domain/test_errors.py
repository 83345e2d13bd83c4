"""The tables of kinds are whole, and waits grow as they say."""

import pytest

from app.domain.errors import ADVICE, NEVER, RETRY, Kind, RetryPolicy, SyncError, VendorFault


def test_every_kind_says_whether_it_is_tried_again() -> None:
    assert set(RETRY) == set(Kind)


def test_every_kind_says_what_to_do() -> None:
    assert set(ADVICE) == set(Kind)
    assert all(text.endswith(".") for text in ADVICE.values())


@pytest.mark.parametrize(
    "kind", [Kind.DATA, Kind.CONFIG, Kind.CONFLICT, Kind.PERMISSION, Kind.DEPENDENCY, Kind.AMBIGUOUS]
)
def test_what_needs_a_person_another_record_or_a_look_up_is_never_tried_again_blindly(kind: Kind) -> None:
    assert RETRY[kind] is NEVER
    assert RETRY[kind].attempts == 0


@pytest.mark.parametrize("kind", [Kind.TRANSIENT, Kind.RATE_LIMITED, Kind.AUTH, Kind.BUG])
def test_what_may_pass_is_tried_again_after_growing_but_bounded_waits(kind: Kind) -> None:
    policy = RETRY[kind]
    delays = [policy.delay(attempt) for attempt in range(1, policy.attempts + 1)]
    assert policy.attempts > 0
    assert delays == sorted(delays)
    assert delays[0] == policy.first_delay > 0
    assert delays[-1] <= policy.longest_delay


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2.0), (2, 4.0), (3, 8.0), (9, 512.0), (10, 900.0), (99, 900.0)])
def test_wait_doubles_up_to_the_longest(attempt: int, seconds: float) -> None:
    assert RetryPolicy(12, 2.0, 2.0, 900.0).delay(attempt) == seconds


def test_error_without_advice_takes_that_of_its_kind() -> None:
    assert SyncError(Kind.AUTH, "login_refused", "Refused.").advice == ADVICE[Kind.AUTH]
    assert SyncError(Kind.AUTH, "login_refused", "Refused.", "Log in.").advice == "Log in."


def test_error_carries_what_the_vendor_said() -> None:
    fault = VendorFault("intacct", "BL01001973", "said no", "Support-1", 200)
    error = SyncError(Kind.DATA, "refused", "It was refused.", retry_after=3.0, field="Name", vendor=fault)
    assert (error.vendor, error.retry_after, error.field) == (fault, 3.0, "Name")
    assert str(error) == "It was refused."
    assert repr(error) == "SyncError(data, 'refused', 'It was refused.')"
