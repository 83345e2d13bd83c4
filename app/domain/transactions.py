"""Transaction definitions of Order Entry: which may be made from Salesforce, which come back, with or without lines.

Pure values; where they are stored, and what Intacct says of them, is the services' business (product.md 4.1).
"""

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What a definition's documents are."""

    QUOTE = "quote"
    ORDER = "order"
    INVOICE = "invoice"
    OTHER = "other"


NOT_SHOWN = "Documents of its transaction definition are not written back to this object."

CLASSES = {"Quote": Category.QUOTE, "Order": Category.ORDER, "Invoice": Category.INVOICE}
"""Intacct's DOCCLASS words; any other is `other`."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition as a connection uses it.

    `from_salesforce`: Salesforce may create its documents. `to_salesforce`: they are written back, with their lines
    where `details` says so. `advanced`: documents made in Intacct appear as Sales Documents, else in the read-only
    object of their category. `by_hand`: Salesforce gives the document number.
    """

    name: str
    category: Category
    from_salesforce: bool = False
    to_salesforce: bool = False
    details: bool = True
    advanced: bool = True
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Defined:
    """How an object depends on definitions: the Intacct field that names one, and the category it mirrors, if it does.

    `number` is the Intacct field of the document's number, which Salesforce gives where a definition says so.

    An object that mirrors shows documents of classic definitions; one that does not takes the advanced ones.
    """

    field: str
    mirrors: Category | None = None
    number: str = "DOCNO"

    def shows(self, definition: Definition | None) -> bool:
        """Whether documents that Intacct made of this definition appear in the object."""
        if definition is None or not definition.to_salesforce:
            return False
        if self.mirrors is None:
            return definition.advanced
        return not definition.advanced and definition.category is self.mirrors
