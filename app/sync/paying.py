"""Payments in a run: entered in the books, given their invoices, and held to what Intacct says of those at this moment.

Only objects that pay (`SyncedObject.pays`) pass through here. The balance is read after the invoices were taken, so no
other payment of ours in flight counts on it. Nothing is sent from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from app.domain.errors import Kind, SyncError
from app.domain.merge import Direction
from app.domain.money import to_minor
from app.domain.paying import ADVICE, Invoice, Limits, Money, Pays, Share, breach, problem_error, too_exact, unsound
from app.domain.problems import Problem
from app.domain.records import Value
from app.domain.transforms import Canonical, Unfit, clean, decimal, plain
from app.sync.book import Admitted, Asked, PaymentBook
from app.sync.lines import options_of
from app.sync.ports import Backend, Bindings
from app.sync.work import Batch, Work

DOCUMENT, DOCID, CURRENT = "SODOCUMENT", "DOCID", "PRRECORDKEY"
"""The sales document an invoice was made from, and its field that holds the invoice's present record number."""

INVOICE_FIELDS = ("CUSTOMERID", "CURRENCY", "TRX_TOTALDUE", "STATE")


@dataclass(frozen=True, slots=True)
class _Payment:
    """A payment on its way: what it says, and how it is known to the books."""

    work: Work
    money: Money
    asked: Asked


async def admit(batch: Batch, book: PaymentBook | None, intacct: Backend, bindings: Bindings) -> None:
    """Enter all payments of the batch that are not in Intacct, and end those that may not be sent now.

    One transaction of the books, then one query for all invoices, one more where some come from sales documents.
    """
    pays = batch.plan.object.pays
    if pays is None or batch.direction is not Direction.TO_INTACCT:
        return
    assert book is not None, "a run of payments needs their books"
    limits = limits_of(options_of(batch.plan))
    payments = [made for work in batch.works if _is_new(work) and (made := _read(batch, work, pays, limits))]
    admitted = await book.admit([one.asked for one in payments]) if payments else {}
    for one in payments:
        _accept(one.work, admitted.get(one.work.id))
    going = [one for one in payments if one.work.settlement is None]
    invoices = await _invoices(batch, going, pays, intacct, bindings)
    for one in going:
        _hold_to(batch, one, invoices, pays, limits)


def _is_new(work: Work) -> bool:
    return work.source is not None and work.target is None and work.bound is None and not work.born


def limits_of(options: Mapping[str, object]) -> Limits:
    """What the options of a paying object allow."""
    return Limits(
        bool(options.get("allowCrossCurrency")),
        bool(options.get("allowOverpayment")),
        str(options.get("defaultCurrency") or "USD"),
    )


def _read(batch: Batch, work: Work, pays: Pays, limits: Limits) -> _Payment | None:
    """The payment as Salesforce has it; broken rules end its run. None for what cannot be counted as money."""
    try:
        money = money_of(batch, work, pays, limits)
    except Unfit:
        money = None
    if money is None:
        problem = Problem("required_field_empty", pays.amount, "The payment needs an amount and a receipt date.")
        work.fail(problem_error(problem, named(batch, pays.amount)))
        return None
    if work.settlement is None and (wrong := unsound(money, pays, limits)):
        told = replace(wrong[0], message=" ".join(problem.message for problem in wrong))
        work.fail(problem_error(told, named(batch, told.field)))
    if work.settlement is None:
        _complete(batch, work, pays)
    amounts = [money.amount, *(share.amount for share in money.shares)]
    if any(amount <= 0 or too_exact(amount, money.currency) for amount in amounts):
        return None
    return _Payment(work, money, _asked(batch, work, money, pays))


def _complete(batch: Batch, work: Work, pays: Pays) -> None:
    try:
        work.filled = dict(pays.complete(work.mapped.values, options_of(batch.plan)))
    except SyncError as refused:
        field = named(batch, refused.field or "")
        work.fail(SyncError(refused.kind, refused.code, refused.message, refused.advice, field=field))


def money_of(batch: Batch, work: Work, pays: Pays, limits: Limits) -> Money | None:
    """A payment's values as the rules see them; None without amount or date. Raises Unfit for what is no number."""
    header = work.mapped.values
    amount, received = _number(header.get(pays.amount)), header.get(pays.received)
    if amount is None or not isinstance(received, date):
        return None
    field = named(batch, pays.invoice)
    shares = [
        Share(str(line.source.values.get(field) or ""), paid)
        for line in work.lines
        if (paid := _number(line.mapped.values.get(pays.paid))) is not None
    ]
    return Money(
        customer=str(header.get(pays.customer) or ""),
        currency=str(header.get(pays.currency) or limits.currency),
        amount=amount,
        received_on=received,
        shares=tuple(shares),
        base=_number(header.get(pays.base)),
        rated=sum(header.get(name) is not None for name in pays.rates),
        over=_number(header.get(pays.over)),
        placed=all(header.get(name) for name in pays.over_places),
    )


def _number(value: Canonical) -> Decimal | None:
    return decimal(value) if not isinstance(value, tuple) else None


def named(batch: Batch, row_id: str) -> str:
    """The Salesforce field of a row of header or lines; the id itself where there is no such row."""
    rows = (*batch.plan.rows, *(batch.plan.lines.rows if batch.plan.lines else ()))
    return next((row.salesforce for row in rows if row.id == row_id), row_id)


def _asked(batch: Batch, work: Work, money: Money, pays: Pays) -> Asked:
    assert work.source is not None
    source, header = batch.plan.standard(work.source.values), work.mapped.values
    return Asked(
        claim=work.claim,
        salesforce_id=work.id,
        key=clean(source.get(pays.key)),
        account=str(work.source.values.get(named(batch, pays.customer)) or ""),
        customer=money.customer,
        currency=money.currency,
        amount=to_minor(money.amount, money.currency),
        received_on=money.received_on,
        shares=tuple((share.invoice, to_minor(share.amount, money.currency)) for share in money.shares),
        content={row.id: plain(header[row.id]) for row in batch.plan.rows if header.get(row.id) is not None},
        ready=work.settlement is None,
    )


def _accept(work: Work, admitted: Admitted | None) -> None:
    """Take over what the books say of a payment."""
    if admitted is None or work.settlement is not None:
        return
    work.document = admitted.payment_id
    if (refused := admitted.refused) is not None:
        error, again_at = refused.error, refused.again_at
        work.settle(refused.result, error.code, error.message, error=error, again_at=again_at)


async def _invoices(
    batch: Batch, payments: Sequence[_Payment], pays: Pays, intacct: Backend, bindings: Bindings
) -> Mapping[str, Invoice]:
    """The invoices of all payments as they stand in Intacct, by Salesforce id.

    Their numbers are those of the links; of one without a link what Salesforce says; of one that was made from a sales
    document what that document says at this moment.
    """
    numbers, documents = _named_in_salesforce(batch, payments, pays)
    paid = sorted({share.invoice for one in payments for share in one.money.shares})
    linked = await bindings.of(pays.invoice_object, paid) if paid else {}
    numbers |= {one: bound.intacct_key for one, bound in linked.items()}
    if documents:
        fields = {DOCID: sorted(set(documents.values()))}
        present = {
            str(record.values.get(DOCID)): str(record.values[CURRENT])
            for record in await intacct.find(DOCUMENT, fields, (DOCID, CURRENT))
            if record.values.get(CURRENT)
        }
        numbers |= {one: present[document] for one, document in documents.items() if document in present}
    if not numbers:
        return {}
    there = {name.upper() for name in (await intacct.describe(pays.invoices)).fields}
    asked = tuple(name for name in INVOICE_FIELDS if name in there)
    found = {
        record.key: Invoice(
            record.key,
            str(record.values.get("CUSTOMERID") or ""),
            clean(record.values.get("CURRENCY")),
            decimal(record.values.get("TRX_TOTALDUE")) or Decimal(0),
            str(record.values.get("STATE") or ""),
        )
        for record in await intacct.find(pays.invoices, {"RECORDNO": sorted(set(numbers.values()))}, asked)
    }
    return {one: found[number] for one, number in numbers.items() if number in found}


def _named_in_salesforce(
    batch: Batch, payments: Sequence[_Payment], pays: Pays
) -> tuple[dict[str, str], dict[str, str]]:
    """Record number and DOCID of the invoices, by Salesforce id, as Salesforce last knew them."""
    numbers: dict[str, str] = {}
    documents: dict[str, str] = {}
    field = named(batch, pays.invoice)
    for line in (line for one in payments for line in one.work.lines):
        values, invoice = batch.plan.standard(line.source.values), str(line.source.values.get(field) or "")
        number, document = clean(values.get(pays.number)), clean(values.get(pays.document))
        if number:
            numbers[invoice] = number
        if document and document != number:  # an invoice that was born in AR is known by its number alone
            documents[invoice] = document
    return numbers, documents


def _hold_to(batch: Batch, payment: _Payment, invoices: Mapping[str, Invoice], pays: Pays, limits: Limits) -> None:
    """End a payment that breaks a rule with its invoices; give the lines of any other their record numbers."""
    work, money = payment.work, payment.money
    mine = {share.invoice: invoices[share.invoice] for share in money.shares if share.invoice in invoices}
    problem = breach(money, mine, pays, limits)
    if problem is not None and problem.code == "invoice_not_found" and _was_known(batch, work, pays):
        said = f"{problem.message} It was there before; it may have been made anew."
        work.fail(SyncError(Kind.TRANSIENT, "invoice_moved", said, ADVICE["invoice_moved"]))
        return
    if problem is not None:
        work.fail(problem_error(problem, named(batch, problem.field)))
        return
    field = named(batch, pays.invoice)
    for line in work.lines:
        invoice = str(line.source.values.get(field) or "")
        number: Value = mine[invoice].key
        line.sent[pays.invoice] = number
        work.paid[invoice] = mine[invoice].key


def _was_known(batch: Batch, work: Work, pays: Pays) -> bool:
    """Whether Salesforce has a record number for each invoice of the payment."""
    return all(clean(batch.plan.standard(line.source.values).get(pays.number)) for line in work.lines)
