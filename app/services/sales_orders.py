"""A sales document out of an opportunity and its products: made in Salesforce, then synced like any other.

Header and lines are created by external id, so that a repeat of the same request makes nothing twice and a crash
half-way is finished by it. No transaction is open while Salesforce is called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.declaration import NAMESPACE
from app.domain.errors import Kind, SyncError
from app.domain.plan import Plan
from app.domain.records import Lane, Record, Value, salesforce_id
from app.objects import CATALOGUE
from app.services import operations, requests
from app.services.context import Context, Pair
from app.services.intake import Wish
from app.services.planning import enabled, plan_for
from app.store.tables import Connection
from app.sync.ports import Action, Verdict, Write

NAME, OPPORTUNITY, PRODUCT = "sales_document", "Opportunity", "OpportunityLineItem"
TRANSACTION, OUR_TERM = "ia_crm__Intacct_Transaction__c", "ia_crm__Term__c"
ACCOUNT_TERM = "Account.ia_crm__Term__c"
HEADER = {
    "ia_crm__Account__c": "AccountId",
    "ia_crm__Document_Date__c": "CloseDate",
    "ia_crm__Term__c": OUR_TERM,
    "CurrencyIsoCode": "CurrencyIsoCode",
}
"""Fields of the document, and where an opportunity gives them."""
LINE = {
    "ia_crm__Item__c": "Product2.ProductCode",
    "ia_crm__Quantity__c": "Quantity",
    "ia_crm__Price__c": "UnitPrice",
    "ia_crm__Discount_Percent__c": "Discount",
    "ia_crm__Description__c": "Description",
    "ia_crm__Start_Date__c": "ServiceDate",
    "ia_crm__Unit__c": "Product2.ia_crm__Unit_of_Measure__c",
    "ia_crm__Taxable__c": "Product2.ia_crm__Taxable__c",
    "ia_crm__Usage_Priced__c": "PricebookEntry.ia_crm__Usage_Priced__c",
    "ia_crm__Revenue_Recognition_Template__c": "ia_crm__Revenue_Recognition_Template__c",
    "ia_crm__Intacct_Location__c": "ia_crm__Intacct_Location__c",
    "ia_crm__Department__c": "ia_crm__Department__c",
    "ia_crm__Class__c": "ia_crm__Class__c",
}
"""Fields of a line, and where an opportunity product gives them (product.md 3.3)."""
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """The opportunity, and the transaction definition; None: the one the opportunity itself names."""

    opportunity_id: str
    definition: str | None
    origin: str
    requested_by: str | None
    request_id: str


@dataclass(frozen=True, slots=True)
class Made:
    """The document in Salesforce, its number of lines, and the wish that brings it to Intacct."""

    document_id: str
    lines: int
    synced: operations.Synced


async def from_opportunity(context: Context, connection: Connection, asked: Asked, correlation_id: str) -> Made:
    """Make the document of an opportunity with a line per product, and wish it to Intacct.

    Raises SyncError CONFIG `object_not_enabled`, `definition_not_creatable`; CONFLICT `one_to_one`; DATA
    `record_not_found`, `no_lines`; and what Salesforce says to a create.
    """
    desk = await _desk(context, connection)
    given = _known_id(asked.opportunity_id)
    found = await desk.find(OPPORTUNITY, {"Id": [given]}, ["Name", TRANSACTION, ACCOUNT_TERM, *HEADER.values()])
    if not found:
        message = f"No opportunity with id {asked.opportunity_id} is visible to the integration user."
        raise SyncError(Kind.DATA, "record_not_found", message, field="opportunityId")
    opportunity = found[0]
    definition = asked.definition or str(opportunity.get(TRANSACTION) or "")
    known = desk.plan.definitions.get(definition)
    if known is None or not known.from_salesforce:
        message = f"Salesforce may not create documents of the transaction definition {definition!r}."
        advice = "Mark the definition as created from Salesforce (transaction definitions), or choose another one."
        raise SyncError(Kind.CONFIG, "definition_not_creatable", message, advice, field="definition")
    one_to_one = bool(desk.plan.option("oneToOne"))
    key = f"{given}:{definition}" if one_to_one else f"{given}:{asked.request_id}"[:80]
    if one_to_one and await requests.get(context, connection.id, asked.request_id) is None:
        await _refuse_second(desk, given, definition, key)
    lines = await desk.find(PRODUCT, {"OpportunityId": [given]}, list(LINE.values()))
    if not lines:
        message = "The opportunity has no products, so that its document would have no lines."
        raise SyncError(Kind.DATA, "no_lines", message, "Add products to the opportunity.")
    made = await _write(desk, key, given, definition, opportunity, lines)
    wish = Wish(NAME, (made,), asked.origin, correlation_id, requested_by=asked.requested_by)
    synced = await operations.sync(context, connection, wish, request_id=asked.request_id, seconds=0)
    return Made(made, len(lines), synced)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Salesforce as the plan of sales documents knows it; names are the declared ones, the org's own on the wire."""

    pair: Pair
    plan: Plan

    def real(self, name: str) -> str:
        """A declared name in the org's spelling."""
        return name.replace(NAMESPACE, self.plan.prefix)

    async def find(self, kind: str, where: Mapping[str, Sequence[str]], names: Sequence[str]) -> list[dict[str, Value]]:
        """Records by declared names, `Id` included, in the order of their ids; fields the org lacks stay out."""
        has = {name.lower() for name in (await self.pair.salesforce.describe(self.real(kind))).fields}
        asked = {name: self.real(name) for name in names if "." in name or self.real(name).lower() in has}
        any_of = {self.real(name): values for name, values in where.items()}
        found: list[Record] = await self.pair.salesforce.find(self.real(kind), any_of, list(asked.values()))
        rows = sorted(found, key=lambda record: record.key)
        return [{"Id": row.key, **{name: row.values.get(real) for name, real in asked.items()}} for row in rows]

    async def upsert(self, kind: str, records: Sequence[tuple[str, Mapping[str, Value]]]) -> list[str]:
        """Create records by source key; their ids in order. Raises the SyncError of the first that is refused."""
        has = {name.lower() for name in (await self.pair.salesforce.describe(self.real(kind))).fields}
        writes = []
        for key, values in records:
            filled = {self.real(n): v for n, v in values.items() if v is not None and self.real(n).lower() in has}
            named = (self.real("ia_crm__Source_Key__c"), key)
            writes.append(Write(self.real(kind), Action.CREATE, filled, key, external_id=named))
        ids: list[str] = []
        for chunk in self.pair.salesforce.chunks(writes):
            for outcome in await self.pair.salesforce.write(chunk):
                if outcome.verdict is not Verdict.CONFIRMED or outcome.key is None:
                    raise outcome.error or SyncError(Kind.BUG, "unconfirmed", "Salesforce gave no reason.")
                ids.append(outcome.key)
        return ids


async def _desk(context: Context, connection: Connection) -> _Desk:
    if not enabled(connection, CATALOGUE[NAME]):
        message = "The connection does not sync sales documents."
        raise SyncError(Kind.CONFIG, "object_not_enabled", message, f"Switch {NAME} on (option enabled) first.")
    pair = context.backends.of(connection, Lane.INTERACTIVE)
    return _Desk(pair, await plan_for(context, connection, CATALOGUE[NAME], pair))


async def _refuse_second(desk: _Desk, opportunity: str, definition: str, key: str) -> None:
    """One document per definition and opportunity; one that is not in Intacct yet is finished, not refused."""
    declared = CATALOGUE[NAME]
    names = ["ia_crm__Document_Type__c", "ia_crm__Source_Key__c", declared.write_back.intacct_id]
    found = await desk.find(declared.salesforce.kind, {"ia_crm__Opportunity__c": [opportunity]}, names)
    for row in found:
        same = row.get("ia_crm__Document_Type__c") == definition
        if same and (row.get(declared.write_back.intacct_id) or row.get("ia_crm__Source_Key__c") != key):
            message = (
                f"The opportunity has a {definition} already: {row.get(declared.write_back.intacct_id) or row['Id']}."
            )
            advice = "Use that document, or switch the option oneToOne off."
            raise SyncError(Kind.CONFLICT, "one_to_one", message, advice, field="definition")


async def _write(
    desk: _Desk,
    key: str,
    opportunity: str,
    definition: str,
    source: Mapping[str, Value],
    products: Sequence[Mapping[str, Value]],
) -> str:
    """Header and lines; the Salesforce id of the document. It is sent only when all its lines stand (Line Count)."""
    declared = CATALOGUE[NAME]
    assert declared.lines is not None
    head = {name: source.get(given) for name, given in HEADER.items()}
    head["ia_crm__Term__c"] = head["ia_crm__Term__c"] or source.get(ACCOUNT_TERM)
    head |= {"Name": str(source.get("Name") or definition)[:LONGEST_NAME], "ia_crm__Opportunity__c": opportunity}
    head |= {"ia_crm__Document_Type__c": definition, "ia_crm__Line_Count__c": len(products)}
    (document,) = await desk.upsert(declared.salesforce.kind, [(key, head)])
    rows = []
    for product in products:
        values = {name: product.get(given) for name, given in LINE.items()}
        rows.append((f"{key[:60]}:{product['Id']}", {**values, declared.lines.parent: document}))
    await desk.upsert(declared.lines.salesforce, rows)
    return document


def _known_id(given: str) -> str:
    try:
        return salesforce_id(given)
    except ValueError as error:
        message = f"No record can have this id: {error}."
        advice = "Send the id as Salesforce shows it."
        raise SyncError(Kind.DATA, "record_id_malformed", message, advice, field="opportunityId") from error
