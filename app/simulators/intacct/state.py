"""The simulator's whole state and its control plane: what `/_sim/` may read, fill, set and empty."""

import random
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from app.simulators.clock import SimClock
from app.simulators.faults import FaultPlan
from app.simulators.intacct.clerk import write_receivable
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import EnvelopeRefused, Refused
from app.simulators.intacct.execution import Books
from app.simulators.intacct.forced import ForcedAnswers
from app.simulators.intacct.gateway import Gateway
from app.simulators.intacct.knobs import Knobs
from app.simulators.intacct.ledger import Ledger
from app.simulators.intacct.meters import Meters
from app.simulators.intacct.reading import Cursors
from app.simulators.intacct.records import Draft, flatten, full_record
from app.simulators.intacct.repeats import Repeats
from app.simulators.intacct.requestlog import RequestLog
from app.simulators.intacct.rest.gateway import RestGateway
from app.simulators.intacct.rest.tokens import Tokens
from app.simulators.intacct.results import Answers
from app.simulators.intacct.sales import Desk
from app.simulators.intacct.schema import ObjectSchema
from app.simulators.intacct.sessions import Sessions
from app.simulators.intacct.words import apply_words
from app.simulators.intacct.writing import Author, Writer

SEEDER = Author(user="seed", trusted=True)


class IntacctState:
    """One company behind one gateway. `reset` brings back the state of a fresh start; the clock stays the caller's."""

    def __init__(self, clock: SimClock, seed: int) -> None:
        self.clock, self._seed = clock, seed
        self.faults = FaultPlan(seed)
        self._begin()

    def _begin(self) -> None:
        self.knobs = Knobs()
        self.company = Company(self.clock, self.knobs)
        self.sessions = Sessions(self.clock, self.knobs, self.company, self._seed)
        self.ledger = Ledger(self.company.journal)
        self.counters = Meters()
        self.forced = ForcedAnswers()
        self.log = RequestLog(self.clock)
        books = Books(
            company=self.company,
            sessions=self.sessions,
            cursors=Cursors(),
            ledger=self.ledger,
            meters=self.counters,
            repeats=Repeats(self.clock, self.knobs),
            faults=self.faults,
            forced=self.forced,
            knobs=self.knobs,
            shuffler=random.Random(f"order-{self._seed}"),
        )
        self.gateway = Gateway(books, Answers(self._seed), self.log, self._seed)
        self.tokens = Tokens(self.clock, self.knobs, self.company, self._seed)
        self.rest = RestGateway(books, self.gateway, self.tokens, self.log)
        self.company.plant()

    def meters(self) -> dict[str, Any]:
        """Counters since the last reset."""
        shown = self.counters.describe(self.sessions.logins)
        return {**shown, "tokens": self.tokens.issued, "replays": self.rest.keys.replays}

    def records(self, kind: str) -> list[dict[str, Any]]:
        """All records of the object in order of RECORDNO, nested, every value as the text the wire shows."""
        schema = self.company.schemas[kind]
        rows = sorted(self.company.tables[kind].rows(), key=lambda row: row["RECORDNO"])
        return [full_record(self.company, schema, row) for row in rows]

    def seed(self, records: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """Insert records, read-only fields allowed, all or none; no audit rows, no ledger entries, nothing counted.

        Texts are in the user's formats. A record may be nested or use dotted names. Answers the full records.
        """
        writer, mark = Writer(self.company, SEEDER), self.company.journal.mark()
        out: dict[str, list[dict[str, Any]]] = {}
        try:
            for kind, items in records.items():
                schema = self.company.schemas.get(kind.upper())
                if schema is None:
                    raise ValueError(f"unknown kind {kind!r}")
                rows = [writer.create(schema, _draft(schema, item)) for item in items]
                out[kind] = [full_record(self.company, schema, row) for row in rows]
        except Refused as refused:
            self.company.journal.rollback(mark)
            raise ValueError(str(refused)) from refused
        except ValueError:
            self.company.journal.rollback(mark)
            raise
        self.company.journal.forget()
        return out

    def order_entry(self, function: str, user: str = "clerk", location: str = "") -> str:
        """What somebody in Intacct does to a sales transaction, as a legacy function's XML; answers the DOCID.

        Leaves audit rows, but no ledger entry, and counts nothing. ValueError with the vendor's words when refused.
        """
        element, desk = etree.fromstring(function), Desk(self.company, Author(user, location))
        verbs = {"create": desk.create, "update": desk.update, "delete": desk.delete}
        try:
            values = verbs[str(element.tag).removesuffix("_sotransaction")](element)
        except (Refused, EnvelopeRefused) as refused:
            raise ValueError(str(refused)) from refused
        self.company.journal.forget()
        return str(values["DOCID"])

    def receivable(self, function: str, user: str = "clerk", location: str = "") -> int:
        """What somebody in Intacct does to an invoice or a payment, as that function's XML; answers its RECORDNO.

        `create` and `update` of an ARPYMT, or a legacy function. Leaves audit rows, but no ledger entry, and counts
        nothing. ValueError with the vendor's words when refused.
        """
        try:
            values = write_receivable(self.company, Author(user, location), etree.fromstring(function))
        except (Refused, EnvelopeRefused) as refused:
            raise ValueError(str(refused)) from refused
        self.company.journal.forget()
        return int(values["RECORDNO"])

    def pay(self, invoice: int, amount: str, **head: str) -> int:
        """A clerk receives money for an invoice, today, into the first account; `head` changes the header."""
        row = self.company.tables["ARINVOICE"].get(invoice) or {}
        said = {
            "FINANCIALENTITY": "BOA",
            "PAYMENTMETHOD": "Cash",
            "CUSTOMERID": str(row.get("CUSTOMERID")),
            "RECEIPTDATE": self.company.formatting().date_text(self.company.now().date()),
            "CURRENCY": str(row.get("CURRENCY") or "USD"),
        } | head
        detail = f"<RECORDKEY>{invoice}</RECORDKEY><TRX_PAYMENTAMOUNT>{amount}</TRX_PAYMENTAMOUNT>"
        fields = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in said.items())
        listed = f"<ARPYMTDETAILS><ARPYMTDETAIL>{detail}</ARPYMTDETAIL></ARPYMTDETAILS>"
        return self.receivable(f"<create><ARPYMT>{fields}{listed}</ARPYMT></create>")

    def reverse_payment(self, number: int) -> None:
        """A clerk reverses a payment, today."""
        day = self.company.now().date()
        parts = f"<year>{day.year}</year><month>{day.month}</month><day>{day.day}</day>"
        said = f"<datereversed>{parts}</datereversed>"
        self.receivable(f'<reverse_arpayment key="{number}">{said}</reverse_arpayment>')

    def change_schema(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add an object in the words of a schema file, in place of one of that name; `reset` forgets it."""
        return self.company.add_kind(dict(body))

    def configure(self, knobs: Mapping[str, Any]) -> dict[str, Any]:
        """Set knobs; answers all of them."""
        if "custom_fields" in knobs:
            unknown = set(knobs["custom_fields"]) - set(self.company.schemas)
            if unknown:
                raise ValueError(f"custom_fields names unknown objects {sorted(unknown)}")
        self.knobs.set(knobs)
        self.company.apply_custom_fields()
        apply_words(self.company)
        return self.knobs.describe()

    def deliveries(self) -> list[dict[str, Any]]:
        """Responses of asynchronous requests, in the order in which they were sent off."""
        return [asdict(delivery) for delivery in self.gateway.deliveries]

    def reset(self) -> None:
        """Back to the state of a fresh start, faults and knobs included."""
        self.faults.reset(self._seed)
        self._begin()


def _draft(schema: ObjectSchema, item: dict[str, Any]) -> Draft:
    draft = Draft()
    for name, value in flatten(item).items():
        if isinstance(value, list):
            draft.lists[name] = [{n: str(v) for n, v in flatten(row).items()} for row in value]
        elif isinstance(value, bool):
            draft.fields[name] = "true" if value else "false"
        elif name in schema.fields and schema.fields[name].via:
            continue  # a record read from /_sim/records may be seeded again
        else:
            draft.fields[name] = "" if value is None else str(value)
    return draft
