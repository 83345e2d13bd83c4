"""Project types: a small list in the object that holds all small lists (product.md 3.4)."""

from app.domain.lists import list_value

OBJECT = list_value("project_type", "Project type", intacct=("PROJECTTYPE", "NAME", "NAME"))
