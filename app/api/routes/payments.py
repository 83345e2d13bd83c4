"""Payments: handed in, looked at, decided upon, and the equation that accounts for every unit of them."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.api.auth import Admin, Asker, Operator, Viewer
from app.api.deps import CorrelationId, Here, Id, TheHouse
from app.api.doors import Caller
from app.api.errors import (
    ACCEPTED,
    BAD_REQUEST,
    CONFLICT,
    NOT_FOUND,
    OK,
    UNPROCESSABLE,
    UNSUPPORTED_MEDIA,
    not_found,
    problems,
)
from app.api.idempotency import IdempotencyKey, request_id_of
from app.api.schemas.payment_wishes import (
    GrantIn,
    NoteIn,
    PaymentQuery,
    PaymentsIn,
    RetryIn,
    ReverseIn,
    filter_of,
    wish_of,
)
from app.api.schemas.payments import (
    EquationList,
    GrantOut,
    PaymentDetailOut,
    PaymentPage,
    PaymentsTaken,
    detail_out,
    equations_out,
    grant_out,
    page_out,
    taken_out,
)
from app.api.schemas.reconciliation import (
    ReconciliationOut,
    ReconciliationQuery,
    reconciliation_out,
    reconciliation_sheet,
)
from app.services import payment_decisions, payment_grant, payment_intake, payment_reversal, payments, reconciliation
from app.services.context import Context
from app.services.payment_decisions import REJECT, RELEASE, Decider

router = APIRouter(tags=["payments"])

PaymentId = Annotated[str, Path(alias="paymentId", pattern=Id, description="Our id of the payment.")]
SHEET = "text/csv"
SENT = (BAD_REQUEST, UNSUPPORTED_MEDIA, UNPROCESSABLE)
DECISION = problems(NOT_FOUND, CONFLICT, *SENT)


@router.post(
    "/v1/payments",
    operation_id="takePayments",
    summary="Hand in up to 200 payments",
    description="Each payment is taken in or refused by itself; answers come in the order of the request. A payment is "
    "known by its externalId for ever: the same body again is answered with the same payment, another body is refused. "
    "What was taken in is posted once, or waits, visibly, for somebody.",
    status_code=ACCEPTED,
    response_description="What became of each payment.",
    responses=problems(CONFLICT, *SENT),
)
async def take_payments(
    context: Here, who: Asker, correlation_id: CorrelationId, wanted: PaymentsIn, key: IdempotencyKey = None
) -> PaymentsTaken:
    """See the description."""
    wishes = [wish_of(payment) for payment in wanted.payments]
    request_id = request_id_of(key, wanted.request_id)
    asked = payment_intake.Asked(wanted.origin, correlation_id, who.key.name, wanted.requested_by, request_id)
    return taken_out(await payment_intake.take(context, who.connection, wishes, asked), correlation_id)


@router.get(
    "/v1/payments",
    operation_id="listPayments",
    summary="Payments, newest first",
    description="Narrowed by what is given. The cursor of a page leads to the next one.",
    response_description="One page.",
    responses=problems(CONFLICT, UNPROCESSABLE),
)
async def list_payments(
    context: Here, who: Viewer, correlation_id: CorrelationId, query: Annotated[PaymentQuery, Query()]
) -> PaymentPage:
    """See the description."""
    payment_grant.require(who.connection)
    page = await payments.listed(context, who.connection_id, filter_of(query), query.cursor, query.page_size)
    return page_out(page, await payments.details_of(context, page.rows), correlation_id)


@router.get(
    "/v1/payments/equation",
    operation_id="getMoneyEquation",
    summary="Where every unit of money is",
    description="received = in flight + posted + rejected + held + cancelled, per currency, replayed from the ledger "
    "of all payments and compared with the payments themselves.",
    response_description="The equation of every currency.",
    responses=problems(CONFLICT),
)
async def get_equation(context: Here, who: Viewer, correlation_id: CorrelationId) -> EquationList:
    """See the description."""
    payment_grant.require(who.connection)
    return equations_out(await payments.balance(context, who.connection_id), correlation_id)


@router.get(
    "/v1/payments/reconciliation",
    operation_id="reconcilePayments",
    summary="The payments of a period, here and in Intacct",
    description="Holds our books against Intacct's own payments, by the day of receipt: sums of both sides, and each "
    "difference with its record. Reads Intacct, 2,000 payments at a time, and changes nothing. With format=csv or "
    "Accept: text/csv the differences come as a spreadsheet.",
    response_model=ReconciliationOut,
    response_description="Sums and differences.",
    responses=problems(CONFLICT, UNPROCESSABLE) | {OK: {"content": {SHEET: {"schema": {"type": "string"}}}}},
)
async def reconcile_payments(
    request: Request,
    context: Here,
    who: Viewer,
    correlation_id: CorrelationId,
    query: Annotated[ReconciliationQuery, Query()],
) -> ReconciliationOut | Response:
    """See the description."""
    found = await reconciliation.reconcile(context, who.connection, query.received_from, query.received_to)
    accepted = request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower()
    if query.format == "csv" or (query.format is None and accepted == SHEET):
        name = {"Content-Disposition": 'attachment; filename="reconciliation.csv"'}
        return Response(reconciliation_sheet(found), media_type=SHEET, headers=name)
    return reconciliation_out(found, correlation_id)


@router.get(
    "/v1/payments/grant",
    operation_id="getPaymentGrant",
    summary="Whether payments are granted",
    description="AR payments are off until an administrator has recorded that they are granted.",
    response_description="The grant.",
    responses=problems(),
)
async def get_grant(who: Viewer, correlation_id: CorrelationId) -> GrantOut:
    """See the description."""
    return grant_out(payment_grant.granted(who.connection), correlation_id)


@router.put(
    "/v1/payments/grant",
    operation_id="grantPayments",
    summary="Record that payments are granted",
    description="With the ticket or letter it rests on, and the name of the key that records it.",
    response_description="The grant.",
    responses=problems(CONFLICT, *SENT),
)
async def grant_payments(house: TheHouse, who: Admin, correlation_id: CorrelationId, wanted: GrantIn) -> GrantOut:
    """See the description."""
    made = await payment_grant.grant(house.context, who.connection_id, wanted.reference, who.key.name)
    house.doors.forget()
    return grant_out(made, correlation_id)


@router.delete(
    "/v1/payments/grant",
    operation_id="withdrawPaymentGrant",
    summary="Switch payments off",
    description="What is being posted comes to its end; what waits goes on waiting.",
    response_description="No grant.",
    responses=problems(CONFLICT),
)
async def withdraw_grant(house: TheHouse, who: Admin, correlation_id: CorrelationId) -> GrantOut:
    """See the description."""
    await payment_grant.withdraw(house.context, who.connection_id)
    house.doors.forget()
    return grant_out(None, correlation_id)


@router.get(
    "/v1/payments/{paymentId}",
    operation_id="getPayment",
    summary="One payment with its history",
    description="Where it stands and why, both ids, its ledger and what its runs decided.",
    response_description="The payment.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def get_payment(
    context: Here, who: Viewer, correlation_id: CorrelationId, payment_id: PaymentId
) -> PaymentDetailOut:
    """See the description."""
    payment_grant.require(who.connection)
    return await _shown(context, who, payment_id, correlation_id)


@router.post(
    "/v1/payments/{paymentId}/retry",
    operation_id="retryPayment",
    summary="Try a payment again",
    description="One that is received or rejected, after its cause was mended.",
    response_description="The payment.",
    responses=DECISION,
)
async def retry_payment(
    context: Here,
    who: Operator,
    correlation_id: CorrelationId,
    payment_id: PaymentId,
    wanted: RetryIn | None = None,
) -> PaymentDetailOut:
    """See the description."""
    decider = _decider(who, wanted.requested_by if wanted else None, correlation_id)
    row = await payment_decisions.retry(context, who.connection, payment_id, decider)
    return await _shown(context, who, row.id if row else "", correlation_id)


@router.post(
    "/v1/payments/{paymentId}/cancel",
    operation_id="cancelPayment",
    summary="Give a payment up before it is posted",
    description="One that is received or rejected. What may have reached Intacct cannot be cancelled, only reversed.",
    response_description="The payment.",
    responses=DECISION,
)
async def cancel_payment(
    context: Here, who: Operator, correlation_id: CorrelationId, payment_id: PaymentId, wanted: NoteIn
) -> PaymentDetailOut:
    """See the description."""
    decider = _decider(who, wanted.requested_by, correlation_id)
    row = await payment_decisions.cancel(context, who.connection, payment_id, decider, wanted.note)
    return await _shown(context, who, row.id if row else "", correlation_id)


@router.post(
    "/v1/payments/{paymentId}/release",
    operation_id="releasePayment",
    summary="Release a held payment",
    description="It is looked up in Intacct once more and sent if it is not there. With the option fourEyes a second "
    "person has to do the same.",
    response_description="The payment.",
    responses=DECISION,
)
async def release_payment(
    context: Here, who: Operator, correlation_id: CorrelationId, payment_id: PaymentId, wanted: NoteIn
) -> PaymentDetailOut:
    """See the description."""
    decider = _decider(who, wanted.requested_by, correlation_id)
    row = await payment_decisions.decide(context, who.connection, payment_id, RELEASE, decider, wanted.note)
    return await _shown(context, who, row.id if row else "", correlation_id)


@router.post(
    "/v1/payments/{paymentId}/reject",
    operation_id="rejectPayment",
    summary="Reject a held payment",
    description="It is not sent again. With the option fourEyes a second person has to do the same.",
    response_description="The payment.",
    responses=DECISION,
)
async def reject_payment(
    context: Here, who: Operator, correlation_id: CorrelationId, payment_id: PaymentId, wanted: NoteIn
) -> PaymentDetailOut:
    """See the description."""
    decider = _decider(who, wanted.requested_by, correlation_id)
    row = await payment_decisions.decide(context, who.connection, payment_id, REJECT, decider, wanted.note)
    return await _shown(context, who, row.id if row else "", correlation_id)


@router.post(
    "/v1/payments/{paymentId}/reverse",
    operation_id="reversePayment",
    summary="Take a posted payment back in Intacct",
    description="Queued as a write of its own, sent once. The payment stays posted and is reversed: both are in the "
    "books. Read the payment later for where its reversal stands.",
    response_description="The payment.",
    responses=DECISION,
)
async def reverse_payment(
    context: Here, who: Operator, correlation_id: CorrelationId, payment_id: PaymentId, wanted: ReverseIn
) -> PaymentDetailOut:
    """See the description."""
    payment_grant.require(who.connection)
    by = _decider(who, wanted.requested_by, correlation_id).shown
    row = await payment_reversal.reverse(
        context, who.connection_id, payment_id, wanted.reversed_on, wanted.note, by, correlation_id
    )
    return await _shown(context, who, row.id if row else "", correlation_id)


@router.delete(
    "/v1/payments/{paymentId}/proposal",
    operation_id="withdrawPaymentProposal",
    summary="Take a proposed decision back",
    description="A decision on a held payment that waits for a second person.",
    response_description="The payment.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def withdraw_proposal(
    context: Here, who: Operator, correlation_id: CorrelationId, payment_id: PaymentId
) -> PaymentDetailOut:
    """See the description."""
    row = await payment_decisions.withdraw(context, who.connection, payment_id, _decider(who, None, correlation_id))
    return await _shown(context, who, row.id if row else "", correlation_id)


def _decider(who: Caller, person: str | None, correlation_id: str) -> Decider:
    return Decider(who.key.id, who.key.name, person, correlation_id)


async def _shown(context: Context, who: Caller, payment_id: str, correlation_id: str) -> PaymentDetailOut:
    history = await payments.get(context, who.connection_id, payment_id)
    if history is None:
        raise not_found("payment")
    return detail_out(history, correlation_id)
