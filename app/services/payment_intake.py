"""Payments handed in by callers become rows: all of a batch in one transaction, each judged by itself. Then the bell.

The unique index on the external id decides who was first, never a look beforehand. No vendor is asked here: what is
known of invoices is what both sides last agreed on. What is refused is not kept, and its external id stays free.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.money import to_minor
from app.domain.payment_wish import PaymentWish, differing, wrong
from app.domain.payments import PaymentSource, PaymentState
from app.domain.problems import Problem
from app.domain.records import Lane
from app.services.context import Context
from app.services.intake import ATTENDED, INTERACTIVE_IDS, RETENTION, TRIES, reused
from app.services.payment_grant import require
from app.services.payment_knowledge import Known, against_known, customer_of, listed, look_up
from app.services.payment_rules import rules_of
from app.store import idempotency
from app.store import payments as store
from app.store.payment_tables import Payment, PaymentDetail
from app.store.tables import Connection, IdempotencyKey
from app.store.upsert import collided

SCOPE = "payments"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who hands payments in. `by` names the API key; `request_id` is the caller's key for the whole batch."""

    origin: str
    correlation_id: str
    by: str
    requested_by: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one wish: the payment as it stands, or all that is wrong. `replayed`: it was known before."""

    external_id: str
    payment: Payment | None = None
    problems: tuple[Problem, ...] = ()
    replayed: bool = False


async def take(
    context: Context, connection: Connection, wishes: Sequence[PaymentWish], asked: Asked
) -> tuple[Taken, ...]:
    """Take payments in; one answer per wish, in their order.

    Raises SyncError PERMISSION `payments_not_granted` and DATA `request_id_reused`.
    """
    require(connection)
    for left in reversed(range(TRIES)):
        try:
            async with context.begin() as session:
                taken = await _take(context, session, connection, wishes, asked)
            break
        except DBAPIError as error:
            if not left or not collided(error):
                raise
    if any(one.payment is not None and not one.replayed for one in taken):
        await context.bell.ring(connection.id, Lane(_lane(asked, len(wishes))))
    return taken


async def _take(
    context: Context, session: AsyncSession, connection: Connection, wishes: Sequence[PaymentWish], asked: Asked
) -> tuple[Taken, ...]:
    refusals = await _first_answer(context, session, connection, wishes, asked)
    if refusals is None:
        known = await look_up(session, connection.id, wishes)
        rules = rules_of(connection)
        refusals = [[*wrong(wish, rules), *against_known(wish, rules, known)] for wish in wishes]
        await _remember(session, connection, asked, refusals)
    else:
        known = await look_up(session, connection.id, wishes)
    now = context.clock.now()
    fresh: dict[str, tuple[Payment, list[PaymentDetail]]] = {}
    for wish, problems in zip(wishes, refusals, strict=True):
        if not problems:
            fresh.setdefault(wish.external_id, _rows(context, connection, wish, known, asked, len(wishes), now))
    added = await store.add_absent(session, list(fresh.values()), context.new_id, by=asked.by)
    await session.flush()
    kept = await store.by_external_ids(session, connection.id, PaymentSource.API, [w.external_id for w in wishes])
    told: set[str] = set()
    answers = []
    for wish, problems in zip(wishes, refusals, strict=True):
        row = kept.get(wish.external_id)
        if row is None or (problems and row.request_hash != _hash(wish)):
            answers.append(Taken(wish.external_id, problems=tuple(problems)))
        elif row.request_hash != _hash(wish):
            answers.append(Taken(wish.external_id, problems=(_reused(row, wish),)))
        else:
            fresh_one = row.id in added and row.id not in told
            told.add(row.id)
            answers.append(Taken(wish.external_id, row, replayed=not fresh_one))
    return tuple(answers)


async def _first_answer(
    context: Context, session: AsyncSession, connection: Connection, wishes: Sequence[PaymentWish], asked: Asked
) -> list[list[Problem]] | None:
    """What the first request under the same request id was refused for; None when this is the first, or has no id."""
    if asked.request_id is None:
        return None
    now = context.clock.now()
    said = [[wish.external_id, wish.content()] for wish in wishes]
    mine = IdempotencyKey(
        id=context.new_id(),
        connection_id=connection.id,
        scope=SCOPE,
        key=asked.request_id,
        request_hash=_digest([said, asked.origin, asked.requested_by]),
        created_at=now,
        expires_at=now + RETENTION,
    )
    first = await idempotency.reserve(session, mine)
    if first.id == mine.id:
        return None
    if first.request_hash != mine.request_hash:
        raise reused()
    return [[Problem(**problem) for problem in row] for row in first.answer.get("refusals", ())]


async def _remember(
    session: AsyncSession, connection: Connection, asked: Asked, refusals: Sequence[Sequence[Problem]]
) -> None:
    if asked.request_id is None:
        return
    mine = await idempotency.find(session, connection.id, SCOPE, asked.request_id)
    assert mine is not None
    plain = [[{"code": p.code, "field": p.field, "message": p.message} for p in row] for row in refusals]
    await idempotency.keep(session, mine.id, {"refusals": plain})


def _rows(
    context: Context,
    connection: Connection,
    wish: PaymentWish,
    known: Known,
    asked: Asked,
    count: int,
    now: datetime,
) -> tuple[Payment, list[PaymentDetail]]:
    account = wish.account_id or known.salesforce["account", wish.customer_id or ""]
    invoices = [d.invoice_id or known.salesforce["invoice", d.document_id or ""] for d in wish.details]
    ids = {name: known.salesforce[name, value] for name, value in listed(wish).items()}
    payment = Payment(
        id=context.new_id(),
        connection_id=connection.id,
        source=PaymentSource.API.value,
        external_id=wish.external_id,
        request_hash=_hash(wish),
        state=PaymentState.RECEIVED.value,
        customer=customer_of(wish, known) or account,
        currency=wish.currency,
        amount=to_minor(wish.amount, wish.currency),
        received_on=wish.received_on,
        content={
            "wish": wish.content(),
            "ids": {**ids, "account": account, "invoices": invoices},
            "origin": asked.origin,
            "lane": _lane(asked, count),
        },
        requested_by=asked.requested_by,
        correlation_id=asked.correlation_id,
        due_at=now,
        created_at=now,
        updated_at=now,
    )
    details = [
        PaymentDetail(
            id=context.new_id(),
            connection_id=connection.id,
            payment_id=payment.id,
            position=position,
            invoice=invoice,
            amount=to_minor(detail.amount, wish.currency),
        )
        for position, (detail, invoice) in enumerate(zip(wish.details, invoices, strict=True), 1)
    ]
    return payment, details


def _lane(asked: Asked, count: int) -> str:
    """Interactive when a person may be waiting."""
    return Lane.INTERACTIVE.value if asked.origin in ATTENDED and count <= INTERACTIVE_IDS else Lane.BULK.value


def _hash(wish: PaymentWish) -> str:
    return _digest(wish.content())


def _digest(said: object) -> str:
    return sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _reused(row: Payment, wish: PaymentWish) -> Problem:
    names = ", ".join(differing(row.content["wish"], wish.content()))
    said = f"Another payment was taken in under this externalId; they differ in {names}."
    return Problem("external_id_reused", "externalId", said)
