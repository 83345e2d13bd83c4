"""The people of a world of payments: callers, typists, those who change their minds, a clerk in Intacct, an accountant.

What they meant is kept in `offers`. The accountant decides on held payments by what Intacct's own cashbook says, as a
person would who looks there. No invariant stands here.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial

from app.domain.errors import SyncError
from app.domain.payment_wish import PaymentWish, WishedDetail
from app.services import operations, payment_decisions, payment_intake, payment_reversal
from app.services.context import Context
from app.services.payment_decisions import REJECT, RELEASE, Decider
from app.services.payment_intake import Asked, Taken
from tests.world.money.offers import Offer, Offers, minor
from tests.world.money.plan import Plan
from tests.world.money.shop import WHOLE, Bill, P, Shop
from tests.world.people import People
from tests.world.place import CONNECTION, World

PAYMENT, LINE, INVOICE = f"{P}AR_Payment__c", f"{P}AR_Payment_Line__c", f"{P}Sales_Invoice__c"
ACCOUNTANT = Decider("key-1", "accountant", "ann", "world")
SECOND = Decider("key-2", "controller", "bob", "world")
DAY = date(2026, 2, 1)
REVERSED_ON = date(2026, 11, 22)
HELD_REVERSALS = (
    "SELECT o.id FROM operation o JOIN payment p ON p.salesforce_id = o.record_id "
    "WHERE o.state = 'held' AND p.state = 'posted' ORDER BY o.id"
)
CLOSED = "2026-03-01"


class Payers:
    """Everybody who has to do with payments."""

    def __init__(self, world: World, people: People, plan: Plan, rng: random.Random) -> None:
        self.world, self.people, self.plan, self.rng = world, people, plan, rng
        self.offers = Offers()
        self.shop = Shop(world, rng, several=plan.several)
        self.pending: list[asyncio.Task[None]] = []
        self._requests = 0
        self._deeds: tuple[tuple[Callable[[], Awaitable[None]], int], ...] = (
            (self.hand_in, 8),
            (self._repeat, 2),
            (self._equal_at_once, 2),
            (self._another_body, 1),
            (self.type_in, 4),
            (self._ask_again, 2),
            (self._cancel, 2),
            (self._retry, 1),
            (self._receive, 2 * plan.clerk),
            (self._reverse, 2 * plan.clerk),
            (self._take_back, 2 * plan.clerk),
            (self._edit_document, 2 * plan.clerk),
            (self.decide_all, 0 if plan.cautious else 2),
            (self._close_books, int(plan.closing)),
        )

    def settle_in(self) -> None:
        """Customers and invoices."""
        self.shop.open(self.plan.payers, self.plan.bills)
        self.world.intacct.state.configure({"oe_edit_when_paid": self.plan.oe_when_paid})
        if self.plan.keyed:
            self.world.intacct.state.configure({"custom_fields": {"ARPYMT": ["SFDC_ID"]}})

    async def live(self) -> None:
        """Act at random moments of the active time."""
        deeds, weights = zip(*self._deeds, strict=True)
        await self.hand_in()
        active = self.plan.scenario.active
        for moment in sorted(self.rng.uniform(0.0, active) for _ in range(self.plan.deeds)):
            await asyncio.sleep(max(0.0, moment - self.world.loop.time()))
            (deed,) = self.rng.choices(deeds, weights)
            await deed()
        await asyncio.gather(*self.pending)

    # --- callers ----------------------------------------------------------------------------------------------------

    def _amount(self, bill: Bill) -> Decimal:
        part = self.rng.choice((Decimal("0.1"), Decimal("0.25"), Decimal("0.4"), Decimal(1), Decimal("0.62")))
        cents = Decimal(0) if bill.currency in WHOLE or part == 1 else Decimal(self.rng.randint(0, 99)) / 100
        amount = bill.total * (2 if self.rng.random() < 0.05 else part) + cents
        return amount.quantize(Decimal(1) if bill.currency in WHOLE else Decimal("0.01"))

    def _bills(self) -> list[Bill]:
        """One invoice, or two of one customer and currency."""
        bill = self.rng.choice(self.shop.bills)
        alike = [b for b in self.shop.bills if (b.payer, b.currency) == (bill.payer, bill.currency) and b != bill]
        return [bill, self.rng.choice(alike)] if alike and self.rng.random() < 0.25 else [bill]

    def pay_one_more(self) -> None:
        """One payment of a new invoice."""
        self._send([self.wish([self.shop.bill(self.shop.payers[0])])])

    def wish(self, bills: list[Bill] | None = None) -> PaymentWish:
        """A payment somebody means to make, entered among the offers."""
        bills, mark = bills or self._bills(), self.offers.next_mark()
        details = tuple(WishedDetail(self._amount(bill), bill.id) for bill in bills)
        amount, currency = sum((d.amount for d in details), Decimal(0)), bills[0].currency
        name = f"ext-{mark}"
        made = PaymentWish(
            name, currency, amount, DAY, "EFT", details, account_id=bills[0].payer.account, description=mark
        )
        if self.rng.random() < 0.4:
            alike = self.plan.keyed and self.plan.namesakes
            made = replace(made, reference="CHECK" if alike else f"R{mark}")
        self.offers.handed[name] = Offer(mark, currency, minor(amount, currency), name, wishes=[made])
        return made

    async def hand_in(self) -> None:
        """Some payments in one request."""
        self._send([self.wish() for _ in range(self.rng.randint(1, self.plan.hand))])

    def _send(self, wishes: list[PaymentWish], *, named: bool = True) -> None:
        self._requests += 1
        request_id = f"batch-{self._requests}" if named and self.rng.random() < 0.6 else None
        self.pending.append(asyncio.ensure_future(self._until_answered(wishes, request_id)))

    async def _until_answered(self, wishes: list[PaymentWish], request_id: str | None) -> None:
        """Repeat the same request until its answer comes."""
        self._requests += 1
        role = f"payer{self._requests}"
        asked = Asked(self.rng.choice(("apex", "massTool")), "world", "a key", request_id=request_id)
        while True:
            life = self.world.bear(role, lambda context: self._take(context, wishes, asked))
            if self.rng.random() < self.plan.scenario.caller_kills:
                await self._interrupt(role, life.task)
            try:
                self.offers.answered(await life.task, wishes)
                return
            except asyncio.CancelledError:
                await asyncio.sleep(self.rng.uniform(0.5, 5.0))

    async def _interrupt(self, role: str, task: "asyncio.Task[tuple[Taken, ...]]") -> None:
        for _ in range(self.rng.randint(0, 40)):
            await asyncio.sleep(0)
        if not task.done():
            self.world.hits.kinds["caller_killed"] += 1
            await self.world.kill(role)

    async def _take(self, context: Context, wishes: list[PaymentWish], asked: Asked) -> tuple[Taken, ...]:
        return await payment_intake.take(context, self.world.connection, wishes, asked)

    def _earlier(self) -> Offer | None:
        return (
            self.rng.choice(sorted(self.offers.handed.values(), key=lambda one: one.mark))
            if self.offers.handed
            else None
        )

    async def _repeat(self) -> None:
        """The same payment in a new request."""
        if (offer := self._earlier()) is not None:
            self.world.strike("repeated")
            self._send([offer.wishes[0]])

    async def _equal_at_once(self) -> None:
        """F27: equal requests at once, for one new payment."""
        wish = self.wish()
        self.world.strike("equal_requests")
        for _ in range(self.rng.randint(2, 5)):
            self._send([wish], named=False)

    async def _another_body(self) -> None:
        """F27: another payment under a name that was used."""
        if (offer := self._earlier()) is None or not offer.accepted:
            return
        self.world.strike("another_body")
        first = offer.wishes[0]
        more = first.details[0].amount + 1
        details = (replace(first.details[0], amount=more), *first.details[1:])
        self._send([replace(first, details=details, amount=first.amount + 1)], named=False)

    # --- in Salesforce ----------------------------------------------------------------------------------------------

    async def type_in(self) -> None:
        """Somebody enters a payment in Salesforce and presses the button."""
        bills, mark = self._bills(), self.offers.next_mark()
        shares = [(bill, self._amount(bill)) for bill in bills]
        currency, total = bills[0].currency, sum((amount for _, amount in shares), Decimal(0))
        head = {
            f"{P}Account__c": bills[0].payer.account,
            f"{P}Receipt_Date__c": DAY.isoformat(),
            f"{P}Payment_Method__c": "EFT",
            f"{P}Amount__c": float(total),
            f"{P}Description__c": mark,
            **({"CurrencyIsoCode": currency} if self.plan.several else {}),
        }
        record = self.shop.here(PAYMENT, **head)
        for bill, amount in shares:
            self.shop.here(LINE, **{PAYMENT: record, INVOICE: bill.id, f"{P}Amount__c": float(amount)})
        self.offers.typed[record] = Offer(mark, currency, minor(total, currency), salesforce_id=record)
        self._press(record)

    def _press(self, *records: str) -> None:
        asked = self.people.request("ar_payment", list(records), self.rng.choice(("button", "flow")))
        self.pending.append(asyncio.ensure_future(asked))

    async def _ask_again(self) -> None:
        """Somebody presses the button of any payment once more, wherever it came from."""
        known = [str(row["Id"]) for row in self.world.salesforce.state.records(PAYMENT)]
        if known:
            self._press(self.rng.choice(known))

    # --- second thoughts --------------------------------------------------------------------------------------------

    def _any(self, *states: str) -> str | None:
        marks = ",".join("?" * len(states))
        rows = self.world.rows(f"SELECT id FROM payment WHERE state IN ({marks}) ORDER BY id", *states)
        return str(self.rng.choice(rows)["id"]) if rows else None

    async def _cancel(self) -> None:
        if (payment := self._any("received", "rejected")) is not None:
            self.world.strike("cancelled_by_hand")
            await self._decide(payment_decisions.cancel, payment, ACCOUNTANT, "not wanted")

    async def _retry(self) -> None:
        if (payment := self._any("rejected", "received")) is not None:
            await self._decide(payment_decisions.retry, payment, ACCOUNTANT)

    async def _take_back(self) -> None:
        """Somebody asks that a posted payment be reversed."""
        if (payment := self._any("posted")) is not None:
            self.world.strike("reversal_asked")
            self._requests += 1
            said = (CONNECTION, payment, REVERSED_ON, "bounced", "somebody")
            await self._alone(lambda context: payment_reversal.reverse(context, *said))

    async def _decide(self, decide: Callable[..., Awaitable[object]], payment: str, *said: object) -> None:
        """Decide in a process of its own; what is refused because it came too late is no harm."""
        await self._alone(lambda context: decide(context, self.world.connection, payment, *said))

    async def _alone(self, deed: Callable[[Context], Awaitable[object]]) -> None:
        self._requests += 1

        async def act(context: Context) -> None:
            with suppress(SyncError):
                await deed(context)

        await self.world.bear(f"decider{self._requests}", act).task

    async def decide_all(self) -> None:
        """The accountant looks through what is held: what stands in Intacct is released, the rest either way."""
        for row in self.world.rows("SELECT id, salesforce_id FROM payment WHERE state = 'held' ORDER BY id"):
            stands = self.stands(str(row["salesforce_id"]))
            word = RELEASE if stands or self.rng.random() < 0.6 else REJECT
            self.world.strike(f"held_{word}")
            for who in (ACCOUNTANT, SECOND) if self.plan.four_eyes else (ACCOUNTANT,):
                await self._decide(payment_decisions.decide, row["id"], word, who, "looked into Intacct")
        for row in self.world.rows(HELD_REVERSALS):
            self.world.strike("held_reversal")
            await self._alone(partial(self._look_again, row["id"]))

    async def _look_again(self, operation_id: str, context: Context) -> None:
        await operations.retry(context, CONNECTION, operation_id, "world")

    def stands(self, salesforce_id: str) -> bool:
        """Whether Intacct has a payment with the mark of this record."""
        record = next((r for r in self.world.salesforce.state.records(PAYMENT) if r["Id"] == salesforce_id), None)
        table = self.world.intacct.state.company.tables["ARPYMT"]
        return record is not None and any(row["DESCRIPTION"] == record[f"{P}Description__c"] for row in table.rows())

    # --- in Intacct -------------------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        """F23: a clerk takes money for an invoice, without asking anybody."""
        bill = self.rng.choice(self.shop.bills)
        invoice, mark = self.shop.present(bill), self.offers.next_mark()
        if invoice is None or invoice["TRX_TOTALDUE"] <= 1:
            return
        part = (
            invoice["TRX_TOTALDUE"] if self.rng.random() < 0.4 else (invoice["TRX_TOTALDUE"] / 3).quantize(Decimal(1))
        )
        self.world.strike("paid_in_intacct")
        number = self.world.intacct.state.pay(invoice["RECORDNO"], str(part), DESCRIPTION=mark)
        self.offers.received[str(number)] = Offer(mark, bill.currency, minor(part, bill.currency))

    async def _reverse(self) -> None:
        """A clerk reverses a payment, whoever made it."""
        rows = [r for r in self.world.intacct.state.company.tables["ARPYMT"].rows() if r["STATE"] == "Complete"]
        if rows:
            self.world.strike("reversed_in_intacct")
            self.world.intacct.state.reverse_payment(self.rng.choice(rows)["RECORDNO"])

    async def _edit_document(self) -> None:
        """F23: a document is edited, so that its invoice has another number than everybody knows."""
        documents = [bill for bill in self.shop.bills if bill.document]
        if documents:
            with suppress(ValueError):  # it was paid
                self.shop.edit(self.rng.choice(documents))
                self.world.strike("invoice_made_anew")

    async def _close_books(self) -> None:
        """F23: the period of the payments is closed for a while."""
        self.world.strike("period_closed")
        self.world.intacct.state.configure({"books_open_from": CLOSED})
        self.pending.append(asyncio.ensure_future(self._reopen()))

    async def _reopen(self) -> None:
        await asyncio.sleep(120.0)
        self.world.intacct.state.configure({"books_open_from": ""})

    # --- the quiet time ---------------------------------------------------------------------------------------------

    async def ask_for_all(self) -> None:
        """Everything in Salesforce once more."""
        records = [str(row["Id"]) for row in self.world.salesforce.state.records(PAYMENT)]
        if records:
            await self.people.request("ar_payment", records, "massTool")

    def undecided(self) -> int:
        """How many payments and reversals wait for the accountant."""
        held = "SELECT id FROM payment WHERE state = 'held'"
        return len(self.world.rows(held)) + len(self.world.rows(HELD_REVERSALS))
