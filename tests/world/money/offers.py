"""What was offered, and what the house said it took: the truth about money, kept outside of the product.

Every payment bears a mark of its own in its description, which comes as far as Intacct: so the world knows its own
payments there, whatever numbers the house gives them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from app.domain.payment_wish import PaymentWish
from app.services.payment_intake import Taken

MARK = "pay-"


def minor(amount: Decimal, currency: str) -> int:
    """Whole minor units, reckoned here and not by the product."""
    return int(amount * (1 if currency == "JPY" else 100))


@dataclass(slots=True)
class Offer:
    """One payment as a person means it. `accepted` holds our payment id once the house has said yes."""

    mark: str
    currency: str
    amount: int
    external_id: str = ""
    salesforce_id: str = ""
    accepted: str = ""
    refused: tuple[str, ...] = ()
    wishes: list[PaymentWish] = field(default_factory=list)


class Offers:
    """All offers of a world: handed in by callers, typed in Salesforce, received in Intacct."""

    def __init__(self) -> None:
        self.handed: dict[str, Offer] = {}
        self.typed: dict[str, Offer] = {}
        self.received: dict[str, Offer] = {}
        self.wrong: list[str] = []

    def by_mark(self) -> dict[str, Offer]:
        """Every offer by its mark."""
        return {one.mark: one for one in self.all()}

    def all(self) -> Iterable[Offer]:
        """Every offer."""
        return [*self.handed.values(), *self.typed.values(), *self.received.values()]

    def next_mark(self) -> str:
        """A mark nobody has."""
        return f"{MARK}{len(self.handed) + len(self.typed) + len(self.received) + 1}."

    def answered(self, taken: Iterable[Taken], meant: Iterable[PaymentWish]) -> None:
        """Take note of an answer; one that contradicts an earlier one is wrong (F27)."""
        for one, wish in zip(taken, meant, strict=True):
            offer = self.handed[one.external_id]
            same = wish == offer.wishes[0]
            if one.payment is None:
                codes = tuple(problem.code for problem in one.problems)
                if same and offer.accepted:
                    self.wrong.append(f"I1 {one.external_id} was accepted, its repeat is refused: {codes}")
                offer.refused = codes if same else offer.refused
                continue
            if not same:
                self.wrong.append(f"I1 {one.external_id} was accepted with another body")
            if offer.accepted not in ("", one.payment.id):
                self.wrong.append(f"I1 {one.external_id} is {offer.accepted} and {one.payment.id}")
            offer.accepted = one.payment.id

    def taken(self) -> dict[str, int]:
        """What the house has said it took from callers, by currency."""
        sums: dict[str, int] = defaultdict(int)
        for offer in self.handed.values():
            if offer.accepted:
                sums[offer.currency] += offer.amount
        return sums
