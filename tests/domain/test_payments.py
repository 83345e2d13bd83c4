"""The money equation holds whatever happens to payments, and shows it when a cent is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.payments import MOVES, Entry, Equation, PaymentState, equations, may_move

S = PaymentState
START = [S.RECEIVED, S.POSTED]


@st.composite
def ledgers(draw: st.DrawFn) -> list[Entry]:
    """Ledgers of some payments, each on a way that MOVES allows, amended now and then, reversed at times."""
    entries: list[Entry] = []
    for _ in range(draw(st.integers(0, 6))):
        currency, amount = draw(st.sampled_from(["EUR", "JPY", "USD"])), draw(st.integers(1, 10**9))
        state = draw(st.sampled_from(START))
        entries.append(Entry(currency, amount, None, state))
        for _ in range(draw(st.integers(0, 6))):
            if state is not S.POSTED and draw(st.booleans()):
                difference = draw(st.integers(1 - amount, 10**6))
                amount += difference
                entries.append(Entry(currency, difference, state, state))
            ways = sorted(MOVES[state])
            if not ways:
                break
            after = draw(st.sampled_from(ways))
            entries.append(Entry(currency, amount, state, after))
            state = after
        if state is S.POSTED and draw(st.booleans()):
            entries.append(Entry(currency, amount, S.POSTED, S.POSTED, reversal=True))
    return entries


@given(ledgers())
def test_whatever_happens_each_unit_received_is_counted_once(entries: list[Entry]) -> None:
    for equation in equations(entries):
        assert equation.holds
        assert min(equation.in_flight, equation.posted, equation.rejected, equation.held, equation.cancelled) >= 0


@given(ledgers().filter(bool), st.data())
def test_a_lost_line_breaks_the_equation_or_leaves_a_state_below_nothing(
    entries: list[Entry], data: st.DataObject
) -> None:
    first = [number for number, entry in enumerate(entries) if entry.before is None]
    lost = data.draw(st.sampled_from(first))
    kept = entries[:lost] + entries[lost + 1 :]
    whole = {e.currency: e for e in equations(entries)}
    left = {e.currency: e for e in equations(kept)}
    currency = entries[lost].currency
    assert left.get(currency, Equation(currency)).received < whole[currency].received


def test_what_is_posted_stays_posted() -> None:
    assert not any(may_move(S.POSTED, state) for state in S)


@pytest.mark.parametrize("state", [S.POSTING, S.POSTED])
def test_what_may_have_been_sent_cannot_be_cancelled(state: PaymentState) -> None:
    assert not may_move(state, S.CANCELLED)


def test_a_reversal_is_told_beside_what_is_posted() -> None:
    entries = [
        Entry("EUR", 500, None, S.RECEIVED),
        Entry("EUR", 500, S.RECEIVED, S.POSTED),
        Entry("EUR", 500, S.POSTED, S.POSTED, reversal=True),
    ]
    [equation] = equations(entries)
    assert (equation.received, equation.posted, equation.reversed, equation.holds) == (500, 500, 500, True)


def test_more_reversed_than_posted_does_not_hold() -> None:
    assert not Equation("EUR", received=1, posted=1, reversed=2).holds
