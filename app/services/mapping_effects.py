"""What a draft would do that the mapping in force does not: two dry runs of the real engine, compared and counted.

Writes nothing on either side and changes nothing of ours. What both mappings would do alike is no effect of the draft.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.decisions import Result
from app.domain.plan import Plan
from app.domain.records import Errand, Lane
from app.objects import CATALOGUE
from app.services.context import Context
from app.services.mappings import draft_of
from app.services.planning import plan_by, plan_for, stored_content, version_name
from app.services.preview import MOST, Asked, preview
from app.services.previewed import Previewed
from app.store import bindings
from app.store.tables import Connection

LARGEST_SAMPLE = 1000
MOST_EXAMPLES = 5
FAILING = (Result.FAILED, Result.CONFLICTED, Result.BLOCKED)


@dataclass(frozen=True, slots=True)
class FieldEffect:
    """A field that would be written otherwise, and on how many records. `side` is where it stands."""

    side: str
    field: str
    records: int


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Records that would fail for one reason under the draft alone. `examples` are some of their ids."""

    code: str
    field: str
    message: str
    records: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """The draft against the mapping in force, over `examined` of `linked` records.

    `would_change` counts records of which the draft would write something the mapping in force would not, or leave
    something it would write; `would_fail` those that fail under the draft alone, `fail_already` those that fail anyway.
    `transactions` were spent at Intacct by looking.
    """

    object: str
    draft: str
    in_force: str
    linked: int
    examined: int
    would_change: int
    would_fail: int
    fail_already: int
    fields: tuple[FieldEffect, ...]
    failures: tuple[FailureGroup, ...]
    examples: tuple[str, ...]
    transactions: int

    @property
    def summary(self) -> str:
        """The figures in a sentence or two."""
        said = f"Would change {self.would_change:,} of {self.examined:,}"
        if self.examined < self.linked and self.examined:
            share = round(self.linked * self.would_change / self.examined)
            said += f" examined records (about {share:,} of {self.linked:,} linked ones)"
        if not self.would_fail:
            return f"{said}; none would fail because of it."
        reasons = "; ".join(f"{group.records:,}: {group.message}" for group in self.failures)
        return f"{said}; {self.would_fail:,} would fail, because: {reasons}"


async def effect(
    context: Context, connection: Connection, name: str, *, record_ids: Sequence[str] = (), sample: int = MOST
) -> Effect:
    """The effect of the draft on chosen records, or on a sample of the linked ones, evenly spread.

    Raises SyncError DATA `mapping_draft_missing`, and whatever keeps the two sides from being asked.
    """
    async with context.begin() as session:
        draft = await draft_of(session, connection.id, name)
        picked, linked = await bindings.spread(session, connection.id, name, min(sample, LARGEST_SAMPLE))
    ids = list(dict.fromkeys(record_ids or picked))
    pair = context.backends.of(connection, Lane.BULK, Errand.PREVIEW)
    declared = CATALOGUE[name]
    now = await plan_for(context, connection, declared, pair)
    then = await plan_by(connection, declared, pair, stored_content(draft), version_name(draft.number))
    then = replace(then, definitions=now.definitions)
    tally = _Tally()
    for start in range(0, len(ids), MOST):
        part = tuple(ids[start : start + MOST])
        before, spent = await _run(context, connection, name, part, now)
        after, more = await _run(context, connection, name, part, then)
        tally.add(before, after, spent + more)
    return Effect(
        object=name,
        draft=then.mapping_version,
        in_force=now.mapping_version,
        linked=linked,
        examined=len(ids),
        would_change=len(tally.changed),
        would_fail=sum(len(found) for _, found in tally.failing.values()),
        fail_already=tally.fail_already,
        fields=tally.fields(),
        failures=tally.failures(),
        examples=tuple(tally.changed[:MOST_EXAMPLES]),
        transactions=tally.transactions,
    )


async def _run(
    context: Context, connection: Connection, name: str, ids: tuple[str, ...], plan: Plan
) -> tuple[tuple[Previewed, ...], int]:
    shown = await preview(context, connection, Asked(name, ids), plan=plan)
    return shown.records, shown.transactions


class _Tally:
    """What the pairs of dry runs add up to."""

    def __init__(self) -> None:
        self.changed: list[str] = []
        self.fail_already = self.transactions = 0
        self.failing: dict[tuple[str, str], tuple[str, list[str]]] = {}
        self._fields: dict[tuple[str, str], int] = {}

    def add(self, before: Sequence[Previewed], after: Sequence[Previewed], transactions: int) -> None:
        """Count one batch, looked at under both mappings."""
        self.transactions += transactions
        for was, now in zip(before, after, strict=True):
            failed = was.result in FAILING
            if now.result in FAILING:
                if failed and was.reason == now.reason:
                    self.fail_already += 1
                    continue
                problem = next(iter(now.problems), None)
                key = (now.reason, problem.field if problem else "")
                said = problem.message if problem else now.message
                self.failing.setdefault(key, (said, []))[1].append(now.record_id)
                continue
            told = _written(was) ^ _written(now)
            if told:
                self.changed.append(now.record_id)
            for side, field in {(side, field) for side, field, _ in told}:
                self._fields[side, field] = self._fields.get((side, field), 0) + 1

    def fields(self) -> tuple[FieldEffect, ...]:
        """The fields concerned, the most frequent first."""
        ordered = sorted(self._fields.items(), key=lambda item: (-item[1], item[0]))
        return tuple(FieldEffect(side, field, count) for (side, field), count in ordered)

    def failures(self) -> tuple[FailureGroup, ...]:
        """The reasons, the most frequent first."""
        groups = [
            FailureGroup(code, field, message, len(ids), tuple(ids[:MOST_EXAMPLES]))
            for (code, field), (message, ids) in self.failing.items()
        ]
        return tuple(sorted(groups, key=lambda group: (-group.records, group.code)))


def _written(one: Previewed) -> set[tuple[str, str, str]]:
    """What a run would write of a record, row by row: where, which field, what."""
    return {
        (
            field.written_to.value,
            field.intacct_field if field.written_to == "intacct" else field.salesforce_field,
            repr(field.written),
        )
        for field in one.fields
        if field.written_to is not None
    }
