"""Sales transactions: create, update and delete by the legacy functions, with all that follows in the company.

Numbers from the definition's sequence, totals with tax, conversion of the source, and the AR invoice of a definition
that posts, which an edit deletes and makes anew. Wire order stands in `sales_shapes`, lines in `sales_lines`.
"""

from decimal import Decimal

from app.simulators.intacct import errors, receivables
from app.simulators.intacct.company import USER_RECORDNO
from app.simulators.intacct.desks import DocumentDesk
from app.simulators.intacct.errors import Refused, VendorError
from app.simulators.intacct.fieldcheck import check_fields, defaults
from app.simulators.intacct.ordered import check_order, texts_of
from app.simulators.intacct.records import Element, children, tag_of, text_of
from app.simulators.intacct.sales_lines import HUNDRED, LINE, count_conversions, lines_of, read_line, rounded
from app.simulators.intacct.sales_shapes import (
    CHANGED_LINES,
    CHANGED_SUBTOTALS,
    CREATE,
    CREATE_LINE,
    FIXED_STATES,
    HEADER_FIELDS,
    LINES,
    NESTED,
    STATES,
    SUBTOTAL,
    SUBTOTALS,
    UPDATE,
    UPDATE_LINE,
)
from app.simulators.intacct.tables import Values
from app.simulators.intacct.terms import due_date

HEAD, TAX = "SODOCUMENT", "Sales tax"
CONVERTIBLE = ("S", "A", "O", "P")
REQUIRED = {"DOCPARID": "transactiontype", "WHENCREATED": "datecreated", "CUSTVENDID": "customerid"}


class Desk(DocumentDesk):
    """Order Entry as one caller uses it. Each verb happens wholly or not at all."""

    kind, label = HEAD, "Sales transaction"

    def create(self, element: Element) -> Values:
        """Make a document with its lines; the stored header."""
        return self.as_one("create", lambda: self._create(element))

    def update(self, element: Element) -> Values:
        """Change a document: header fields, lines by their number, new lines; the stored header."""
        return self.as_one("update", lambda: self._update(element))

    def delete(self, element: Element) -> Values:
        """Remove a document with its lines and its AR invoice; the header as it was."""
        return self.as_one("delete", lambda: self._delete(element))

    # -- create -------------------------------------------------------------------------------------------------------

    def _create(self, element: Element) -> Values:
        company, table = self.company, self.company.tables[HEAD]
        check_order(company, element, CREATE)
        held = element.find("sotransitems")
        if held is None or not children(held):
            raise Refused(errors.missing_required("sotransitems"))
        check_order(company, held, LINES)
        document, problems = self._header(element, None)
        problems += [errors.missing_required(word) for name, word in REQUIRED.items() if document[name] is None]
        if document["TERM.NAME"] is None and document["WHENDUE"] is None:
            problems.append(errors.missing_required("termname or datedue"))
        definition = company.tables["SODOCUMENTPARAMS"].first("DOCID", document["DOCPARID"])
        if problems or definition is None:
            raise Refused(*problems)
        problems += self._may_be_made(document, definition)
        document["STATE"] = document["STATE"] or STATES[definition["DEFAULTSTATE"]]
        self._complete(document)
        if problems:
            raise Refused(*problems)
        self._number(document, definition)
        document |= {"RECORDNO": table.next_number(), "MEGAENTITYID": self.author.location or None}
        document |= {"CREATEDBY": USER_RECORDNO, "AUWHENCREATED": company.now()}
        lines = []
        for place, each in enumerate(children(held)):
            line, wrong = read_line(company, document, each, CREATE_LINE, None)
            problems += wrong
            lines.append({**line, "LINE_NO": place})
        if problems:
            raise Refused(*problems)
        return self._store(document, lines, element.find("subtotals"), definition)

    def _may_be_made(self, document: Values, definition: Values) -> list[VendorError]:
        problems = []
        if definition["STATUS"] != "active":
            problems.append(errors.refused(f"{definition['DOCID']} is inactive", "transactiontype"))
        if definition.get("ENTITYONLY") and not self.author.location:
            problems.append(errors.entity_only(definition["DOCID"]))
        source = self.company.tables[HEAD].first("DOCID", document["CREATEDFROM"])
        if source is not None and source["STATE"] not in CONVERTIBLE:
            problems.append(errors.refused(f"{source['DOCID']} cannot be converted in state {source['STATE']}"))
        if source is not None and source["CUSTVENDID"] != document["CUSTVENDID"]:
            problems.append(errors.refused(f"{source['DOCID']} is of another customer", "customerid"))
        return problems

    def _number(self, document: Values, definition: Values) -> None:
        company, kind = self.company, definition["DOCID"]
        if document["DOCNO"] is None:
            if not definition["NUMBERING"]:
                raise Refused(errors.number_missing(kind))
            while document["DOCNO"] is None or company.tables[HEAD].find("DOCID", f"{kind}-{document['DOCNO']}"):
                number = company.next_in(f"{HEAD} {kind}", gap=company.knobs["docno_gap_on_rollback"])
                document["DOCNO"] = f"{definition['NUMBERING']}{number:04}"
        document["DOCID"] = f"{kind}-{document['DOCNO']}"
        taken = company.tables[HEAD].find("DOCID", document["DOCID"])
        if taken and company.knobs["docno_duplicate"] == "refuse":
            raise Refused(errors.duplicate("Sales transaction", document["DOCID"]))

    # -- update and delete --------------------------------------------------------------------------------------------

    def _update(self, element: Element) -> Values:
        company = self.company
        check_order(company, element, UPDATE)
        old = self._addressed(element)
        if old["STATE"] in FIXED_STATES:
            raise Refused(errors.refused(f"{old['DOCID']} cannot be edited in state {old['STATE']}"))
        document, problems = self._header(element, old)
        lines = lines_of(company, old)
        held = element.find("updatesotransitems")
        if held is not None:
            check_order(company, held, CHANGED_LINES)
            problems += self._change_lines(document, lines, held)
        if problems:
            raise Refused(*problems)
        self._complete(document)
        definition = company.tables["SODOCUMENTPARAMS"].first("DOCID", old["DOCPARID"])
        assert definition is not None
        return self._store(document, lines, element.find("updatesubtotals"), definition)

    def _change_lines(self, document: Values, lines: list[Values], held: Element) -> list[VendorError]:
        problems: list[VendorError] = []
        before = len(lines)
        for each in children(held):
            if tag_of(each) == "sotransitem":
                line, wrong = read_line(self.company, document, each, UPDATE_LINE, None)
                lines.append({**line, "LINE_NO": len(lines)})
            else:
                said = each.get("line_num", "")
                place = int(said) - 1 if said.isdecimal() else -1
                if not 0 <= place < before:
                    problems.append(errors.refused(f"There is no line {said}", "line_num"))
                    continue
                old = dict(lines[place])
                if text_of(each, "itemid", old["ITEMID"]) != old["ITEMID"] and each.find("price") is None:
                    old["PRICE"] = None
                line, wrong = read_line(self.company, document, each, UPDATE_LINE, old)
                lines[place] = line
            problems += wrong
        return problems

    def _delete(self, element: Element) -> Values:
        company, old = self.company, self._addressed(element)
        made_from = company.tables[HEAD].first("CREATEDFROM", old["DOCID"])
        if made_from is not None:
            raise Refused(errors.in_use("Sales transaction", old["DOCID"], made_from["DOCID"]))
        self._unpost(old)
        for kind in (LINE, "SODOCUMENTSUBTOTALS"):
            for number in company.tables[kind].find("DOCHDRNO", old["RECORDNO"]):
                company.tables[kind].remove(number, company.clock.now())
        company.tables[HEAD].remove(old["RECORDNO"], company.clock.now())
        if old["CREATEDFROM"]:
            count_conversions(company, old["CREATEDFROM"])
        return old

    def _addressed(self, element: Element) -> Values:
        key, by = element.get("key", ""), "DOCID"
        if element.get("externalkey", "").lower() == "true":
            by = "EXTERNALID"
        found = self.company.tables[HEAD].first(by, key) if key else None
        owner = found.get("MEGAENTITYID") if found is not None else None
        if found is None or (owner and self.author.location and owner != self.author.location):
            raise Refused(errors.not_found("Sales transaction", key))
        return found

    # -- what both share ----------------------------------------------------------------------------------------------

    def _header(self, element: Element, old: Values | None) -> tuple[Values, list[VendorError]]:
        schema = self.company.schemas[HEAD]
        texts = texts_of(self.company, element, HEADER_FIELDS, NESTED)
        state = texts.pop("STATE", "")
        checked = check_fields(self.company, schema, texts, trusted=True)
        problems = checked.problems
        if state and state not in STATES:
            problems.append(errors.invalid_choice("state", state, tuple(STATES)))
        blank: Values = {name: None for name, spec in schema.fields.items() if not spec.via}
        document = {**blank, **defaults(schema), **(old or {}), **checked.values}
        if state in STATES:
            document["STATE"] = STATES[state]
        if "TERM.NAME" in checked.values and "WHENDUE" not in checked.values:
            document["WHENDUE"] = None
        return document, problems

    def _complete(self, document: Values) -> None:
        """Due date from the term, and the currency of the company where none is given."""
        document["CURRENCY"] = document["CURRENCY"] or "USD"
        document["BASECURR"] = document["BASECURR"] or "USD"
        if document["WHENDUE"] is None and document["TERM.NAME"] is not None:
            document["WHENDUE"] = due_date(self.company, document["TERM.NAME"], document["WHENCREATED"])

    def _store(self, document: Values, lines: list[Values], given: Element | None, definition: Values) -> Values:
        """Write header, lines and subtotals, convert the source, post; the header as it stands then."""
        company, now = self.company, self.company.now()
        replaced = document["PRRECORDKEY"]
        if replaced is not None:
            self._unpost(document)
            document["PRRECORDKEY"] = None
        table = company.tables[LINE]
        for line in lines:
            if line.get("RECORDNO") is None:
                line |= {"RECORDNO": table.next_number(), "WHENCREATED": now, "CREATEDBY": USER_RECORDNO}
            line |= {"DOCHDRNO": document["RECORDNO"], "DOCHDRID": document["DOCID"], "WHENMODIFIED": now}
            line["SOURCE_DOCID"] = document["CREATEDFROM"] if line["SOURCE_DOCLINEKEY"] else None
            table.put(line, company.clock.now())
        subtotals, problems = self._subtotals(document, lines, given)
        problems += self._sources(document, lines)
        if problems:
            raise Refused(*problems)
        base = sum((line["TRX_VALUE"] for line in lines), Decimal(0))
        whole = base + sum((row["TOTAL"] for row in subtotals), Decimal(0))
        document |= {"SUBTOTAL": base, "TRX_SUBTOTAL": base, "TOTAL": whole, "TRX_TOTAL": whole}
        document |= {"WHENMODIFIED": now, "MODIFIEDBY": USER_RECORDNO}
        company.tables[HEAD].put(document, company.clock.now())
        if document["CREATEDFROM"] and (wrong := count_conversions(company, document["CREATEDFROM"])):
            raise Refused(*wrong)
        if definition["UPDGL"] == "AR" and document["STATE"] != "I":
            number = receivables.post_invoice(company, document, lines, subtotals, user=self.author.user)
            if replaced is not None:
                receivables.move_payments(company, replaced, number)
            document = {**document, "PRRECORDKEY": number}
            company.tables[HEAD].put(document, company.clock.now())
        return document

    def _sources(self, document: Values, lines: list[Values]) -> list[VendorError]:
        table, problems = self.company.tables[LINE], []
        for key in [line["SOURCE_DOCLINEKEY"] for line in lines if line["SOURCE_DOCLINEKEY"] is not None]:
            source = table.get(key)
            if source is None or source["DOCHDRID"] != document["CREATEDFROM"]:
                said = f"{key} is no line of {document['CREATEDFROM'] or 'a document named in createdfrom'}"
                problems.append(errors.refused(said, "sourcelinekey"))
        return problems

    def _subtotals(
        self, document: Values, lines: list[Values], given: Element | None
    ) -> tuple[list[Values], list[VendorError]]:
        """Subtotals as sent, else those there were; and the tax of the company on the taxable lines."""
        company, kind = self.company, "SODOCUMENTSUBTOTALS"
        schema, table = company.schemas[kind], company.tables[kind]
        stored = [row for n in table.find("DOCHDRNO", document["RECORDNO"]) if (row := table.get(n))]
        rows: list[Values] = [row for row in stored if row["DESCRIPTION"] != TAX]
        problems: list[VendorError] = []
        if given is not None:
            check_order(company, given, SUBTOTALS if tag_of(given) == "subtotals" else CHANGED_SUBTOTALS)
            rows = []
            for each in children(given):
                check_order(company, each, SUBTOTAL)
                checked = check_fields(company, schema, texts_of(company, each, {}, ()), trusted=True)
                problems += checked.problems
                rows.append({**dict.fromkeys(schema.fields), **checked.values})
        rate = Decimal(str(company.knobs["sales_tax_percent"]))
        if rate:
            rows.append({**dict.fromkeys(schema.fields), "DESCRIPTION": TAX, "PERCENTVAL": rate})
        for row in stored:
            table.remove(row["RECORDNO"], company.clock.now())
        for place, row in enumerate(rows):
            base = sum(
                (line["TRX_VALUE"] for line in lines if row["DESCRIPTION"] != TAX or line["TAXABLE"]), Decimal(0)
            )
            percent, absolute = row["PERCENTVAL"], row["ABSVAL"]
            row["TOTAL"] = absolute if percent is None else rounded(company, base * percent / HUNDRED)
            row["TOTAL"] = row["TOTAL"] or Decimal("0.00")
            row |= {"RECORDNO": table.next_number(), "LINE_NO": place, "WHENMODIFIED": company.now()}
            row |= {"DOCHDRNO": document["RECORDNO"], "DOCHDRID": document["DOCID"]}
            table.put(dict(row), company.clock.now())
        return rows, problems

    def _unpost(self, document: Values) -> None:
        """Take the AR invoice back; a paid one only where the company allows it."""
        number = document["PRRECORDKEY"]
        if number is None:
            return
        if receivables.has_payments(self.company, number) and self.company.knobs["oe_edit_when_paid"] == "refuse":
            raise Refused(errors.refused(f"{document['DOCID']} has payments applied and cannot be changed"))
        receivables.remove_invoice(self.company, number, user=self.author.user)
