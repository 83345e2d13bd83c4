"""AR invoices by the legacy functions: create, update, reverse. Those of Order Entry are changed in Order Entry.

Wire order stands in `receivable_shapes`, the money in `balances`. Texts of refusals are ours (model).
"""

from decimal import Decimal

from app.simulators.intacct import balances, errors
from app.simulators.intacct.balances import INVOICE, ITEM, NONE, items_of
from app.simulators.intacct.company import USER_RECORDNO
from app.simulators.intacct.desks import DocumentDesk
from app.simulators.intacct.errors import Refused, VendorError
from app.simulators.intacct.fieldcheck import check_fields
from app.simulators.intacct.ordered import check_order, texts_of
from app.simulators.intacct.periods import check_open
from app.simulators.intacct.receivable_shapes import (
    CHANGED_ITEMS,
    INVOICE_FIELDS,
    INVOICE_ITEM,
    INVOICE_UPDATE,
    ITEM_FIELDS,
    ITEMS,
    REVERSAL,
)
from app.simulators.intacct.receivable_shapes import INVOICE as INVOICE_ORDER
from app.simulators.intacct.receivables import FROM_ORDER_ENTRY, has_payments
from app.simulators.intacct.records import Element, children, tag_of
from app.simulators.intacct.tables import Values
from app.simulators.intacct.terms import due_date

FROM_AR = "4.AR"
ACTIONS = ("Draft", "Submit")
UNMODELLED = ("allocationid", "taxentries", "customfields", "key", "totalpaid", "totaldue", "costtypeid")


class InvoiceDesk(DocumentDesk):
    """AR invoices as one caller writes them. Each verb happens wholly or not at all."""

    kind, label = INVOICE, "AR invoice"

    def create(self, element: Element) -> Values:
        """`create_invoice`; the stored header."""
        return self.as_one("create", lambda: self._create(element))

    def update(self, element: Element) -> Values:
        """`update_invoice key=RECORDNO`, or by its external id; the stored header."""
        return self.as_one("update", lambda: self._update(element))

    def reverse(self, element: Element) -> Values:
        """`reverse_invoice`: nothing is due any more, and the customer does not owe it."""
        return self.as_one("update", lambda: self._reverse(element))

    def _create(self, element: Element) -> Values:
        company, table = self.company, self.company.tables[INVOICE]
        check_order(company, element, INVOICE_ORDER)
        held = element.find("invoiceitems")
        if held is None or not children(held):
            raise Refused(errors.missing_required("invoiceitems"))
        check_order(company, held, ITEMS)
        row, action, problems = self._header(element, None)
        for name, word in (("CUSTOMERID", "customerid"), ("WHENCREATED", "datecreated")):
            if row[name] is None:
                problems.append(errors.missing_required(word))
        if row["TERMNAME"] is None and row["WHENDUE"] is None:
            problems.append(errors.missing_required("termname or datedue"))
        if problems:
            raise Refused(*problems)
        number = table.next_number()
        row |= {"RECORDNO": number, "RECORDTYPE": "ri", "MODULEKEY": FROM_AR, "AUWHENCREATED": company.now()}
        row |= {"CREATEDBY": USER_RECORDNO, "MEGAENTITYID": self.author.location or None}
        row["RECORDID"] = row["RECORDID"] or f"INV-{number:05}"
        items = []
        for each in children(held):
            item, wrong = self._item(each, None)
            problems += wrong
            items.append(item)
        if problems:
            raise Refused(*problems)
        row["STATE"] = balances.label(company, "Draft" if action == "Draft" else "Posted")
        return self._store(row, items)

    def _update(self, element: Element) -> Values:
        company = self.company
        check_order(company, element, INVOICE_UPDATE)
        old = self._addressed(element)
        if old["STATE"] == balances.label(company, "Reversed"):
            raise Refused(errors.refused(f"Invoice {old['RECORDNO']} is reversed and cannot be changed"))
        row, action, problems = self._header(element, old)
        if row["CUSTOMERID"] != old["CUSTOMERID"]:
            problems.append(errors.not_editable("CUSTOMERID"))
        items = items_of(company, old["RECORDNO"])
        held = element.find("updateinvoiceitems")
        if held is not None:
            check_order(company, held, CHANGED_ITEMS)
            problems += self._change_items(items, held)
        if action == "Draft" and balances.is_open(company, old):
            problems.append(errors.refused(f"Invoice {old['RECORDNO']} is posted already", "action"))
        if problems:
            raise Refused(*problems)
        if action == "Submit" and not balances.is_open(company, old):
            row["STATE"] = balances.label(company, "Posted")
        return self._store(row, items)

    def _change_items(self, items: list[Values], held: Element) -> list[VendorError]:
        """Lines are numbered from 1."""
        problems: list[VendorError] = []
        before = len(items)
        for each in children(held):
            if tag_of(each) == "lineitem":
                item, wrong = self._item(each, None)
                items.append(item)
            else:
                said = each.get("line_num", "")
                place = int(said) - 1 if said.isdecimal() else -1
                if not 0 <= place < before:
                    problems.append(errors.refused(f"There is no line {said}", "line_num"))
                    continue
                item, wrong = self._item(each, items[place])
                paid = item.get("TRX_TOTALPAID") or NONE
                if (item["TRX_AMOUNT"] or NONE) < paid:
                    wrong.append(errors.refused(f"{paid} of line {said} is paid already", "amount"))
                items[place] = item
            problems += wrong
        return problems

    def _reverse(self, element: Element) -> Values:
        company = self.company
        check_order(company, element, REVERSAL)
        old = self._addressed(element)
        if not balances.is_open(company, old):
            raise Refused(errors.refused(f"Invoice {old['RECORDNO']} is {old['STATE']} and cannot be reversed"))
        if has_payments(company, old["RECORDNO"]):
            raise Refused(errors.refused(f"Invoice {old['RECORDNO']} has payments applied and cannot be reversed"))
        texts = texts_of(company, element, {}, ())
        day = company.formatting().read_date(texts["DATEREVERSED"]) if texts.get("DATEREVERSED") else None
        if day is None:
            raise Refused(errors.missing_required("datereversed"))
        if problems := check_open(company, day, "datereversed"):
            raise Refused(*problems)
        note = texts.get("DESCRIPTION") or old["DESCRIPTION"]
        return balances.void(company, {**old, "DESCRIPTION": note})

    def _addressed(self, element: Element) -> Values:
        key, table = element.get("key", ""), self.company.tables[INVOICE]
        if element.get("externalkey", "").lower() == "true":
            found = table.first("EXTERNALID", key) if key else None
        else:
            found = table.get(int(key)) if key.isdecimal() else None
        owner = found.get("MEGAENTITYID") if found is not None else None
        if found is None or (owner and self.author.location and owner != self.author.location):
            raise Refused(errors.not_found("AR invoice", key))
        if found["MODULEKEY"] == FROM_ORDER_ENTRY:
            raise Refused(errors.refused(f"Invoice {key} comes from Order Entry and is changed there"))
        return found

    # -- what both share ----------------------------------------------------------------------------------------------

    def _header(self, element: Element, old: Values | None) -> tuple[Values, str, list[VendorError]]:
        """Header as it is to be stored, the action that was asked for, and every problem."""
        company, schema = self.company, self.company.schemas[INVOICE]
        texts = texts_of(company, element, INVOICE_FIELDS, ("invoiceitems", "updateinvoiceitems", "nogl"))
        action = texts.pop("ACTION", "")
        checked = check_fields(company, schema, texts, trusted=True)
        problems = checked.problems
        if action and action not in ACTIONS:
            problems.append(errors.invalid_choice("action", action, ACTIONS))
        blank: Values = {name: None for name, spec in schema.fields.items() if not spec.via}
        row = {**blank, **(old or {}), **checked.values}
        if row["EXCH_RATE_TYPE_ID"] is not None and row["CURRENCY"] is None:
            problems.append(errors.missing_required("currency"))
        row["CURRENCY"], row["BASECURR"] = row["CURRENCY"] or "USD", row["BASECURR"] or "USD"
        if "TERMNAME" in checked.values and "WHENDUE" not in checked.values:
            row["WHENDUE"] = None
        if row["WHENDUE"] is None and row["TERMNAME"] is not None and row["WHENCREATED"] is not None:
            row["WHENDUE"] = due_date(company, row["TERMNAME"], row["WHENCREATED"])
        row["WHENPOSTED"] = row["WHENPOSTED"] or row["WHENCREATED"]
        return row, action, problems + check_open(company, row["WHENPOSTED"], "dateposted")

    def _item(self, element: Element, old: Values | None) -> tuple[Values, list[VendorError]]:
        company, schema = self.company, self.company.schemas[ITEM]
        check_order(company, element, INVOICE_ITEM)
        checked = check_fields(company, schema, texts_of(company, element, ITEM_FIELDS, UNMODELLED), trusted=True)
        blank: Values = {name: None for name, spec in schema.fields.items() if not spec.via}
        item = {**blank, **(old or {}), **checked.values}
        problems = checked.problems
        if item["TRX_AMOUNT"] is None:
            problems.append(errors.missing_required("amount"))
        if item["ACCOUNTNO"] is None and item["ACCOUNTLABEL"] is None:
            problems.append(errors.missing_required("glaccountno or accountlabel"))
        account = item["ACCOUNTNO"]
        if account is not None and not company.tables["GLACCOUNT"].find("ACCOUNTNO", account):
            problems.append(errors.invalid_reference("Account", account, "glaccountno"))
        return item, problems

    def _store(self, row: Values, items: list[Values]) -> Values:
        company, table, now = self.company, self.company.tables[ITEM], self.company.now()
        total = sum((item["TRX_AMOUNT"] or NONE for item in items), Decimal("0.00"))
        if total < (row.get("TRX_TOTALPAID") or NONE):
            raise Refused(errors.refused(f"{row['TRX_TOTALPAID']} of invoice {row['RECORDNO']} is paid already"))
        stored = balances.keep(company, INVOICE, {**row, "TRX_TOTALENTERED": total})
        for place, item in enumerate(items, 1):
            if item.get("RECORDNO") is None:
                item |= {"RECORDNO": table.next_number(), "WHENCREATED": now, "CREATEDBY": USER_RECORDNO}
            item |= {"RECORDKEY": row["RECORDNO"], "LINE_NO": place, "WHENMODIFIED": now}
            table.put({**item, "AMOUNT": balances.in_base(company, row, item["TRX_AMOUNT"])}, company.clock.now())
        return stored
