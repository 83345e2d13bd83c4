"""Customer types: a small list in the object that holds all small lists (product.md 3.4)."""

from app.domain.lists import list_value

OBJECT = list_value("customer_type", "Customer type", intacct=("CUSTTYPE", "NAME", "NAME"))
