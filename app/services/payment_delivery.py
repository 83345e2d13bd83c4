"""Payments that callers handed in are brought to Salesforce, header and lines, and then synced like any other record.

The row is its own queue: claimed by lease and fence, two hundred at a time. Records go by external id, our payment id,
so that whoever stops between two steps leaves nothing but the same to be done again. Nothing is sent to Intacct here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.declaration import NAMESPACE
from app.domain.errors import RETRY, Kind, SyncError
from app.domain.money import from_minor
from app.domain.payments import PaymentState
from app.domain.plan import prefix_of
from app.domain.records import Lane, Value
from app.services import intake
from app.services.context import Context
from app.services.payment_grant import granted
from app.services.payment_rules import OBJECT
from app.services.planning import DEFAULT_NAMESPACE
from app.services.spending import note_spending
from app.store import payments as store
from app.store.payment_tables import Payment, PaymentDetail
from app.store.tables import Connection
from app.sync.ports import Action, Backend, Outcome, Schema, Verdict, Write

HEADER, LINE = "ia_crm__AR_Payment__c", "ia_crm__AR_Payment_Line__c"
PAYMENT_KEY, LINE_KEY = "ia_crm__Payment_Key__c", "ia_crm__Payment_Line_Key__c"
SIZE = 200
"""Payments per delivery: one page of Salesforce's collections."""

PASSING = (Kind.TRANSIENT, Kind.RATE_LIMITED, Kind.AUTH, Kind.AMBIGUOUS, Kind.CONFIG, Kind.PERMISSION)
"""Kinds of failure that are not the payment's own: it waits, and says why."""

SHORTEST_PAUSE = 5.0

WISHED: Mapping[str, str] = {
    "received_on": "ia_crm__Receipt_Date__c",
    "payment_date": "ia_crm__Payment_Date__c",
    "method": "ia_crm__Payment_Method__c",
    "bank_account_id": "ia_crm__Bank_Account__c",
    "undeposited_funds_account": "ia_crm__Undeposited_Funds_Account__c",
    "reference": "ia_crm__Reference_Number__c",
    "description": "ia_crm__Description__c",
    "base_amount": "ia_crm__Base_Amount__c",
    "exchange_rate": "ia_crm__Exchange_Rate__c",
}
"""Salesforce field by member of the wish; amounts, look-ups and the currency are filled in beside them."""

DATES, NUMBERS = ("received_on", "payment_date"), ("base_amount", "exchange_rate")


@dataclass(frozen=True, slots=True)
class _Held:
    """A claimed payment with its details, and the fence under which it was claimed."""

    payment: Payment
    details: Sequence[PaymentDetail]
    fence: int


async def deliver(context: Context, connection_id: str, lane: Lane) -> int:
    """Deliver the next payments that are due; how many were tried. Any number of workers may do so at once."""
    async with context.begin() as session:
        now, lease = context.clock.now(), timedelta(seconds=context.lease_seconds)
        rows = await store.claim_undelivered(session, connection_id, SIZE, now, lease)
        connection = await session.get(Connection, connection_id) if rows else None
        if connection is None or not connection.enabled or granted(connection) is None:
            for row in rows:  # nobody may send them: they stay due, uncounted
                row.lease_until, row.attempts = None, row.attempts - 1
            return 0
        details = await store.details_of(session, [row.id for row in rows])
        held = [_Held(row, details.get(row.id, []), row.fence) for row in rows]
    await _deliver(context, connection, held, lane)
    return len(held)


async def _deliver(context: Context, connection: Connection, held: Sequence[_Held], lane: Lane) -> None:
    ids: dict[str, str] = {}
    failures: dict[str, SyncError] = {}
    try:
        pair = context.backends.of(connection, lane)
        writer = _Records(pair.salesforce, connection)
        ids, failures = await writer.write(held)
        await note_spending(context, connection.id, lane, pair)
    except SyncError as error:
        failures = {one.payment.id: _passing(error) for one in held}
    async with context.begin() as session:
        lanes = await _settle(context, session, connection, held, ids, failures)
    for name in sorted(lanes):
        await context.bell.ring(connection.id, Lane(name))


async def _settle(
    context: Context,
    session: AsyncSession,
    connection: Connection,
    held: Sequence[_Held],
    ids: Mapping[str, str],
    failures: Mapping[str, SyncError],
) -> set[str]:
    """Store what became known, and wish what was delivered; the lanes with new work."""
    now = context.clock.now()
    rows = await store.by_ids(session, connection.id, [one.payment.id for one in held], lock=True)
    delivered: dict[tuple[str, str], list[Payment]] = defaultdict(list)
    for one in held:
        row = rows[one.payment.id]
        if row.fence != one.fence or row.lease_until is None:
            continue  # somebody else has taken over, or it was cancelled meanwhile
        row.lease_until = None
        error = failures.get(row.id)
        if error is None:  # only a whole one has an id of ours: until then it is not posted, whoever finds it
            row.salesforce_id, row.due_at = ids[row.id], None
            store.move(session, row, PaymentState(row.state), context.new_id, now)
            delivered[row.content["origin"], row.content["lane"]].append(row)
        else:
            _failed(context, session, row, error)
    await session.flush()
    lanes: set[str] = set()
    for (origin, _), payments in sorted(delivered.items()):
        lanes |= await _wish(context, session, connection, payments, origin)
    return lanes


async def _wish(
    context: Context, session: AsyncSession, connection: Connection, payments: Sequence[Payment], origin: str
) -> set[str]:
    """One ordinary wish for the records of payments; the lanes it went into."""
    lanes: set[str] = set()
    by_caller: dict[tuple[str, str | None], list[Payment]] = defaultdict(list)
    for row in payments:
        by_caller[row.correlation_id, row.requested_by].append(row)
    for (correlation_id, requested_by), rows in by_caller.items():
        records = tuple(str(row.salesforce_id) for row in rows)
        asked = intake.Wish(OBJECT, records, origin, correlation_id, requested_by=requested_by)
        accepted = await intake.accept(context, connection, asked, session=session)
        for row, item in zip(rows, accepted.items, strict=True):
            row.operation_id = item.operation_id
        lanes |= accepted.lanes
    return lanes


def _failed(context: Context, session: AsyncSession, row: Payment, error: SyncError) -> None:
    """Due again later, or rejected where Salesforce will never take it as it is."""
    now, said = context.clock.now(), {"reason": error.code, "message": error.message, "field": error.field or ""}
    if error.kind in PASSING:
        pause = max(RETRY[Kind.TRANSIENT].delay(min(row.attempts, 12)), error.retry_after or 0.0, SHORTEST_PAUSE)
        row.due_at = now + timedelta(seconds=pause)
        store.move(session, row, PaymentState(row.state), context.new_id, now, **said)
        return
    row.due_at = None
    store.move(session, row, PaymentState.REJECTED, context.new_id, now, **said)


class _Records:
    """Headers and lines of payments as Salesforce gets them, for one connection."""

    def __init__(self, salesforce: Backend, connection: Connection) -> None:
        self._salesforce = salesforce
        self._prefix = prefix_of(connection.settings.get("namespace", DEFAULT_NAMESPACE))

    async def write(self, held: Sequence[_Held]) -> tuple[dict[str, str], dict[str, SyncError]]:
        """Upsert all; Salesforce ids of the headers that stand, and errors, by payment. Raises SyncError."""
        schema = await self._salesforce.describe(self._spelt(HEADER))
        headers = {one.payment.id: self._header(one, schema) for one in held}
        ids: dict[str, str] = {}
        failures: dict[str, SyncError] = {}
        for payment_id, outcome in (await self._send(headers)).items():
            if outcome.verdict is Verdict.CONFIRMED and outcome.key:
                ids[payment_id] = outcome.key
            else:
                failures[payment_id] = _error(outcome)
        lines: dict[str, Write] = {}
        owner: dict[str, str] = {}
        for one in held:
            for detail in one.details if one.payment.id in ids else ():
                key = f"{one.payment.id}:{detail.position}"
                owner[key] = one.payment.id
                lines[key] = self._line(one, detail, ids[one.payment.id], key)
        for key, outcome in (await self._send(lines)).items():
            if outcome.verdict is not Verdict.CONFIRMED:
                failures.setdefault(owner[key], _error(outcome))
        return ids, failures

    async def _send(self, writes: Mapping[str, Write]) -> dict[str, Outcome]:
        names = {id(write): name for name, write in writes.items()}
        found: dict[str, Outcome] = {}
        for chunk in self._salesforce.chunks(list(writes.values())):
            for write, outcome in zip(chunk, await self._salesforce.write(chunk), strict=True):
                found[names[id(write)]] = outcome
        return found

    def _header(self, one: _Held, schema: Schema) -> Write:
        row, wish, ids = one.payment, one.payment.content["wish"], one.payment.content["ids"]
        values: dict[str, Value] = {field: _value(name, wish[name]) for name, field in WISHED.items() if name in wish}
        values |= {"ia_crm__Account__c": ids["account"], "ia_crm__Amount__c": from_minor(row.amount, row.currency)}
        if "exchange_rate_type" in ids:
            values["ia_crm__Exchange_Rate_Type__c"] = ids["exchange_rate_type"]
        if "overpayment" in wish:
            values["ia_crm__Overpayment_Amount__c"] = Decimal(wish["overpayment"]["amount"])
            values["ia_crm__Overpayment_Location_Id__c"] = ids.get("location")
            values["ia_crm__Overpayment_Department__c"] = ids.get("department")
        spelt = {self._spelt(name): value for name, value in values.items()}
        if any(name.lower() == "currencyisocode" for name in schema.fields):
            spelt["CurrencyIsoCode"] = row.currency
        key = (self._spelt(PAYMENT_KEY), row.id)
        return Write(self._spelt(HEADER), Action.CREATE, spelt, row.id, external_id=key)

    def _line(self, one: _Held, detail: PaymentDetail, header_id: str, key: str) -> Write:
        values: dict[str, Value] = {
            "ia_crm__AR_Payment__c": header_id,
            "ia_crm__Sales_Invoice__c": detail.invoice,
            "ia_crm__Amount__c": from_minor(detail.amount, one.payment.currency),
        }
        spelt = {self._spelt(name): value for name, value in values.items()}
        return Write(self._spelt(LINE), Action.CREATE, spelt, key, external_id=(self._spelt(LINE_KEY), key))

    def _spelt(self, name: str) -> str:
        return name.replace(NAMESPACE, self._prefix)


def _value(name: str, said: Any) -> Value:
    """A member of the stored wish as a value of a record."""
    if name in DATES:
        return date.fromisoformat(said)
    return Decimal(said) if name in NUMBERS else str(said)


def _error(outcome: Outcome) -> SyncError:
    """Why a record did not stand. What may have happened simply goes again: an upsert repeats nothing."""
    error = outcome.error or SyncError(Kind.BUG, "unconfirmed", "Salesforce gave no reason.")
    return error if outcome.verdict is Verdict.REJECTED else _passing(error)


def _passing(error: SyncError) -> SyncError:
    """The failure as one that does not end the payment."""
    if error.kind in PASSING:
        return error
    return SyncError(Kind.TRANSIENT, error.code, error.message, retry_after=error.retry_after, field=error.field)
