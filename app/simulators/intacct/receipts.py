"""Payments by the legacy functions: `create_arpayment` and `apply_arpayment`, and reversals of payments.

They come to the same records as ARPYMT does, whose rules hold for them; an advance, which ARPYMT cannot make, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from app.simulators.intacct import errors, payments
from app.simulators.intacct.balances import ADJUSTMENT, ADVANCE, INVOICE, NONE, PAYMENT, due, is_open
from app.simulators.intacct.company import USER_RECORDNO, Company
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.lines import write_lines
from app.simulators.intacct.ordered import check_order, texts_of
from app.simulators.intacct.receivable_shapes import APPLICATION, APPLIED_ITEMS, PAYMENT_FIELDS, PAYMENT_ITEM, REVERSAL
from app.simulators.intacct.receivable_shapes import PAYMENT as PAYMENT_ORDER
from app.simulators.intacct.records import Draft, Element, children, text_of
from app.simulators.intacct.tables import Values
from app.simulators.intacct.writing import Author, Writer

LISTED = ("arpaymentitem", "arpaymentitems", "onlinecardpayment", "onlineachpayment")
CREDIT_FIELDS = {
    ADVANCE: ("ADVANCEKEY", "TRX_POSTEDADVANCEAMOUNT"),
    PAYMENT: ("OVERPAYMENTKEY", "TRX_POSTEDOVERPAYMENTAMOUNT"),
    ADJUSTMENT: ("ADJUSTMENTKEY", "TRX_ADJUSTMENTAMOUNT"),
    INVOICE: ("NEGATIVEINVOICEKEY", "TRX_NEGATIVEINVOICEAMOUNT"),
}


@dataclass(frozen=True)
class ReceiptDesk:
    """Customer payments as one caller writes them by the legacy functions. Each happens wholly or not at all."""

    company: Company
    author: Author

    def create(self, element: Element) -> tuple[str, Values]:
        """`create_arpayment`: the object that was made, a payment or an advance, and its row."""
        return self._as_one(lambda: self._create(element))

    def apply(self, element: Element) -> tuple[str, Values]:
        """`apply_arpayment`: a credit there is pays invoices; the record of that."""
        return self._as_one(lambda: self._apply(element))

    def reverse(self, element: Element) -> tuple[str, Values]:
        """`reverse_arpayment key="RECORDNO"`; the payment as it stands then."""
        return self._as_one(lambda: self._reverse(element))

    def _as_one(self, work: Callable[[], tuple[str, Values]]) -> tuple[str, Values]:
        mark = self.company.journal.mark()
        try:
            return work()
        except Refused:
            self.company.journal.rollback(mark)
            raise

    def _create(self, element: Element) -> tuple[str, Values]:
        company = self.company
        check_order(company, element, PAYMENT_ORDER)
        texts = texts_of(company, element, PAYMENT_FIELDS, LISTED)
        said = {name: text for name, text in texts.items() if text and name not in ("CCTYPE", "AUTHCODE")}
        amount = _amount(said.pop("PAYMENTAMOUNT", ""), "paymentamount")
        if "BATCHKEY" in said:
            key = said.pop("BATCHKEY")
            summary = company.tables["ARPYMTBATCH"].get(int(key)) if key.isdecimal() else None
            said["PRBATCH"] = summary["BATCH_TITLE"] if summary else key
        said.setdefault("CURRENCY", "USD")
        items = self._items(element)
        if not items and company.knobs["customer_accounting"] == "balance forward":
            items = self._oldest(said.get("CUSTOMERID", ""), amount)
        if not items:
            return ADVANCE, self._advance(said, amount)
        if any(part > amount for _, part in items) or sum(part for _, part in items) > amount:
            raise Refused(errors.refused("The amount of an item exceeds the payment", "paymentamount"))
        excess = amount - sum(part for _, part in items)
        if excess:
            said["OVERPAYMENTAMOUNT"] = str(excess)
        details = [{"RECORDKEY": str(number), "TRX_PAYMENTAMOUNT": str(part)} for number, part in items]
        draft = Draft(said, {"ARPYMTDETAILS": details})
        return PAYMENT, Writer(company, self.author).create(company.schemas[PAYMENT], draft)

    def _items(self, parent: Element) -> list[tuple[int, Decimal]]:
        found = []
        for each in parent.findall("arpaymentitem"):
            check_order(self.company, each, PAYMENT_ITEM)
            key = text_of(each, "invoicekey")
            if not key.isdecimal():
                raise Refused(errors.invalid_reference("transaction", key, "invoicekey"))
            found.append((int(key), _amount(text_of(each, "amount"), "amount")))
        return found

    def _oldest(self, customer: str, amount: Decimal) -> list[tuple[int, Decimal]]:
        """Open invoices, oldest first, as far as the money goes."""
        table, found = self.company.tables[INVOICE], []
        rows = [row for n in table.find("CUSTOMERID", customer) if (row := table.get(n)) and is_open(self.company, row)]
        for row in sorted(rows, key=lambda row: (str(row["WHENCREATED"]), row["RECORDNO"])):
            part = min(amount, due(row))
            if part > 0:
                found.append((row["RECORDNO"], part))
                amount -= part
        return found

    def _advance(self, said: dict[str, str], amount: Decimal) -> Values:
        """The money waits as an advance of the customer."""
        company, schema = self.company, self.company.schemas[ADVANCE]
        fields = {name: text for name, text in said.items() if name in schema.fields}
        draft = Draft({**fields, "TRX_TOTALENTERED": str(amount)})
        return Writer(company, Author(self.author.user, self.author.location, any_verb=True)).create(schema, draft)

    def _apply(self, element: Element) -> tuple[str, Values]:
        company = self.company
        check_order(company, element, APPLICATION)
        held = element.find("arpaymentitems")
        if held is None or not children(held):
            raise Refused(errors.missing_required("arpaymentitems"))
        check_order(company, held, APPLIED_ITEMS)
        texts = texts_of(company, element, {"paymentdate": "PAYMENTDATE", "memo": "DESCRIPTION"}, LISTED)
        kind, credit = self._credit(texts.get("ARPAYMENTKEY", ""))
        said = texts.get("PAYMENTDATE")
        if not said:
            raise Refused(errors.missing_required("paymentdate"))
        day = company.formatting().read_date(said)
        key, amount = CREDIT_FIELDS[kind]
        rows = []
        for number, part in self._items(held):
            target = "RECORDKEY" if company.tables[INVOICE].get(number) is not None else "POSADJKEY"
            rows.append({target: str(number), key: str(credit["RECORDNO"]), amount: str(part)})
        head = {"CUSTOMERID": credit.get("CUSTOMERID"), "CURRENCY": credit.get("CURRENCY") or "USD"}
        head |= {"RECEIPTDATE": day, "PAYMENTDATE": day, "DESCRIPTION": texts.get("DESCRIPTION") or None}
        return PAYMENT, self._application(head, rows)

    def _credit(self, key: str) -> tuple[str, Values]:
        for kind in CREDIT_FIELDS:
            row = self.company.tables[kind].get(int(key)) if key.isdecimal() else None
            if row is not None:
                return kind, row
        raise Refused(errors.invalid_reference("credit", key, "arpaymentkey"))

    def _application(self, head: Values, rows: list[dict[str, str]]) -> Values:
        company, schema, table = self.company, self.company.schemas[PAYMENT], self.company.tables[PAYMENT]
        blank: Values = {name: None for name, spec in schema.fields.items() if not spec.via}
        row = blank | head | {"RECORDNO": table.next_number(), payments.APPLICATION: True, "CREATEDBY": USER_RECORDNO}
        row |= {"WHENCREATED": company.now(), "WHENMODIFIED": company.now()}
        table.put(row, company.clock.now())
        problems = write_lines(company, schema.lists["ARPYMTDETAILS"], row, rows)
        problems += problems or payments.check_payment(company, row)
        if problems:
            raise Refused(*problems)
        stored = table.get(row["RECORDNO"]) or row
        company.audit("create", schema, stored, self.author.user, company.now())
        return stored

    def _reverse(self, element: Element) -> tuple[str, Values]:
        company, key = self.company, element.get("key", "")
        check_order(company, element, REVERSAL)
        if not key.isdecimal():
            raise Refused(errors.not_found("AR payment", key))
        texts = texts_of(company, element, {}, ())
        said = texts.get("DATEREVERSED")
        day = company.formatting().read_date(said) if said else None
        values = payments.reverse(company, int(key), day, texts.get("DESCRIPTION"))
        company.audit("update", company.schemas[PAYMENT], values, self.author.user, company.now())
        return PAYMENT, values


def _amount(text: str, name: str) -> Decimal:
    try:
        amount = Decimal(text).quantize(NONE)
    except ArithmeticError:
        raise Refused(errors.missing_required(name) if not text else errors.bad_format(name, name)) from None
    if amount <= 0:
        raise Refused(errors.bad_format(name, name))
    return amount
