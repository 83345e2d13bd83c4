"""A house with a customer, open invoices on both sides and payments; short words for what happens to them.

The equation of the books is held to Intacct's own cashbook here too. No test and no fixture stands here.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlmodel import col, select

from app.domain.payments import PaymentState, equations
from app.services import payment_grant
from app.store import payments as store
from app.store.payment_tables import InvoiceInFlight, Payment, PaymentDetail
from app.store.tables import Connection, Operation
from tests.scenarios.listed import switch_on
from tests.simulated import House

P = "ia_crm__"
PAYMENT, LINE, INVOICE = f"{P}AR_Payment__c", f"{P}AR_Payment_Line__c", f"{P}Sales_Invoice__c"


class Till:
    """One customer, whose invoices are known by their number in Salesforce's order."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.account = ""
        self.customer = ""

    async def opened(self, *, granted: bool = True, **options: Any) -> "Till":
        """Payments granted and switched on, a customer in step."""
        chosen = {"bankAccount": "BOA", **options}
        await switch_on(self.house, ar_payment=chosen)
        if granted:
            await self.grant()
        (self.account,) = self.house.seed("Account", {"Name": "Acme"})
        (done,) = await self.house.sync("account", self.account)
        self.customer = str(done.intacct_id)
        return self

    async def grant(self) -> None:
        """An administrator records the grant."""
        await payment_grant.grant(self.house.context, self.house.connection.id, "case 4711", "test")
        async with self.house.context.begin() as session:
            self.house.connection = await session.get_one(Connection, self.house.connection.id)

    def invoice(self, amount: str = "100.00", **more: Any) -> str:
        """An open invoice in Intacct that Salesforce shows; its Salesforce id."""
        said = {"CUSTOMERID": self.customer, "WHENCREATED": "01/10/2026", "CURRENCY": "USD", **more}
        items = [{"TRX_AMOUNT": amount, "AMOUNT": amount}]
        (twin,) = self.house.seed_intacct("ARINVOICE", {**said, "ARINVOICEITEMS": items})
        key = str(twin["RECORDNO"])
        values = {"Name": f"INV-{key}", f"{P}AR_Record_Key__c": key, f"{P}Account__c": self.account}
        (invoice,) = self.house.seed(INVOICE, values)
        return invoice

    async def made_anew(self, invoice: str) -> None:
        """Intacct deletes the invoice and makes it again under another number, which Salesforce learns."""
        state, head = self.house.intacct.state, self.house.sf(INVOICE, invoice)
        company = state.company
        row = company.tables["ARINVOICE"].get(int(head[f"{P}AR_Record_Key__c"]))
        assert row is not None
        company.tables["ARINVOICE"].remove(row["RECORDNO"], company.clock.now())
        (twin,) = self.house.seed_intacct(
            "ARINVOICE", {"CUSTOMERID": self.customer, "CURRENCY": "USD", "TRX_TOTALENTERED": row["TRX_TOTALENTERED"]}
        )
        await self.house.edit(INVOICE, invoice, **{f"{P}AR_Record_Key__c": str(twin["RECORDNO"])})

    def unsynced(self) -> str:
        """An invoice only Salesforce has."""
        (invoice,) = self.house.seed(INVOICE, {"Name": "INV-X", f"{P}Account__c": self.account})
        return invoice

    def stranger(self) -> str:
        """The id of a customer that is not the payer."""
        (other,) = self.house.seed_intacct("CUSTOMER", {"CUSTOMERID": "STRANGER", "NAME": "Somebody else"})
        return str(other["CUSTOMERID"])

    def placed(self) -> dict[str, str]:
        """Location and department of an overpayment."""
        records = self.house.salesforce.state.records
        location, department = records(f"{P}Intacct_Entity__c")[0], records(f"{P}Department__c")[0]
        return {"Overpayment_Location_Id": location["Id"], "Overpayment_Department": department["Id"]}

    def payment(self, *shares: tuple[str, str], amount: str | None = None, **more: Any) -> str:
        """A payment in Salesforce with a line for each (invoice, amount); its id."""
        total = amount or str(sum((Decimal(part) for _, part in shares), Decimal(0)))
        head = {
            f"{P}Account__c": self.account,
            f"{P}Receipt_Date__c": "2026-02-01",
            f"{P}Payment_Method__c": "EFT",
            f"{P}Amount__c": float(total),
            **{f"{P}{name}__c" if not name.endswith("Code") else name: value for name, value in more.items()},
        }
        (payment,) = self.house.seed(PAYMENT, head)
        if shares:
            self.house.seed(LINE, *(self.line(payment, invoice, part) for invoice, part in shares))
        return payment

    def line(self, payment: str, invoice: str, amount: str) -> Mapping[str, Any]:
        """One line of a payment."""
        return {PAYMENT: payment, INVOICE: invoice, f"{P}Amount__c": float(amount)}

    async def pay(self, *payments: str, **more: Any) -> list[Operation]:
        """Sync payments, and hold the books to the cashbook."""
        done = await self.house.sync("ar_payment", *payments, **more)
        await self.balanced()
        return done

    async def row(self, payment: str) -> Payment:
        """The payment in the books, by its Salesforce id."""
        return (await self.rows())[payment]

    async def rows(self) -> dict[str, Payment]:
        """All payments in the books, by Salesforce id."""
        async with self.house.context.begin() as session:
            return {str(row.salesforce_id): row for row in await session.exec(select(Payment))}

    async def details(self) -> list[tuple[str, int, str | None]]:
        """Invoice, amount and record number of all details in the books."""
        async with self.house.context.begin() as session:
            rows = await session.exec(
                select(PaymentDetail).order_by(col(PaymentDetail.payment_id), col(PaymentDetail.position))
            )
            return [(row.invoice, row.amount, row.invoice_key) for row in rows]

    async def taken(self) -> dict[str, str]:
        """Which payment has which invoice."""
        async with self.house.context.begin() as session:
            return {row.invoice: row.payment_id for row in await session.exec(select(InvoiceInFlight))}

    def posted(self) -> Decimal:
        """What Intacct's own cashbook says came in, less what was taken back."""
        lines = self.house.intacct.state.company.cashbook.lines
        return sum((Decimal(one.amount) * (1 if one.what == "posted" else -1) for one in lines), Decimal(0))

    def due(self, invoice: str) -> str:
        """What is open of an invoice in Intacct."""
        key = self.house.sf(INVOICE, invoice)[f"{P}AR_Record_Key__c"]
        return str(next(row["TRX_TOTALDUE"] for row in self.house.ia("ARINVOICE") if str(row["RECORDNO"]) == key))

    async def balanced(self) -> None:
        """The money equation holds, and its rows and Intacct's cashbook say the same; invoices are taken by whom is
        being posted or held, and by nobody else."""
        connection = self.house.connection.id
        async with self.house.context.begin() as session:
            found = equations(await store.summed_entries(session, connection))
            rows = await store.summed_rows(session, connection)
            payments = list(await session.exec(select(Payment)))
            taken = {row.payment_id for row in await session.exec(select(InvoiceInFlight))}
        states = {row.id: row.state for row in payments}
        turning = any(row.reversal in ("asked", "reversing", "held") for row in payments)
        for one in found:
            assert one.holds, one
            for state, amount in ((PaymentState.POSTED, one.posted), (PaymentState.HELD, one.held)):
                assert rows.get((one.currency, state.value), 0) == amount
        unclear = any(state in (PaymentState.POSTING, PaymentState.HELD) for state in states.values())
        standing = sum(one.posted - one.reversed for one in found)
        assert unclear or turning or standing == int(self.posted() * 100), (standing, self.posted())
        assert all(states[payment] in (PaymentState.POSTING, PaymentState.HELD) for payment in taken), states
