"""The tables of refusals."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.backends.http import Reply
from app.backends.salesforce import errors
from app.backends.salesforce.errors import VendorError
from app.domain.errors import Kind

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

MEANINGS = {
    "INVALID_SESSION_ID": (Kind.AUTH, "salesforce_session_refused"),
    "REQUEST_LIMIT_EXCEEDED": (Kind.RATE_LIMITED, "salesforce_quota"),
    "UNABLE_TO_LOCK_ROW": (Kind.TRANSIENT, "salesforce_record_locked"),
    "SERVER_UNAVAILABLE": (Kind.TRANSIENT, "salesforce_unavailable"),
    "QUERY_TIMEOUT": (Kind.TRANSIENT, "salesforce_query_timeout"),
    "INVALID_QUERY_LOCATOR": (Kind.TRANSIENT, "salesforce_page_lost"),
    "OPERATION_TOO_LARGE": (Kind.CONFIG, "salesforce_query_too_large"),
    "TXN_SECURITY_METERING_ERROR": (Kind.TRANSIENT, "salesforce_security_policy"),
    "DUPLICATE_VALUE": (Kind.CONFLICT, "salesforce_duplicate_value"),
    "DUPLICATES_DETECTED": (Kind.CONFLICT, "salesforce_duplicate_rule"),
    "ENTITY_IS_DELETED": (Kind.DATA, "salesforce_record_gone"),
    "INVALID_CROSS_REFERENCE_KEY": (Kind.DATA, "salesforce_record_gone"),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (Kind.DATA, "salesforce_validation_rule"),
    "FIELD_FILTER_VALIDATION_EXCEPTION": (Kind.DATA, "salesforce_validation_rule"),
    "REQUIRED_FIELD_MISSING": (Kind.DATA, "salesforce_required_field"),
    "STRING_TOO_LONG": (Kind.DATA, "salesforce_text_too_long"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (Kind.DATA, "salesforce_picklist_value"),
    "NUMBER_OUTSIDE_VALID_RANGE": (Kind.DATA, "salesforce_number_range"),
    "INVALID_EMAIL_ADDRESS": (Kind.DATA, "salesforce_email"),
    "JSON_PARSER_ERROR": (Kind.DATA, "salesforce_value_unreadable"),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (Kind.CONFIG, "salesforce_automation"),
    "CANNOT_EXECUTE_FLOW_TRIGGER": (Kind.CONFIG, "salesforce_automation"),
    "APEX_ERROR": (Kind.CONFIG, "salesforce_automation"),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (Kind.PERMISSION, "salesforce_permission"),
    "INSUFFICIENT_ACCESS_OR_READONLY": (Kind.PERMISSION, "salesforce_permission"),
    "INVALID_FIELD": (Kind.CONFIG, "salesforce_schema"),
    "INVALID_TYPE": (Kind.CONFIG, "salesforce_schema"),
    "NOT_FOUND": (Kind.CONFIG, "salesforce_schema"),
    "API_DISABLED_FOR_ORG": (Kind.CONFIG, "salesforce_api_disabled"),
    "STORAGE_LIMIT_EXCEEDED": (Kind.CONFIG, "salesforce_storage_full"),
    "LIMIT_EXCEEDED": (Kind.CONFIG, "salesforce_storage_full"),
    "INVALID_REPLICATION_DATE": (Kind.BUG, "salesforce_bad_request"),
    "EXCEEDED_ID_LIMIT": (Kind.BUG, "salesforce_bad_request"),
    "PROCESSING_HALTED": (Kind.TRANSIENT, "salesforce_rolled_back"),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": (Kind.TRANSIENT, "salesforce_rolled_back"),
}


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items())
def test_each_documented_code_has_its_meaning(code: str, meaning: tuple[Kind, str]) -> None:
    error = errors.fault([VendorError(code, "text of the vendor")])
    assert (error.kind, error.code) == meaning
    assert "text of the vendor" in error.message


@pytest.mark.parametrize("code", ["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR"])
def test_a_lock_inside_the_orgs_automation_is_a_lock(code: str) -> None:
    text = "AccountTrigger: execution of AfterUpdate caused by: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access"
    assert errors.fault([VendorError(code, text)]).code == "salesforce_record_locked"


def test_too_many_long_calls_are_not_the_daily_quota() -> None:
    error = errors.fault([VendorError("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.")], 403)
    assert error.code == "salesforce_concurrency"


def test_an_unknown_code_refuses_the_record() -> None:
    assert errors.fault([VendorError("BRAND_NEW_CODE", "x")]).kind is Kind.DATA


def test_whatever_a_person_must_mend_has_an_advice_of_its_own() -> None:
    for_people = {Kind.DATA, Kind.CONFIG, Kind.PERMISSION, Kind.CONFLICT, Kind.DEPENDENCY}
    assert {rule.code for rule in errors.RULES.values() if rule.kind in for_people and not rule.advice} == set()


def test_the_first_field_to_blame_is_named() -> None:
    assert errors.fault([VendorError("STRING_TOO_LONG", "x", ("Name", "Site"))]).field == "Name"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (300, Kind.CONFLICT),
        (403, Kind.PERMISSION),
        (404, Kind.CONFIG),
        (410, Kind.CONFIG),
        (412, Kind.CONFLICT),
        (414, Kind.BUG),
        (420, Kind.TRANSIENT),
        (429, Kind.RATE_LIMITED),
        (500, Kind.TRANSIENT),
        (503, Kind.TRANSIENT),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html><h1>Down for maintenance</h1></html>", b'[{"errorCode":"SERV', b"{}"])
def test_a_body_that_says_nothing_is_judged_by_its_status(status: int, kind: Kind, body: bytes) -> None:
    error = errors.failure(Reply(status, {}, body), NOW)
    assert error.kind is kind
    assert error.vendor is not None
    assert (error.vendor.http_status, error.vendor.text) == (status, body.decode())


def test_a_long_body_is_quoted_in_part_only() -> None:
    error = errors.failure(Reply(503, {}, b"x" * 100_000), NOW)
    assert error.vendor is not None
    assert len(error.vendor.text or "") == errors.TEXT_LIMIT


def test_an_error_object_instead_of_an_array_is_read() -> None:
    body = json.dumps({"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}).encode()
    assert errors.failure(Reply(400, {}, body), NOW).code == "salesforce_record_locked"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0), ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_read_as_number_or_date(header: str, seconds: float | None) -> None:
    assert errors.failure(Reply(429, {"retry-after": header}, b""), NOW).retry_after == seconds


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("0035400000hDwBh", "0035400000hDwBhAAK"),
        ("001000000000001AAA", "001000000000001AAA"),
        ("001000000000001ZZZ", None),
        ("<unknown>", None),
        ("", None),
    ],
)
def test_the_other_record_of_a_duplicate_is_found(tail: str, expected: str | None) -> None:
    found = errors.duplicate_of(f"duplicate value found: Ext__c duplicates value on record with id: {tail}")
    assert (found or "")[:15] == (expected or "")[:15]
    assert (found is None) == (expected is None)


def test_each_code_of_ours_keeps_one_kind() -> None:
    kinds: dict[str, set[Kind]] = {}
    for rule in (*errors.RULES.values(), *errors.STATUSES.values()):
        kinds.setdefault(rule.code, set()).add(rule.kind)
    assert all(len(some) == 1 for some in kinds.values())


def test_the_room_names_no_simulator() -> None:
    room = Path(errors.__file__).parent
    assert not [path.name for path in room.glob("*.py") if "simulator" in path.read_text()]
