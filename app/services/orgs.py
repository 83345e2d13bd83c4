"""What kind of org a connection has, found by describe, and the journal mappings that fit it (salesforce-api.md 16).

Soft credits are never money: no suggestion reads them. A suggestion is a mapping with blanks for the administrator.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.building import JournalMapping, Row, Side
from app.domain.conditions import EVERYTHING, AllOf, Compare, Condition, Operator
from app.domain.declaration import NAMESPACE
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane
from app.services.context import Context
from app.services.planning import DEFAULT_NAMESPACE
from app.store.tables import Connection
from app.sync.ports import Backend

JOURNAL_BLANK, CASH_BLANK, INCOME_BLANK = "<Intacct Journal>", "<cash account>", "<income account>"
"""Where the administrator puts the Salesforce id of a journal or an account; nothing is stored with a blank left."""


class OrgKind(StrEnum):
    """Which set of gift objects an org has."""

    PLAIN = "plain"
    NPSP = "npsp"
    NONPROFIT_CLOUD = "nonprofitCloud"


@dataclass(frozen=True, slots=True)
class Org:
    """The kind of an org, whether it has person accounts, and mappings that suit it."""

    kind: OrgKind
    person_accounts: bool
    suggestions: tuple[JournalMapping, ...]


async def look(context: Context, connection: Connection) -> Org:
    """Ask Salesforce. Raises SyncError when it cannot be asked; an object it does not have is an answer."""
    salesforce = context.backends.of(connection, Lane.INTERACTIVE).salesforce
    kind = OrgKind.PLAIN
    if await _has(salesforce, "GiftTransaction"):
        kind = OrgKind.NONPROFIT_CLOUD
    elif await _has(salesforce, "npe01__OppPayment__c"):
        kind = OrgKind.NPSP
    people = "IsPersonAccount" in (await salesforce.describe("Account")).fields
    namespace = connection.settings.get("namespace", DEFAULT_NAMESPACE)
    prefix = f"{namespace}__" if namespace else ""
    return Org(kind, people, tuple(_spelt(one, prefix) for one in SUGGESTIONS[kind]))


async def _has(salesforce: Backend, name: str) -> bool:
    try:
        await salesforce.describe(name)
    except SyncError as refused:
        if refused.kind is not Kind.CONFIG:
            raise
        return False
    return True


def _is(field: str, *values: str | bool) -> Compare:
    return Compare(field, Operator.IN if len(values) > 1 else Operator.EQ, values)


def _mapping(
    name: str,
    header: str,
    *,
    date: str,
    title: str,
    amount: str,
    line: tuple[str, str] | None = None,
    income: str | None = None,
    only: Condition,
    lines_only: Condition = EVERYTHING,
) -> JournalMapping:
    """Cash to income. `income` is the path to the account of a fund; without it one account takes everything."""
    credit = Row("ia_crm__Intacct_Account__c", income, None if income else INCOME_BLANK, Side.CREDIT)
    return JournalMapping(
        name=name,
        header=header,
        line=line[0] if line else None,
        parent=line[1] if line else None,
        debit_field="ia_crm__Debit_Line__c",
        credit_field="ia_crm__Credit_Line__c",
        header_rows=(
            Row("ia_crm__Intacct_Journal__c", constant=JOURNAL_BLANK),
            Row("ia_crm__Date__c", date),
            Row("ia_crm__Description__c", title),
        ),
        line_rows=(
            Row("ia_crm__Amount__c", amount),
            Row("ia_crm__Intacct_Account__c", constant=CASH_BLANK, side=Side.DEBIT),
            credit,
        ),
        header_filter=only,
        line_filter=lines_only,
    )


def _reversed(mapping: JournalMapping) -> JournalMapping:
    """The same with the sides changed: income to cash."""
    turned = {Side.DEBIT: Side.CREDIT, Side.CREDIT: Side.DEBIT, Side.BOTH: Side.BOTH}
    return replace(mapping, line_rows=tuple(replace(row, side=turned[row.side]) for row in mapping.line_rows))


FUND = "ia_crm__Intacct_Account__c"
PAID = AllOf((_is("npe01__Paid__c", True), _is("npe01__Written_Off__c", False)))
RECEIVED = _is("Status", "Paid")

SUGGESTIONS: dict[OrgKind, tuple[JournalMapping, ...]] = {
    OrgKind.PLAIN: (
        _mapping(
            "Won opportunities",
            "Opportunity",
            date="CloseDate",
            title="Name",
            amount="Amount",
            only=_is("IsWon", True),
        ),
    ),
    OrgKind.NPSP: (
        _mapping(
            "Payments",
            "Opportunity",
            date="CloseDate",
            title="Name",
            amount="npe01__Payment_Amount__c",
            line=("npe01__OppPayment__c", "npe01__Opportunity__c"),
            only=EVERYTHING,
            lines_only=PAID,
        ),
        _mapping(
            "Payments by fund",
            "npe01__OppPayment__c",
            date="npe01__Payment_Date__c",
            title="Name",
            amount="npsp__Amount__c",
            line=("npsp__Allocation__c", "npsp__Payment__c"),
            income=f"npsp__General_Accounting_Unit__r.{FUND}",
            only=PAID,
        ),
    ),
    OrgKind.NONPROFIT_CLOUD: (
        _mapping(
            "Gifts",
            "GiftTransaction",
            date="TransactionDate",
            title="Name",
            amount="OriginalAmount",
            only=RECEIVED,
        ),
        _mapping(
            "Gifts by designation",
            "GiftTransaction",
            date="TransactionDate",
            title="Name",
            amount="Amount",
            line=("GiftTransactionDesignation", "GiftTransactionId"),
            income=f"GiftDesignation.{FUND}",
            only=RECEIVED,
        ),
        _reversed(
            _mapping(
                "Refunds of gifts",
                "GiftRefund",
                date="Date",
                title="Name",
                amount="Amount",
                only=AllOf(
                    (_is("Status", "Completed"), Compare("GiftTransaction.ia_crm__Debit_Line__c", Operator.IS_FILLED))
                ),
            )
        ),
    ),
}
"""Only money that came: paid payments that were not written off, gifts with status Paid. A refund is a row of its own,
and reverses only what was posted: the original amount of a gift is taken, never the one that refunds have lowered."""


def _spelt(mapping: JournalMapping, prefix: str) -> JournalMapping:
    """The mapping in the namespace of the connection."""

    def named(text: str | None) -> str | None:
        return text.replace(NAMESPACE, prefix) if text else text

    def rows(given: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(
            replace(row, target=row.target.replace(NAMESPACE, prefix), field=named(row.field)) for row in given
        )

    return replace(
        mapping,
        debit_field=mapping.debit_field.replace(NAMESPACE, prefix),
        credit_field=named(mapping.credit_field),
        header_rows=rows(mapping.header_rows),
        line_rows=rows(mapping.line_rows),
        header_filter=_filtered(mapping.header_filter, prefix),
    )


def _filtered(condition: Condition, prefix: str) -> Condition:
    if isinstance(condition, Compare):
        return replace(condition, field=condition.field.replace(NAMESPACE, prefix))
    return replace(condition, parts=tuple(_filtered(part, prefix) for part in condition.parts))
