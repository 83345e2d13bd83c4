"""One candidate on its way through the engine: what was read, what was decided, what was written. State, no steps."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from app.domain.decisions import Change, Reference, Result, Settlement
from app.domain.declaration import BY_KEY, Field, Rule
from app.domain.errors import Kind, SyncError
from app.domain.mapping import Mapped
from app.domain.merge import Direction, Merge
from app.domain.plan import Plan
from app.domain.records import BORN_IN_INTACCT, Record, System, Value
from app.domain.transforms import Canonical
from app.sync.book import Reversal
from app.sync.ports import Bindings, Bound, Claim


@dataclass(slots=True)
class Line:
    """One Salesforce line of a document, with its twin in Intacct and what that gives back (values of the write).

    `sent` are Intacct values found out just before sending, in place of mapped ones.
    """

    source: Record
    mapped: Mapped = field(default_factory=Mapped)
    target: Record | None = None
    returns: dict[str, Value] = field(default_factory=dict)
    sent: dict[str, Value] = field(default_factory=dict)
    merged: Merge = field(default_factory=Merge)


@dataclass(slots=True)
class Work:
    """A claim with everything the run has learned about it. `settlement` set: the run is over for this record.

    `linked` says why an existing twin was taken, `wrote` whether Intacct was changed, `finish_only` that nothing goes
    to Intacct but companions of an earlier create (sync only once), `tidy` that the stored link is out of date.
    `master` is the Salesforce record it was merged into, `deleted` that it lies in the bin, `revive` that it came back
    from there and its twin is to be active again. `keys` are natural keys proposed for a create, best first.
    `withheld`: Salesforce has changed a document that was sent already; `lines_returned`: a line of it was written to
    Salesforce. `moved`: the link leads to another Intacct record now; `missing`: what Salesforce wants before
    it. `gone`: Intacct, which owned the record, has it no more. `shared`: the record is also the twin of one of the
    object that ours yields to. `document` names what a create makes where that is not the Salesforce record, `filled`
    are Intacct fields it needs besides its rows, `paid` the record numbers of the invoices a payment pays. `closed`
    says why Intacct takes no edits of it. `twin_lines` are its lines in Intacct, `fresh` those Salesforce is to get.
    `reversal`: it is to be taken back in Intacct; `turned`: it was.
    """

    claim: Claim
    source: Record | None = None
    bound: Bound | None = None
    target: Record | None = None
    mapped: Mapped = field(default_factory=Mapped)
    merged: Merge = field(default_factory=Merge)
    keys: list[str] = field(default_factory=list)
    linked: str | None = None
    created: bool = False
    wrote: bool = False
    finish_only: bool = False
    tidy: bool = False
    master: str | None = None
    deleted: bool = False
    revive: bool = False
    moved: bool = False
    missing: SyncError | None = None
    withheld: bool = False
    lines: list[Line] = field(default_factory=list)
    lines_returned: bool = False
    gone: bool = False
    shared: bool = False
    document: str | None = None
    filled: dict[str, Value] = field(default_factory=dict)
    paid: dict[str, str] = field(default_factory=dict)
    closed: str = ""
    twin_lines: list[Record] = field(default_factory=list)
    fresh: list[Record] = field(default_factory=list)
    reversal: Reversal | None = None
    turned: bool = False
    companions: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    settlement: Settlement | None = None

    @property
    def made(self) -> bool:
        """Whether this run changed the twin as a whole, so that it is read once more."""
        return self.created or (self.turned and self.wrote)

    @property
    def born(self) -> str | None:
        """The RECORDNO of a candidate that was wished for from Intacct before Salesforce had it."""
        key = self.claim.record_id
        return key.removeprefix(BORN_IN_INTACCT) if key.startswith(BORN_IN_INTACCT) else None

    @property
    def id(self) -> str:
        """The Salesforce id of the record."""
        return self.bound.salesforce_id if self.born and self.bound else self.claim.record_id

    def settle(self, result: Result, reason: str, message: str = "", **more: object) -> None:
        """End the run for this record, unless it has ended already."""
        if self.settlement is None:
            self.settlement = Settlement(
                result,
                reason,
                message,
                changes=tuple(self.changes),
                warnings=tuple(self.warnings),
                intacct_id=self.bound.intacct_id if self.bound else None,
                intacct_key=self.bound.intacct_key if self.bound else None,
                **more,  # type: ignore[arg-type]  # keyword members of Settlement, passed through
            )

    def fail(self, error: SyncError, *, result: Result = Result.FAILED) -> None:
        """End the run with an error; whether it is tried again follows from the error's kind."""
        kind_result = {Kind.CONFLICT: Result.CONFLICTED, Kind.DEPENDENCY: Result.BLOCKED}
        self.settle(kind_result.get(error.kind, result), error.code, error.message, error=error, counts_as_try=True)

    def note(self, system: System, name: str, before: Canonical, after: Canonical) -> None:
        """Remember one written field for the history."""
        self.changes.append(Change(system, name, before, after))


@dataclass(slots=True)
class Batch:
    """All candidates of one run, with what they share.

    `named` holds, by the key of an Intacct line, Salesforce values its new line gets besides its rows.
    """

    plan: Plan
    direction: Direction
    works: list[Work]
    twins: dict[tuple[str, str], str] = field(default_factory=dict)
    sources: dict[tuple[str, str], str] = field(default_factory=dict)
    _known: dict[str, set[str]] = field(default_factory=dict)
    named: dict[str, dict[str, Value]] = field(default_factory=dict)

    def rows(self, work: Work) -> Sequence[Field]:
        """The plan's rows as they are for one record: some records only send what others get back."""
        sends_only = self.plan.object.sends_only
        named = sends_only(self.plan.standard(work.source.values)) if sends_only and work.source else ()
        rows = settled_rows(self.plan.rows) if work.target is not None else self.plan.rows
        if not named:
            return rows
        return [replace(row, rule=Rule.TO_INTACCT) if row.intacct in named else row for row in rows]

    def stays_out(self, work: Work) -> frozenset[str]:
        """Rows of a linked record that take no part: Intacct keeps them to itself, or another object fills them."""
        declared, target = self.plan.object, work.target
        out = declared.withhold(target.values) if declared.withhold and target else frozenset()
        if declared.yields is None or not work.shared:
            return out
        given = [row for row in self.plan.rows if row.salesforce in declared.yields.fields]
        return out | {row.id for row in given if row.rule is Rule.FROM_INTACCT}

    @property
    def open(self) -> list[Work]:
        """Those whose run is not over."""
        return [work for work in self.works if work.settlement is None]

    def note_twin(self, object_name: str, natural: str, salesforce_id: str) -> None:
        """Remember the Salesforce record that stands for a natural id (or RECORDNO) in Intacct."""
        self.sources[object_name, natural] = salesforce_id
        self._known.setdefault(object_name, set()).add(natural)

    def known(self, object_name: str) -> set[str]:
        """Natural ids of `object_name` that have a Salesforce twin, as far as this batch asked."""
        return self._known.get(object_name, set())

    def fail_open(self, error: SyncError) -> None:
        """End all open runs with one error."""
        for work in self.open:
            work.fail(error)


def settled_rows(rows: Sequence[Field]) -> Sequence[Field]:
    """The rows of a record that Intacct has: those that go with a create alone are Intacct's now."""
    return [replace(row, rule=Rule.FROM_INTACCT) if row.once else row for row in rows]


def by(works: Iterable[Work], key: Callable[[Work], str | None]) -> dict[str, Work]:
    """Works by a key of theirs; those without one are left out."""
    return {found: work for work in works if (found := key(work)) is not None}


async def twins_of(bindings: Bindings, name: str, ids: Sequence[str]) -> dict[str, Bound]:
    """Links by what Intacct's field holds: the natural id, or RECORDNO where the name says so."""
    if name.endswith(BY_KEY):
        return await bindings.by_intacct_key(name.removesuffix(BY_KEY), ids)
    return await bindings.by_intacct_id(name, ids)


def references(batch: Batch, work: Work) -> Sequence[tuple[Reference, str]]:
    """Filled look-ups of a record and its lines to other synced records, with the Salesforce field each stands in."""
    rows = batch.plan.lines.rows if batch.plan.lines else ()
    places = [(batch.plan.referring, work.source.values)] if work.source else []
    places += [(rows, line.source.values) for line in work.lines]
    found = [
        (Reference(row.refers_to.removesuffix(BY_KEY), str(values[row.salesforce])), row.salesforce)
        for rows, values in places
        for row in rows
        if row.refers_to and values.get(row.salesforce)
    ]
    return list(dict.fromkeys(found))
