"""The cashbook: what payments brought in, by customer and currency, as an account of its own beside the tables.

One line for each payment posted or reversed, in the order in which it happened. Tests hold other books against it; a
payment that was posted twice stands here twice, as it would with the vendor.
"""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.simulators.intacct.tables import Journal, Values

POSTED, REVERSED = "posted", "reversed"


@dataclass(frozen=True)
class Line:
    """Money of one customer in one payment (RECORDNO, DOCNUMBER): it came in, or its payment was reversed."""

    seq: int
    at: str
    what: str
    recordno: int
    docnumber: str
    customer: str
    currency: str
    amount: str


class Cashbook:
    """Lines in order; those of a write that is rolled back go with it."""

    def __init__(self, journal: Journal) -> None:
        self.lines: list[Line] = []
        self._journal = journal
        self._seq = 0

    def enter(self, at: datetime, what: str, payment: Values, customer: str, amount: Decimal) -> None:
        """Note money that came in or was taken back."""
        self._seq += 1
        number, key, currency = payment["RECORDNO"], payment["DOCNUMBER"] or "", payment["CURRENCY"]
        self.lines.append(Line(self._seq, at.isoformat(), what, number, key, customer, currency, str(amount)))
        self._journal.add(self._take_back)

    def _take_back(self) -> None:
        self.lines.pop()

    def sums(self) -> list[dict[str, str]]:
        """Posted, reversed and what remains, of each customer and currency."""
        found: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(
            lambda: {POSTED: Decimal(0), REVERSED: Decimal(0)}
        )
        for line in self.lines:
            found[line.customer, line.currency][line.what] += Decimal(line.amount)
        return [
            {
                "customer": customer,
                "currency": currency,
                **{what: str(amount) for what, amount in parts.items()},
                "remains": str(parts[POSTED] - parts[REVERSED]),
            }
            for (customer, currency), parts in sorted(found.items())
        ]

    def repeated(self) -> dict[str, list[int]]:
        """DOCNUMBERs that more than one payment bears which was not reversed, with their RECORDNOs."""
        gone = {line.recordno for line in self.lines if line.what == REVERSED}
        stands = {
            (line.docnumber, line.recordno) for line in self.lines if line.recordno not in gone and line.docnumber
        }
        counts = Counter(docnumber for docnumber, _ in stands)
        return {
            key: sorted(number for docnumber, number in stands if docnumber == key)
            for key in sorted(counts)
            if counts[key] > 1
        }

    def describe(self) -> dict[str, Any]:
        """Lines, sums and repeated numbers as plain data."""
        return {"lines": [asdict(line) for line in self.lines], "sums": self.sums(), "repeated": self.repeated()}
