"""The functions of the gateway, by name. Each takes a call and answers the children of its `<result>`.

A function that is not in the table is refused by name: nothing succeeds silently.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from app.simulators.intacct import errors, metadata, reading
from app.simulators.intacct.company import Company
from app.simulators.intacct.envelope import Function
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.invoices import InvoiceDesk
from app.simulators.intacct.ledger import Ledger
from app.simulators.intacct.legacy import LEGACY, LegacyWrite
from app.simulators.intacct.ordered import sent
from app.simulators.intacct.querying import read_query, run_query
from app.simulators.intacct.reading import Cursors
from app.simulators.intacct.receipts import ReceiptDesk
from app.simulators.intacct.records import Draft, Element, children, nest, read_draft, tag_of, text_of
from app.simulators.intacct.sales import Desk
from app.simulators.intacct.schema import ObjectSchema
from app.simulators.intacct.sessions import Session, Sessions
from app.simulators.intacct.tables import Values
from app.simulators.intacct.views import View
from app.simulators.intacct.writing import Author, Writer

MAX_RECORDS = 100


@dataclass
class Call:
    """One function being carried out for one caller. `endpoint` is the address a new session is told."""

    company: Company
    sessions: Sessions
    cursors: Cursors
    ledger: Ledger
    session: Session
    function: Function
    view: View
    endpoint: str
    naked: str | None = None

    @property
    def writer(self) -> Writer:
        """Writes in the caller's name."""
        return Writer(self.company, self.author)

    @property
    def author(self) -> Author:
        """The caller as somebody who writes."""
        return Author(self.session.user, self.session.location)

    @property
    def invoices(self) -> InvoiceDesk:
        """AR invoices, as the caller writes them."""
        return InvoiceDesk(self.company, self.author)

    @property
    def receipts(self) -> ReceiptDesk:
        """Customer payments, as the caller writes them."""
        return ReceiptDesk(self.company, self.author)

    def note(self, schema: ObjectSchema, values: Values, draft: Draft) -> None:
        """Enter a written record into the ledger."""
        sent = {**nest(dict(draft.fields)), **draft.lists}
        number = values["RECORDNO"]
        name, controlid = self.function.name, self.function.controlid
        self.ledger.write(self.company.clock.now(), name, schema.name, controlid, number, sent)


Handler = Callable[[Call], list[Element]]


def carry_out(call: Call) -> list[Element]:
    """Run the call's function. Refused if it fails or does not exist."""
    name = call.function.name
    if name in LEGACY:
        return _legacy(call, LEGACY[name])
    handler = FUNCTIONS.get(name)
    if handler is None:
        raise Refused(errors.unknown_function(name))
    return handler(call)


def _objects(done: list[tuple[ObjectSchema, Values]]) -> Element:
    data = etree.Element("data", listtype="objects", count=str(len(done)))
    for schema, values in done:
        line = etree.SubElement(data, schema.name.lower())
        etree.SubElement(line, "RECORDNO").text = str(values["RECORDNO"])
        if schema.id:
            etree.SubElement(line, schema.id).text = str(values.get(schema.id) or "")
    return data


def _write_each(call: Call, verb: str) -> list[Element]:
    elements = children(call.function.element)
    if not elements:
        raise Refused(errors.missing_required("a record"))
    if len(elements) > MAX_RECORDS:
        raise Refused(errors.bad_query(f"at most {MAX_RECORDS} records are allowed in one {verb}"))
    done: list[tuple[ObjectSchema, Values]] = []
    problems = []
    start = call.company.journal.mark()
    for element in elements:
        mark = call.company.journal.mark()
        try:
            schema = call.company.schema(tag_of(element))
            draft = read_draft(schema, element)
            work = call.writer.create if verb == "create" else call.writer.update
            values = work(schema, draft)
        except Refused as refused:
            call.company.journal.rollback(mark)
            problems += refused.errors
            continue
        call.note(schema, values, draft)
        done.append((schema, values))
    if not problems:
        return [_objects(done)]
    if call.company.knobs["multi_record_failure"] == "all_or_nothing":
        call.company.journal.rollback(start)
        done = []
    raise Refused(*problems, done=[_objects(done)] if done else None)


def _create(call: Call) -> list[Element]:
    return _write_each(call, "create")


def _update(call: Call) -> list[Element]:
    return _write_each(call, "update")


def _delete(call: Call) -> list[Element]:
    element = call.function.element
    schema = call.company.schema(text_of(element, "object"))
    keys = [key.strip() for key in text_of(element, "keys").split(",") if key.strip()]
    if not keys:
        raise Refused(errors.missing_required("keys"))
    mark = call.company.journal.mark()
    try:
        for key in keys:
            values = call.writer.delete(schema, key)
            call.note(schema, values, Draft({"RECORDNO": key}))
    except Refused:
        call.company.journal.rollback(mark)
        raise
    return [etree.Element("data", listtype="objects", count="0")]


def _legacy(call: Call, shape: LegacyWrite) -> list[Element]:
    schema = call.company.schema(shape.object)
    draft = shape.read(call.function.element)
    key = draft.fields.get(schema.id, "")
    if shape.verb == "delete":
        row = call.company.tables[schema.name].first(schema.id, key)
        if row is None:
            raise Refused(errors.not_found(schema.label, key))
        values = call.writer.delete(schema, str(row["RECORDNO"]))
    else:
        values = (call.writer.create if shape.verb == "create" else call.writer.update)(schema, draft)
    call.note(schema, values, draft)
    answer = etree.Element("key")
    answer.text = str(values[schema.id])
    return [answer]


def _sales(work: Callable[[Desk, Element], Values]) -> Handler:
    """A sales transaction: answers its DOCID as key."""

    def handle(call: Call) -> list[Element]:
        element = call.function.element
        values = work(Desk(call.company, call.author), element)
        number, controlid = values["RECORDNO"], call.function.controlid
        call.ledger.write(call.company.clock.now(), call.function.name, "SODOCUMENT", controlid, number, sent(element))
        answer = etree.Element("key")
        answer.text = str(values["DOCID"])
        return [answer]

    return handle


def _receivable(work: Callable[[Call, Element], tuple[str, Values]]) -> Handler:
    """An invoice or a payment by a legacy function: answers the RECORDNO of what was written as key."""

    def handle(call: Call) -> list[Element]:
        element = call.function.element
        kind, values = work(call, element)
        number, controlid = values["RECORDNO"], call.function.controlid
        call.ledger.write(call.company.clock.now(), call.function.name, kind, controlid, number, sent(element))
        answer = etree.Element("key")
        answer.text = str(number)
        return [answer]

    return handle


def _delete_invoice(call: Call, element: Element) -> tuple[str, Values]:
    return "ARINVOICE", call.writer.delete(call.company.schemas["ARINVOICE"], element.get("key", ""))


def _query(call: Call) -> list[Element]:
    query = read_query(call.view, call.function.element)
    data = run_query(call.view, query)
    if query.returnformat in ("csv", "json"):
        call.naked = metadata.naked(data, query.returnformat)
    return [data]


def _session(call: Call) -> list[Element]:
    asked = call.function.element.find("locationid")
    location = (asked.text or "").strip() if asked is not None else None
    opened = call.sessions.open(call.session, location)
    data = etree.Element("data")
    api = etree.SubElement(data, "api")
    etree.SubElement(api, "sessionid").text = opened.key
    etree.SubElement(api, "endpoint").text = call.endpoint
    etree.SubElement(api, "locationid").text = opened.location
    return [data]


def _reader(read: Callable[[View, Element], list[Element]]) -> Handler:
    return lambda call: read(call.view, call.function.element)


FUNCTIONS: dict[str, Handler] = {
    "getAPISession": _session,
    "create": _create,
    "update": _update,
    "delete": _delete,
    "create_sotransaction": _sales(Desk.create),
    "update_sotransaction": _sales(Desk.update),
    "delete_sotransaction": _sales(Desk.delete),
    "create_invoice": _receivable(lambda c, e: ("ARINVOICE", c.invoices.create(e))),
    "update_invoice": _receivable(lambda c, e: ("ARINVOICE", c.invoices.update(e))),
    "reverse_invoice": _receivable(lambda c, e: ("ARINVOICE", c.invoices.reverse(e))),
    "delete_invoice": _receivable(_delete_invoice),
    "create_arpayment": _receivable(lambda c, e: c.receipts.create(e)),
    "apply_arpayment": _receivable(lambda c, e: c.receipts.apply(e)),
    "reverse_arpayment": _receivable(lambda c, e: c.receipts.reverse(e)),
    "query": _query,
    "readByQuery": lambda c: reading.read_by_query(c.view, c.function.element, c.cursors, c.session.key),
    "readMore": lambda c: reading.read_more(c.view, c.function.element, c.cursors, c.session.key),
    "read": _reader(reading.read),
    "readByName": _reader(reading.read_by_name),
    "get_list": _reader(reading.get_list),
    "lookup": _reader(metadata.lookup),
    "inspect": _reader(metadata.inspect),
    "readUserFormatting": _reader(metadata.user_formatting),
    "getUserFormatting": _reader(metadata.user_formatting),
}
