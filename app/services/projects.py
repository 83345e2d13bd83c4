"""A project out of an opportunity, with the tasks of a template: made in Salesforce, then synced like any other.

Everything is created by external id, so that a repeat makes nothing twice and a crash half-way is finished by the next
call. What stands is left as people changed it. No transaction is open while Salesforce is called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.declaration import NAMESPACE
from app.domain.errors import Kind, SyncError
from app.domain.plan import Plan
from app.domain.records import Lane, Record, Value, salesforce_id
from app.objects import CATALOGUE
from app.services import operations
from app.services.context import Context, Pair
from app.services.intake import Wish
from app.services.planning import DEFAULT_NAMESPACE, enabled, plan_for
from app.store.tables import Connection
from app.sync.ports import Action, Verdict, Write

OPPORTUNITY = "Opportunity"
OPPORTUNITY_FIELDS = ("Name", "AccountId", "Amount", "CurrencyIsoCode")
OWN = ("Is_Template", "Source_Key", "Opportunity", "Account", "Project", "Parent_Task", "Parent_Project", "Task_ID")
"""Package fields that a copy never takes from its template, beside those the service writes back."""
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted: the opportunity, perhaps a template, and whether beside a project there may be another one."""

    opportunity_id: str
    template_id: str | None
    another: bool
    origin: str
    requested_by: str | None
    request_id: str


@dataclass(frozen=True, slots=True)
class Made:
    """The project, whether this call made it, how many tasks it made, and the wish that brings it to Intacct."""

    project_id: str
    created: bool
    tasks: int
    synced: operations.Synced


class _Salesforce:
    """The two kinds of one org, by the names its namespace gives them."""

    def __init__(self, pair: Pair, project: Plan, task: Plan, namespace: str) -> None:
        self.pair, self.plans = pair, {"project": project, "task": task}
        self._prefix = f"{namespace}__" if namespace else ""

    def name(self, field: str) -> str:
        """A package field."""
        return f"{self._prefix}{field}__c"

    def kind(self, name: str) -> str:
        """A package object in the org's own spelling."""
        return self.plans[name].object.salesforce.kind.replace(NAMESPACE, self._prefix)

    async def copied(self, name: str) -> list[str]:
        """Own and package fields that a copy takes from its template: all that can be set, but who a record is."""
        plan, schema = self.plans[name], await self.pair.salesforce.describe(self.kind(name))
        back = plan.write_back
        never = {self.name(field).lower() for field in OWN} | {self.name("Sync_with_Intacct").lower()}
        said = (back.intacct_id, back.status, back.errors, back.synced_at, back.id_copy, plan.external_id)
        never |= {field.lower() for field in said if field}
        return [f.name for f in schema.fields.values() if f.custom and f.createable and f.name.lower() not in never]

    async def upsert(self, name: str, records: Sequence[tuple[str, Mapping[str, Value]]]) -> dict[str, str]:
        """Create records by source key; their ids by it. Raises SyncError when Salesforce refuses one."""
        source, kind = self.name("Source_Key"), self.kind(name)
        writes = [Write(kind, Action.CREATE, values, key, external_id=(source, key)) for key, values in records]
        made: dict[str, str] = {}
        for chunk in self.pair.salesforce.chunks(writes):
            for write, outcome in zip(chunk, await self.pair.salesforce.write(chunk), strict=True):
                if outcome.verdict is not Verdict.CONFIRMED or outcome.key is None:
                    assert outcome.error is not None
                    raise outcome.error
                made[write.control_id] = outcome.key
        return made


async def from_opportunity(context: Context, connection: Connection, asked: Asked, correlation_id: str) -> Made:
    """Make the project of an opportunity, or find it, add the tasks it lacks, and wish it to Intacct.

    Raises SyncError CONFIG `object_not_enabled`, `subscription_missing`, `field_missing`; DATA `record_not_found`,
    `not_a_template`; and what Salesforce says to a create.
    """
    org = await _org(context, connection)
    opportunity = await _opportunity(org, asked.opportunity_id)
    template = await _template(org, asked.template_id) if asked.template_id else None
    key = f"{opportunity.key}:{asked.request_id}" if asked.another else opportunity.key
    source = org.name("Source_Key")
    there = await org.pair.salesforce.find(org.kind("project"), {source: [key]}, [source])
    project_id = (
        there[0].key if there else (await org.upsert("project", [(key, _values(org, opportunity, template))]))[key]
    )
    fresh = await _tasks(org, key, project_id, template) if template else []
    wish = Wish("project", (project_id,), asked.origin, correlation_id, requested_by=asked.requested_by)
    synced = await operations.sync(context, connection, wish, request_id=asked.request_id, seconds=0)
    if there and fresh:  # a new project takes its tasks along by itself
        more = Wish("task", tuple(fresh), asked.origin, correlation_id, requested_by=asked.requested_by)
        await operations.sync(context, connection, more, request_id=None, seconds=0)
    return Made(project_id, not there, len(fresh), synced)


async def _org(context: Context, connection: Connection) -> _Salesforce:
    pair = context.backends.of(connection, Lane.INTERACTIVE)
    for name in ("project", "task"):
        if not enabled(connection, CATALOGUE[name]):
            message = f"The connection does not sync {name}s."
            raise SyncError(Kind.CONFIG, "object_not_enabled", message, f"Switch {name} on (option enabled) first.")
    plans = [await plan_for(context, connection, CATALOGUE[name], pair) for name in ("project", "task")]
    org = _Salesforce(pair, plans[0], plans[1], connection.settings.get("namespace", DEFAULT_NAMESPACE))
    for name in ("project", "task"):
        fields = {field.lower() for field in (await pair.salesforce.describe(org.kind(name))).fields}
        if org.name("Source_Key").lower() not in fields:
            message = f"{org.kind(name)} has no field {org.name('Source_Key')} that the integration user can see."
            raise SyncError(
                Kind.CONFIG, "field_missing", message, "Install the package fields and give access to them."
            )
    return org


def _known_id(given: str, field: str) -> str:
    try:
        return salesforce_id(given)
    except ValueError as error:
        message = f"No record can have this id: {error}."
        raise SyncError(
            Kind.DATA, "record_id_malformed", message, "Send the id as Salesforce shows it.", field=field
        ) from error


async def _opportunity(org: _Salesforce, given: str) -> Record:
    found = await org.pair.salesforce.find(OPPORTUNITY, {"Id": [_known_id(given, "opportunityId")]}, OPPORTUNITY_FIELDS)
    if not found:
        message = f"No opportunity with id {given} is visible to the integration user."
        raise SyncError(Kind.DATA, "record_not_found", message, field="opportunityId")
    return found[0]


async def _template(org: _Salesforce, given: str) -> Record:
    flag = org.name("Is_Template")
    names = [flag, *await org.copied("project")]
    found = await org.pair.salesforce.find(org.kind("project"), {"Id": [_known_id(given, "templateId")]}, names)
    if not found:
        message = f"No project with id {given} is visible to the integration user."
        raise SyncError(Kind.DATA, "record_not_found", message, field="templateId")
    if not found[0].values.get(flag):
        message = f"Project {given} is no template: {flag} is not set."
        raise SyncError(
            Kind.DATA, "not_a_template", message, "Name a template, or set its checkbox.", field="templateId"
        )
    return found[0]


def _values(org: _Salesforce, opportunity: Record, template: Record | None) -> dict[str, Value]:
    """The project's own fields: the template's, over them what the opportunity says."""
    said = opportunity.values
    copied = {name: value for name, value in template.values.items() if value is not None} if template else {}
    copied.pop(org.name("Is_Template"), None)
    own: dict[str, Value] = {
        "Name": str(said["Name"])[:LONGEST_NAME],
        org.name("Opportunity"): opportunity.key,
        org.name("Account"): said.get("AccountId"),
        org.name("Contract_Amount"): said.get("Amount"),
        "CurrencyIsoCode": said.get("CurrencyIsoCode"),
    }
    return {**copied, **{name: value for name, value in own.items() if value is not None}}


async def _tasks(org: _Salesforce, key: str, project_id: str, template: Record) -> list[str]:
    """Copies of the template's tasks that the project lacks, parents before children; the ids of the new ones."""
    look_up, parent, source = org.name("Project"), org.name("Parent_Task"), org.name("Source_Key")
    fields = ["Name", parent, *await org.copied("task")]
    wanted = await org.pair.salesforce.find(org.kind("task"), {look_up: [template.key]}, fields)
    there = await org.pair.salesforce.find(org.kind("task"), {look_up: [project_id]}, [source])
    standing = {str(record.values.get(source)): record.key for record in there}
    copies = {task.key: standing[f"{key}:{task.key}"] for task in wanted if f"{key}:{task.key}" in standing}
    waiting, fresh = [task for task in wanted if task.key not in copies], list[str]()
    while waiting:
        known = {task.key for task in wanted}
        level = [t for t in waiting if t.values.get(parent) not in known or t.values.get(parent) in copies]
        if not level:
            raise SyncError(
                Kind.DATA, "reference_circle", "The template's tasks are parents of each other in a circle."
            )
        made = await org.upsert("task", [(f"{key}:{t.key}", _task(org, t, project_id, copies)) for t in level])
        copies |= {task.key: made[f"{key}:{task.key}"] for task in level}
        fresh += [made[f"{key}:{task.key}"] for task in level]
        waiting = [task for task in waiting if task.key not in copies]
    return fresh


def _task(org: _Salesforce, task: Record, project_id: str, copies: Mapping[str, str]) -> dict[str, Value]:
    parent = org.name("Parent_Task")
    values = {name: value for name, value in task.values.items() if value is not None and name != parent}
    above = copies.get(str(task.values.get(parent)))
    return {**values, org.name("Project"): project_id, **({parent: above} if above else {})}
