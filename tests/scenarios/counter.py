"""A till with a counter: payments are handed in as a caller does, and delivered. No test stands here."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import select

from app.domain.payment_wish import PaymentWish, WishedDetail
from app.domain.records import Lane
from app.services import payment_delivery, payment_intake
from app.services.payment_intake import Asked, Taken
from app.store.payment_tables import Payment
from tests.scenarios.till import Till


class Counter:
    """Hands payments in at a till's house."""

    def __init__(self, till: Till) -> None:
        self.till, self.house = till, till.house

    def wish(self, external_id: str, *shares: tuple[str, str], **more: Any) -> PaymentWish:
        """A payment of the till's customer by EFT; its amount is the sum of the shares unless given."""
        given: dict[str, Any] = {
            "external_id": external_id,
            "account_id": self.till.account,
            "currency": "USD",
            "amount": sum((Decimal(amount) for _, amount in shares), Decimal(0)),
            "received_on": date(2026, 2, 1),
            "method": "EFT",
            "details": tuple(WishedDetail(Decimal(amount), invoice) for invoice, amount in shares),
        }
        return PaymentWish(**given | more)

    async def take(self, *wishes: PaymentWish) -> tuple[Taken, ...]:
        """Hand payments in; all are taken."""
        asked = Asked("apex", "counter", "a key")
        taken = await payment_intake.take(self.house.context, self.house.connection, wishes, asked)
        assert not [one for one in taken if one.problems], taken
        return taken

    async def deliver(self) -> int:
        """Play the worker that delivers."""
        return await payment_delivery.deliver(self.house.context, self.house.connection.id, Lane.BULK)

    async def post(self) -> None:
        """Deliver and run until nothing is due, and hold the books to the cashbook."""
        while await self.deliver() + await self.house.drain():
            pass
        await self.till.balanced()

    async def rows(self) -> dict[str, Payment]:
        """All payments by external id, as they stand."""
        async with self.house.context.begin() as session:
            return {row.external_id: row for row in await session.exec(select(Payment))}
