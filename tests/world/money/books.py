"""The invariants of money: asked of Intacct's own cashbook first, then of our ledger and rows, and of what was offered.

`Books` looks after each step and after each commit; `at_rest` when nothing is under way. Numbers are those of the
reliability page: I1 once, I2 as said, I3 the money equation, I4 an end for everything, I5 links.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.domain.declaration import Creates
from app.domain.payments import Entry as LedgerEntry
from app.domain.payments import Equation, PaymentState, equations
from app.objects import CATALOGUE
from tests.world.checks import Watch
from tests.world.money.offers import Offer, minor
from tests.world.money.payers import LINE, PAYMENT, Payers
from tests.world.money.shop import P
from tests.world.place import CONNECTION, World

SUMS = (
    "SELECT currency, before, after, reversal, sum(amount) AS amount FROM payment_entry WHERE connection_id = ? "
    "GROUP BY currency, before, after, reversal"
)
ROWS = "SELECT currency, state, sum(amount) AS amount FROM payment WHERE connection_id = ? GROUP BY currency, state"
TAKEN = (
    "SELECT currency, sum(amount) AS amount FROM payment WHERE connection_id = ? AND source = 'api' GROUP BY currency"
)
SENT = "SELECT 1 FROM intent WHERE salesforce_id = ? AND action = 'create' AND state = 'rejected'"
IN_FLIGHT = (
    "SELECT d.invoice, count(DISTINCT p.id) AS n FROM payment_detail d JOIN payment p ON p.id = d.payment_id "
    "WHERE p.state = 'posting' AND EXISTS (SELECT 1 FROM intent i WHERE i.salesforce_id = p.salesforce_id "
    "AND i.action = 'create' AND i.state IN ('intent', 'ambiguous')) GROUP BY d.invoice HAVING n > 1"
)
"""Invoices to which more than one payment may be on its way: each was promised the same balance."""

BROUGHT = CATALOGUE["ar_payment"].creates is not Creates.TO_INTACCT
"""Whether payments that are born in Intacct come to Salesforce, and so into the books."""

END_STATES = ("posted", "rejected", "cancelled")


class Books(Watch):
    """What must never happen with money, not even for a moment; and what no ledger may show."""

    def __init__(self, world: World, payers: Payers) -> None:
        super().__init__(world)
        self.payers = payers
        self.checked = 0
        self._lines = 0
        self._version = -1
        self.posted: dict[str, list[int]] = defaultdict(list)
        """Record numbers of what was ever posted, by mark; a reversal may write over the mark."""

    def __call__(self) -> None:
        """After each step: Intacct's ledger, its cashbook, and our books if anything was committed."""
        super().__call__()
        self._cashbook()
        self.equation()

    def _cashbook(self) -> None:
        company = self.world.intacct.state.company
        lines = company.cashbook.lines
        if len(lines) == self._lines:
            return
        offers = self.payers.offers.by_mark()
        received = {offer.mark for offer in self.payers.offers.received.values()}
        for line in lines[self._lines :]:
            row = company.tables["ARPYMT"].get(line.recordno) or {}
            mark = str(row.get("DESCRIPTION"))
            offer = offers.get(mark)
            if line.what != "posted":
                continue
            self.posted[mark].append(line.recordno)
            if offer is not None and mark not in received and not self._in_books(offer):
                self.found.append(f"I2 payment {mark} was posted and is in no book")
            if len(self.posted[mark]) > 1:
                self.found.append(f"I1 payment {mark} was posted {len(self.posted[mark])}x")
            if offer is not None and minor(Decimal(line.amount), line.currency) != offer.amount:
                self.found.append(f"I3 payment {mark} of {offer.amount} was posted as {line.amount} {line.currency}")
            elif offer is not None and line.currency != offer.currency:
                self.found.append(f"I3 payment {mark} in {offer.currency} was posted in {line.currency}")
        self._lines = len(lines)
        for invoice in company.tables["ARINVOICE"].rows():
            if invoice["TRX_TOTALDUE"] < 0:
                self.found.append(f"I3 invoice {invoice['RECORDNO']} is overpaid by {-invoice['TRX_TOTALDUE']}")

    def _in_books(self, offer: Offer) -> bool:
        name = offer.external_id or offer.salesforce_id
        return bool(self.world.rows("SELECT 1 FROM payment WHERE external_id = ?", name))

    def equation(self) -> None:
        """I3: the ledger replayed holds, says what the rows say, and counts what callers were promised."""
        (version,) = self.world.look.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return
        self._version = version
        self.checked += 1
        found = replayed(self.world)
        rows = {(r["currency"], r["state"]): r["amount"] for r in self.world.rows(ROWS, CONNECTION)}
        for one in found.values():
            self.found += [f"I3 {one.currency} does not hold: {one}"] if not one.holds else []
            said = {"received": "in_flight", "posting": "in_flight"}
            sums: Counter[str] = Counter()
            for state in PaymentState:
                sums[said.get(state.value, state.value)] += rows.get((one.currency, state.value), 0)
            for name, amount in sums.items():
                if getattr(one, name) != amount:
                    self.found.append(f"I3 {one.currency}: {name} is {getattr(one, name)} by ledger, {amount} by row")
        for row in self.world.rows(IN_FLIGHT):
            self.found.append(f"I3 {row['n']} payments are in flight on invoice {row['invoice']}")
        taken = {row["currency"]: row["amount"] for row in self.world.rows(TAKEN, CONNECTION)}
        for currency, promised in self.payers.offers.taken().items():
            if taken.get(currency, 0) < promised:
                self.found.append(f"I3 {promised} {currency} were promised, {taken.get(currency, 0)} are in the books")


def replayed(world: World) -> Mapping[str, Equation]:
    """The equations of the ledger, replayed from nothing, by currency."""
    entries = [
        LedgerEntry(
            row["currency"],
            row["amount"],
            PaymentState(row["before"]) if row["before"] else None,
            PaymentState(row["after"]),
            bool(row["reversal"]),
        )
        for row in world.rows(SUMS, CONNECTION)
    ]
    return {one.currency: one for one in equations(entries)}


def cashed(world: World, payers: Payers) -> Mapping[tuple[str, str], int]:
    """What the cashbook says was posted and reversed, by word and currency, in minor units; the clerk's own payments
    count where they are brought to Salesforce."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for line in world.intacct.state.company.cashbook.lines:
        if str(line.recordno) in payers.offers.received and not BROUGHT:
            continue
        sums[line.what, line.currency] += minor(Decimal(line.amount), line.currency)
    return sums


def at_rest(books: Books, *, over: bool) -> list[str]:
    """What must hold when nothing is under way; `over`: people have decided, and the feeds were read."""
    books()
    world, payers = books.world, books.payers
    found = [*payers.offers.wrong]
    rows = world.rows("SELECT * FROM payment WHERE connection_id = ?", CONNECTION)
    for row in rows:
        found += _one(books, row, over=over)
    found += _callers(rows, payers)
    held = {row["id"] for row in rows if row["state"] in ("posting", "held")}
    for one in world.rows("SELECT * FROM invoice_in_flight"):
        if one["payment_id"] not in held:
            found.append(f"I4 invoice {one['invoice']} is kept by {one['payment_id']}, which is over")
    return found + (_all_of_it(world, payers) if over else [])


def _one(books: Books, row: dict[str, Any], *, over: bool) -> list[str]:
    """I1, I2, I4 and I5 of one payment."""
    world, offer = books.world, _offer(row, books.payers)
    if offer is None:
        return [f"I1 nobody offered payment {row['id']} ({row['source']} {row['external_id']})"]
    numbers, state, name = books.posted.get(offer.mark, []), row["state"], f"payment {row['id']} ({offer.mark})"
    found = []
    if (row["currency"], row["amount"]) != (offer.currency, offer.amount):
        found.append(f"I3 {name} is {row['amount']} {row['currency']}, was {offer.amount} {offer.currency}")
    if state in END_STATES and len(numbers) != int(state == "posted"):
        found.append(f"I2 {name} is {state} and stands in Intacct {len(numbers)}x: {row['reason']} {row['message']}")
    if state not in (*END_STATES, "held") and (over or state == "posting"):
        found.append(f"I4 {name} is {state} at rest: {row['reason']} {row['message']}")
    if state == "held" and over:
        found.append(f"I4 {name} is held although it was decided upon: {row['reason']} {row['message']}")
    if state == "posted" and numbers and str(row["intacct_key"]) != str(numbers[0]):
        found.append(f"I5 {name} is said to be {row['intacct_key']}, is {numbers[0]}")
    if not books.payers.plan.clerk and row["reason"] == "overpayment" and world.rows(SENT, row["salesforce_id"]):
        found.append(f"I3 {name} was sent although more than is open")
    if state == "posted" and over:
        gone = [line for line in world.intacct.state.company.cashbook.lines if line.what == "reversed"]
        if (row["reversal"] == "reversed") != any(str(line.recordno) == row["intacct_key"] for line in gone):
            found.append(f"I2 {name}: its reversal is {row['reversal']!r}, the cashbook says otherwise")
        found += _linked(world, row, name)
    return found


def _offer(row: dict[str, Any], payers: Payers) -> Offer | None:
    known = {"api": payers.offers.handed, "salesforce": payers.offers.typed, "intacct": payers.offers.received}
    return known[row["source"]].get(row["external_id"])


def _linked(world: World, row: dict[str, Any], name: str) -> list[str]:
    """I5: the Salesforce record names the payment, and the link leads from one to the other."""
    found = []
    record = next((r for r in world.salesforce.state.records(PAYMENT) if r["Id"] == row["salesforce_id"]), None)
    if record is None:
        return [f"I5 {name} has no record in Salesforce"]
    if str(record[f"{P}Intacct_Record_No__c"]) != str(row["intacct_key"]):
        found.append(f"I5 {name}: Salesforce says {record[f'{P}Intacct_Record_No__c']}, is {row['intacct_key']}")
    links = world.rows("SELECT intacct_key FROM binding WHERE salesforce_id = ?", row["salesforce_id"])
    if [link["intacct_key"] for link in links] != [row["intacct_key"]]:
        found.append(f"I5 {name} is linked to {[link['intacct_key'] for link in links]}")
    details = world.rows("SELECT 1 FROM payment_detail WHERE payment_id = ?", row["id"])
    lines = [line for line in world.salesforce.state.records(LINE) if line[PAYMENT] == row["salesforce_id"]]
    if len(lines) != len(details):
        found.append(f"I5 {name} has {len(details)} details, {len(lines)} lines")
    return found


def _callers(rows: list[dict[str, Any]], payers: Payers) -> list[str]:
    """I1 and I4: what was accepted is there, once; what was refused is not."""
    kept = {row["external_id"]: row["id"] for row in rows if row["source"] == "api"}
    found = []
    for offer in payers.offers.handed.values():
        if (offer.accepted or None) != kept.get(offer.external_id):
            found.append(f"I4 {offer.external_id}: accepted {offer.accepted!r}, kept {kept.get(offer.external_id)}")
        if not offer.accepted and not offer.refused:
            found.append(f"I4 {offer.external_id} was never answered")
    return found


def _all_of_it(world: World, payers: Payers) -> list[str]:
    """I3: the books are Intacct's cashbook, to the cent; what came in is what was offered; one record each."""
    found, books, cash = [], replayed(world), cashed(world, payers)
    offered: dict[str, int] = defaultdict(int)
    for offer in payers.offers.all():
        known = offer.accepted if offer.external_id else offer.salesforce_id or BROUGHT
        offered[offer.currency] += offer.amount if known else 0
    for currency in sorted({*books, *offered, *(currency for _, currency in cash)}):
        one = books.get(currency, Equation(currency))
        wanted = (offered[currency], cash.get(("posted", currency), 0), cash.get(("reversed", currency), 0))
        if (one.received, one.posted, one.reversed) != wanted:
            found.append(f"I3 {currency}: received, posted, reversed are {one}, should be {wanted}")
    keys = Counter(r[f"{P}Payment_Key__c"] for r in world.salesforce.state.records(PAYMENT))
    found += [f"I1 Salesforce has payment {key} {n}x" for key, n in keys.items() if key and n > 1]
    numbers = Counter(r[f"{P}Intacct_Record_No__c"] for r in world.salesforce.state.records(PAYMENT))
    return found + [f"I1 Salesforce has ARPYMT {key} {n}x" for key, n in numbers.items() if key and n > 1]
