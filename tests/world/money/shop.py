"""Customers and their invoices, on both sides and linked: what can be paid. No payment and no judgement stands here."""

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.world.place import World

P = "ia_crm__"
INVOICE = f"{P}Sales_Invoice__c"
DAY = "<datecreated><year>2026</year><month>01</month><day>10</day></datecreated>"
PRICE = Decimal(10)
WHOLE = ("JPY",)
"""Currencies without a fraction."""


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer: its account in Salesforce and its id in Intacct."""

    account: str
    customer: str


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice: its Salesforce id, its total, and the sales document it was made from, if it was."""

    id: str
    payer: Payer
    currency: str
    total: Decimal
    born: int
    document: str = ""


class Shop:
    """Who owes what. `several` says whether there is more than one currency."""

    def __init__(self, world: World, rng: random.Random, *, several: bool) -> None:
        self.world, self.rng, self.several = world, rng, several
        self.payers: list[Payer] = []
        self.bills: list[Bill] = []

    def open(self, payers: int, bills: int) -> None:
        """Make the customers, with so many invoices each."""
        item = {"ITEMID": "I1", "NAME": "Widget", "ITEMTYPE": "Non-Inventory", "UOMGRP": "Count"}
        self.world.intacct.state.seed({"ITEM": [item]})
        for number in range(payers):
            account = self.here("Account", Name=f"Customer {number}")
            name = f"C-{number}"
            twin = self.world.intacct.state.seed({"CUSTOMER": [{"CUSTOMERID": name, "NAME": f"Customer {number}"}]})
            self.world.link("account", account, str(twin["CUSTOMER"][0]["RECORDNO"]), name)
            payer = Payer(account, name)
            self.payers.append(payer)
            for _ in range(bills):
                self.bill(payer)

    def here(self, kind: str, **values: Any) -> str:
        """A record in Salesforce; its id."""
        return str(self.world.salesforce.state.seed({kind: [values]})[kind][0]["Id"])

    def bill(self, payer: Payer) -> Bill:
        """One more invoice: born in AR, or posted by a document of Order Entry."""
        ordered = self.rng.random() < 0.4
        currency = self.rng.choice(("USD", "JPY")) if self.several and not ordered else "USD"
        tens = self.rng.randint(3, 40)
        made = self._ordered(payer, tens) if ordered else self._received(payer, currency, tens * PRICE)
        self.bills.append(made)
        return made

    def _received(self, payer: Payer, currency: str, total: Decimal) -> Bill:
        items = [{"TRX_AMOUNT": str(total), "AMOUNT": str(total)}]
        said = {"CUSTOMERID": payer.customer, "WHENCREATED": "01/10/2026", "CURRENCY": currency}
        (twin,) = self.world.intacct.state.seed({"ARINVOICE": [{**said, "ARINVOICEITEMS": items}]})["ARINVOICE"]
        return self._shown(payer, currency, total, int(twin["RECORDNO"]), "")

    def _ordered(self, payer: Payer, quantity: int) -> Bill:
        line = f"<itemid>I1</itemid><quantity>{quantity}</quantity><unit>Each</unit><price>{PRICE}</price>"
        head = f"<transactiontype>Sales Invoice</transactiontype>{DAY}<customerid>{payer.customer}</customerid>"
        tail = f"<termname>Net 30</termname><sotransitems><sotransitem>{line}</sotransitem></sotransitems>"
        state = self.world.intacct.state
        document = state.order_entry(f"<create_sotransaction>{head}{tail}</create_sotransaction>")
        return self._shown(payer, "USD", quantity * PRICE, self.number_of(document), document)

    def _shown(self, payer: Payer, currency: str, total: Decimal, number: int, document: str) -> Bill:
        values = {
            "Name": f"INV-{number}",
            f"{P}AR_Record_Key__c": str(number),
            f"{P}Document_Key__c": document or str(number),
            f"{P}Account__c": payer.account,
            **({"CurrencyIsoCode": currency} if self.several else {}),
        }
        invoice = self.here(INVOICE, **values)
        self.world.link("invoice", invoice, str(number), document or str(number))
        return Bill(invoice, payer, currency, total, number, document)

    def number_of(self, document: str) -> int:
        """The record number that the invoice of a document has at this moment."""
        row = self.world.intacct.state.company.tables["SODOCUMENT"].first("DOCID", document)
        assert row is not None
        return int(row["PRRECORDKEY"])

    def present(self, bill: Bill) -> dict[str, Any] | None:
        """The invoice as it stands in Intacct, under whatever number."""
        number = self.number_of(bill.document) if bill.document else bill.born
        return self.world.intacct.state.company.tables["ARINVOICE"].get(number)

    def edit(self, bill: Bill) -> None:
        """Somebody edits the document: its invoice is made anew. Refused, as a ValueError, once it was paid."""
        quantity = self.rng.randint(3, 40)
        line = f'<updatesotransitem line_num="1"><quantity>{quantity}</quantity></updatesotransitem>'
        inner = f"<updatesotransitems>{line}</updatesotransitems>"
        said = f'<update_sotransaction key="{bill.document}">{inner}</update_sotransaction>'
        self.world.intacct.state.order_entry(said)
