"""The last step of every write: stamps and storage. No checks and no rules; those come before."""

from dataclasses import dataclass

from app.simulators.salesforce.org import Org, Writer
from app.simulators.salesforce.schema import ObjectSchema
from app.simulators.salesforce.store import Values
from app.simulators.salesforce.values import stamp

STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")


@dataclass
class Change:
    """A write under way. `old` is None for a new record; `given` names the fields the caller sent."""

    schema: ObjectSchema
    old: Values | None
    new: Values
    given: frozenset[str]
    writer: Writer

    def changed(self, name: str) -> bool:
        """Whether the write gives the field another value than it had."""
        return self.old is None or self.old.get(name) != self.new.get(name)


def blank(org: Org, schema: ObjectSchema) -> Values:
    """A new record's values before anything was given: defaults, nulls, system fields, auto numbers."""
    table = org.store.table(schema)
    values: Values = {f.name: f.default for f in schema.all_fields.values()}
    for made in schema.all_fields.values():
        if made.auto_number:
            head, _, tail = made.auto_number.partition("{")
            width = tail.index("}")
            values[made.name] = f"{head}{table.next_number(made.name):0{width}d}"
    values.update(Id=table.new_id(), IsDeleted=False, CreatedById=org.user_id, LastModifiedById=org.user_id)
    values["CreatedDate"] = stamp(org.now())
    if "OwnerId" in values:
        values["OwnerId"] = org.user_id
    return values


def save(
    org: Org,
    schema: ObjectSchema,
    values: Values,
    *,
    by_user: bool = True,
    given: frozenset[str] = frozenset(),
    at_once: bool = False,
) -> None:
    """Store `values` with the stamps of now, except those `given`. A change by the system moves SystemModstamp only.

    `at_once` makes it visible to queries whatever read lag is planned.
    """
    now = stamp(org.now())
    moving = ("LastModifiedDate", "SystemModstamp") if by_user else ("SystemModstamp",)
    fresh = {name: now for name in moving if name not in given}
    org.store.put(schema, {**values, **fresh}, None if at_once else org.visible_at())


def record(org: Org, verb: str, schema: ObjectSchema, record_id: str, writer: Writer, given: frozenset[str]) -> None:
    """Count a caller's write and enter it in the ledger; a rollback takes both back."""
    word = {"create": "created", "update": "updated", "delete": "deleted"}[verb]
    org.meters.written[word] += 1
    org.ledger.append(
        {
            "at": stamp(org.clock.now()),
            "verb": verb,
            "object": schema.name,
            "id": record_id,
            "client": writer.client,
            "fields": sorted(given),
        }
    )
    org.store.on_undo(org.ledger.pop)
    org.store.on_undo(lambda: org.meters.written.subtract([word]))
