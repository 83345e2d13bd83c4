"""What is in scope of an object, as a question to the side that owns it, and what we know of the records there.

Counting stands in `completeness`. Nothing is written and nothing is wished here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.conditions import EVERYTHING, AnyOf, Compare, Condition, Operator
from app.domain.decisions import Result
from app.domain.declaration import Creates, Kind
from app.domain.plan import Plan
from app.domain.records import BORN_IN_INTACCT, Record, System
from app.services.changes import FEED
from app.services.context import Context, Pair
from app.store import bindings, completeness, cursors, decisions
from app.store.tables import Connection

ADD_NEW = "addNewAccounts"
IN_STEP, IN_ERROR, DRIFT = "inStep", "inError", "drift"
UNDER_WAY, TOO_NEW, NOT_IN_FORCE, NOT_SELECTED = "under_way", "too_new", "not_in_force", "not_selected"
NOT_WRITTEN_BACK = "definition_not_written_back"
"""Reasons beside those of decisions: an operation is not over; nobody has looked yet; the day or the option says no."""
HASTE = timedelta(minutes=15)
"""So soon after a change in Salesforce nobody need have asked."""
PATIENCE = timedelta(days=1)
"""So late after a change in Intacct its feed must have been read."""


def sides(plan: Plan) -> tuple[System, ...]:
    """Where the records of the object are counted: where they are born."""
    if plan.creates is Creates.BOTH:
        return (System.SALESFORCE, System.INTACCT)
    return (System.INTACCT,) if plan.creates is Creates.FROM_INTACCT else (System.SALESFORCE,)


@dataclass(frozen=True, slots=True)
class Scope:
    """The records of one side that have to be accounted for. `seen_until`: later changes need not be known yet.

    Salesforce: records that bear an Intacct id or a sync status, records flagged by a user, and, where new ones are
    added by themselves, all since that was switched on. Intacct: all records of a managed list, else all that are
    not inactive.
    """

    connection_id: str
    plan: Plan
    system: System
    where: Condition
    fields: tuple[str, ...]
    seen_until: datetime
    now: datetime

    @property
    def kind(self) -> str:
        """The vendor's kind."""
        end = self.plan.object.intacct if self.system is System.INTACCT else self.plan.object.salesforce
        return end.kind

    def natural_id(self, record: Record) -> str | None:
        """How people know an Intacct record."""
        if self.system is System.SALESFORCE:
            return None
        return self.plan.readable(str(record.values.get(self.plan.object.intacct.natural_key) or "")) or None

    async def account_for(self, context: Context, records: Sequence[Record]) -> dict[str, str]:
        """By key what each record is counted as: IN_STEP, IN_ERROR, the reason why it was skipped, or DRIFT."""
        name, mine, born = self.plan.object.name, self.connection_id, self.system is System.INTACCT
        own = {record.key: f"{BORN_IN_INTACCT}{record.key}" if born else record.key for record in records}
        async with context.begin() as session:
            linked = await completeness.links(session, mine, name, list(own), by_intacct_key=born)
            wrong = await completeness.in_error(session, mine, name, [*own.values(), *linked.values()])
            loose = [own[key] for key in own if key not in linked]
            busy = await completeness.under_way(session, mine, name, loose)
            decided = await decisions.latest(session, mine, name, loose)
            ended = [] if born else await bindings.former(session, mine, name, loose)
        reasons = {row.salesforce_id: row.why for row in reversed(ended)}
        reasons |= {i: one.reason for i, one in decided.items() if one.result == Result.SKIPPED}
        reasons |= dict.fromkeys(busy, UNDER_WAY)
        counted: dict[str, str] = {}
        for record in records:
            key, own_id = record.key, own[record.key]
            if own_id in wrong or linked.get(key) in wrong:
                counted[key] = IN_ERROR
            else:
                counted[key] = IN_STEP if key in linked else reasons.get(own_id) or self._by_itself(record)
        return counted

    def _by_itself(self, record: Record) -> str:
        """What explains a record about which we have nothing."""
        stages = self.plan.object.stages
        if self.system is System.INTACCT and stages is not None and not stages.holds(record, self.now.date()):
            return NOT_IN_FORCE
        if self.system is System.INTACCT and not self.plan.selected(record.values):
            return NOT_SELECTED
        if self.system is System.INTACCT and not self.plan.shows(record.values):
            return NOT_WRITTEN_BACK
        return TOO_NEW if record.modified_at is not None and record.modified_at > self.seen_until else DRIFT


async def scope_of(context: Context, connection: Connection, plan: Plan, pair: Pair, system: System) -> Scope:
    """The scope of an object on one side, at present. Raises SyncError when Intacct does not describe the object."""
    now = context.clock.now()
    if system is System.SALESFORCE:
        return Scope(connection.id, plan, system, _asked(plan), ("Id",), now - HASTE, now)
    stages, natural = plan.object.stages, plan.object.intacct.natural_key
    fields: tuple[str, ...] = (natural, stages.starts, stages.ends) if stages else (natural,)
    fields += (plan.object.defined.field,) if plan.object.defined else ()
    async with context.begin() as session:
        cursor = await cursors.known(session, connection.id, plan.object.name, FEED)
    read_until = cursor.position_at if cursor is not None else connection.created_at
    seen_until = max(min(read_until, now), now - PATIENCE)
    described = (await pair.intacct.describe(plan.object.intacct.kind)).fields
    return Scope(connection.id, plan, system, _active(plan, described), fields, seen_until, now)


def _asked(plan: Plan) -> Condition:
    """Records of Salesforce that are synced already, or ought to be."""
    back, since = plan.write_back, plan.new_since
    parts = [Compare(name, Operator.IS_FILLED) for name in (back.intacct_id, back.status) if name]
    if plan.flag:
        parts.append(Compare(plan.flag, Operator.EQ, (True,)))
    if any(option.name == ADD_NEW for option in plan.object.options) and plan.option(ADD_NEW) and since is not None:
        parts.append(Compare("CreatedDate", Operator.GE, (since,)))
    return AnyOf(tuple(parts))


def _active(plan: Plan, described: Iterable[str]) -> Condition:
    """Records of Intacct that come: inactive ones of a managed list only. Not every kind has a status."""
    status = next((name for name in described if name.upper() == "STATUS"), None)
    if status is None or plan.object.kind is Kind.MANAGED_LIST:
        return EVERYTHING
    return Compare(status, Operator.NE, ("inactive",))
