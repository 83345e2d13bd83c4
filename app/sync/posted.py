"""Payments that stand in Intacct: entered in the books as such, and taken back there when somebody asked for it.

A reversal is a write of its own, with its own intent; what became of it is read from the payment's state. Only objects
that pay pass through here.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from app.domain.decisions import Result
from app.domain.errors import Kind, SyncError
from app.domain.merge import Direction
from app.domain.money import rounded, to_minor
from app.domain.paying import Pays, explained, is_draft, is_reversed
from app.domain.records import System, Value
from app.domain.transforms import Unfit, decimal, plain
from app.sync.book import Asked, Fact, PaymentBook
from app.sync.lines import options_of
from app.sync.paying import limits_of, named
from app.sync.ports import Action, Bindings, Clock, Draft, Verdict
from app.sync.recover import hold
from app.sync.work import Batch, Work, by
from app.sync.writing import Sent, Writer

PURPOSE = "reversal"

PATIENCE = 5
"""Tries for an invoice of a payment that Intacct gave birth to."""


async def enter(batch: Batch, book: PaymentBook | None, bindings: Bindings, clock: Clock) -> None:
    """Enter the linked payments of the batch as posted, and learn which of them are to be taken back."""
    pays = batch.plan.object.pays
    if pays is None:
        return
    assert book is not None, "a run of payments needs their books"
    await _name_invoices(batch, pays, bindings, clock)
    facts: list[Fact] = []
    for work in batch.open:
        if work.target is None or work.bound is None or is_draft(work.target.values.get(pays.state)):
            continue
        work.turned = work.turned or is_reversed(work.target.values.get(pays.state))
        if (fact := _fact(batch, work, pays)) is not None:
            facts.append(fact)
    asked = await book.note(facts) if facts else {}
    for work in batch.open:
        if batch.direction is Direction.TO_INTACCT and not work.turned:
            work.reversal = asked.get(work.id)


async def _name_invoices(batch: Batch, pays: Pays, bindings: Bindings, clock: Clock) -> None:
    """Find the Salesforce invoices of lines that only Intacct has; a payment waits for those that are still to come.

    After some tries its lines are made without: an invoice nobody syncs keeps no payment away.
    """
    fresh = {record.key: str(record.values.get(pays.invoice) or "") for w in batch.open for record in w.fresh}
    numbers = sorted({number for number in fresh.values() if number})
    linked = await bindings.by_intacct_key(pays.invoice_object, numbers) if numbers else {}
    field = named(batch, pays.invoice)
    batch.named |= {key: {field: linked[number].salesforce_id} for key, number in fresh.items() if number in linked}
    for work in batch.open:
        missing = sorted({fresh[one.key] for one in work.fresh if fresh[one.key] and one.key not in batch.named})
        if not missing:
            continue
        said = f"Invoice {', '.join(missing)} of the payment is not in Salesforce."
        if work.claim.attempts < PATIENCE:
            again = clock.now() + timedelta(seconds=5 * 2**work.claim.attempts)
            error = SyncError(Kind.DEPENDENCY, "invoice_not_here", said, "Nothing to do: the payment follows it.")
            work.settle(Result.BLOCKED, error.code, said, error=error, again_at=again, counts_as_try=True)
        else:
            work.warnings.append(said)


def _fact(batch: Batch, work: Work, pays: Pays) -> Fact | None:
    """The payment as Intacct has it; None for one without an amount, which is no money."""
    assert work.target is not None
    assert work.bound is not None
    assert work.source is not None
    values = work.target.values
    currency = str(values.get(pays.currency) or limits_of(options_of(batch.plan)).currency)
    try:
        amount, received = decimal(values.get(pays.amount)), values.get(pays.received)
        shares = _shares(batch, work, pays)
    except Unfit:
        return None
    if not amount or amount < 0 or not isinstance(received, date):
        return None
    asked = Asked(
        claim=work.claim,
        salesforce_id=work.id,
        key=str(batch.plan.standard(work.source.values).get(pays.key) or "") or None,
        account=str(work.source.values.get(named(batch, pays.customer)) or ""),
        customer=str(values.get(pays.customer) or ""),
        currency=currency,
        amount=to_minor(rounded(amount, currency), currency),
        received_on=received,
        shares=tuple((invoice, to_minor(rounded(part, currency), currency)) for invoice, part in shares),
        content=_content(batch, values),
    )
    born = bool(work.born) or work.bound.how.startswith(("created_in_salesforce", "matched_in_salesforce"))
    return Fact(asked, work.target.key, born, work.turned)


def _shares(batch: Batch, work: Work, pays: Pays) -> list[tuple[str, Decimal]]:
    """What its details pay, by the invoice in Salesforce, or by Intacct's number where Salesforce shows none."""
    field = named(batch, pays.invoice)
    found: list[tuple[str, Decimal]] = []
    for line in work.lines:
        twin = line.target.values if line.target else {}
        part = decimal(twin.get(pays.paid)) if twin else decimal(line.source.values.get(named_paid(batch, pays)))
        invoice = str(line.source.values.get(field) or f"{pays.invoices}:{twin.get(pays.invoice)}")
        if part:
            found.append((invoice, part))
    for record in work.fresh:
        shown = batch.named.get(record.key, {}).get(field)
        if part := decimal(record.values.get(pays.paid)):
            found.append((str(shown or f"{pays.invoices}:{record.values.get(pays.invoice)}"), part))
    return found


def named_paid(batch: Batch, pays: Pays) -> str:
    """The Salesforce field of a line that holds what it pays."""
    rows = batch.plan.lines.rows if batch.plan.lines else ()
    return next(row.salesforce for row in rows if row.id == pays.paid)


def _content(batch: Batch, values: Mapping[str, Value]) -> dict[str, object]:
    return {row.id: plain(values[row.id]) for row in batch.plan.rows if values.get(row.id) is not None}


async def take_back(batch: Batch, writer: Writer) -> None:
    """Send the reversals that were asked for, under the write protocol."""
    wanted = [work for work in batch.open if work.reversal is not None and work.target is not None]
    drafts = [_draft(batch, work) for work in wanted]
    works = by(wanted, lambda work: work.id)
    for one in await writer.send(batch.plan.object.name, drafts, lambda draft, outcome: None) if drafts else ():
        _after(works[one.draft.claim.record_id], one)


def _draft(batch: Batch, work: Work) -> Draft:
    assert work.reversal is not None
    assert work.target is not None
    asked = work.reversal
    values: dict[str, Value] = {"DATEREVERSED": asked.on}
    if asked.description:
        values["DESCRIPTION"] = asked.description
    op_key, kind = batch.plan.op_key(asked.payment_id, PURPOSE), batch.plan.object.intacct.kind
    return Draft(work.claim, op_key, PURPOSE, kind, Action.REVERSE, values, work.target.key)


def _after(work: Work, one: Sent) -> None:
    outcome = one.outcome
    if outcome.verdict is Verdict.CONFIRMED:
        work.turned = work.wrote = True
        work.note(System.INTACCT, "DATEREVERSED", None, one.draft.values["DATEREVERSED"])
    elif outcome.verdict is Verdict.AMBIGUOUS:
        hold(work, one.draft, one.next_look_at)
    elif outcome.error is not None:
        work.fail(explained(outcome.error))
