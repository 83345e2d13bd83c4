"""What a payment goes through, and the money equation. Values and pure functions; no vendor, no storage.

Every payment that has become known, wherever it was taken, is in exactly one state, and its amount is counted there:

    received = applied in flight (received, posting) + posted + rejected + held + cancelled

`posted` holds what stands in Intacct; what was reversed there afterwards is told beside it, and stays posted: the
payment and its reversal are both in the books. Amounts are whole minor units of the payment's currency.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

PAYMENTS_GRANT = "arPaymentsSynchronization"
"""The setting of a connection under which it stands who granted payments, and when. Absent: they are off."""


class PaymentSource(StrEnum):
    """Where a payment became known first."""

    API = "api"
    SALESFORCE = "salesforce"
    INTACCT = "intacct"


class PaymentState(StrEnum):
    """Where the money of a payment is counted."""

    RECEIVED = "received"  # accepted; nothing has been promised to Intacct
    POSTING = "posting"  # may be on its way: an intent is on disk, or about to be, and its outcome is not known
    POSTED = "posted"  # stands in Intacct
    REJECTED = "rejected"  # refused, by a rule of ours or by Intacct; corrected, it may be tried again
    HELD = "held"  # unclear, or to be looked at: a person decides
    CANCELLED = "cancelled"  # given up before it was posted


IN_FLIGHT = (PaymentState.RECEIVED, PaymentState.POSTING)
"""States counted as applied in flight."""

_S = PaymentState
MOVES: dict[PaymentState, frozenset[PaymentState]] = {
    _S.RECEIVED: frozenset({_S.POSTING, _S.POSTED, _S.REJECTED, _S.HELD, _S.CANCELLED}),
    _S.POSTING: frozenset({_S.RECEIVED, _S.POSTED, _S.REJECTED, _S.HELD}),
    _S.REJECTED: frozenset({_S.RECEIVED, _S.POSTING, _S.CANCELLED, _S.POSTED, _S.HELD}),
    _S.HELD: frozenset({_S.POSTING, _S.POSTED, _S.REJECTED, _S.RECEIVED, _S.CANCELLED}),
    _S.CANCELLED: frozenset({_S.POSTED}),  # found standing in Intacct after all
    _S.POSTED: frozenset(),
}
"""Where a payment may go from each state. What is posted stays posted: a reversal is an operation of its own."""


def may_move(before: PaymentState, after: PaymentState) -> bool:
    """Whether a payment may go from one state to the other."""
    return after in MOVES[before]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a payment's own ledger: so much of a currency moved between states.

    `before` None: the payment became known. `before` equal to `after`: its amount was amended by `amount`, which may be
    negative. An entry of a reversal has `reversal` set and moves nothing.
    """

    currency: str
    amount: int
    before: PaymentState | None
    after: PaymentState
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class Equation:
    """The money equation of one currency, in minor units. `reversed` is part of `posted`."""

    currency: str
    received: int = 0
    in_flight: int = 0
    posted: int = 0
    rejected: int = 0
    held: int = 0
    cancelled: int = 0
    reversed: int = 0

    @property
    def difference(self) -> int:
        """What is missing on the right side; 0 when the equation holds."""
        return self.received - (self.in_flight + self.posted + self.rejected + self.held + self.cancelled)

    @property
    def holds(self) -> bool:
        """Whether every unit received is accounted for, and nothing reversed was never posted."""
        return self.difference == 0 and 0 <= self.reversed <= self.posted


def equations(entries: Iterable[Entry]) -> list[Equation]:
    """The equations that follow from ledger entries, replayed from nothing, by currency."""
    received: dict[str, int] = defaultdict(int)
    turned: dict[str, int] = defaultdict(int)
    standing: dict[tuple[str, PaymentState], int] = defaultdict(int)
    for entry in entries:
        if entry.reversal:
            turned[entry.currency] += entry.amount
            continue
        if entry.before is None or entry.before == entry.after:
            received[entry.currency] += entry.amount
        else:
            standing[entry.currency, entry.before] -= entry.amount
        standing[entry.currency, entry.after] += entry.amount
    return [
        Equation(
            currency,
            received[currency],
            sum(standing[currency, state] for state in IN_FLIGHT),
            standing[currency, PaymentState.POSTED],
            standing[currency, PaymentState.REJECTED],
            standing[currency, PaymentState.HELD],
            standing[currency, PaymentState.CANCELLED],
            turned[currency],
        )
        for currency in sorted({currency for currency, _ in standing} | set(received) | set(turned))
    ]
