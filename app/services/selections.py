"""Which records a mass tool takes: default filters and conditions, asked of Salesforce page by page and counted there.

"Has sync errors" is what our error log holds open, and what bears the status Error in Salesforce, be it from us or from
a tool before us. Nothing is wished here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.conditions import EVERYTHING, AllOf, AnyOf, Compare, Condition, Operator, check
from app.domain.declaration import NAMESPACE, SyncedObject
from app.domain.errors import Kind, SyncError
from app.domain.plan import Plan
from app.domain.records import Lane, Record
from app.services.context import Context, Pair
from app.services.planning import DEFAULT_NAMESPACE, enabled, plan_for
from app.store import errors
from app.store.tables import Connection
from app.sync.returning import ERROR, OK

FLAG = f"{NAMESPACE}Sync_with_Intacct__c"
PAGE = 200
_ERRORS, _RECORDS = "e:", "r:"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter: the chosen default filters and the conditions all have to hold."""

    flagged: bool = False
    synced: bool = False
    failed: bool = False
    where: Condition = EVERYTHING

    def plain(self) -> dict[str, Any]:
        """As it is stored."""
        chosen = {"flagged": self.flagged, "synced": self.synced, "failed": self.failed}
        return {**chosen, "where": _plain(self.where)}


def wanted_of(stored: Mapping[str, Any]) -> Wanted:
    """The filter that was stored as `plain`."""
    return Wanted(stored["flagged"], stored["synced"], stored["failed"], _condition(stored["where"]))


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter made concrete for one connection and object."""

    context: Context
    connection: Connection
    plan: Plan
    pair: Pair
    wanted: Wanted
    size: int = PAGE

    async def count(self) -> int:
        """How many records there are now: one query, and two for each 200 open errors."""
        kind, rest = self.plan.object.salesforce.kind, self._rest()
        if not self.wanted.failed:
            return await self.pair.salesforce.count(kind, rest)
        marked = self._marked()
        total = await self.pair.salesforce.count(kind, AllOf((marked, rest))) if marked else 0
        after = ""
        while ids := await self._open(after):
            after, here = ids[-1], Compare("Id", Operator.IN, tuple(ids))
            total += await self.pair.salesforce.count(kind, AllOf((here, rest)))
            if marked:  # counted already
                total -= await self.pair.salesforce.count(kind, AllOf((here, marked, rest)))
        return total

    async def page(self, position: str) -> tuple[list[str], str | None]:
        """Ids of the records behind `position` ("" for the first) and the position behind them, None at the end."""
        found, behind = await self.records(position, ["Id"])
        return [record.key for record in found], behind

    async def records(self, position: str, fields: Sequence[str]) -> tuple[list[Record], str | None]:
        """The records themselves, with `fields`, in place of their ids."""
        if self.wanted.failed and not position.startswith(_RECORDS):
            return await self._with_errors(position.removeprefix(_ERRORS), fields)
        marked = self._marked() if self.wanted.failed else EVERYTHING
        if marked is None:
            return [], None
        kind, after = self.plan.object.salesforce.kind, position.removeprefix(_RECORDS)
        where = AllOf((marked, self._rest()))
        found = await self.pair.salesforce.select(kind, where, fields, after=after, size=self.size)
        return found, f"{_RECORDS}{found[-1].key}" if len(found) == self.size else None

    async def _with_errors(self, after: str, fields: Sequence[str]) -> tuple[list[Record], str]:
        ids = await self._open(after)
        if not ids:
            return [], _RECORDS
        where = AllOf((Compare("Id", Operator.IN, tuple(ids)), self._rest()))
        kind = self.plan.object.salesforce.kind
        found = await self.pair.salesforce.select(kind, where, fields, after="", size=len(ids))
        return found, f"{_ERRORS}{ids[-1]}"

    async def _open(self, after: str) -> list[str]:
        async with self.context.begin() as session:
            return await errors.open_records(session, self.connection.id, self.plan.object.name, after, self.size)

    def _rest(self) -> Condition:
        parts: list[Condition] = [self.wanted.where]
        if self.wanted.flagged:
            parts.append(Compare(spelt(self.connection, FLAG), Operator.EQ, (True,)))
        if self.wanted.synced:
            if self.plan.write_back.status is None:
                message = f"{self.plan.object.salesforce.kind} has no status field, so what is synced cannot be told."
                raise SyncError(Kind.CONFIG, "field_missing", message, "Install the package fields.")
            parts.append(Compare(self.plan.write_back.status, Operator.EQ, (OK,)))
        return AllOf(tuple(parts))

    def _marked(self) -> Compare | None:
        status = self.plan.write_back.status
        return Compare(status, Operator.EQ, (ERROR,)) if status else None


async def selection_of(
    context: Context, connection: Connection, declared: SyncedObject, wanted: Wanted, size: int = PAGE
) -> Selection:
    """The filter made concrete, with pages of `size` records.

    Raises SyncError when it is malformed, when the object is off, or when a side cannot be asked.
    """
    check(wanted.where)
    if not enabled(connection, declared):
        message = f"{declared.label} is switched off for this connection."
        raise SyncError(Kind.CONFIG, "object_disabled", message, "Switch the object on, then ask again.")
    pair = context.backends.of(connection, Lane.BULK)
    plan = await plan_for(context, connection, declared, pair)
    return Selection(context, connection, plan, pair, wanted, size)


def spelt(connection: Connection, name: str) -> str:
    """A package field as the connection's org spells it."""
    namespace = connection.settings.get("namespace", DEFAULT_NAMESPACE)
    return name.replace(NAMESPACE, f"{namespace}__" if namespace else "")


def _plain(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, Compare):
        return {"field": condition.field, "operator": condition.operator.value, "values": list(condition.values)}
    return {"all" if isinstance(condition, AllOf) else "any": [_plain(part) for part in condition.parts]}


def _condition(stored: Mapping[str, Any]) -> Condition:
    if "field" in stored:
        return Compare(stored["field"], Operator(stored["operator"]), tuple(stored["values"]))
    if "all" in stored:
        return AllOf(tuple(map(_condition, stored["all"])))
    return AnyOf(tuple(map(_condition, stored["any"])))
