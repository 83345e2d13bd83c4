"""The engine's ports in memory: two backends whose answers can be planned, a journal that knows what was promised.

A write that reaches Intacct without its promise on disk fails the test at once, as does one that differs from what was
promised. No test and no fixture stands here.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.domain.conditions import Condition
from app.domain.errors import Kind, SyncError
from app.domain.records import Record, System, Value
from app.sync.book import Admitted, Asked, Fact, Reversal
from app.sync.ports import (
    Action,
    Bound,
    ChangePage,
    Claim,
    Clock,
    Deletion,
    Draft,
    FieldInfo,
    Identity,
    Outcome,
    Position,
    Promise,
    Receipt,
    Schema,
    Settled,
    Succession,
    Usage,
    Verdict,
    Write,
)
from tests.conditions import holds

KEY = {System.SALESFORCE: "Id", System.INTACCT: "RECORDNO"}


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one write: whether it is carried out, and which verdict is answered instead of the true one."""

    executes: bool
    verdict: Verdict | None = None
    error: SyncError | None = None


AS_ASKED = Fate(executes=True)


def lost(*, executed: bool) -> Fate:
    """The answer never comes; the write was carried out, or not."""
    return Fate(executed, Verdict.AMBIGUOUS, SyncError(Kind.AMBIGUOUS, "answer_lost", "The answer was lost."))


def refused(code: str = "refused", message: str = "Intacct said no.", kind: Kind = Kind.DATA) -> Fate:
    """A complete answer that says no."""
    return Fate(False, Verdict.REJECTED, SyncError(kind, code, message))


def unsent(retry_after: float | None = None) -> Fate:
    """No byte left."""
    error = SyncError(Kind.TRANSIENT, "unreachable", "Nobody answers.", retry_after=retry_after)
    return Fate(False, Verdict.NOT_SENT, error)


@dataclass
class Planned:
    """A fate waiting for its write."""

    fate: Fate
    kind: str | None
    action: Action | None
    times: int

    def fits(self, write: Write) -> bool:
        """Whether `write` meets this fate."""
        return self.times > 0 and self.kind in (None, write.kind) and self.action in (None, write.action)


class MemoryBackend:
    """Implements `Backend`. Records are flat: dotted names are names. `naturals` names the unique field of a kind.

    An Intacct kind in `sequences` numbers its records itself. `steps` is shared by both sides: what happened in order.
    """

    def __init__(
        self,
        system: System,
        clock: Clock,
        steps: list[str],
        *,
        journal: "MemoryJournal | None" = None,
        naturals: Mapping[str, str] | None = None,
        sequences: Mapping[str, str] | None = None,
    ) -> None:
        self.system = system
        self.chunk_size = 50
        self.requests: list[list[Write]] = []
        self.read_failures: list[SyncError] = []
        self.defaults: dict[str, Mapping[str, Value]] = {}  # what the system fills in itself at a create, by kind
        self.line_kinds: dict[str, tuple[str, str, str]] = {}  # header kind to line kind, its header and number fields
        self.meanwhile: list[Callable[[], None]] = []  # what happens elsewhere during the next request
        self._clock, self._steps, self._journal = clock, steps, journal
        self._naturals, self.sequences = dict(naturals or {}), dict(sequences or {})
        self._records: dict[tuple[str, str], dict[str, Value]] = {}
        self._changed: dict[tuple[str, str], datetime] = {}
        self._before: dict[tuple[str, str], datetime] = {}
        self._last = clock.now()  # no two changes bear one time
        self._graves: set[tuple[str, str]] = set()
        self._done: set[str] = set()
        self._planned: list[Planned] = []
        self._count = 0

    # what a test does

    def put(self, kind: str, values: Mapping[str, Value], key: str | None = None) -> str:
        """Enter or change a record by hand."""
        self._count += 1
        key = key or str(self._count)
        self._records.setdefault((kind, key), {KEY[self.system]: key}).update(values)
        self._last = max(self._clock.now(), self._last + timedelta(microseconds=1))
        if (kind, key) in self._changed:
            self._before[kind, key] = self._changed[kind, key]
        self._changed[kind, key] = self._last
        return key

    def bury(self, kind: str, key: str, **values: Value) -> None:
        """Delete a record by hand; Salesforce shows it in its bin, with `values` set."""
        self._records[kind, key].update(values)
        self._graves.add((kind, key))

    def rewind(self, kind: str, key: str, values: Mapping[str, Value]) -> None:
        """Show a record again as it was before its last change, as a replica that lags does."""
        at = (kind, key)
        self._records[at], self._changed[at] = dict(values), self._before.get(at, self._changed[at])

    def get(self, kind: str, key: str) -> dict[str, Value]:
        """A record as it stands."""
        return self._records[kind, key]

    def all(self, kind: str) -> list[dict[str, Value]]:
        """All records of a kind."""
        return [values for (found, _), values in self._records.items() if found == kind]

    def plan(self, fate: Fate, kind: str | None = None, action: Action | None = None, times: int = 1) -> None:
        """Decide what becomes of the next `times` writes that fit."""
        self._planned.append(Planned(fate, kind, action, times))

    @property
    def writes(self) -> list[Write]:
        """Everything that was sent, in order."""
        return [write for request in self.requests for write in request]

    def take_writes(self) -> list[Write]:
        """Everything that was sent since this was last asked."""
        writes, self.requests = self.writes, []
        return writes

    # the port

    async def find(
        self, kind: str, any_of: Mapping[str, Sequence[str]], fields: Sequence[str], *, include_deleted: bool = False
    ) -> list[Record]:
        """See `Backend.find`."""
        if not any(any_of.values()):
            return []
        self._steps.append(f"{self.system} find {kind} by {' '.join(name for name in any_of if any_of[name])}")
        if self.read_failures:
            raise self.read_failures.pop(0)
        return [
            Record(kind, key, {name: values.get(name) for name in fields}, self._changed[found, key])
            for (found, key), values in self._records.items()
            if found == kind
            and (include_deleted or (found, key) not in self._graves)
            and any(str(values.get(name) or "") in wanted for name, wanted in any_of.items())
        ]

    def chunks(self, writes: Sequence[Write]) -> list[list[Write]]:
        """See `Backend.chunks`."""
        return [list(writes[n : n + self.chunk_size]) for n in range(0, len(writes), self.chunk_size)]

    def render(self, write: Write) -> str:
        """See `Reading.render`."""
        return f"{write.action} {write.kind} {write.control_id} {dict(write.values)}"

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Backend.write`. Fails the test when a write was not promised."""
        self.requests.append(list(writes))
        for write in writes:
            self._steps.append(f"{self.system} {write.action} {write.kind}")
            if self._journal is not None:
                self._journal.demand_promise(write)
        while self.meanwhile:
            self.meanwhile.pop()()
        return [self._answer(write) for write in writes]

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Backend.changes`."""
        places = sorted(
            (at, key)
            for (found, key), at in self._changed.items()
            if found == kind and (since.modified_at, since.key) < (at, key) and at <= until
        )
        page = places[:page_size]
        records = [
            Record(kind, key, {name: self._records[kind, key].get(name) for name in fields}, at) for at, key in page
        ]
        return ChangePage(records, Position(*page[-1]) if page else since, len(places) <= page_size)

    async def select(
        self, kind: str, where: Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """See `Backend.select`."""
        meant = sorted(
            key
            for (found, key), values in self._records.items()
            if found == kind and (found, key) not in self._graves and key > after and holds(where, values)
        )
        return [
            Record(kind, key, {name: self._records[kind, key].get(name) for name in fields}, self._changed[kind, key])
            for key in meant[:size]
        ]

    async def count(self, kind: str, where: Condition) -> int:
        """See `Backend.count`."""
        return len(await self.select(kind, where, (), after="", size=len(self._records)))

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """See `Backend.changed`."""
        return sum(found == kind and since <= at <= until for (found, _), at in self._changed.items())

    async def deletes(self, kinds: Sequence[str], since: datetime, until: datetime) -> list[Deletion]:
        """See `Backend.deletes`: nothing is deleted here."""
        return []

    async def describe(self, kind: str) -> Schema:
        """See `Backend.describe`: the fields any record of the kind has."""
        names = {name for values in self.all(kind) for name in values}
        return Schema(kind, {name: FieldInfo(name, "text") for name in sorted(names)})

    async def identity(self) -> Identity:
        """See `Backend.identity`."""
        return Identity(self.system, "memory", "test", "offline")

    def take_usage(self) -> Usage:
        """See `Backend.take_usage`."""
        return Usage(calls=len(self.requests))

    # what it does with a write

    def _answer(self, write: Write) -> Outcome:
        planned = next((one for one in self._planned if one.fits(write)), None)
        fate = AS_ASKED
        if planned is not None:
            planned.times -= 1
            fate = planned.fate
        true = self._execute(write) if fate.executes else None
        if fate.verdict is not None:
            return Outcome(fate.verdict, error=fate.error)
        assert true is not None
        return true

    def _execute(self, write: Write) -> Outcome:
        if self.system is System.INTACCT and write.control_id in self._done:
            error = SyncError(Kind.AMBIGUOUS, "repeat_refused", "This was done before.")
            return Outcome(Verdict.AMBIGUOUS, error=error)
        if write.action is Action.UPDATE:
            assert write.key is not None
            self.put(write.kind, write.values, write.key)
            self._done.add(write.control_id)
            return Outcome(Verdict.CONFIRMED, key=write.key, created=False)
        return self._upsert(write) if write.external_id is not None else self._create(write)

    def _upsert(self, write: Write) -> Outcome:
        """Salesforce's way to create: by an external id, any number of times."""
        assert write.external_id is not None
        name, value = write.external_id
        there = next((known for known in self.all(write.kind) if known.get(name) == value), None)
        key = str(there[KEY[self.system]]) if there else None
        made = self.put(write.kind, {**write.values, name: value}, key)
        return Outcome(Verdict.CONFIRMED, key=made, created=there is None)

    def _create(self, write: Write) -> Outcome:
        natural, values = self._naturals[write.kind], {**self.defaults.get(write.kind, {}), **write.values}
        if natural == KEY[self.system]:
            values.pop(natural, None)
        elif not values.get(natural):
            if write.kind not in self.sequences:
                error = SyncError(Kind.DATA, "field_missing", f"Required field {natural} is missing.")
                return Outcome(Verdict.REJECTED, error=error)
            values[natural] = f"{self.sequences[write.kind]}{self._count + 1}"
        if natural in values and any(known.get(natural) == values[natural] for known in self.all(write.kind)):
            error = SyncError(Kind.DATA, "already_exists", f"{natural} {values[natural]} exists already.")
            return Outcome(Verdict.REJECTED, error=error)
        self._done.add(write.control_id)
        for row in write.lines.rows if write.lines and write.kind not in self.line_kinds else ():
            values |= {f"{write.lines.path}.{name}": value for name, value in row.items()}  # type: ignore[union-attr]
        key = self.put(write.kind, values)
        if write.lines is not None and write.kind in self.line_kinds:
            line, header, number = self.line_kinds[write.kind]
            for place, row in enumerate(write.lines.rows, 1):
                self.put(line, {**row, header: key, number: str(place)})
        if natural == KEY[self.system]:
            return Outcome(Verdict.CONFIRMED, key=key, created=True)
        return Outcome(Verdict.CONFIRMED, key=key, returned={natural: values[natural]}, created=True)


@dataclass
class Entry:
    """One intent and its whole story."""

    promise: Promise
    object: str
    revision: int
    state: Settled = Settled.RESENT
    released: bool = False  # a person said that it may be sent once it is not found
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def states(self) -> list[Settled]:
        """Where its receipts brought it, in order."""
        return [receipt.state for receipt in self.receipts]


OPEN = (Settled.RESENT, Settled.AMBIGUOUS, Settled.HELD)


class OpenBook:
    """Implements `PaymentBook`: every payment may be sent, under the id `pay-` and its Salesforce id."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def admit(self, asked: Sequence[Asked]) -> dict[str, Admitted]:
        """See `PaymentBook.admit`."""
        return {one.salesforce_id: Admitted(f"pay-{one.salesforce_id}") for one in asked}

    async def note(self, facts: Sequence[Fact]) -> dict[str, Reversal]:
        """See `PaymentBook.note`."""
        self.facts += facts
        return {}


class MemoryJournal:
    """Implements `Journal` and `Bindings`. Operations in `passed` have lost their lease."""

    def __init__(self, clock: Clock, steps: list[str]) -> None:
        self.entries: list[Entry] = []
        self.passed: set[str] = set()
        self._clock, self._steps = clock, steps
        self._bounds: dict[tuple[str, str], Bound] = {}
        self.ended: set[tuple[str, str]] = set()
        self.saves = 0

    # what a test does

    def link(self, object_name: str, bound: Bound) -> None:
        """Enter a link by hand."""
        self._bounds[object_name, bound.salesforce_id] = bound

    def unlink(self, object_name: str, salesforce_id: str) -> None:
        """Forget a link."""
        del self._bounds[object_name, salesforce_id]
        self.ended.add((object_name, salesforce_id))

    def bound(self, object_name: str, salesforce_id: str) -> Bound | None:
        """A link as it stands."""
        return self._bounds.get((object_name, salesforce_id))

    def of_document(self, op_key_end: str) -> list[Entry]:
        """All intents for the document whose name ends so, oldest first."""
        return [entry for entry in self.entries if entry.promise.draft.op_key.endswith(op_key_end)]

    def demand_promise(self, write: Write) -> None:
        """Fail unless exactly this write is promised and open."""
        entry = next((e for e in self.entries if e.promise.control_id == write.control_id), None)
        assert entry is not None, f"{write.action} {write.kind} was sent without a promise"
        assert entry.state is Settled.RESENT, f"{write.action} {write.kind} was sent while its intent is {entry.state}"
        draft = entry.promise.draft
        promised = (draft.kind, draft.action, draft.key, dict(draft.values), draft.lines, draft.entity)
        sent = (write.kind, write.action, write.key, dict(write.values), write.lines, write.entity)
        assert promised == sent, "another content was promised"

    # Journal

    async def unsettled(self, object_name: str, claims: Sequence[Claim]) -> list[Promise]:
        """See `Journal.unsettled`."""
        self._steps.append("journal unsettled")
        owners = {claim.record_id: claim for claim in claims}
        mine = [
            replace(entry.promise, held=entry.state is Settled.HELD and not entry.released, released=entry.released)
            for entry in self.entries
            if entry.object == object_name and entry.state in OPEN and entry.promise.draft.claim.record_id in owners
        ]
        return [
            replace(promise, draft=replace(promise.draft, claim=owners[promise.draft.claim.record_id]))
            for promise in mine
        ]

    async def confirmed(self, op_keys: Sequence[str]) -> dict[str, str]:
        """See `Journal.confirmed`."""
        return {
            entry.promise.draft.op_key: entry.receipts[-1].remote_id or entry.receipts[-1].remote_key or ""
            for entry in self.entries
            if entry.promise.draft.op_key in op_keys
            and entry.state is Settled.CONFIRMED
            and entry.promise.draft.action is Action.CREATE
        }

    async def intend(self, object_name: str, drafts: Sequence[Draft]) -> list[Promise | None]:
        """See `Journal.intend`."""
        return [self._intend(object_name, draft) for draft in drafts]

    def _intend(self, object_name: str, draft: Draft) -> Promise | None:
        known = [entry for entry in self.entries if entry.promise.draft.op_key == draft.op_key]
        if draft.claim.operation_id in self.passed:
            return None
        if any(entry.state in OPEN for entry in known):
            return None
        self._steps.append(f"journal intend {draft.purpose}")
        now = self._clock.now()
        entry = next((entry for entry in known if entry.state is Settled.UNSENT), None)
        if entry is None:
            revision = len(known) + 1
            control_id = hashlib.sha256(f"{draft.op_key}#{revision}".encode()).hexdigest()[:40]
            promise = Promise(f"i{len(self.entries) + 1}", draft, control_id, now)
            self.entries.append(Entry(promise, object_name, revision))
            return promise
        entry.promise = replace(
            entry.promise, draft=draft, sent_at=now, looks=0, sends=entry.promise.sends + 1, next_look_at=None
        )
        entry.state = Settled.RESENT
        return entry.promise

    async def settle(self, object_name: str, receipts: Sequence[Receipt]) -> set[str]:
        """See `Journal.settle`."""
        refused: set[str] = set()
        for receipt in receipts:
            if receipt.promise.draft.claim.operation_id in self.passed:
                continue
            entry = next(e for e in self.entries if e.promise.id == receipt.promise.id)
            entry.receipts.append(receipt)
            entry.state, entry.released = receipt.state, False
            entry.promise = replace(entry.promise, looks=receipt.looks, next_look_at=receipt.next_look_at)
            self._steps.append(f"journal {receipt.state} {receipt.promise.draft.purpose}")
            if receipt.state is Settled.RESENT:
                sends = entry.promise.sends + 1
                entry.promise = replace(entry.promise, sent_at=self._clock.now(), sends=sends, looks=0)
                entry.promise = replace(entry.promise, next_look_at=None)
            if receipt.bound is not None and not self._store(object_name, receipt.bound):
                refused.add(receipt.bound.salesforce_id)
        return refused
        return set()

    # Bindings

    async def former(self, object_name: str, salesforce_ids: Sequence[str]) -> set[str]:
        """See `Bindings.former`."""
        return {record_id for record_id in salesforce_ids if (object_name, record_id) in self.ended}

    async def succeed(self, object_name: str, successions: Sequence[Succession]) -> dict[str, Bound]:
        """See `Bindings.succeed`."""
        passed: dict[str, Bound] = {}
        for one in successions:
            bound = self._bounds.pop((object_name, one.loser), None)
            if bound is None:
                continue
            self.ended.add((object_name, one.loser))
            if (object_name, one.winner) not in self._bounds:
                bound = replace(bound, salesforce_id=one.winner, how="merged")
                self._bounds[object_name, one.winner] = bound
            passed[one.loser] = bound
        return passed

    async def of(self, object_name: str, salesforce_ids: Sequence[str]) -> dict[str, Bound]:
        """See `Bindings.of`."""
        return self._select(object_name, salesforce_ids, lambda bound: bound.salesforce_id)

    async def by_intacct_id(self, object_name: str, intacct_ids: Sequence[str]) -> dict[str, Bound]:
        """See `Bindings.by_intacct_id`."""
        return self._select(object_name, intacct_ids, lambda bound: bound.intacct_id)

    async def by_intacct_key(self, object_name: str, keys: Sequence[str]) -> dict[str, Bound]:
        """See `Bindings.by_intacct_key`."""
        return self._select(object_name, keys, lambda bound: bound.intacct_key)

    def _select(self, object_name: str, values: Sequence[str], key: Callable[[Bound], str]) -> dict[str, Bound]:
        bounds = [bound for (name, _), bound in self._bounds.items() if name == object_name]
        return {key(bound): bound for bound in bounds if key(bound) in values}

    async def save(self, object_name: str, pairs: Sequence[tuple[Claim, Bound]]) -> set[str]:
        """See `Bindings.save`."""
        self.saves += 1
        kept = [bound for claim, bound in pairs if claim.operation_id not in self.passed]
        stored = {bound.salesforce_id for bound in kept if self._store(object_name, bound)}
        return {bound.salesforce_id for _, bound in pairs} - stored

    def _store(self, object_name: str, bound: Bound) -> bool:
        owner = self._select(object_name, [bound.intacct_key], lambda one: one.intacct_key).get(bound.intacct_key)
        if owner is not None and owner.salesforce_id != bound.salesforce_id:
            return False
        self._bounds[object_name, bound.salesforce_id] = replace(bound, updated_at=self._clock.now())
        return True


def release(entry: Entry, now: datetime) -> None:
    """A person says that a held write is not there and may be sent."""
    entry.released, entry.promise = True, replace(entry.promise, next_look_at=now)


def crash(entry: Entry) -> None:
    """The worker died after the promise: nothing that came later is on disk."""
    entry.state, entry.receipts = Settled.RESENT, []
    entry.promise = replace(entry.promise, looks=0, next_look_at=None)


def seconds_between(earlier: datetime, later: datetime | None) -> float | None:
    """How much later `later` is; None without one."""
    return None if later is None else (later - earlier) / timedelta(seconds=1)
