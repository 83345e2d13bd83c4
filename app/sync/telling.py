"""What a document tells another Salesforce record: the amount of a quote or an order, to its opportunity.

One query and one write per batch, and only while the option asks for it. What was told is remembered in the base, so
that an unchanged document never speaks again.
"""

from collections.abc import Callable
from decimal import Decimal

from app.domain.declaration import NAMESPACE
from app.domain.quoting import AMOUNT, HAS_PRODUCTS, OWN_AMOUNT, OWN_SOURCE, told
from app.domain.records import System, Value
from app.domain.transactions import Category
from app.domain.transforms import decimal, plain
from app.sync.ports import Action, Backend, Verdict, Write
from app.sync.work import Batch, Work

OPPORTUNITY, TOLD = "Opportunity", "told"
"""The kind that is told, and the member of a document's base that holds what it said last."""


async def tell_opportunities(batch: Batch, salesforce: Backend, alive: Callable[[], bool]) -> None:
    """Write amounts to the opportunities of documents whose amount is another than they told last.

    What could not be written is a warning, and is written by the next run.
    """
    look_up = batch.plan.object.opportunity
    if look_up is None or not batch.plan.option("updateQuoteAmount"):
        return
    name = look_up.replace(NAMESPACE, batch.plan.prefix)
    speaking = {
        str(work.source.values[name]): (work, amount)
        for work in sorted(batch.open, key=_orders_last(batch))
        if work.source is not None and work.source.values.get(name) and (amount := _news(batch, work)) is not None
    }
    if not speaking:
        return
    spelt = {name: name.replace(NAMESPACE, batch.plan.prefix) for name in (OWN_AMOUNT, OWN_SOURCE)}
    has = {name.lower() for name in (await salesforce.describe(OPPORTUNITY)).fields}
    asked = [AMOUNT, HAS_PRODUCTS, *(real for real in spelt.values() if real.lower() in has)]
    found = await salesforce.find(OPPORTUNITY, {"Id": list(speaking)}, asked)
    index: dict[int, tuple[Work, Decimal]] = {}
    writes: list[Write] = []
    for record in found:
        work, amount = speaking[record.key]
        before = {next((n for n, real in spelt.items() if real == name), name): v for name, v in record.values.items()}
        category, document = _speaker(batch, work)
        orders = bool(batch.plan.option("orderReplacesQuote"))
        values = told(category, document, amount, before, orders=orders)
        if values:
            real: dict[str, Value] = {spelt.get(name, name): value for name, value in values.items()}
            writes.append(Write(OPPORTUNITY, Action.UPDATE, real, work.claim.operation_id, record.key))
            index[id(writes[-1])] = (work, amount)
        else:
            work.merged.agreed[TOLD] = plain(amount)
    for chunk in salesforce.chunks(writes):
        if not alive():
            return
        for write, outcome in zip(chunk, await salesforce.write(chunk), strict=True):
            work, amount = index[id(write)]
            if outcome.verdict is Verdict.CONFIRMED:
                work.merged.agreed[TOLD] = plain(amount)
                for field, value in write.values.items():
                    work.note(System.SALESFORCE, f"{write.key}.{field}", None, value)
            else:
                said = outcome.error.message if outcome.error else outcome.verdict
                work.warnings.append(f"The amount of opportunity {write.key} could not be written: {said}")


def _orders_last(batch: Batch) -> Callable[[Work], bool]:
    return lambda work: work.target is not None and _speaker(batch, work)[0] is Category.ORDER


def _speaker(batch: Batch, work: Work) -> tuple[Category, str]:
    """What the document is, and its name."""
    values = work.target.values if work.target else {}
    definition = batch.plan.definition(values)
    return definition.category if definition else Category.OTHER, str(values.get("DOCID") or "")


def _news(batch: Batch, work: Work) -> Decimal | None:
    """The amount of a document, if it is another than it told last; with tax and other subtotals by option."""
    field = "TRX_TOTAL" if batch.plan.option("quoteAmountWithTax") else "TRX_SUBTOTAL"
    amount = decimal(work.target.values.get(field)) if work.target is not None else None
    if amount is None or work.bound is None or work.bound.base.get(TOLD) == plain(amount):
        return None
    return amount
