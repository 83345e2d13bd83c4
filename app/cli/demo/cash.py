"""From an opportunity to the cash: order, invoice, payments on both sides, a reversal, refusals, an unclear answer.

Speaks to the product through its public API, to the vendors' simulators behind it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.cli.children import Announce
from app.cli.demo.caller import Caller

PATIENCE = 90.0
INVOICE = "ia_crm__Sales_Invoice__c"
DOCUMENT, ITEM = "ia_crm__Sales_Document__c", "ia_crm__Sales_Document_Item__c"
PAYMENT, LINE = "ia_crm__AR_Payment__c", "ia_crm__AR_Payment_Line__c"


@dataclass(slots=True)
class Walk:
    """What was shown, step by step: a sentence, and whether it was so."""

    steps: list[tuple[str, bool]] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Sentences that did not come true."""
        return [f"not so: {said}" for said, holds in self.steps if not holds]


async def walk(caller: Caller, account: str, customer: str, announce: Announce) -> Walk:
    """Take payments of one synced customer through everything that may happen to them."""
    course = _Course(caller, account, customer, announce)
    await course.open()
    await course.billed()
    await course.paid_in_parts()
    await course.reversed_in_intacct()
    await course.refused()
    await course.lost_reply()
    await course.balanced()
    return course.walk


class _Course:
    """One customer's invoices and payments on the way."""

    def __init__(self, caller: Caller, account: str, customer: str, announce: Announce) -> None:
        self._caller, self._account, self._customer, self._announce = caller, account, customer, announce
        self._count = 0
        self._key, self._invoice, self._first = "", "", ""
        self.walk = Walk()

    async def open(self) -> None:
        """Payments are granted and switched on."""
        await self._caller.grant("demo")
        await self._caller.configure({"invoice": {"enabled": True}, "ar_payment": {"enabled": True}})
        await self._caller.configure({"ar_payment": {"bankAccount": "BOA"}, "sales_document": {"enabled": True}})
        for definition in ("Sales Order", "Sales Invoice"):
            await self._caller.use_definition(definition)

    async def billed(self) -> None:
        """An opportunity becomes an order, the order an invoice; Intacct posts it to AR, Salesforce shows it."""
        deal = await self._opportunity()
        made = await self._caller.document_of(deal, "Sales Order", "demo-order")
        await self._say("an opportunity becomes a sales order in Intacct", lambda: self._documents("Sales Order", 1))
        await self._say("its number stands in Salesforce", lambda: self._numbered(made))
        head = {
            "Name": "Invoice",
            "ia_crm__Document_Type__c": "Sales Invoice",
            "ia_crm__Account__c": self._account,
            "ia_crm__Document_Date__c": "2026-01-10",
            "ia_crm__Due_Date__c": "2026-02-10",
            "ia_crm__Converted_From__c": made,
        }
        (invoice,) = await self._caller.seed("salesforce", DOCUMENT, [head])
        sources = [row for row in await self._caller.behind("salesforce", ITEM) if row[DOCUMENT] == made]
        kept = ("ia_crm__Item__c", "ia_crm__Quantity__c", "ia_crm__Price__c", "ia_crm__Unit__c")
        lines = [
            {DOCUMENT: invoice["Id"], "ia_crm__Source_Line__c": row["Id"], **{name: row[name] for name in kept}}
            for row in sources
        ]
        await self._caller.seed("salesforce", ITEM, lines)
        await self._caller.sync([invoice["Id"]], "demo-invoice", "sales_document")
        await self._say("the order is converted into an invoice", lambda: self._documents("Sales Invoice", 1))
        billed = await self._posted_to_ar()
        self._key, self._invoice = billed, await self._shown(billed)
        self._note("the invoice is shown in Salesforce with its amount due", await self._due(self._invoice, "100.00"))

    async def _opportunity(self) -> str:
        """An opportunity of the customer: five pieces at 20.00."""
        books = await self._caller.behind("salesforce", "Pricebook2")
        book = next(str(row["Id"]) for row in books if row["IsStandard"])
        await self._caller.seed(
            "intacct",
            "ITEM",
            [{"ITEMID": "DEMO-1", "NAME": "Demo piece", "ITEMTYPE": "Non-Inventory", "UOMGRP": "Count"}],
        )
        (product,) = await self._caller.seed(
            "salesforce", "Product2", [{"Name": "Demo piece", "ProductCode": "DEMO-1", "IsActive": True}]
        )
        entry = {"Pricebook2Id": book, "Product2Id": product["Id"], "UnitPrice": 20.0, "IsActive": True}
        (priced,) = await self._caller.seed("salesforce", "PricebookEntry", [entry])
        head = {"Name": "Demo deal", "StageName": "Closed Won", "CloseDate": "2026-01-05", "AccountId": self._account}
        terms = await self._caller.behind("salesforce", "ia_crm__AR_Term__c")
        head |= {"Pricebook2Id": book, "ia_crm__Term__c": terms[0]["Id"]}
        (deal,) = await self._caller.seed("salesforce", "Opportunity", [head])
        line = {"OpportunityId": deal["Id"], "PricebookEntryId": priced["Id"], "Product2Id": product["Id"]}
        await self._caller.seed("salesforce", "OpportunityLineItem", [{**line, "Quantity": 5, "UnitPrice": 20.0}])
        return str(deal["Id"])

    async def _documents(self, definition: str, count: int) -> bool:
        rows = await self._caller.behind("intacct", "SODOCUMENT")
        return len([row for row in rows if row["DOCPARID"] == definition]) == count

    async def _numbered(self, document: str) -> bool:
        rows = {str(row["Id"]): row for row in await self._caller.behind("salesforce", DOCUMENT)}
        return bool(rows[document]["ia_crm__Document_ID__c"])

    async def _posted_to_ar(self) -> str:
        """The record number of the AR invoice that the sales invoice became."""
        rows = await self._caller.behind("intacct", "SODOCUMENT")
        return next((str(row["PRRECORDKEY"]) for row in rows if row["DOCPARID"] == "Sales Invoice"), "")

    async def paid_in_parts(self) -> None:
        """One part handed in over HTTP, the rest typed in Salesforce; the invoice is paid on both sides."""
        key = self._key
        taken = await self._hand_in(self._invoice, "60.00")
        await self._say("a payment handed in is posted", lambda: self._is(taken, "posted"))
        await self._say("40.00 are left of the invoice in Salesforce", lambda: self._due(self._invoice, "40.00"))
        head = {
            "ia_crm__Account__c": self._account,
            "ia_crm__Receipt_Date__c": "2026-02-02",
            "ia_crm__Payment_Method__c": "EFT",
            "ia_crm__Amount__c": 40.0,
        }
        (typed,) = await self._caller.seed("salesforce", PAYMENT, [head])
        line = {PAYMENT: typed["Id"], INVOICE: self._invoice, "ia_crm__Amount__c": 40.0}
        await self._caller.seed("salesforce", LINE, [line])
        await self._caller.sync([typed["Id"]], f"typed-{typed['Id']}", "ar_payment")
        await self._say("one typed in Salesforce is posted", lambda: self._typed(typed["Id"], "posted"))
        await self._say("the invoice is paid in Salesforce", lambda: self._due(self._invoice, "0.00"))
        await self._say("the invoice is paid in Intacct", lambda: self._there(key, "0.00"))
        self._first = taken

    async def reversed_in_intacct(self) -> None:
        """A reversal in Intacct comes back to the payment and to its invoice."""
        payment = await self._caller.payment(self._first)
        await self._caller.reverse_in_intacct(str(payment["intacctKey"]))
        await self._say("its reversal in Intacct comes back", lambda: self._is(self._first, "posted", "reversed"))
        await self._say("60.00 are due again in Salesforce", lambda: self._due(self._invoice, "60.00"))

    async def refused(self) -> None:
        """More than is due, and another currency, are refused with their reasons."""
        over = await self._hand_in(self._invoice, "60.01")
        await self._say(
            "60.01 on 60.00 are refused: overpayment", lambda: self._is(over, "rejected", why="overpayment")
        )
        codes = await self._caller.refusals(self._payment(self._invoice, "10.00", "EUR"))
        self._note("EUR on an invoice in USD is refused", "payment_currency_differs" in codes)

    async def lost_reply(self) -> None:
        """Intacct posts, its answer is lost: the payment is found again, and stands once."""
        key, invoice = await self._bill("55.00")
        await self._caller.fault("intacct", {"kind": "reset_after_commit", "match": "create:ARPYMT"})
        taken = await self._hand_in(invoice, "55.00")
        await self._say("a payment whose answer was lost is found", lambda: self._is(taken, "posted"))
        standing = [row for row in await self._caller.behind("intacct", "ARPYMT") if row["DOCNUMBER"] == taken]
        self._note("it stands in Intacct exactly once", len(standing) == 1 and await self._there(key, "0.00"))

    async def balanced(self) -> None:
        """The money equation holds at the end."""
        equation = await self._caller.equation()
        self._note("the money equation holds", bool(equation["holds"]))

    async def _bill(self, amount: str) -> tuple[str, str]:
        """An invoice made in Intacct: its record number, and its Salesforce id once it is shown there."""
        items = [{"TRX_AMOUNT": amount, "AMOUNT": amount}]
        said = {"CUSTOMERID": self._customer, "WHENCREATED": "01/10/2026", "CURRENCY": "USD", "ARINVOICEITEMS": items}
        (made,) = await self._caller.seed("intacct", "ARINVOICE", [said])
        key = str(made["RECORDNO"])
        return key, await self._shown(key)

    async def _shown(self, key: str) -> str:
        """The Salesforce id of an invoice of Intacct, once it is shown there; empty when it does not come."""
        await self._caller.resync("invoice")
        shown: list[str] = []

        async def here() -> bool:
            rows = await self._caller.behind("salesforce", INVOICE)
            shown[:] = [str(row["Id"]) for row in rows if str(row["ia_crm__AR_Record_Key__c"]) == key]
            return bool(shown)

        await _until(here)
        return shown[0] if shown else ""

    def _payment(self, invoice: str, amount: str, currency: str = "USD") -> dict[str, Any]:
        self._count += 1
        return {
            "externalId": f"demo-{self._count}",
            "accountId": self._account,
            "currencyCode": currency,
            "amount": amount,
            "receivedOn": "2026-02-01",
            "method": "EFT",
            "details": [{"invoiceId": invoice, "amount": amount}],
        }

    async def _hand_in(self, invoice: str, amount: str) -> str:
        """Hand a payment in; its id."""
        return await self._caller.hand_in(self._payment(invoice, amount))

    async def _is(self, payment_id: str, state: str, reversal: str = "none", why: str | None = None) -> bool:
        row = await self._caller.payment(payment_id)
        return (row["state"], row["reversal"]) == (state, reversal) and row["reason"] in (why, None)

    async def _typed(self, salesforce_id: str, state: str) -> bool:
        return [row["state"] for row in await self._caller.payments(salesforceId=salesforce_id)] == [state]

    async def _due(self, invoice: str, amount: str) -> bool:
        rows = {str(row["Id"]): row for row in await self._caller.behind("salesforce", INVOICE)}
        return invoice in rows and Decimal(str(rows[invoice]["ia_crm__Amount_Due__c"] or 0)) == Decimal(amount)

    async def _there(self, key: str, amount: str) -> bool:
        rows = {str(row["RECORDNO"]): row for row in await self._caller.behind("intacct", "ARINVOICE")}
        return Decimal(str(rows[key]["TRX_TOTALDUE"])) == Decimal(amount)

    async def _say(self, said: str, holds: Callable[[], Awaitable[bool]]) -> None:
        self._note(said, await _until(holds))

    def _note(self, said: str, holds: bool) -> None:
        self._announce(f"  {'yes' if holds else 'NO '}  {said}")
        self.walk.steps.append((said, holds))


async def _until(holds: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it comes true before patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not await holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.3)
    return True
