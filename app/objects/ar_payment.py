"""Customer payments with the invoices they pay: posted in Intacct once, then owned by Intacct.

product.md 1.3 (R14), 3.3 (ARPYMT, ARPYMTDETAIL) and 6; intacct-api.md 4.5. CUSTOMERID and the deposit account return to
Salesforce as well: a payment recorded in Intacct needs them there, and a default by option is shown.
"""

from collections.abc import Mapping
from dataclasses import replace

from app.domain.declaration import (
    ENABLED,
    Creates,
    End,
    Field,
    Kind,
    Lines,
    Mark,
    Option,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.errors import Kind as Trouble
from app.domain.errors import SyncError
from app.domain.paying import ADVICE, Pays
from app.domain.payment_wish import METHODS
from app.domain.records import Value
from app.domain.transforms import Canonical, Day, Identifier, Pick, Quantity, Reference, Text

TO, FROM = Rule.TO_INTACCT, Rule.FROM_INTACCT
BANK, UNDEPOSITED, SUMMARY = "FINANCIALENTITY", "UNDEPOSITEDACCOUNTNO", "PRBATCH"
CROSS, OVER = "allowCrossCurrency", "allowOverpayment"


def completed(header: Mapping[str, Canonical], options: Mapping[str, object]) -> Mapping[str, Value]:
    """What a write needs besides the rows: the deposit account by default, currency, draft or submit, the whole amount
    where currencies are crossed. Raises SyncError for none or several deposit accounts."""
    named = [name for name in (BANK, UNDEPOSITED, SUMMARY) if header.get(name)]
    if len(named) > 1:
        said = "The payment names several of bank account, undeposited funds and summary."
        raise SyncError(
            Trouble.DATA, "deposit_account_invalid", said, ADVICE["deposit_account_invalid"], field=named[1]
        )
    made: dict[str, Value] = {"ACTION": str(options["paymentAction"])}
    if not named:
        chosen = BANK if options["bankAccount"] else UNDEPOSITED
        account = str(options["bankAccount"] or options["undepositedFunds"])
        if not account:
            said = "The payment names no account it was deposited in, and no default is set."
            advice = ADVICE["deposit_account_missing"]
            raise SyncError(Trouble.CONFIG, "deposit_account_missing", said, advice, field=BANK)
        made[chosen] = account
    if not header.get("CURRENCY"):
        made["CURRENCY"] = str(options["defaultCurrency"])
    amount = header.get("TRX_TOTALENTERED")
    if header.get("AMOUNTTOPAY") is not None and not isinstance(amount, tuple):
        made["TRX_AMOUNTTOPAY"] = amount
    return made


PAYS = Pays(
    customer="CUSTOMERID",
    currency="CURRENCY",
    amount="TRX_TOTALENTERED",
    whole="TRX_AMOUNTTOPAY",
    received="RECEIPTDATE",
    base="AMOUNTTOPAY",
    rates=("EXCH_RATE_TYPE_ID", "EXCHANGE_RATE"),
    over="OVERPAYMENTAMOUNT",
    over_places=("OVERPAYMENTLOCATIONID", "OVERPAYMENTDEPARTMENTID"),
    state="STATE",
    invoice="RECORDKEY",
    paid="TRX_PAYMENTAMOUNT",
    number="ia_crm__Sales_Invoice__r.ia_crm__AR_Record_Key__c",
    document="ia_crm__Sales_Invoice__r.ia_crm__Document_Key__c",
    key="ia_crm__Payment_Key__c",
    complete=completed,
    part_of="PARENTPAYMENTKEY",
    fills=(BANK, UNDEPOSITED, SUMMARY, "CURRENCY"),
)

OPTIONS = (
    ENABLED,
    Option(
        "paymentAction",
        "Submit",
        "Whether payments are posted in Intacct at once, or left as drafts.",
        ("Submit", "Draft"),
    ),
    Option("bankAccount", "", "The bank account of payments that name no deposit account.", longest=40),
    Option(
        "undepositedFunds", "", "The account of undeposited funds in its place, without a bank account.", longest=24
    ),
    Option("defaultCurrency", "USD", "The currency of payments in an org with one currency.", pattern="^[A-Z]{3}$"),
    Option(CROSS, False, "A payment may be in another currency than its invoices, with base amount and exchange rate."),
    Option(OVER, False, "A payment of one invoice may hold an excess, with location and department."),
    Option("fourEyes", False, "A held payment is released or rejected by two people with keys of their own."),
)


def beside(values: Mapping[str, Value]) -> str | None:
    """Why a record Intacct made beside a payment is not one: the excess of an overpayment, or its use."""
    key = values.get(PAYS.part_of)
    return f"The record belongs to payment {key}, which shows its excess." if key else None


def shown(intacct: str, name: str, via: Text | Day | Identifier) -> Field:
    """A row that shows what Intacct has."""
    return Field(intacct, f"ia_crm__{name}__c", FROM, via)


def crossed(row: Field) -> Field:
    """A row of payments in another currency than their invoices."""
    return replace(row, needs=CROSS)


def over(row: Field) -> Field:
    """A row of overpayments."""
    return replace(row, needs=OVER)


OBJECT = SyncedObject(
    name="ar_payment",
    label="Payment",
    kind=Kind.DOCUMENT,
    money=True,
    pays=PAYS,
    salesforce=End("ia_crm__AR_Payment__c", "Name", external_id="ia_crm__Intacct_Key__c"),
    creates=Creates.BOTH,
    refuse=beside,
    intacct=End("ARPYMT", "RECORDNO"),
    reference="DOCNUMBER",
    also_read=(PAYS.key,),
    consults=(PAYS.part_of,),
    write_back=WriteBack(intacct_id="ia_crm__Intacct_Record_No__c"),
    options=OPTIONS,
    fields=(
        Field("CUSTOMERID", "ia_crm__Account__c", via=Reference(), mark=Mark.FIXED, refers_to="account", required=True),
        Field(BANK, "ia_crm__Bank_Account__c", via=Identifier(40)),
        Field(UNDEPOSITED, "ia_crm__Undeposited_Funds_Account__c", via=Identifier(24)),
        Field(SUMMARY, "ia_crm__AR_Summary__c", via=Text(80)),
        Field("RECEIPTDATE", "ia_crm__Receipt_Date__c", via=Day(), mark=Mark.FIXED, required=True),
        Field("PAYMENTMETHOD", "ia_crm__Payment_Method__c", via=Pick(tuple((m, m) for m in METHODS)), required=True),
        Field("CURRENCY", "CurrencyIsoCode", via=Identifier(3), mark=Mark.FIXED),
        Field("TRX_TOTALENTERED", "ia_crm__Amount__c", FROM, Quantity(), Mark.FIXED),
        Field("DOCNUMBER", "ia_crm__Reference_Number__c", via=Identifier(45)),
        Field("DESCRIPTION", "ia_crm__Description__c", via=Text(1000)),
        Field("PAYMENTDATE", "ia_crm__Payment_Date__c", via=Day()),
        crossed(Field("AMOUNTTOPAY", "ia_crm__Base_Amount__c", via=Quantity(), or_spelt="AMOUNTOPAY")),
        crossed(
            Field("EXCH_RATE_TYPE_ID", "ia_crm__Exchange_Rate_Type__c", via=Reference(), refers_to="exchange_rate_type")
        ),
        crossed(Field("EXCHANGE_RATE", "ia_crm__Exchange_Rate__c", via=Quantity())),
        over(Field("OVERPAYMENTAMOUNT", "ia_crm__Overpayment_Amount__c", via=Quantity())),
        over(
            Field("OVERPAYMENTLOCATIONID", "ia_crm__Overpayment_Location_Id__c", via=Reference(), refers_to="location")
        ),
        over(
            Field(
                "OVERPAYMENTDEPARTMENTID", "ia_crm__Overpayment_Department__c", via=Reference(), refers_to="department"
            )
        ),
        shown("STATE", "Intacct_State", Text(40)),
        shown("WHENPAID", "Paid_Date", Day()),
        shown("BASECURR", "Base_Currency", Identifier(3)),
        shown("RECORDTYPE", "Payment_Type", Text(20)),
        shown("CLEARED", "Cleared", Text(20)),
        shown("CLRDATE", "Cleared_Date", Day()),
    ),
    lines=Lines(
        salesforce="ia_crm__AR_Payment_Line__c",
        parent="ia_crm__AR_Payment__c",
        key="ia_crm__Intacct_Record_No__c",
        intacct="ARPYMTDETAIL",
        header="PAYMENTKEY",
        number="LINE_NO",
        path="ARPYMTDETAILS.ARPYMTDETAIL",
        also_read=(PAYS.number, PAYS.document),
        external_id="ia_crm__Intacct_Key__c",
        fields=(
            Field("RECORDKEY", "ia_crm__Sales_Invoice__c", TO, Identifier(18), Mark.FIXED, required=True),
            Field("TRX_PAYMENTAMOUNT", "ia_crm__Amount__c", via=Quantity(), mark=Mark.FIXED, required=True),
            Field("ENTRYKEY", "ia_crm__Sales_Invoice_Item__c", TO, Identifier(18), active=False),
            Field("DISCOUNTDATE", "ia_crm__Discount_Date__c", TO, Day(), active=False),
            Field("TRX_TOTALDISCOUNTTOAPPLY", "ia_crm__Discount_Amount__c", TO, Quantity(), active=False),
        ),
    ),
)
