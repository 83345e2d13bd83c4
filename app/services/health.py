"""Whether this installation can work for a connection: a list of checks, each with what to do when it fails.

Readiness asks both vendors who we are and what fields they have; the answers are cached by the clients. It writes
nothing anywhere.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import select

from app.domain.declaration import LINK_FIELD, Rule, SyncedObject
from app.domain.errors import SyncError
from app.domain.plan import Plan
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services import deletions
from app.services.context import Context, Pair
from app.services.planning import enabled, plan_for
from app.store import connections, cursors
from app.store.tables import Connection
from app.sync.ports import Backend

OUTAGES = (OperationalError, InterfaceError, PoolTimeout, ConnectionError)
"""What is raised when the database does not answer, or not in time."""

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `required`: without it nothing can be synced; else something is left out."""

    name: str
    ok: bool
    message: str
    advice: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks; ready when every required one is ok."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether work can be done."""
        return all(check.ok or not check.required for check in self.checks)


async def readiness(context: Context, connection_id: str, queue: Probe | None = None) -> Readiness:
    """Database, queue (when there is a probe), both vendors, and the fields of every object. Never raises."""
    checks = []
    try:
        async with context.begin() as session:
            await session.exec(select(1))
            connection = await connections.get(session, connection_id)
            cursor = await cursors.known(session, connection_id, deletions.ALL, deletions.FEED)
    except OUTAGES:
        wrong = Check("database", False, "The database does not answer.", "Start it, or correct DATABASE_URL.")
        return Readiness((wrong,))
    checks.append(Check("database", True, "The database answers."))
    if cursor is not None and deletions.REFUSED in cursor.counts:
        checks.append(_deaf(str(cursor.counts[deletions.REFUSED])))
    if queue is not None:
        checks.append(await _queue(queue))
    if connection is not None:
        checks += await _sides(context, connection)
    return Readiness(tuple(checks))


def _deaf(said: str) -> Check:
    advice = (
        "Give the Intacct user View on custom reports. Until then a resync finds what Intacct owned and has no more."
    )
    return Check("deletions", False, f"Deletions in Intacct are not seen at once: {said}", advice, required=False)


async def _queue(queue: Probe) -> Check:
    if await queue():
        return Check("queue", True, "The queue answers.", required=False)
    advice = "Start Valkey, or correct REDIS_URL. Until then the sweeper finds what is due, some seconds later."
    return Check("queue", False, "The queue does not answer.", advice, required=False)


async def _sides(context: Context, connection: Connection) -> list[Check]:
    try:
        pair = context.backends.of(connection, Lane.INTERACTIVE)
    except SyncError as error:
        return [_failed("credentials", error)]
    checks = [await _identity("salesforce", pair.salesforce), await _identity("intacct", pair.intacct)]
    if all(check.ok for check in checks):
        for declared in (one for one in CATALOGUE.values() if enabled(connection, one)):
            checks += await _object(context, connection, declared, pair)
    return checks


async def _identity(name: str, backend: Backend) -> Check:
    try:
        who = await backend.identity()
    except SyncError as error:
        return _failed(name, error)
    where = f" ({who.environment})" if who.environment else ""
    return Check(name, True, f"Logged in to {who.account}{where} as {who.user}.")


async def _object(context: Context, connection: Connection, declared: SyncedObject, pair: Pair) -> list[Check]:
    """Whether both sides know the object, its mapped fields, the status fields and our link field."""
    name = f"{declared.name}.fields"
    try:
        plan = await plan_for(context, connection, declared, pair)
        checks = [await _presence(plan, pair.salesforce, name)]
        locked = await _locked(plan, pair.salesforce)
    except SyncError as error:
        return [_failed(name, error)]
    if plan.absent:
        missing = f"Left out, because a side has no such field: {', '.join(plan.absent)}."
        checks.append(Check(f"{name}.mapped", False, missing, "Create the fields, or give us access.", False))
    if locked:
        message = f"The Salesforce user may not write {', '.join(locked)}."
        checks.append(Check(f"{name}.permissions", False, message, "Give the user edit access to them.", False))
    if declared.link_key == LINK_FIELD and plan.link_field is None:
        message = f"{declared.intacct.kind} has no custom field that holds the Salesforce id."
        advice = "Create it and name it as the connection's link field: unclear writes are then found by our own key."
        checks.append(Check(f"{declared.name}.linkField", False, message, advice, required=False))
    return checks


async def _presence(plan: Plan, salesforce: Backend, name: str) -> Check:
    """How much of the mapping is there; without the field that takes our answer nothing can be synced."""
    fields = {field.lower() for field in (await salesforce.describe(plan.object.salesforce.kind)).fields}
    if plan.write_back.intacct_id.lower() not in fields:
        message = f"{plan.object.salesforce.kind} has no field {plan.write_back.intacct_id}."
        return Check(name, False, message, "Install the Intacct package, or correct the connection's namespace.")
    number = len(plan.rows)
    return Check(name, True, f"{number} of {number + len(plan.absent)} mapped fields of {plan.object.label} are there.")


async def _locked(plan: Plan, salesforce: Backend) -> list[str]:
    """Salesforce fields we write to that the user may not edit."""
    fields = (await salesforce.describe(plan.object.salesforce.kind)).fields
    editable = {name.lower(): info.updateable for name, info in fields.items()}
    back = plan.write_back
    ours = [name for row in plan.rows if row.rule is not Rule.TO_INTACCT for name in row.places if "." not in name]
    ours += [name for name in (back.intacct_id, back.status, back.errors, back.synced_at, back.id_copy) if name]
    return sorted({name for name in ours if not editable.get(name.lower(), True)})


def _failed(name: str, error: SyncError) -> Check:
    return Check(name, False, error.message, error.advice)
