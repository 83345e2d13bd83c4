"""Dated rows inside an Intacct record, in a run: what a write sends of them, and which lists it must leave alone."""

from collections.abc import Mapping

from app.domain.declaration import SyncedObject
from app.domain.errors import Kind, SyncError
from app.domain.records import Record, Value
from app.domain.transforms import plain
from app.sync.ports import Action, Draft, LineItems
from app.sync.work import Batch, Work


def apart(
    declared: SyncedObject, values: Mapping[str, Value], twin: Record | None = None
) -> tuple[dict[str, Value], LineItems | None]:
    """The values of a record itself, and all the rows of its list where one of them changes (see `DatedRows`)."""
    dated = declared.dated
    if dated is None:
        return dict(values), None
    own, changed = dated.apart(values)
    if not changed:
        return own, None
    started = twin.values.get(dated.start_name) if twin else None
    return own, LineItems(dated.path, dated.rewritten(twin.rows if twin else (), started, changed), ())


def together(declared: SyncedObject, draft: Draft) -> dict[str, Value]:
    """What a create sends, the fields of its first row among the record's own."""
    rows = draft.lines.rows if declared.dated and draft.lines else ()
    return {**draft.values, **{f"{declared.dated.path}.{name}": row[name] for row in rows for name in row}}  # type: ignore[union-attr]


def keep_barred(batch: Batch, work: Work) -> None:
    """Send nothing into a list that is Intacct's alone; Salesforce's value is taken for seen, and the user is told."""
    dated = batch.plan.object.dated
    if dated is None or work.target is None or not dated.barred(work.target.rows):
        return
    for row in (row for row in batch.plan.rows if row.id in work.merged.to_intacct):
        if dated.apart(dict.fromkeys(row.names))[1]:
            work.merged.agreed[row.id] = plain(work.merged.to_intacct.pop(row.id))
            said = "is not sent: Intacct prices this record by usage, which stays there."
            work.warnings.append(f"{row.salesforce} {said}")


def unread(declared: SyncedObject, record: Record) -> SyncError | None:
    """The error of a record whose rows did not come with it: that it has none is the last to conclude."""
    if declared.dated is None or declared.dated.start_name in record.values:
        return None
    message = f"The dated rows of {declared.intacct.kind} {record.key} could not be read."
    return SyncError(Kind.TRANSIENT, "rows_not_read", message, "Give the Intacct user the right to read the record.")


def stands(declared: SyncedObject, draft: Draft, record: Record) -> bool:
    """Whether the rows of an update are the ones the record has."""
    dated, sent = declared.dated, draft.lines
    if dated is None or sent is None or draft.action is not Action.UPDATE:
        return True
    return dated.rewritten(record.rows, record.values.get(dated.start_name), {}) == sent.rows


def rewrites(draft: Draft) -> bool:
    """Whether a write replaces a list as it was when it was read: it is never sent a second time."""
    return draft.action is Action.UPDATE and draft.lines is not None and not draft.lines.numbers
