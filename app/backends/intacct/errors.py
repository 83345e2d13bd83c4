"""What Intacct's refusals mean: one table from (position, errorno, text) to our kinds, codes and advice.

Nothing is sent or parsed here. The numbers and texts are those of intacct-api.md 5.2; codes such as XL03000006 and
BL01001973 are overloaded, so a rule may name the position in the envelope and the text as well. Lines of the table
stand in order of precedence: the first line that fits any of the errors of an answer decides, wrappers stand last.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.backends.intacct.texts import FIELD_MEANT, NAMED_FIELD, Fault
from app.domain.errors import Kind, SyncError, VendorFault

COMPANION = "XL03000009"
"""Says only that the transaction was rolled back; never the cause when another error stands beside it."""


class Place(StrEnum):
    """Where in the answer the errors stood (intacct-api.md 2.8)."""

    CONTROL = "control"
    AUTHENTICATION = "authentication"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Meaning:
    """Our reading of a refusal. `unclear`: if the request was a write, it may have been carried out all the same."""

    kind: Kind
    code: str
    advice: str = ""
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. An omitted condition fits anything; `alone`: only if no other kind of error is present."""

    meaning: Meaning
    errorno: str = ""
    text: str = ""
    place: Place | None = None
    alone: bool = False

    def fits(self, fault: Fault, place: Place) -> bool:
        """Whether this line speaks of `fault` found at `place`."""
        if self.place is not None and self.place is not place:
            return False
        if self.errorno and not re.fullmatch(self.errorno, fault.errorno or ""):
            return False
        return not self.text or re.search(self.text, fault.everything, re.IGNORECASE) is not None


RATE = Meaning(Kind.RATE_LIMITED, "rate_limited")
GATEWAY = Meaning(Kind.TRANSIENT, "gateway_trouble", unclear=True)
OFFLINE = Meaning(Kind.TRANSIENT, "service_offline", "Nothing to do: Intacct is down and is asked again later.")
BUSY = Meaning(Kind.TRANSIENT, "service_offline", OFFLINE.advice, unclear=True)
PROCESSING = Meaning(Kind.TRANSIENT, "processing_error")
SESSION = Meaning(Kind.AUTH, "session_refused", "Check that the API user may still use Web Services.")
LOGIN = Meaning(Kind.AUTH, "login_refused", "Check company, user id and password of the connection.")
SENDER = Meaning(Kind.AUTH, "sender_refused", "Check the sender id and its password.")
UNAUTHORISED = Meaning(
    Kind.AUTH,
    "sender_not_authorised",
    "Authorise the sender id in Intacct: Company > Setup > Company > Security > Web Services authorizations.",
)
EXPIRED = Meaning(Kind.AUTH, "company_expired", "The company is expired or inactive: ask Sage.")
TOKEN = Meaning(Kind.AUTH, "token_refused")
POLICY = Meaning(Kind.CONFIG, "transport_policy_unknown", "Name a transport policy that Sage has set up.")
PERMISSION = Meaning(
    Kind.PERMISSION, "permission_missing", "Give the API user's role the permission that Intacct names, then retry."
)
UNKNOWN_OBJECT = Meaning(Kind.CONFIG, "unknown_object", "Check that the subscription which owns the object is on.")
UNKNOWN_FIELD = Meaning(Kind.CONFIG, "unknown_field", "Create the field in Intacct or take it out of the mapping.")
REPEAT = Meaning(Kind.AMBIGUOUS, "repeat_refused", unclear=True)
DUPLICATE = Meaning(Kind.DATA, "already_exists", "Link the record that exists, or change the id or name of this one.")
UNEXPLAINED = Meaning(Kind.TRANSIENT, "unexplained_refusal")
LOCKED = Meaning(Kind.TRANSIENT, "record_locked")
NO_NUMBER = Meaning(
    Kind.CONFIG, "document_number_missing", "Set a numbering sequence on the transaction definition, or map the number."
)
ENTITY_ONLY = Meaning(
    Kind.CONFIG, "entity_required", "Name an entity in the connection: this cannot be done top level."
)
REQUIRED = Meaning(
    Kind.DATA, "required_field_missing", "Fill the named field, or switch on the numbering sequence for it."
)
FORMAT = Meaning(Kind.DATA, "illegal_format", "Correct the format of the named value, often an e-mail address.")
UNIT = Meaning(Kind.DATA, "unit_missing", "Use a unit of measure exactly as the item spells it.")
CLOSED = Meaning(Kind.DATA, "period_closed", "Open the period in Intacct or move the date.")
INVALID = Meaning(Kind.DATA, "invalid_value", "Use one of the values Intacct allows.")
GONE = Meaning(Kind.DATA, "record_not_found", "The record was deleted in Intacct or belongs to another entity.")
TOO_LONG = Meaning(Kind.DATA, "value_too_long", "Shorten the value.")
NO_REFERENCE = Meaning(Kind.DATA, "reference_not_found", "Create the record that is named, or name another one.")
OUR_XML = Meaning(Kind.BUG, "request_malformed")
ROLLED_BACK = Meaning(Kind.TRANSIENT, "rolled_back")
REFUSED = Meaning(Kind.DATA, "refused", "Correct what Intacct's sentence names, then sync the record again.")
NOT_EDITABLE = Meaning(
    Kind.CONFIG,
    "field_not_editable",
    "Intacct alone sets the field: turn its mapping row to From Intacct, or take it out of the mapping.",
)
EXCLUSIVE = Meaning(Kind.DATA, "fields_exclude_each_other", "Fill only one of the fields that Intacct names.")
UNBALANCED = Meaning(Kind.DATA, "entry_not_balanced", "Correct the lines until debits and credits are equal.")
TOO_MUCH = Meaning(Kind.DATA, "more_than_open", "Lower the amount or quantity to what is still open in Intacct.")
INACTIVE = Meaning(Kind.DATA, "reference_inactive", "Activate the named record in Intacct, or name another one.")
WRONG_STATE = Meaning(
    Kind.CONFLICT,
    "state_forbids",
    "Look at the document in Intacct: in its present state it can only be changed there.",
)
UNCLASSIFIED = Meaning(Kind.BUG, "unclassified", unclear=True)

AUTHENTICATION, CONTROL, RESULT = Place.AUTHENTICATION, Place.CONTROL, Place.RESULT

RULES: tuple[Rule, ...] = (
    Rule(RATE, errorno="GW-0010"),
    Rule(RATE, text="API rate limit exceeded"),
    Rule(GATEWAY, errorno="GW-000[1-9]"),
    Rule(REPEAT, text=r"control ?id.{0,80}(already|duplicate|not unique|unique)", place=RESULT),
    Rule(REPEAT, text=r"duplicate control ?id|already been (executed|processed|completed)", place=RESULT),
    Rule(DUPLICATE, errorno="BL34000061|PL05000104|BL01001762"),
    Rule(DUPLICATE, text="already exists", place=RESULT),
    Rule(OFFLINE, errorno="PL04000050"),
    Rule(OFFLINE, text=r"temporarily off-?line"),
    Rule(BUSY, text="please try again later"),
    Rule(UNAUTHORISED, text="not authorized to make Web Services requests"),
    Rule(SESSION, text="invalid session", place=AUTHENTICATION),
    Rule(LOGIN, errorno="XL03000006", place=AUTHENTICATION),
    Rule(LOGIN, errorno="UJPP0002|XMLGW_JPP0002"),
    Rule(SENDER, errorno="GW-001[12]"),
    Rule(EXPIRED, errorno="PL04000055"),
    Rule(TOKEN, errorno="GW-003[1-9]"),
    Rule(POLICY, errorno="XL03000006", text="transport policy", place=CONTROL),
    Rule(SENDER, errorno="XL03000006", place=CONTROL),
    Rule(LOGIN, place=AUTHENTICATION),
    Rule(PERMISSION, errorno="GW-0042"),
    Rule(PERMISSION, text=r"do(es)? not have (the )?(required )?permission|permission (is )?(denied|required)"),
    Rule(PERMISSION, text="not authori[sz]ed", place=RESULT),
    Rule(UNKNOWN_OBJECT, text=r"object definition .* not found", place=RESULT),
    Rule(UNKNOWN_FIELD, errorno="XL03000010"),
    Rule(UNKNOWN_FIELD, text=r"cannot be queried|invalid fields? list|unknown field", place=RESULT),
    Rule(OUR_XML, errorno="XL03000003"),
    Rule(UNEXPLAINED, errorno="BL01001973", text=r"could not create document record", place=RESULT, alone=True),
    Rule(NO_NUMBER, errorno="PL01000127"),
    Rule(ENTITY_ONLY, text=r"entity.?(level)?.?only|only .{0,40}\bentity|top.level", place=RESULT),
    Rule(UNIT, text="missing unit", place=RESULT),
    Rule(FORMAT, text="illegal format|invalid (e-?mail|format)", place=RESULT),
    Rule(REQUIRED, text=r"\brequired\b|\bmissing\b", place=RESULT),
    Rule(CLOSED, text=r"period.{0,60}(closed|not open)|closed (\w+ )?period", place=RESULT),
    Rule(
        TOO_LONG,
        text=r"too long|illegal length|exceeds? .{0,40}(length|characters|maximum)|maximum length",
        place=RESULT,
    ),
    Rule(LOCKED, text=r"\block(ed|s)?\b|another user|being (edited|updated)", place=RESULT),
    Rule(GONE, text="could not find .{1,80} with key", place=RESULT),
    Rule(NO_REFERENCE, text=r"invalid .{1,200} specified", place=RESULT),
    Rule(INVALID, text=r"not a valid value|invalid value", place=RESULT),
    Rule(NO_REFERENCE, text=r"does not exist|do not exist|not found|could not find|no such", place=RESULT),
    Rule(NOT_EDITABLE, text=r"is read-?only|cannot be changed after|is not editable", place=RESULT),
    Rule(EXCLUSIVE, text=r"only one of .{1,200} can be given", place=RESULT),
    Rule(UNBALANCED, text=r"(does|do) not balance|out of balance", place=RESULT),
    Rule(TOO_MUCH, text=r"exceeds the (amount|balance) due|only .{1,40} can still be", place=RESULT),
    Rule(INACTIVE, text=r"\bis inactive\b", place=RESULT),
    Rule(
        WRONG_STATE,
        text=r"cannot be (edited|changed|converted|deleted|reversed)|has payments applied|is changed there",
        place=RESULT,
    ),
    Rule(PROCESSING, text="there was an error processing the request", place=RESULT),
    Rule(REFUSED, errorno=r"BL0[13]00\d{4}", place=RESULT),
    Rule(ROLLED_BACK, errorno=COMPANION, alone=True),
)

BY_STATUS: dict[int, Meaning] = {
    400: Meaning(Kind.BUG, "bad_request"),
    401: SESSION,
    403: PERMISSION,
    404: Meaning(Kind.CONFIG, "gateway_not_found", "Check the gateway address of the connection."),
    429: RATE,
    498: SESSION,
}
"""What a status means when the body says nothing (intacct-api.md 5.1)."""

SPOKEN = re.compile(r"\bGW-00(?:10|0[1-9])\b|API rate limit exceeded", re.IGNORECASE)
"""All that is believed of a body that is no Intacct document: a gateway code or the rate limit's sentence."""

REDIRECT = Meaning(Kind.CONFIG, "redirect_refused", "Check the gateway address: it redirects.", unclear=True)
UNREADABLE = Meaning(Kind.TRANSIENT, "unreadable_answer", unclear=True)
LOST = Meaning(Kind.TRANSIENT, "answer_lost", unclear=True)
UNREACHABLE = Meaning(Kind.TRANSIENT, "unreachable")
FORBIDDEN = Meaning(Kind.CONFIG, "gateway_forbidden", "Name the gateway's https address on an allowed host.")


def by_status(status: int) -> Meaning:
    """What an HTTP status means by itself; 200 with a body that is no answer is `unreadable_answer`."""
    if status in BY_STATUS:
        return BY_STATUS[status]
    if 300 <= status < 400:
        return REDIRECT
    return GATEWAY if status >= 500 else UNREADABLE


def classify(place: Place, faults: Sequence[Fault]) -> tuple[Meaning, Fault | None]:
    """The meaning of the errors found at `place`, and the error that decided it.

    Unmatched errors are `unclassified`; so is an empty list.
    """
    telling = [fault for fault in faults if fault.errorno != COMPANION] or list(faults)
    for rule in RULES:
        for fault in telling:
            if rule.fits(fault, place) and (not rule.alone or all(rule.fits(other, place) for other in telling)):
                return rule.meaning, fault
    return UNCLASSIFIED, telling[0] if telling else None


def to_error(
    meaning: Meaning,
    fault: Fault | None,
    *,
    status: int | None = None,
    retry_after: float | None = None,
    during_write: bool = False,
) -> SyncError:
    """The error for `meaning`, with what the vendor said. An unclear meaning during a write is AMBIGUOUS."""
    ambiguous = meaning.unclear and during_write
    said = fault.sentence if fault else ""
    cause = said or (f"HTTP status {status}" if status and status != 200 else meaning.code.replace("_", " "))
    return SyncError(
        Kind.AMBIGUOUS if ambiguous else meaning.kind,
        meaning.code,
        f"Sage Intacct: {cause}",
        "" if ambiguous else meaning.advice,
        retry_after=retry_after,
        field=_field(meaning, fault),
        vendor=VendorFault(
            "intacct",
            code=fault.errorno if fault else None,
            text=(fault.everything or None) if fault else None,
            support_id=fault.support_id if fault else None,
            http_status=status,
        ),
    )


def _field(meaning: Meaning, fault: Fault | None) -> str | None:
    """The field an error names, if it names one in a way we can read."""
    if fault is None:
        return None
    if fault.field:
        return fault.field
    if meaning.code in FIELD_MEANT:
        return FIELD_MEANT[meaning.code]
    for pattern in NAMED_FIELD.get(meaning.code, ()):
        found = re.search(pattern, fault.everything, re.IGNORECASE)
        if found:
            return found["field"].strip()
    return None
