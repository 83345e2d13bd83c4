"""What twins must agree in, or agreed in once. Some, as a product and an item, agree in more than their key. Pure.

A record that bears the key and another name, or several that bear the name alone, are named to a person.
"""

from collections.abc import Mapping, Sequence

from app.domain.declaration import Rule
from app.domain.errors import Kind, SyncError
from app.domain.mapping import from_salesforce
from app.domain.merge import newer_side
from app.domain.plan import Plan
from app.domain.records import Record, System
from app.domain.transforms import Canonical, clean

MOST = 10
"""Candidates that a message names."""


def alike(one: object, other: object) -> bool:
    """Whether two texts say the same, whatever their case; empty ones say nothing."""
    left, right = clean(str(one or "")), clean(str(other or ""))
    return left is not None and right is not None and left.casefold() == right.casefold()


def agrees_in_part(
    kind: str, names: Sequence[str], by_key: Sequence[Sequence[str]], by_rest: Sequence[Sequence[str]]
) -> SyncError | None:
    """The conflict of a record without a twin that agrees in all of `names`; None when it is simply new.

    `by_key` are the candidates that bear its key, `by_rest` those that agree in everything else; both as what to call
    them and their values of `names`. One that agrees in everything but the key is another record; of several nobody
    can tell.
    """
    suspects = [*by_key, *(by_rest if by_key or len(by_rest) > 1 else ())]
    if not suspects:
        return None
    shown = "; ".join(f"{one[0]} ({', '.join(one[1:])})" for one in suspects[:MOST])
    more = f" and {len(suspects) - MOST} more" if len(suspects) > MOST else ""
    message = f"No {kind} has both its {' and '.join(names)}, but some agree in part: {shown}{more}."
    advice = (
        f"Make {' and '.join(names)} the same on both sides where the two belong together, or link them by hand; "
        "else give the new one its own. Then sync again."
    )
    return SyncError(Kind.CONFLICT, "agrees_in_part", message, advice, field=names[0])


def as_written(plan: Plan, record: Record, target: Record | None) -> Mapping[str, Canonical]:
    """What a Salesforce record has from us that bears our key and is not linked: its create arrived, not the answer.

    Where Intacct was edited since, this is what both sides agreed on, so that the edit travels; otherwise nothing is
    known of the two. References are left to the first merge.
    """
    if target is None or newer_side(record.modified_at, target.modified_at) is System.SALESFORCE:
        return {}
    rows = [row for row in plan.rows if row.rule is Rule.BIDIRECTIONAL and not row.refers_to]
    return from_salesforce(rows, record.values, {}).values
