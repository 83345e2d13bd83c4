"""What Salesforce's refusals mean: vendor codes and HTTP statuses to kinds, as tables (salesforce-api.md 6).

Reads error bodies, decides nothing about retries or verdicts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from app.backends.http import Reply
from app.backends.salesforce.wire import parse_json
from app.domain.errors import Kind, SyncError, VendorFault
from app.domain.records import System, salesforce_id

TEXT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """How one refusal is understood. `repeat`: the same read may be sent again after a short pause."""

    kind: Kind
    code: str
    advice: str = ""
    repeat: bool = False


SESSION = Rule(Kind.AUTH, "salesforce_session_refused")
QUOTA = Rule(Kind.RATE_LIMITED, "salesforce_quota", "The org's daily calls are used up; work goes on when they return.")
CONCURRENCY = Rule(Kind.RATE_LIMITED, "salesforce_concurrency", repeat=True)
SLOW_DOWN = Rule(Kind.RATE_LIMITED, "salesforce_slow_down", repeat=True)
LOCKED = Rule(Kind.TRANSIENT, "salesforce_record_locked", repeat=True)
UNAVAILABLE = Rule(Kind.TRANSIENT, "salesforce_unavailable", repeat=True)
UNREACHABLE = Rule(Kind.TRANSIENT, "salesforce_unreachable", repeat=True)
UNREADABLE = Rule(Kind.TRANSIENT, "salesforce_unreadable", repeat=True)
UNREADABLE_ROW = Rule(Kind.BUG, "salesforce_unreadable_record")
QUERY_TIMEOUT = Rule(Kind.TRANSIENT, "salesforce_query_timeout", repeat=True)
PAGE_LOST = Rule(Kind.TRANSIENT, "salesforce_page_lost")
TOO_LARGE = Rule(
    Kind.CONFIG, "salesforce_query_too_large", "Give the API user the right to read all records, or map fewer fields."
)
METERING = Rule(
    Kind.TRANSIENT,
    "salesforce_security_policy",
    "Exempt the API user from the transaction security policy if this goes on.",
    repeat=True,
)
DUPLICATE = Rule(
    Kind.CONFLICT, "salesforce_duplicate_value", "Another record has this unique value: link the two, or change one."
)
DUPLICATE_RULE = Rule(
    Kind.CONFLICT,
    "salesforce_duplicate_rule",
    "A duplicate rule of the org stopped the record: a person has to decide.",
)
SEVERAL = Rule(
    Kind.CONFLICT, "salesforce_several_matches", "Several records have this external id: make the field unique."
)
GONE = Rule(
    Kind.DATA, "salesforce_record_gone", "The record was deleted or merged: restore it or point to its successor."
)
BAD_ID = Rule(Kind.DATA, "salesforce_bad_id", "The Salesforce id is wrong or belongs to another object: correct it.")
VALIDATION = Rule(
    Kind.DATA, "salesforce_validation_rule", "Correct the record as the org's validation rule says, then sync again."
)
REQUIRED = Rule(Kind.DATA, "salesforce_required_field", "Fill or map the required field, then sync again.")
NO_STANDARD_PRICE = Rule(
    Kind.DEPENDENCY,
    "standard_price_missing",
    "Salesforce wants a standard price first: put the product on the base price list, or on the standard price book.",
)
TOO_LONG = Rule(Kind.DATA, "salesforce_text_too_long", "Shorten the text, then sync again.")
PICKLIST = Rule(Kind.DATA, "salesforce_picklist_value", "Add the value to the picklist or change it, then sync again.")
NUMBER = Rule(Kind.DATA, "salesforce_number_range", "Widen the number field in Salesforce, or correct the number.")
EMAIL = Rule(Kind.DATA, "salesforce_email", "Correct the e-mail address in Intacct, then sync again.")
UNPARSABLE = Rule(
    Kind.DATA, "salesforce_value_unreadable", "Correct the value, or map it to a field of a type that can hold it."
)
REFUSED = Rule(Kind.DATA, "salesforce_refused", "Correct what Salesforce's sentence names, then sync the record again.")
AUTOMATION = Rule(
    Kind.CONFIG,
    "salesforce_automation",
    "A flow or trigger of the org failed: the Salesforce administrator can see why.",
)
PERMISSION = Rule(
    Kind.PERMISSION,
    "salesforce_permission",
    "Let the API user see and edit the record and those it refers to (permission set, sharing), then retry.",
)
SCHEMA = Rule(
    Kind.CONFIG,
    "salesforce_schema",
    "Create the object or field in Salesforce, or let the API user see it (field-level security).",
)
READ_ONLY = Rule(
    Kind.PERMISSION, "salesforce_read_only_field", "Let the API user edit the field, or take it out of the mapping."
)
API_OFF = Rule(Kind.CONFIG, "salesforce_api_disabled", "Enable the API for the org and the API user.")
API_VERSION = Rule(Kind.CONFIG, "salesforce_api_version", "Set an API version that the org still offers.")
STORAGE = Rule(Kind.CONFIG, "salesforce_storage_full", "Free or buy data storage in Salesforce, then retry.")
OUR_REQUEST = Rule(Kind.BUG, "salesforce_bad_request")
HALTED = Rule(Kind.TRANSIENT, "salesforce_rolled_back")
CHANGED_MEANWHILE = Rule(
    Kind.CONFLICT, "salesforce_changed_meanwhile", "Somebody else changed the record: sync it again."
)
FOREIGN_HOST = Rule(
    Kind.CONFIG, "salesforce_host_forbidden", "Correct the login address, or add the host to the allowed hosts."
)
FIELD_MISSING = Rule(Kind.CONFIG, "salesforce_field_missing", SCHEMA.advice)

RULES: dict[str, Rule] = {
    "INVALID_SESSION_ID": SESSION,
    "INVALID_AUTH_HEADER": SESSION,
    "REQUEST_LIMIT_EXCEEDED": QUOTA,
    "UNABLE_TO_LOCK_ROW": LOCKED,
    "SERVER_UNAVAILABLE": UNAVAILABLE,
    "UNKNOWN_EXCEPTION": UNAVAILABLE,
    "QUERY_TIMEOUT": QUERY_TIMEOUT,
    "INVALID_QUERY_LOCATOR": PAGE_LOST,
    "OPERATION_TOO_LARGE": TOO_LARGE,
    "TXN_SECURITY_METERING_ERROR": METERING,
    "DUPLICATE_VALUE": DUPLICATE,
    "DUPLICATES_DETECTED": DUPLICATE_RULE,
    "DUPLICATE_EXTERNAL_ID": SEVERAL,
    "ENTITY_IS_DELETED": GONE,
    "INVALID_CROSS_REFERENCE_KEY": GONE,
    "MALFORMED_ID": BAD_ID,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": VALIDATION,
    "FIELD_FILTER_VALIDATION_EXCEPTION": VALIDATION,
    "REQUIRED_FIELD_MISSING": REQUIRED,
    "STANDARD_PRICE_NOT_DEFINED": NO_STANDARD_PRICE,
    "STRING_TOO_LONG": TOO_LONG,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": PICKLIST,
    "NUMBER_OUTSIDE_VALID_RANGE": NUMBER,
    "INVALID_EMAIL_ADDRESS": EMAIL,
    "JSON_PARSER_ERROR": UNPARSABLE,
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": AUTOMATION,
    "CANNOT_EXECUTE_FLOW_TRIGGER": AUTOMATION,
    "APEX_ERROR": AUTOMATION,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": PERMISSION,
    "INSUFFICIENT_ACCESS_OR_READONLY": PERMISSION,
    "INSUFFICIENT_ACCESS": PERMISSION,
    "INVALID_FIELD_FOR_INSERT_UPDATE": READ_ONLY,
    "INVALID_FIELD": SCHEMA,
    "INVALID_TYPE": SCHEMA,
    "NOT_FOUND": SCHEMA,
    "API_DISABLED_FOR_ORG": API_OFF,
    "API_CURRENTLY_DISABLED": API_OFF,
    "UNSUPPORTED_API_VERSION": API_VERSION,
    "STORAGE_LIMIT_EXCEEDED": STORAGE,
    "LIMIT_EXCEEDED": STORAGE,
    "INVALID_REPLICATION_DATE": OUR_REQUEST,
    "EXCEEDED_ID_LIMIT": OUR_REQUEST,
    "MALFORMED_QUERY": OUR_REQUEST,
    "METHOD_NOT_ALLOWED": OUR_REQUEST,
    "PROCESSING_HALTED": HALTED,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": HALTED,
}

STATUSES: dict[int, Rule] = {
    300: SEVERAL,
    401: SESSION,
    403: PERMISSION,
    404: SCHEMA,
    410: API_VERSION,
    412: CHANGED_MEANWHILE,
    420: UNAVAILABLE,
    429: SLOW_DOWN,
}

INNER_TEXT: tuple[tuple[str, str, Rule], ...] = (
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "UNABLE_TO_LOCK_ROW", LOCKED),
    ("CANNOT_EXECUTE_FLOW_TRIGGER", "UNABLE_TO_LOCK_ROW", LOCKED),
    ("APEX_ERROR", "UNABLE_TO_LOCK_ROW", LOCKED),
    ("REQUEST_LIMIT_EXCEEDED", "Concurrent", CONCURRENCY),
)
"""Codes whose text says that it is really something else: (code, part of the text, rule)."""

ENDLESS_LOGIN = ("not valid for use with the rest api", "not attached to agent")
"""Texts of a 401 that a new token does not cure; logging in again would loop (salesforce-api.md 6.2)."""

REPEATED_READS = frozenset(
    rule.code
    for rule in (*RULES.values(), *STATUSES.values(), CONCURRENCY, UNAVAILABLE, UNREACHABLE, UNREADABLE)
    if rule.repeat
)


@dataclass(frozen=True, slots=True)
class VendorError:
    """One entry of an error list: a REST error (`errorCode`) or a row's error (`statusCode`)."""

    code: str
    text: str
    fields: tuple[str, ...] = ()


def read_errors(body: bytes) -> list[VendorError] | None:
    """The errors an answer's body lists, or None when it is not an error body of Salesforce (HTML, empty, cut)."""
    try:
        parsed = parse_json(body)
    except ValueError:
        return None
    return parse_errors(parsed if isinstance(parsed, list) else [parsed])


def parse_errors(items: Any) -> list[VendorError] | None:
    """Errors from their decoded list, None when the list is empty or holds anything else."""
    if not isinstance(items, list) or not items:
        return None
    errors = []
    for item in items:
        code = item.get("errorCode") or item.get("statusCode") if isinstance(item, dict) else None
        if not isinstance(code, str):
            return None
        fields = item.get("fields") or ()
        names = tuple(f for f in fields if isinstance(f, str)) if isinstance(fields, list) else ()
        errors.append(VendorError(code, _clip(str(item.get("message") or "")), names))
    return errors


def rule_for(error: VendorError, status: int | None = None) -> Rule:
    """The rule for one error; an unknown code is judged by its HTTP status, and refuses the record at last."""
    for code, part, rule in INNER_TEXT:
        if error.code == code and part.lower() in error.text.lower():
            return rule
    return RULES.get(error.code) or _by_status(status)


def fault(errors: Sequence[VendorError], status: int | None = None) -> SyncError:
    """One SyncError for the errors of one row or one call; the first, most specific one decides the kind."""
    first = errors[0]
    rule = rule_for(first, status)
    text = _clip("; ".join(error.text or error.code for error in errors))
    return make(rule, f"Salesforce refused: {text}", first.fields[0] if first.fields else None, _vendor(first, status))


def failure(reply: Reply, now: datetime) -> SyncError:
    """What a complete answer that is not a success means. `now` is needed for a Retry-After given as a date."""
    errors = read_errors(reply.body)
    if errors:
        error = fault(errors, reply.status)
    else:
        text = _clip(reply.body.decode("utf-8", "replace"))
        vendor = VendorFault(System.SALESFORCE, text=text, http_status=reply.status)
        error = make(_by_status(reply.status), f"Salesforce answered {reply.status} without a reason", None, vendor)
    error.retry_after = retry_after(reply, now)
    return error


def unreadable(reply: Reply, what: str) -> SyncError:
    """An answer that should have been `what` and is not: cut short, empty, HTML."""
    text = _clip(reply.body.decode("utf-8", "replace"))
    vendor = VendorFault(System.SALESFORCE, text=text, http_status=reply.status)
    return make(UNREADABLE, f"Salesforce's answer ({reply.status}) is not {what}", None, vendor)


def make(rule: Rule, message: str, field: str | None = None, vendor: VendorFault | None = None) -> SyncError:
    """A SyncError as the rule says."""
    return SyncError(rule.kind, rule.code, message, rule.advice, field=field, vendor=vendor)


def retry_after(reply: Reply, now: datetime) -> float | None:
    """Seconds of the Retry-After header (a number or an HTTP date), None without a readable one."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None


_DUPLICATE_ID = re.compile(r"record with id:\s*([A-Za-z0-9]{18}|[A-Za-z0-9]{15})\s*$")


def duplicate_of(text: str) -> str | None:
    """The 18-character id of the other record at the end of a DUPLICATE_VALUE text; None for `<unknown>` or nothing."""
    found = _DUPLICATE_ID.search(text)
    if not found:
        return None
    try:
        return salesforce_id(found[1])
    except ValueError:
        return None


def _by_status(status: int | None) -> Rule:
    if status is None:
        return REFUSED
    if status >= 500:
        return UNAVAILABLE
    return STATUSES.get(status, OUR_REQUEST if status >= 300 else UNREADABLE)


def _vendor(error: VendorError, status: int | None) -> VendorFault:
    return VendorFault(System.SALESFORCE, code=error.code, text=error.text, http_status=status)


def _clip(text: str) -> str:
    return " ".join(text[: TEXT_LIMIT * 4].split())[:TEXT_LIMIT]
