"""A few words to set up mappings in tests. No test and no assertion stands here."""

from typing import Any

from app.domain.declaration import Rule
from app.domain.mappings import Content, OwnRow, RowChange, ValueKind
from app.services import mappings
from app.services.mappings import Version
from tests.simulated import House

KEY = "key-of-the-administrator"
TO, FROM, BOTH = Rule.TO_INTACCT, Rule.FROM_INTACCT, Rule.BIDIRECTIONAL


def own(row_id: str, intacct: str, *salesforce: str, rule: Rule = BOTH, **more: Any) -> RowChange:
    """An own row; `more` are members of the row or of its fields."""
    parts = {name: more.pop(name) for name in list(more) if name in OwnRow.__dataclass_fields__}
    return RowChange(row_id, rule=rule, own=OwnRow(intacct, salesforce, **{"kind": ValueKind.TEXT, **parts}), **more)


async def in_force(house: House, name: str, *rows: RowChange) -> Version:
    """Draft and activate a mapping that says exactly this."""
    await mappings.put_draft(house.context, house.connection.id, name, Content(rows), by=KEY)
    return await mappings.activate(house.context, house.connection, name, by=KEY)
