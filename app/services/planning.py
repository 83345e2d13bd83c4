"""From a connection's settings to the plan the engine works by. Asks both sides what fields they really have."""

from collections.abc import Mapping
from dataclasses import replace

from app.domain.declaration import ENABLED, NAMESPACE, Lines, SyncedObject
from app.domain.errors import Kind, SyncError
from app.domain.lines import LinesPlan, plan_lines
from app.domain.plan import Plan, make_plan
from app.services.context import Context, Pair
from app.store.tables import Connection

DEFAULT_NAMESPACE = "ia_crm"
DEFAULT_LINK_FIELD = "SFDC_ID"


def scope_of(connection: Connection) -> str:
    """The prefix of every op_key: no two environments, companies, entities or connections share a document."""
    intacct = connection.settings.get("intacct", {})
    company, entity = intacct.get("company_id", ""), intacct.get("entity_id") or ""
    return f"{connection.environment}:{connection.id}:{company}:{entity}"


def options_of(connection: Connection, declared: SyncedObject) -> Mapping[str, object]:
    """What the connection has set for one object; unset options are left out."""
    options: Mapping[str, object] = connection.options.get("objects", {}).get(declared.name, {})
    return options


def enabled(connection: Connection, declared: SyncedObject) -> bool:
    """Whether the connection syncs the object at all."""
    return ENABLED not in declared.options or bool(options_of(connection, declared).get(ENABLED.name, ENABLED.default))


async def plan_for(context: Context, connection: Connection, declared: SyncedObject, pair: Pair) -> Plan:
    """The plan of one object by its active mapping version, read once: a run keeps its plan to the end.

    Raises SyncError when a side cannot be asked, or lacks the object.
    """
    here = await pair.salesforce.describe(declared.salesforce.kind)
    try:
        there = await pair.intacct.describe(declared.intacct.kind)
    except SyncError as refused:
        if declared.requires is None or refused.kind is not Kind.CONFIG:
            raise
        message = f"Intacct does not offer {declared.intacct.kind}: the {declared.requires} subscription is off."
        advice = f"Subscribe to {declared.requires} in Intacct, or switch the object off."
        raise SyncError(Kind.CONFIG, "subscription_missing", message, advice, vendor=refused.vendor) from refused
    namespace = connection.settings.get("namespace", DEFAULT_NAMESPACE)
    key = declared.write_back.intacct_id.replace(NAMESPACE, f"{namespace}__" if namespace else "")
    if key.lower() not in {name.lower() for name in here.fields}:
        message = f"{declared.salesforce.kind} has no field {key} that the integration user can see."
        advice = "Install the package fields and give the integration user access, or correct the namespace."
        raise SyncError(Kind.CONFIG, "field_missing", message, advice, field=key)
    plan = make_plan(
        declared,
        scope=scope_of(connection),
        namespace=namespace,
        link_field=connection.settings.get("link_field", DEFAULT_LINK_FIELD),
        options=options_of(connection, declared),
        salesforce_has=here.fields,
        intacct_has=there.fields,
    )
    return replace(plan, lines=await _lines(declared.lines, namespace, pair)) if declared.lines else plan


async def _lines(declared: Lines, namespace: str, pair: Pair) -> LinesPlan:
    """The plan of the lines of a document, from both sides' descriptions of them."""
    here = await pair.salesforce.describe(declared.salesforce)
    there = await pair.intacct.describe(declared.intacct)
    return plan_lines(declared, namespace=namespace, salesforce_has=here.fields, intacct_has=there.fields)
