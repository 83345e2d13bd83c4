"""Salesforce to Intacct: changes nobody told us about, by the option `pollSalesforce` of an object. Else no call.

Pages by (SystemModstamp, Id), with a look back, as commits become visible late; what was deleted or merged is asked of
the recycle bin. What is found is wished for by schedule, under every rule of such a wish.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from app.domain.declaration import BY_KEY, POLL_SALESFORCE, Creates, Rule, SyncedObject
from app.domain.errors import SyncError
from app.domain.options import option_value
from app.domain.plan import Plan, is_turned
from app.domain.records import Errand, Lane, Record, Value
from app.objects import CATALOGUE
from app.services import intake
from app.services.context import Context, Pair
from app.services.journal import SqlJournal
from app.services.planning import enabled, options_of, plan_for
from app.services.spending import note_spending
from app.services.turns import Pace, Turn, turn
from app.store.tables import Connection
from app.sync.echo import edited_in_salesforce
from app.sync.ending import revived
from app.sync.ports import Bound, Deletion, Position

LOG = logging.getLogger("tandem.changes")

FEED = "salesforce"
LOOK_BACK = timedelta(minutes=15)
"""How far a reading goes back behind the last one: a commit may show minutes after its stamp, and clocks differ."""
PAGE = 2000
ASKED = "asked"
"""Where the cursor's counts keep the records that were wished for last, each with a mark of what it held then.

One that is still not in step, and is seen again with the same values, is not wished for again: the look back shows it
several times, and its status, which we write to it, moves its stamp.
"""
REMEMBERED = 1000


@dataclass(slots=True)
class Marks:
    """The marks of the last reading, and the latest of this one: never more than twice what is remembered."""

    earlier: dict[str, str]
    latest: dict[str, str] = field(default_factory=dict)

    def is_news(self, record_id: str, mark: str) -> bool:
        """Whether the record was not wished for with this mark; it is remembered as the latest."""
        known = self._taken(record_id)
        self.latest[record_id] = mark
        if len(self.latest) > REMEMBERED:
            del self.latest[next(iter(self.latest))]
        return known != mark

    def forget(self, record_id: str) -> None:
        """The record is in step."""
        self._taken(record_id)

    def kept(self) -> dict[str, str]:
        """What the next reading is to know."""
        return dict([*self.earlier.items(), *self.latest.items()][-REMEMBERED:])

    def _taken(self, record_id: str) -> str | None:
        return self.latest.pop(record_id, None) or self.earlier.pop(record_id, None)


def polled(connection: Connection, declared: SyncedObject) -> bool:
    """Whether Salesforce is asked for changes of an object: by option, and while it owns or shares the object."""
    options = options_of(connection, declared)
    asked = POLL_SALESFORCE in declared.options and option_value(POLL_SALESFORCE, options.get(POLL_SALESFORCE.name))
    owns = declared.creates is not Creates.FROM_INTACCT or is_turned(declared, options)
    return bool(asked) and owns and enabled(connection, declared)


async def poll(context: Context, connection: Connection, pace: Pace) -> dict[str, int]:
    """Read the feeds that are due; how many records were wished for, by object. A feed begins when it is first read.

    A feed that cannot be read is logged and read again later; its cursor stays.
    """
    wished: dict[str, int] = {}
    for declared in CATALOGUE.values():
        if not polled(connection, declared):
            continue
        try:
            async with turn(context, connection, declared.name, FEED, context.clock.now(), pace) as mine:
                if mine is not None:
                    wished[declared.name] = await _read(context, connection, declared, mine)
        except SyncError as error:
            LOG.warning("feed_unread", extra={"object": declared.name, "code": error.code, "error": error.message})
    return wished


async def _read(context: Context, connection: Connection, declared: SyncedObject, mine: Turn) -> int:
    """One reading, from some minutes before the last one to now."""
    pair = context.backends.of(connection, Lane.BULK, Errand.POLL)
    memory = Marks(dict(mine.counts.get(ASKED, {})))
    try:
        plan = await plan_for(context, connection, declared, pair)
        wished = await _gone(context, connection, plan, pair, mine, memory)
        wished += await _changed(context, connection, plan, pair, mine, memory)
    finally:
        await note_spending(context, connection.id, Errand.POLL, pair)
    mine.busy = wished > 0
    mine.said = {"wished": wished, ASKED: memory.kept()}
    return wished


async def _gone(context: Context, connection: Connection, plan: Plan, pair: Pair, mine: Turn, memory: Marks) -> int:
    """Wish for linked records that lie in the recycle bin: the run sees whether they were merged or deleted."""
    since = mine.position_at - LOOK_BACK
    found: Sequence[Deletion] = await pair.salesforce.deletes([plan.object.salesforce.kind], since, mine.now)
    graves = {one.key: one.at.isoformat() for one in found if one.key}
    linked = await SqlJournal(context, connection.id).of(plan.object.name, list(graves))
    return await _wish(context, connection, plan, [key for key in linked if memory.is_news(key, graves[key])])


async def _changed(context: Context, connection: Connection, plan: Plan, pair: Pair, mine: Turn, memory: Marks) -> int:
    """Wish for the changed records that are not in step, page by page."""
    kind, position, wished = plan.object.salesforce.kind, Position(mine.position_at - LOOK_BACK), 0
    while True:
        page = await pair.salesforce.changes(kind, position, mine.now, plan.salesforce_fields, PAGE)
        records = [_seen(plan, record) for record in page.records]
        links = SqlJournal(context, connection.id)
        bound = await links.of(plan.object.name, [record.key for record in records])
        twins = await _twins(links, plan, records)
        wanted = []
        for record in records:
            link = bound.get(record.key)
            if not _asks(plan, record, link, twins):
                memory.forget(record.key)
            elif memory.is_news(record.key, _mark(plan, record.values, link)):
                wanted.append(record.key)
        wished += await _wish(context, connection, plan, wanted)
        if page.done:
            return wished
        position = page.position


async def _wish(context: Context, connection: Connection, plan: Plan, wanted: Sequence[str]) -> int:
    if wanted:
        correlation_id = context.new_id()
        origin = intake.Origin.SCHEDULE
        await intake.wish(context, connection, plan.object.name, wanted, origin=origin, correlation_id=correlation_id)
    return len(wanted)


def _seen(plan: Plan, record: Record) -> Record:
    """The record as a run would take it."""
    sees = plan.object.sees
    if sees is None:
        return record
    return replace(record, values={**record.values, **plan.spelt(sees(plan.standard(record.values)))})


async def _twins(links: SqlJournal, plan: Plan, records: Sequence[Record]) -> dict[tuple[str, str], str]:
    """What the records' look-ups are called in Intacct."""
    wanted: dict[str, set[str]] = {}
    for row in (row for row in plan.rows if row.refers_to):
        ids = {str(value) for record in records if (value := record.values.get(row.salesforce))}
        wanted.setdefault(str(row.refers_to), set()).update(ids)
    found = {}
    for name, ids in wanted.items():
        for record_id, bound in (await links.of(name.removesuffix(BY_KEY), sorted(ids))).items():
            found[name, record_id] = bound.intacct_key if name.endswith(BY_KEY) else bound.intacct_id
    return found


def _asks(plan: Plan, record: Record, link: Bound | None, twins: Mapping[tuple[str, str], str]) -> bool:
    """Whether a run has something to do for the record: it is new, came back from the bin, or was edited here."""
    values = record.values
    if link is None:
        passes_over = plan.object.passes_over
        passed_over = passes_over is not None and passes_over(plan.standard(values)) is not None
        stays = bool(plan.kept_here and values.get(plan.kept_here))
        ours = bool(plan.external_id and values.get(plan.external_id))  # made from Intacct: its own run links it
        return not (passed_over or stays or ours)
    ticked = bool(plan.flag and values.get(plan.flag))
    return ticked or revived(link) is not None or edited_in_salesforce(plan, record, link.base, twins)


def _mark(plan: Plan, values: Mapping[str, Value], link: Bound | None) -> str:
    """What the record holds, apart from what we write to it, and what both sides agreed on last."""
    back = plan.write_back
    ours = {back.intacct_id, back.status, back.errors, back.synced_at, back.id_copy}
    ours |= {name for row in plan.rows if row.rule is Rule.FROM_INTACCT for name in row.places}
    said = {name: value for name, value in values.items() if name not in ours}
    return hashlib.sha256(
        json.dumps([said, link.base if link else None], sort_keys=True, default=str).encode()
    ).hexdigest()[:16]
