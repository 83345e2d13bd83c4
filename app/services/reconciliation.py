"""The payments of a period here and in Intacct, held against each other: sums, and each difference with its record.

Read in pages in the order of keys; what is kept is sums, differences up to a limit, and the record numbers seen. Both
sides live on meanwhile: what is posted while it runs may be told as a difference, and is none the next time. Nothing
is changed on either side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.conditions import AllOf, Compare, Condition, Operator
from app.domain.errors import Kind, SyncError
from app.domain.money import rounded, to_minor
from app.domain.reconciling import Difference, Ours, Tally, Theirs, Totals, matched, missing
from app.domain.records import Errand, Lane, Record, Value, salesforce_id
from app.domain.transforms import clean, decimal
from app.services.context import Context
from app.services.payment_grant import require
from app.services.payment_rules import option
from app.services.spending import note_spending
from app.store import bindings, payment_periods
from app.store.payment_tables import Payment
from app.store.tables import Connection
from app.sync.ports import Backend

KIND, CURRENCY, PARENT = "ARPYMT", "CURRENCY", "PARENTPAYMENTKEY"
FIELDS = ("RECORDNO", "DOCNUMBER", "CUSTOMERID", CURRENCY, "TRX_TOTALENTERED", "STATE", "RECEIPTDATE", PARENT)
PAGE = 2000
"""Payments of one query: one billed transaction of Intacct."""

MOST = 20_000
"""Payments of Intacct that one reconciliation takes: ten queries, well within the time of a request."""

DAYS = 366
LISTED = 2000
"""Differences that are told one by one; all are counted."""


@dataclass(slots=True)
class Reconciliation:
    """What was found. `differences` are the first of `number`."""

    first: date
    last: date
    totals: list[Totals] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    number: int = 0

    @property
    def holds(self) -> bool:
        """Whether both sides have the same payments, to the cent."""
        sums = all(
            (one.posted_here, one.reversed_here, one.number_here)
            == (one.posted_there, one.reversed_there, one.number_there)
            for one in self.totals
        )
        return sums and not self.number

    def add(self, found: Sequence[Difference]) -> None:
        """Count differences and keep them while there is room."""
        self.number += len(found)
        self.differences += found[: max(0, LISTED - len(self.differences))]


async def reconcile(
    context: Context, connection: Connection, first: date, last: date, *, size: int = PAGE
) -> Reconciliation:
    """Hold the payments received from `first` to `last`, both included, against Intacct's, `size` at a time.

    Raises SyncError `payments_not_granted`, DATA `period_invalid` and `too_many_payments`, or what Intacct answers.
    """
    require(connection)
    if last < first or (last - first).days >= DAYS:
        said = f"The period has to end on the day it begins or later, and has at most {DAYS} days."
        raise SyncError(Kind.DATA, "period_invalid", said, "Send another period.", field="receivedTo")
    pair = context.backends.of(connection, Lane.BULK, Errand.VERIFY)
    try:
        return await _Run(context, connection, pair.intacct, Reconciliation(first, last), size).all()
    finally:
        await note_spending(context, connection.id, Errand.VERIFY, pair)


class _Run:
    """One reconciliation on its way."""

    def __init__(
        self, context: Context, connection: Connection, intacct: Backend, found: Reconciliation, size: int
    ) -> None:
        self._context, self._connection, self._intacct = context, connection, intacct
        self._found, self._size = found, size
        self._currency = str(option(connection, "defaultCurrency") or "USD")
        self._fields: tuple[str, ...] = ()
        self._seen: set[str] = set()
        self._tally = Tally()

    async def all(self) -> Reconciliation:
        """Read both sides."""
        there = {name.upper() for name in (await self._intacct.describe(KIND)).fields}
        self._fields = tuple(name for name in FIELDS if name in there)
        where = self._where()
        if (number := await self._intacct.count(KIND, where)) > MOST:
            said = f"Intacct has {number} payments in the period; {MOST} can be reconciled at once."
            raise SyncError(Kind.DATA, "too_many_payments", said, "Send a shorter period.", field="receivedTo")
        after = ""
        while True:
            page = await self._intacct.select(KIND, where, self._fields, after=after, size=self._size)
            await self._there(page)
            if len(page) < self._size:
                break
            after = page[-1].key
        await self._here()
        self._found.totals = [self._tally.by_currency[name] for name in sorted(self._tally.by_currency)]
        return self._found

    def _where(self) -> Condition:
        first, last = self._found.first, self._found.last
        begun = Compare("RECEIPTDATE", Operator.GE, (first,))
        return AllOf((begun, Compare("RECEIPTDATE", Operator.LE, (last,))))

    async def _there(self, page: Sequence[Record]) -> None:
        """Hold a page of Intacct's payments against our books. What belongs to a payment (its excess) is none."""
        payments = [self._theirs(record) for record in page if not clean(record.values.get(PARENT))]
        async with self._context.begin() as session:
            rows = await payment_periods.by_intacct_keys(session, self._connection.id, (one.key for one in payments))
            unknown = [one.document for one in payments if one.key not in rows and one.document]
            named = await payment_periods.by_documents(session, self._connection.id, unknown)
            ours = await self._ours(session, [*rows.values(), *named.values()])
        for one in payments:
            self._seen.add(one.key)
            self._tally.there(one)
            row, other = rows.get(one.key), named.get(one.document)
            self._found.add(matched(one, ours[row.id] if row else None, ours[other.id] if other else None))

    async def _here(self) -> None:
        """Hold our posted payments of the period against what Intacct showed; those it did not are looked up."""
        after = ""
        while True:
            async with self._context.begin() as session:
                first, last = self._found.first, self._found.last
                rows = await payment_periods.posted(session, self._connection.id, first, last, after, self._size)
                ours = await self._ours(session, rows)
            for one in ours.values():
                self._tally.here(one)
            absent = [one for one in ours.values() if one.key not in self._seen]
            self._found.add(missing(absent, await self._elsewhere([one.key for one in absent if one.key])))
            if len(rows) < self._size:
                return
            after = rows[-1].id

    async def _elsewhere(self, keys: Sequence[str]) -> dict[str, Theirs]:
        """Payments of Intacct by record number, whenever they were received."""
        found = await self._intacct.find(KIND, {"RECORDNO": sorted(keys)}, self._fields) if keys else []
        return {record.key: self._theirs(record) for record in found}

    def _theirs(self, record: Record) -> Theirs:
        values: Mapping[str, Value] = record.values
        currency = clean(values.get(CURRENCY)) or self._currency
        amount, received = decimal(values.get("TRX_TOTALENTERED")) or Decimal(0), values.get("RECEIPTDATE")
        return Theirs(
            record.key,
            clean(values.get("DOCNUMBER")) or "",
            clean(values.get("CUSTOMERID")) or "",
            currency,
            to_minor(rounded(amount, currency), currency),
            clean(values.get("STATE")) or "",
            received if isinstance(received, date) else None,
        )

    async def _ours(self, session: AsyncSession, rows: Sequence[Payment]) -> dict[str, Ours]:
        """Payments of ours with Intacct's ids of their customers, by payment id."""
        accounts = sorted({row.customer for row in rows if _is_id(row.customer)})
        known: dict[str, str] = {}
        for start in range(0, len(accounts), payment_periods.CHUNK):
            part = accounts[start : start + payment_periods.CHUNK]
            links = await bindings.by_salesforce_id(session, self._connection.id, "account", part)
            known |= {link.salesforce_id: link.intacct_id for link in links}
        return {row.id: _as_ours(row, known) for row in rows}


def _as_ours(row: Payment, known: Mapping[str, str]) -> Ours:
    return Ours(
        row.id,
        row.external_id,
        row.salesforce_id or "",
        row.intacct_key or "",
        known.get(row.customer, "" if _is_id(row.customer) else row.customer),
        row.currency,
        row.amount,
        row.state,
        row.reversal == "reversed",
        row.received_on,
    )


def _is_id(text: str) -> bool:
    try:
        return text.startswith("001") and bool(salesforce_id(text))
    except ValueError:
        return False
