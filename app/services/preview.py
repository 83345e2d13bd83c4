"""What a sync would do, without doing it: the real engine over dry ports, and what it has learned of each record.

Reads both sides and the store; writes to neither, promises nothing, wakes nobody. What the reads cost is booked like
any other spending. How the run is told is the business of `previewed`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.errors import SyncError
from app.domain.merge import Direction
from app.domain.plan import STANDARD, Plan
from app.domain.records import BORN_IN_INTACCT, Errand, Lane, record_key
from app.objects import CATALOGUE
from app.services.context import Context, Pair
from app.services.dry_journal import DryJournal
from app.services.intake import INTERACTIVE_IDS
from app.services.journal import SqlJournal
from app.services.payment_book import DryPaymentBook
from app.services.planning import plan_for
from app.services.previewed import Previewed, refused, tell, unrun
from app.services.spending import note_spending
from app.services.users import user_refusal
from app.store import work
from app.store.tables import Connection
from app.sync.dry import DryBackend
from app.sync.engine import Engine
from app.sync.ports import Claim, Usage
from app.sync.work import Batch

MOST = 200
"""Records of one preview: one batch of the engine."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Records of one object to be shown. `record_ids` as given: Salesforce ids, or `#` and an Intacct RECORDNO."""

    object: str
    record_ids: tuple[str, ...]
    origin: str = "button"
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The records in the order asked for, and what it cost and would cost.

    `transactions` were spent at Intacct by this preview; `would_cost` is what the run itself would spend there, reads
    included, and `would_call` its calls to Salesforce. Previews that run at the same moment share one account: then
    the spending of one may be told by the other.
    """

    records: tuple[Previewed, ...]
    mapping_version: str
    transactions: int = 0
    would_cost: int = 0
    would_call: int = 0


async def preview(context: Context, connection: Connection, asked: Asked, *, plan: Plan | None = None) -> Preview:
    """What a sync of up to `MOST` records would do now; `plan` shows another mapping than the active one.

    Never raises for trouble of a vendor: then the records say so, as they would after a run. Raises ValueError for
    more than `MOST` records.
    """
    if len(asked.record_ids) > MOST:
        raise ValueError(f"a preview shows up to {MOST} records")
    refusal = user_refusal(connection, asked.origin, asked.requested_by)
    keys: dict[str, str] = {}
    told: dict[str, Previewed] = {}
    for given in asked.record_ids:
        try:
            keys[given] = record_key(given)
        except ValueError as wrong:
            told[given] = refused(given, "record_id_malformed", f"{str(wrong)[:1].upper()}{str(wrong)[1:]}.")
        else:
            if refusal is not None:
                told[given] = refused(keys.pop(given), *refusal)
    if not keys:
        return Preview(tuple(told[given] for given in asked.record_ids), plan.mapping_version if plan else STANDARD)
    shown = await _shown(context, connection, asked, list(dict.fromkeys(keys.values())), plan)
    by_key = {one.record_id: one for one in shown.records}
    return replace(shown, records=tuple(told.get(given) or by_key[keys[given]] for given in asked.record_ids))


async def _shown(
    context: Context, connection: Connection, asked: Asked, keys: Sequence[str], plan: Plan | None
) -> Preview:
    """The preview of well-formed keys, each once."""
    lane = Lane.INTERACTIVE if len(keys) <= INTERACTIVE_IDS else Lane.BULK
    try:
        pair = context.backends.of(connection, lane, Errand.PREVIEW)
        plan = plan or await plan_for(context, connection, CATALOGUE[asked.object], pair)
    except SyncError as error:
        return Preview(tuple(unrun(key, error) for key in keys), plan.mapping_version if plan else STANDARD)
    _, planning = await note_spending(context, connection.id, lane, pair)
    dry = _Dry(context, connection, pair)
    told: list[Previewed] = []
    for direction, some in _by_direction(keys).items():
        claims = [Claim(f"dry-{number}-{direction}", key, asked.origin, 0) for number, key in enumerate(some)]
        told += await dry.run(plan, claims, direction)
    calls, reads = await note_spending(context, connection.id, lane, pair)
    warnings = await _surroundings(context, connection, asked.object, keys)
    records = tuple(replace(one, warnings=(*warnings.get(one.record_id, ()), *one.warnings)) for one in told)
    would_call, would_cost = dry.would_spend(calls, reads)
    spent = planning.transactions + reads.transactions
    return Preview(records, plan.mapping_version, spent, would_cost, would_call)


def _by_direction(keys: Sequence[str]) -> Mapping[Direction, list[str]]:
    """Records only Intacct has go the way its feed would send them, the others the way a button does."""
    born = [key for key in keys if key.startswith(BORN_IN_INTACCT)]
    rest = [key for key in keys if not key.startswith(BORN_IN_INTACCT)]
    both = {Direction.TO_INTACCT: rest, Direction.FROM_INTACCT: born}
    return {direction: some for direction, some in both.items() if some}


class _Dry:
    """The engine over dry ports, and the sum of what its runs would send."""

    def __init__(self, context: Context, connection: Connection, pair: Pair) -> None:
        self._context, self._connection, self._pair = context, connection, pair
        self._sides: list[tuple[DryBackend, DryBackend]] = []

    async def run(self, plan: Plan, claims: Sequence[Claim], direction: Direction) -> list[Previewed]:
        """One run of one batch; each record told."""
        context = self._context
        salesforce, intacct = DryBackend(self._pair.salesforce), DryBackend(self._pair.intacct)
        self._sides.append((salesforce, intacct))
        memory = DryJournal(context, self._connection.id)
        book = DryPaymentBook(context, self._connection.id)
        engine = Engine(salesforce, intacct, memory, memory, context.clock, context.ladder, book=book)
        batch: Batch = await engine.trace(plan, claims, direction)
        ids = [one.id for one in batch.works]
        stored = await SqlJournal(context, self._connection.id).of(plan.object.name, ids)
        return tell(batch, stored, salesforce.written, intacct.written, memory)

    def would_spend(self, salesforce: Usage, intacct: Usage) -> tuple[int, int]:
        """Calls to Salesforce and transactions at Intacct of the real run, from what the reads have spent.

        Intacct bills a transaction per record written and per page read.
        """
        calls = salesforce.calls + sum(here.requests for here, _ in self._sides)
        return calls, intacct.transactions + sum(len(there.written) + there.withheld for _, there in self._sides)


async def _surroundings(
    context: Context, connection: Connection, object_name: str, keys: Sequence[str]
) -> dict[str, list[str]]:
    """Warnings that come from where a record stands, not from its run."""
    async with context.begin() as session:
        live = await work.live_among(session, connection.id, {(object_name, key) for key in keys})
    warnings: dict[str, list[str]] = {key: [] for key in keys}
    for key in keys:
        if not connection.enabled:
            warnings[key].append("Syncing is switched off: nothing is carried out until it is switched on again.")
        if (object_name, key) in live:
            warnings[key].append("An operation of this record is under way; what it does is not foreseen here.")
    return warnings
