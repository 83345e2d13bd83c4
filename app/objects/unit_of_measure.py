"""Units of measure: a small list in the object that holds all small lists (product.md 3.4)."""

from app.domain.lists import list_value

OBJECT = list_value("unit_of_measure", "Unit of measure", intacct=("UOM", "NAME", "NAME"))
