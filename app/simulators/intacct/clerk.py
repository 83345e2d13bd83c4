"""People in Intacct's own screens: the same functions as callers use, without gateway, ledger and counting."""

from collections.abc import Callable

from app.simulators.intacct import errors
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.invoices import InvoiceDesk
from app.simulators.intacct.receipts import ReceiptDesk
from app.simulators.intacct.records import Element, read_draft, tag_of
from app.simulators.intacct.tables import Values
from app.simulators.intacct.writing import Author, Writer


def write_receivable(company: Company, author: Author, function: Element) -> Values:
    """Do what the function says to an invoice or a payment; the stored row. Refused as the vendor does."""
    name = tag_of(function)
    invoices, receipts = InvoiceDesk(company, author), ReceiptDesk(company, author)
    by_legacy: dict[str, Callable[[Element], Values]] = {
        "create_invoice": invoices.create,
        "update_invoice": invoices.update,
        "reverse_invoice": invoices.reverse,
        "create_arpayment": lambda element: receipts.create(element)[1],
        "apply_arpayment": lambda element: receipts.apply(element)[1],
        "reverse_arpayment": lambda element: receipts.reverse(element)[1],
    }
    if name in by_legacy:
        return by_legacy[name](function)
    if name not in ("create", "update"):
        raise Refused(errors.unknown_function(name))
    schema = company.schema(tag_of(function[0]))
    draft, writer = read_draft(schema, function[0]), Writer(company, author)
    return writer.create(schema, draft) if name == "create" else writer.update(schema, draft)
