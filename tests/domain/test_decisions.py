"""The ways a run can end."""

from dataclasses import FrozenInstanceError

import pytest

from app.domain.decisions import STRENGTH, Reference, Result, Settlement


def test_a_run_ends_in_one_of_eight_ways() -> None:
    words = "created updated unchanged skipped blocked conflicted failed held"
    assert [result.value for result in Result] == words.split()


def test_only_success_has_strength_and_a_create_is_the_strongest() -> None:
    assert STRENGTH == (Result.UNCHANGED, Result.UPDATED, Result.CREATED)


def test_settlement_says_nothing_happens_next_unless_told() -> None:
    settlement = Settlement(Result.FAILED, "refused")
    assert (settlement.again_at, settlement.waits_for, settlement.blocked_on) == (None, (), None)
    assert (settlement.counts_as_try, settlement.achieved, settlement.error) == (False, None, None)


def test_references_to_one_record_are_one() -> None:
    assert len({Reference("contact", "003A"), Reference("contact", "003A"), Reference("account", "003A")}) == 2


def test_settlement_cannot_be_changed_afterwards() -> None:
    settlement = Settlement(Result.CREATED, "created")
    with pytest.raises(FrozenInstanceError):
        settlement.reason = "updated"  # type: ignore[misc]  # that is the point
