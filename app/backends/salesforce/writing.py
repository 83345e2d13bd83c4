"""Writing records by collections: cutting into calls, sending, and one verdict per record (salesforce-api.md 4, 13).

Never raises for a failed write and never sends one twice; reliability.md 4 says what the verdicts mean.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from app.backends.http import Lost, Reply
from app.backends.salesforce.caller import Caller
from app.backends.salesforce.errors import (
    BAD_ID,
    HALTED,
    OUR_REQUEST,
    QUOTA,
    UNPARSABLE,
    Rule,
    VendorError,
    duplicate_of,
    failure,
    fault,
    make,
    parse_errors,
    read_errors,
    rule_for,
)
from app.backends.salesforce.wire import object_text, parse_json, segment
from app.domain.errors import Kind, SyncError, VendorFault
from app.domain.records import System, salesforce_id
from app.sync.ports import Action, Clock, Outcome, Verdict, Write

COLLECTION_SIZE = 200
"""Records per collections call (salesforce-api.md 4)."""

DUPLICATE_OF = "duplicate_of"
"""Name in `Outcome.returned` of the record that has the unique value already: a candidate to be linked, not a proof."""

VERDICTS: dict[Kind, Verdict] = {
    Kind.TRANSIENT: Verdict.NOT_SENT,
    Kind.RATE_LIMITED: Verdict.NOT_SENT,
    Kind.AUTH: Verdict.NOT_SENT,
    Kind.AMBIGUOUS: Verdict.AMBIGUOUS,
}
"""Refusals after which the same write may go again, or whose effect is unknown; all other kinds are REJECTED."""

UNCLEAR = Rule(Kind.AMBIGUOUS, "salesforce_outcome_unknown")
NO_EXTERNAL_ID = Rule(Kind.BUG, "salesforce_create_without_external_id")


def chunks(writes: Sequence[Write]) -> list[list[Write]]:
    """Writes cut into collections calls, order kept: one action, kind and external-id field, no record twice, 200."""
    cut: list[list[Write]] = []
    seen: set[str] = set()
    for write in writes:
        name = _identity(write)
        if not cut or len(cut[-1]) == COLLECTION_SIZE or name in seen or _group(cut[-1][0]) != _group(write):
            cut.append([])
            seen = set()
        cut[-1].append(write)
        seen.add(name)
    return cut


class Writer:
    """Writes with the calls of one lane."""

    def __init__(self, caller: Caller, clock: Clock) -> None:
        self._caller = caller
        self._clock = clock

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Backend.write`. Records that cannot be written as given are rejected, the others go out without them."""
        if len(chunks(writes)) > 1:
            error = make(OUR_REQUEST, "These writes do not fit into one request: cut them with chunks() first")
            return [Outcome(Verdict.REJECTED, error=error)] * len(writes)
        bodies: list[str] = []
        outcomes: list[Outcome | None] = []
        for write in writes:
            refused = None
            try:
                bodies.append(body(write))
            except SyncError as wrong:
                refused = Outcome(Verdict.REJECTED, error=wrong)
            outcomes.append(refused)
        sent = [write for write, outcome in zip(writes, outcomes, strict=True) if outcome is None]
        answered = iter(await self._send(sent, bodies) if sent else ())
        return [outcome or next(answered) for outcome in outcomes]

    async def _send(self, writes: Sequence[Write], bodies: Sequence[str]) -> list[Outcome]:
        content = f'{{"allOrNone":false,"records":[{",".join(bodies)}]}}'.encode()
        try:
            reply = await self._caller.exchange("PATCH", self._path(writes[0]), content=content)
        except SyncError as unsent:
            return [Outcome(Verdict.NOT_SENT, error=unsent)] * len(writes)
        except Lost as lost:
            return _unclear(len(writes), f"Salesforce gave no complete answer ({lost})")
        if reply.status != 200:
            return [self._refused(reply)] * len(writes)
        return self._rows(writes, reply)

    def _path(self, write: Write) -> str:
        collection = f"{self._caller.data_path}/composite/sobjects"
        field = _external_field(write)
        return f"{collection}/{segment(write.kind)}/{segment(field)}" if field else collection

    def _refused(self, reply: Reply) -> Outcome:
        """The whole call failed. Only a readable refusal below 500, or 429, proves that nothing was executed."""
        error = failure(reply, self._clock.now())
        proven = reply.status == 429 or (400 <= reply.status < 500 and reply.status != 420 and read_errors(reply.body))
        if not proven:
            return _unclear(1, f"Salesforce answered {reply.status} to a write", error.vendor)[0]
        if error.code == QUOTA.code:
            error.retry_after = self._caller.quota_exhausted()
        return Outcome(VERDICTS.get(error.kind, Verdict.REJECTED), error=error)

    def _rows(self, writes: Sequence[Write], reply: Reply) -> list[Outcome]:
        try:
            rows = parse_json(reply.body)
        except ValueError:
            rows = None
        if not isinstance(rows, list) or len(rows) != len(writes):
            got = f"{len(rows)} results" if isinstance(rows, list) else "something unreadable"
            return _unclear(len(writes), f"Salesforce answered {got} to {len(writes)} records")
        culprit = _culprit(rows)
        outcomes = [_row(write, row, culprit) for write, row in zip(writes, rows, strict=True)]
        for error in (outcome.error for outcome in outcomes):
            if error and error.code == QUOTA.code:
                error.retry_after = self._caller.quota_exhausted()
        return outcomes


def _group(write: Write) -> tuple[str, Action, str]:
    return write.kind.lower(), write.action, _external_field(write).lower()


def _external_field(write: Write) -> str:
    """The field that names a create's record; empty for updates."""
    return write.external_id[0] if write.action is Action.CREATE and write.external_id else ""


def _identity(write: Write) -> str:
    """What names the record within a call: two rows with one name are refused as duplicates (salesforce-api.md 4)."""
    if write.action is Action.CREATE:
        return (write.external_id[1] if write.external_id else write.control_id).strip().lower()
    try:
        return salesforce_id(write.key or "")
    except ValueError:
        return write.control_id


def body(write: Write) -> str:
    """One record of the request, as text. Raises SyncError for a write that must not leave."""
    if any("." in name for name in write.values):
        raise make(OUR_REQUEST, "A field of a parent record cannot be written through its child")
    named = _name_member(write)
    values = {name: value for name, value in write.values.items() if name.lower() not in ("id", named[0].lower())}
    try:
        segment(write.kind)
        return object_text({"attributes": {"type": write.kind}, named[0]: named[1], **values})
    except ValueError as wrong:
        raise make(UNPARSABLE, f"A value cannot be sent to Salesforce: {wrong}") from wrong


def _name_member(write: Write) -> tuple[str, str]:
    if write.action is Action.UPDATE:
        try:
            return "id", salesforce_id(write.key or "")
        except ValueError as wrong:
            raise make(BAD_ID, f"{write.key!r} is not a Salesforce id") from wrong
    if write.external_id is None:
        raise make(NO_EXTERNAL_ID, "A Salesforce record is created by external id only; none was given")
    name, value = write.external_id
    try:
        segment(name)
        segment(value.strip())  # a value that cannot stand in an address could never be looked up by it
    except ValueError as wrong:
        raise make(UNPARSABLE, f"{value!r} cannot be an external id", name) from wrong
    return name, value


def _culprit(rows: Sequence[Any]) -> VendorError | None:
    """The error that halted its siblings: the first one that does not itself say "rolled back"."""
    for row in rows:
        for error in _errors(row) or ():
            if rule_for(error) is not HALTED:
                return error
    return None


def _errors(row: Any) -> list[VendorError] | None:
    return parse_errors(row.get("errors")) if isinstance(row, dict) else None


def _row(write: Write, row: Any, culprit: VendorError | None) -> Outcome:
    if isinstance(row, dict) and row.get("success") is True:
        return _confirmed(write, row)
    errors = _errors(row)
    if not errors or row.get("success") is not False:
        return _unclear(1, "Salesforce's result for the record cannot be read")[0]
    error = fault(errors)
    if rule_for(errors[0]) is HALTED and culprit:
        rule = rule_for(culprit)
        vendor = VendorFault(System.SALESFORCE, errors[0].code, culprit.text)
        error = make(
            Rule(rule.kind, HALTED.code), f"Not written, as another record failed: {culprit.text}", None, vendor
        )
    candidate = next((found for found in map(duplicate_of, _texts(errors)) if found), None)
    returned = {DUPLICATE_OF: candidate} if candidate else {}
    return Outcome(VERDICTS.get(error.kind, Verdict.REJECTED), returned=returned, error=error)


def _texts(errors: Sequence[VendorError]) -> Iterator[str]:
    return (error.text for error in errors if error.code == "DUPLICATE_VALUE")


def _confirmed(write: Write, row: dict[str, Any]) -> Outcome:
    try:
        key = salesforce_id(row["id"])
    except (ValueError, TypeError, KeyError):
        return _unclear(1, "Salesforce confirmed a record without naming it")[0]
    if write.action is Action.UPDATE:
        if key != salesforce_id(write.key or ""):
            return _unclear(1, f"Salesforce confirmed {key} where another record was sent")[0]
        return Outcome(Verdict.CONFIRMED, key, {"Id": key}, created=False)
    created = row.get("created")
    return Outcome(Verdict.CONFIRMED, key, {"Id": key}, created if isinstance(created, bool) else None)


def _unclear(count: int, message: str, vendor: VendorFault | None = None) -> list[Outcome]:
    return [Outcome(Verdict.AMBIGUOUS, error=make(UNCLEAR, message, None, vendor))] * count
