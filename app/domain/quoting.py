"""The amount of an opportunity follows its quote, then its order (product.md 2.2 no. 8, 4.1). Pure."""

from collections.abc import Mapping
from decimal import Decimal

from app.domain.records import Value
from app.domain.transactions import Category

AMOUNT, HAS_PRODUCTS = "Amount", "HasOpportunityLineItem"
OWN_AMOUNT, OWN_SOURCE = "ia_crm__Quote_Amount__c", "ia_crm__Quote_Amount_From__c"
"""Where the amount goes while Salesforce adds up Amount itself, and which document it came from."""


def told(
    category: Category, document: str, amount: Decimal, before: Mapping[str, Value], *, orders: bool
) -> dict[str, Value]:
    """Fields of the opportunity, by declared names, that have to change; none where the document has no say.

    A quote gives way to an order that has spoken; an order speaks only by option (`orders`). `before` is the
    opportunity as it is; a field it lacks is not written.
    """
    by_order = str(before.get(OWN_SOURCE) or "").startswith(f"{Category.ORDER}: ")
    if not (category is Category.QUOTE and not by_order) and not (category is Category.ORDER and orders):
        return {}
    place = OWN_AMOUNT if before.get(HAS_PRODUCTS) else AMOUNT
    wanted: dict[str, Value] = {place: amount, OWN_SOURCE: f"{category}: {document}"[:140]}
    return {name: value for name, value in wanted.items() if name in before and before[name] != value}
