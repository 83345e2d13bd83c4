"""Journal entries with their lines: built in Salesforce, sent once; what Intacct makes of them is shown beside them.

product.md 2.2 no. 19 and 3.3 (GLBATCH, GLENTRY). TR_TYPE is 1 for a debit (statistical: an increase), -1 for a credit.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from app.domain.declaration import ENABLED, End, Field, Kind, Lines, Mark, Option, Rule, SyncedObject, WriteBack
from app.domain.problems import Problem
from app.domain.records import Value
from app.domain.transforms import Amount, Canonical, Day, Flag, Identifier, Pick, Reference, Text, Transform, decimal

TO, FROM = Rule.TO_INTACCT, Rule.FROM_INTACCT
STATISTICAL, COUNT = "ia_crm__Intacct_Journal__r.ia_crm__Statistical__c", "ia_crm__Line_Count__c"
AMOUNT, SIDE, LOCATION = "ia_crm__Amount__c", "ia_crm__Debit_Credit__c", "ia_crm__Intacct_Location__c"
SIDES = Pick((("1", "Increase"), ("-1", "Decrease"), ("1", "Debit"), ("-1", "Credit")))
STATES = Pick(
    (
        ("I", "Draft"),
        ("S", "Submitted"),
        ("X", "Partly approved"),
        ("A", "Approved"),
        ("P", "Posted"),
        ("R", "Declined"),
        ("L", "Reversal pending"),
        ("Z", "Reversed"),
    )
)
DIMENSIONS = (
    ("LOCATION", "Intacct_Location", "location"),
    ("DEPARTMENT", "Department", "department"),
    ("CLASSID", "Class", "classification"),
    ("PROJECTID", "Project", "project"),
    ("TASKID", "Task", "task"),
    ("EMPLOYEEID", "Employee", "employee"),
    ("CUSTOMERID", "Account", "account"),
    ("ITEMID", "Product", "product"),
)


def sound(
    header: Mapping[str, Value], lines: Sequence[Mapping[str, Canonical]], options: Mapping[str, object]
) -> list[Problem]:
    """What is wrong with an entry: lines missing, amounts not above nothing, no location, debits unlike credits."""
    statistical = header.get(STATISTICAL) is True
    problems = list(_of_lines(lines, located=bool(options["requireLocation"])))
    expected = decimal(header.get(COUNT))
    if expected is not None and expected != len(lines):
        said = f"The entry has {len(lines)} lines, {expected} were built; it is sent when all of them are there."
        problems.append(Problem("lines_missing", COUNT, said))
    if len(lines) < (1 if statistical else 2):
        problems.append(Problem("too_few_lines", AMOUNT, "A journal entry needs two or more lines."))
    if not statistical and not problems:
        problems += _balance(lines)
    return problems


def _of_lines(lines: Sequence[Mapping[str, Canonical]], *, located: bool) -> Iterator[Problem]:
    for number, line in enumerate(lines, 1):
        if not isinstance(amount := line.get("TRX_AMOUNT"), Decimal) or amount <= 0:
            said = f"Line {number}: {AMOUNT} must be above zero; {SIDE} gives the direction."
            yield Problem("amount_not_positive", AMOUNT, said)
        if located and not line.get("LOCATION"):
            yield Problem("location_missing", LOCATION, f"Line {number}: {LOCATION} is empty.")


def _balance(lines: Sequence[Mapping[str, Canonical]]) -> Iterator[Problem]:
    """Debits and credits must agree to the cent in every currency; the problem names the difference."""
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: {"1": Decimal(0), "-1": Decimal(0)})
    for line in lines:
        amount = line["TRX_AMOUNT"]
        assert isinstance(amount, Decimal)
        sums[str(line.get("CURRENCY") or "")][str(line["TR_TYPE"])] += amount
    for currency, sides in sorted(sums.items()):
        debit, credit = sides["1"], sides["-1"]
        if debit != credit:
            said = f"Debits {debit} and credits {credit} {currency}".rstrip() + f" differ by {abs(debit - credit)}."
            yield Problem("not_balanced", AMOUNT, said)


def shown(intacct: str, name: str, via: Transform) -> Field:
    """The sync-back row: what stands in Intacct, beside the field it was sent from."""
    return Field(intacct, f"ia_crm__SB_{name}__c", FROM, via, shows=True)


OBJECT = SyncedObject(
    name="journal_entry",
    label="Journal entry",
    kind=Kind.DOCUMENT,
    money=True,
    salesforce=End("ia_crm__Intacct_Journal_Entry__c", "Name"),
    intacct=End("GLBATCH", "RECORDNO"),
    link_fallback="REFERENCENO",
    write_back=WriteBack(intacct_id="ia_crm__Intacct_Record_No__c"),
    options=(
        ENABLED,
        Option("requireLocation", False, "Every line must have a location, as in a company with several entities."),
    ),
    fields=(
        Field("JOURNAL", "ia_crm__Intacct_Journal__c", TO, Reference(), refers_to="gl_journal", required=True),
        Field("BATCH_DATE", "ia_crm__Date__c", TO, Day(), required=True),
        Field("BATCH_TITLE", "ia_crm__Description__c", TO, Text(80), Mark.FIXED, required=True),
        Field("REFERENCENO", "ia_crm__Reference_Number__c", TO, Text(120)),
        Field("REVERSEDATE", "ia_crm__Reverse_Date__c", TO, Day()),
        Field("BASELOCATION_NO", "ia_crm__Intacct_Entity__c", TO, Reference(), refers_to="location"),
        Field("STATE", "ia_crm__Create_as_Draft__c", TO, Flag("Draft", "Posted")),
        Field("BATCHNO", "ia_crm__Batch_Number__c", FROM, Identifier(40), Mark.FIXED),
        shown("BATCH_DATE", "Date", Day()),
        shown("BATCH_TITLE", "Description", Text(80)),
        shown("STATE", "State", STATES),
    ),
    lines=Lines(
        salesforce="ia_crm__Intacct_Journal_Entry_Line__c",
        parent="ia_crm__Intacct_Journal_Entry__c",
        key="ia_crm__Intacct_Record_No__c",
        intacct="GLENTRY",
        header="BATCHNO",
        number="LINE_NO",
        path="ENTRIES.GLENTRY",
        needs=(STATISTICAL, COUNT),
        check=sound,
        fields=(
            Field("ACCOUNTNO", "ia_crm__Intacct_Account__c", TO, Reference(), Mark.FIXED, "gl_account", required=True),
            Field("TRX_AMOUNT", AMOUNT, TO, Amount(), Mark.FIXED, required=True),
            Field("TR_TYPE", SIDE, TO, SIDES, Mark.FIXED, required=True),
            Field("CURRENCY", "CurrencyIsoCode", TO, Identifier(3)),
            Field("DESCRIPTION", "ia_crm__Memo__c", TO, Text(1000)),
            Field("DOCUMENT", "ia_crm__Document__c", TO, Text(30)),
            Field("EXCH_RATE_DATE", "ia_crm__Exchange_Rate_Date__c", TO, Day()),
            Field(
                "EXCH_RATE_TYPE_ID",
                "ia_crm__Exchange_Rate_Type__c",
                TO,
                Reference(),
                refers_to="exchange_rate_type",
            ),
            *(Field(field, f"ia_crm__{name}__c", TO, Reference(), refers_to=o) for field, name, o in DIMENSIONS),
            shown("ACCOUNTNO", "Intacct_Account", Identifier(40)),
            shown("TRX_AMOUNT", "Amount", Amount()),
            shown("TR_TYPE", "Debit_Credit", SIDES),
            shown("DESCRIPTION", "Memo", Text(255)),
            *(shown(field, name, Identifier(40)) for field, name, _ in DIMENSIONS),
        ),
    ),
)
