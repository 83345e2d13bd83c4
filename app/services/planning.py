"""From a connection's settings to the plan the engine works by. Asks both sides what fields they really have."""

from collections.abc import Mapping
from dataclasses import replace

from app.domain.declaration import BY_KEY, ENABLED, INCLUDE_DETAILS, NAMESPACE, UNION, End, Field, Lines, SyncedObject
from app.domain.declaration import Kind as ObjectKind
from app.domain.errors import Kind, SyncError
from app.domain.lines import LinesPlan, plan_lines
from app.domain.mappings import Content, Malformed, content_of, effective
from app.domain.options import option_value
from app.domain.payments import PAYMENTS_GRANT
from app.domain.plan import STANDARD, Plan, in_namespace, make_plan, prefix_of
from app.domain.transforms import Unfit
from app.objects import CATALOGUE
from app.services import definitions
from app.services.configuration import new_since
from app.services.context import Context, Pair
from app.services.formulas import compile_formula
from app.services.pairing import ensure_paired
from app.store import mappings
from app.store.tables import Connection, MappingVersion
from app.sync.ports import Schema

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
    if barred(connection, declared) is not None:
        return False
    return ENABLED not in declared.options or bool(options_of(connection, declared).get(ENABLED.name, ENABLED.default))


def barred(connection: Connection, declared: SyncedObject) -> tuple[str, str] | None:
    """Reason and sentence why the connection may not sync the object at all; None when it may."""
    if declared.pays is None or connection.settings.get(PAYMENTS_GRANT):
        return None
    said = "Payments are off for this connection until an administrator has recorded that they are granted."
    return "payments_not_granted", said


async def plan_for(context: Context, connection: Connection, declared: SyncedObject, pair: Pair) -> Plan:
    """The plan of one object by its active mapping version, read once: a run keeps its plan to the end.

    Raises SyncError when a side cannot be asked, or lacks the object.
    """
    await ensure_paired(context, connection, pair)
    async with context.begin() as session:
        row = await mappings.in_state(session, connection.id, declared.name, mappings.ACTIVE)
    if row is None:
        plan = await plan_by(connection, declared, pair)
    else:
        plan = await plan_by(connection, declared, pair, stored_content(row), version_name(row.number))
    if declared.defined is None:
        return plan
    return replace(plan, definitions=await definitions.of_connection(context, connection.id))


def version_name(number: int) -> str:
    """How a version is called on operations and decisions."""
    return f"v{number}"


def stored_content(row: MappingVersion) -> Content:
    """What a stored version says. Raises SyncError CONFIG `mapping_broken` when it cannot be read."""
    try:
        return content_of(row.content)
    except (KeyError, TypeError, ValueError) as wrong:
        raise _broken(row.object, "its stored form cannot be read") from wrong


def _broken(object_name: str, why: str) -> SyncError:
    message = f"The mapping of {object_name} cannot be used: {why}."
    advice = f"Validate the mapping of {object_name}, or roll back to an earlier version."
    return SyncError(Kind.CONFIG, "mapping_broken", message, advice)


async def plan_by(
    connection: Connection,
    declared: SyncedObject,
    pair: Pair,
    content: Content | None = None,
    version: str = STANDARD,
) -> Plan:
    """The plan of one object by a given content, None: as declared.

    Raises SyncError when a side cannot be asked, or lacks the object, and CONFIG `mapping_broken`.
    """
    namespace = connection.settings.get("namespace", DEFAULT_NAMESPACE)
    declared = in_namespace(_of_chosen_kinds(connection, declared), namespace)
    here = await pair.salesforce.describe(declared.salesforce.kind)
    try:
        there = await pair.intacct.describe(declared.intacct.kind)
    except SyncError as refused:
        if declared.requires is None or refused.kind is not Kind.CONFIG:
            raise
        message = f"Intacct does not offer {declared.intacct.kind}: the {declared.requires} subscription is off."
        advice = f"Subscribe to {declared.requires} in Intacct, or switch the object off."
        raise SyncError(Kind.CONFIG, "subscription_missing", message, advice, vendor=refused.vendor) from refused
    key = declared.write_back.intacct_id.replace(NAMESPACE, prefix_of(namespace))
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
        look_ups=[name for name, info in here.fields.items() if info.type == "reference"],
        intacct_has=there.fields,
        mapped=_rows(declared, content, here, namespace) if content is not None else None,
        mapping_version=version,
        new_since=new_since(connection, declared),
    )
    hindered, lists = barred(connection, declared), _lists(connection, plan)
    plan = replace(plan, disabled=_disabled(connection, plan), barred=hindered, lists=lists)
    if declared.mirrored and plan.option(INCLUDE_DETAILS.name):
        plan = replace(plan, mirrored=await _lines(declared.mirrored, namespace, pair))
    return replace(plan, lines=await _lines(declared.lines, namespace, pair)) if declared.lines else plan


def _of_chosen_kinds(connection: Connection, declared: SyncedObject) -> SyncedObject:
    """The object with the Intacct kinds its option lists; without such an option as it is declared."""
    if declared.kinds_from is None:
        return declared
    option = next(option for option in declared.options if option.name == declared.kinds_from)
    chosen = option_value(option, options_of(connection, declared).get(option.name))
    kinds = UNION.join(chosen) if isinstance(chosen, tuple) else ""
    return replace(declared, intacct=replace(declared.intacct, kind=kinds if UNION in kinds else f"{kinds}{UNION}"))


def _disabled(connection: Connection, plan: Plan) -> frozenset[str]:
    """Objects that rows refer to, or that this one yields to, although the connection does not sync them."""
    named = {row.refers_to.removesuffix(BY_KEY) for row in plan.referring if row.refers_to}
    named |= {plan.object.yields.to} if plan.object.yields else set()
    return frozenset(name for name in named if not enabled(connection, CATALOGUE[name]))


def _lists(connection: Connection, plan: Plan) -> dict[str, End]:
    """The managed lists that rows refer to by natural id and the connection syncs."""
    named = {row.refers_to for row in plan.referring if row.refers_to in CATALOGUE}
    lists = [
        one
        for name, one in CATALOGUE.items()
        if name in named and one.kind is ObjectKind.MANAGED_LIST and enabled(connection, one)
    ]
    return {one.name: _of_chosen_kinds(connection, one).intacct for one in lists}


async def _lines(declared: Lines, namespace: str, pair: Pair) -> LinesPlan:
    """The plan of the lines of a document, from both sides' descriptions of them."""
    here = await pair.salesforce.describe(declared.salesforce)
    there = await pair.intacct.describe(declared.intacct)
    look_ups = [name for name, info in here.fields.items() if info.type == "reference"]
    return plan_lines(
        declared, namespace=namespace, salesforce_has=here.fields, intacct_has=there.fields, look_ups=look_ups
    )


def _rows(declared: SyncedObject, content: Content, here: Schema, namespace: str) -> tuple[Field, ...]:
    """The rows of a content; own rows convert to the types the org describes."""
    prefix = prefix_of(namespace).lower()
    types: dict[str, str] = {}
    for name, info in here.fields.items():
        types[name.lower()] = info.type
        if prefix and name.lower().startswith(prefix):
            types[NAMESPACE + name.lower().removeprefix(prefix)] = info.type
    try:
        return effective(declared, content, compile_formula, types)
    except (Malformed, Unfit) as wrong:
        raise _broken(declared.name, str(wrong)) from wrong
