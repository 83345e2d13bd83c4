"""The classification table: a fixture per line, the same number in other positions, and what is cut from texts."""

import pytest

from app.backends.intacct.errors import RULES, Place, by_status, classify, to_error
from app.backends.intacct.texts import Fault, make_fault
from app.domain.errors import Kind

CONTROL, AUTH, RESULT = Place.CONTROL, Place.AUTHENTICATION, Place.RESULT

TABLE: list[tuple[Place, str | None, str, Kind, str]] = [
    (CONTROL, "GW-0010", "", Kind.RATE_LIMITED, "rate_limited"),
    (RESULT, None, "API rate limit exceeded", Kind.RATE_LIMITED, "rate_limited"),
    (CONTROL, "GW-0001", "unable to process", Kind.TRANSIENT, "gateway_trouble"),
    (CONTROL, "GW-0009", "", Kind.TRANSIENT, "gateway_trouble"),
    (CONTROL, None, "The Service is Temporarily Off-line", Kind.TRANSIENT, "service_offline"),
    (RESULT, None, "Please Try Again Later", Kind.TRANSIENT, "service_offline"),
    (CONTROL, "PL04000050", "", Kind.TRANSIENT, "service_offline"),
    (AUTH, "XL03000006", "Invalid session 0a1b", Kind.AUTH, "session_refused"),
    (AUTH, "XL03000006", "Sign-in information is incorrect", Kind.AUTH, "login_refused"),
    (AUTH, "UJPP0002", "", Kind.AUTH, "login_refused"),
    (AUTH, None, "something else about the login", Kind.AUTH, "login_refused"),
    (CONTROL, "XMLGW_JPP0002", "Sign-in information is incorrect", Kind.AUTH, "login_refused"),
    (CONTROL, "XL03000006", "Incorrect Intacct XML Partner ID or password.", Kind.AUTH, "sender_refused"),
    (CONTROL, "GW-0011", "", Kind.AUTH, "sender_refused"),
    (CONTROL, "GW-0012", "", Kind.AUTH, "sender_refused"),
    (CONTROL, "PL04000055", "", Kind.AUTH, "company_expired"),
    (AUTH, "XL03000006", "Sender is not authorized to make Web Services requests", Kind.AUTH, "sender_not_authorised"),
    (CONTROL, "GW-0034", "", Kind.AUTH, "token_refused"),
    (CONTROL, "XL03000006", "abc is not a valid transport policy.", Kind.CONFIG, "transport_policy_unknown"),
    (
        RESULT,
        "BL01001973",
        "You do not have permission for API operation CREATE",
        Kind.PERMISSION,
        "permission_missing",
    ),
    (CONTROL, "GW-0042", "", Kind.PERMISSION, "permission_missing"),
    (RESULT, "BL34000061", "Another Customer with the given value(s) X already exists", Kind.DATA, "already_exists"),
    (RESULT, "PL05000104", "", Kind.DATA, "already_exists"),
    (RESULT, "BL01001762", "", Kind.DATA, "already_exists"),
    (RESULT, "BL01001973", "The customer already exists", Kind.DATA, "already_exists"),
    (RESULT, "BL01001973", "Could not create customer record!", Kind.DATA, "refused"),
    (RESULT, "BL03002028", "Invalid record", Kind.DATA, "refused"),
    (RESULT, "BL03000018", "Illegal format for Contactversion", Kind.DATA, "illegal_format"),
    (RESULT, "BL03000018", "Missing unit", Kind.DATA, "unit_missing"),
    (RESULT, "BL03000018", "Missing location", Kind.DATA, "required_field_missing"),
    (RESULT, "BL03000018", "Illegal length for NAME: at most 100 characters", Kind.DATA, "value_too_long"),
    (RESULT, "BL03000018", "'x' is not a valid value for STATUS; valid values are a", Kind.DATA, "invalid_value"),
    (RESULT, "BL01001973", "Invalid Contact 'x' specified for BILLTO.CONTACTNAME", Kind.DATA, "reference_not_found"),
    (RESULT, "BL01001973", "Could not find Customer with key '17'", Kind.DATA, "record_not_found"),
    (RESULT, "BL03002129", "Invalid action", Kind.DATA, "refused"),
    (RESULT, "PL01000127", "Document number is missing", Kind.CONFIG, "document_number_missing"),
    (RESULT, "BL01001973", "This definition may be used at entity level only", Kind.CONFIG, "entity_required"),
    (CONTROL, "XL03000003", "XML Parse error", Kind.BUG, "request_malformed"),
    (RESULT, "XL03000010", "Field 'X' does not exist on object CUSTOMER", Kind.CONFIG, "unknown_field"),
    (RESULT, "XL03000006", "The following fields cannot be queried: FOO, BAR", Kind.CONFIG, "unknown_field"),
    (RESULT, "Invalid fields list FOO", "", Kind.CONFIG, "unknown_field"),
    (RESULT, "Query Failed", "Object definition FOO not found", Kind.CONFIG, "unknown_object"),
    (RESULT, "XL03000009", "The entire transaction has been rolled back", Kind.TRANSIENT, "rolled_back"),
    (RESULT, "BL01001973", "Could not create Document record!", Kind.TRANSIENT, "unexplained_refusal"),
    (RESULT, None, "Record is locked", Kind.TRANSIENT, "record_locked"),
    (RESULT, "BL01001973", "This record is being edited by another user", Kind.TRANSIENT, "record_locked"),
    (RESULT, None, "There was an error processing the request", Kind.TRANSIENT, "processing_error"),
    (RESULT, "XL03000013", "A function with this controlid was already executed", Kind.AMBIGUOUS, "repeat_refused"),
    (RESULT, "BL01001973", "WHENPOSTED 2026-01-31 is in a closed accounting period", Kind.DATA, "period_closed"),
    (RESULT, None, "The period January 2026 is closed", Kind.DATA, "period_closed"),
    (RESULT, "BL01001973", "TOTALDUE is read-only", Kind.CONFIG, "field_not_editable"),
    (RESULT, None, "CURRENCY cannot be changed after the record was created", Kind.CONFIG, "field_not_editable"),
    (RESULT, "BL01001973", "Only one of exchratetype, exchrate can be given", Kind.DATA, "fields_exclude_each_other"),
    (RESULT, None, "The entry does not balance: debits 2, credits 1 USD", Kind.DATA, "entry_not_balanced"),
    (RESULT, None, "The amount 9 exceeds the amount due 5 of transaction 3", Kind.DATA, "more_than_open"),
    (RESULT, None, "Only 2 of line 7 can still be converted", Kind.DATA, "more_than_open"),
    (RESULT, None, "Account '4000' is inactive", Kind.DATA, "reference_inactive"),
    (RESULT, None, "Sales Invoice-7 has payments applied and cannot be changed", Kind.CONFLICT, "state_forbids"),
    (RESULT, None, "Sales Order-1 cannot be edited in state Closed", Kind.CONFLICT, "state_forbids"),
    (RESULT, "XX1", "never heard of", Kind.BUG, "unclassified"),
    (CONTROL, None, "", Kind.BUG, "unclassified"),
]


@pytest.mark.parametrize(("place", "errorno", "text", "kind", "code"), TABLE)
def test_each_line_of_the_table(place: Place, errorno: str | None, text: str, kind: Kind, code: str) -> None:
    meaning, _ = classify(place, [make_fault(errorno, None, text)])
    assert (meaning.kind, meaning.code) == (kind, code)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (200, Kind.TRANSIENT, "unreadable_answer"),
        (302, Kind.CONFIG, "redirect_refused"),
        (400, Kind.BUG, "bad_request"),
        (401, Kind.AUTH, "session_refused"),
        (403, Kind.PERMISSION, "permission_missing"),
        (404, Kind.CONFIG, "gateway_not_found"),
        (429, Kind.RATE_LIMITED, "rate_limited"),
        (498, Kind.AUTH, "session_refused"),
        *((status, Kind.TRANSIENT, "gateway_trouble") for status in (500, 502, 503, 504, 524)),
    ],
)
def test_each_status_when_the_body_says_nothing(status: int, kind: Kind, code: str) -> None:
    assert (by_status(status).kind, by_status(status).code) == (kind, code)


def test_the_specific_error_wins_over_wrappers_in_any_order() -> None:
    wrapper = make_fault("BL01001973", None, "Could not create Customer record!")
    companion = make_fault("XL03000009", None, "The entire transaction has been rolled back")
    specific = make_fault("BL34000061", None, "Another Customer already exists")
    for faults in ([specific, wrapper, companion], [companion, wrapper, specific]):
        meaning, fault = classify(RESULT, faults)
        assert (meaning.code, fault) == ("already_exists", specific)


def test_an_unexplained_document_error_with_a_reason_beside_it_is_explained() -> None:
    bare = make_fault("BL01001973", None, "Could not create Document record!")
    companion = make_fault("XL03000009", None, "rolled back")
    assert classify(RESULT, [bare, companion])[0].code == "unexplained_refusal"
    assert classify(RESULT, [make_fault("PL01000127", None, "x"), bare, companion])[0].code == "document_number_missing"


def test_no_errors_at_all_still_have_a_class() -> None:
    assert classify(RESULT, []) == (classify(RESULT, [Fault(None)])[0], None)


def test_equal_errors_with_different_support_ids_have_one_text() -> None:
    first = make_fault("BL01001973", "Refused. [Support ID: a%7Eb]")
    second = make_fault("BL01001973", "Refused. [Support ID: c%7Ed]")
    assert first.everything == second.everything == "Refused."
    assert (first.support_id, second.support_id) == ("a~b", "c~d")


def test_request_ids_of_the_gateway_are_cut_too() -> None:
    fault = make_fault("GW-0010", "Rate limit [Request ID: 77-x]")
    assert (fault.description, fault.support_id) == ("Rate limit", "77-x")


def test_escaped_markup_is_taken_out() -> None:
    assert make_fault(None, "A &lt;b&gt;bold&lt;/b&gt; claim, 3 &lt; 4").description == "A bold claim, 3 < 4"


def test_the_error_carries_what_the_vendor_said_and_its_support_id() -> None:
    meaning, fault = classify(
        RESULT, [make_fault("BL34000061", "Could not create", "It already exists [Support ID: q]")]
    )
    error = to_error(meaning, fault, status=200)
    assert error.vendor is not None
    assert (error.vendor.code, error.vendor.support_id, error.vendor.http_status) == ("BL34000061", "q", 200)
    assert error.message == "Sage Intacct: It already exists"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Required field CUSTOMERID is missing", "CUSTOMERID"),
        ("Required field DISPLAYCONTACT.PRINTAS is missing", "DISPLAYCONTACT.PRINTAS"),
        ("Required field 'Customer ID' is missing.", "Customer ID"),
        ("Missing required field CUSTOMERID", "CUSTOMERID"),
        ("Missing required field(s): NAME.", "NAME"),
        ("The field NAME is required", "NAME"),
        ("CUSTOMERID is required", "CUSTOMERID"),
        ("A value for TERMNAME is required.", "TERMNAME"),
        ("Missing location", "location"),
        ("Something required went wrong with nothing named", None),
    ],
)
def test_a_missing_field_is_named_where_the_text_names_it(text: str, field: str | None) -> None:
    meaning, fault = classify(RESULT, [make_fault("BL01001973", None, text)])
    assert meaning.code == "required_field_missing"
    assert to_error(meaning, fault).field == field


@pytest.mark.parametrize(
    ("errorno", "text", "field"),
    [
        ("XL03000010", "Field 'SFDC_ID' does not exist on object CUSTOMER", "SFDC_ID"),
        ("XL03000006", "The following fields cannot be queried: FOO, BAR", "FOO"),
        ("Invalid fields list FOO", "", "FOO"),
    ],
)
def test_an_unknown_field_is_named(errorno: str, text: str, field: str) -> None:
    meaning, fault = classify(RESULT, [make_fault(errorno, None, text)])
    assert to_error(meaning, fault).field == field


def test_the_structured_target_beats_the_text() -> None:
    meaning, fault = classify(
        RESULT, [make_fault("BL01001973", None, "Required field NAME is missing", field="PRINTAS")]
    )
    assert to_error(meaning, fault).field == "PRINTAS"


def test_unclear_trouble_is_ambiguous_only_during_a_write() -> None:
    meaning = by_status(502)
    assert to_error(meaning, None, status=502).kind is Kind.TRANSIENT
    assert to_error(meaning, None, status=502, during_write=True).kind is Kind.AMBIGUOUS


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("Invalid AR term 'Net 99' specified for TERMNAME", "reference_not_found", "TERMNAME"),
        ("Invalid Contact 'x' specified for BILLTO.CONTACTNAME", "reference_not_found", "BILLTO.CONTACTNAME"),
        ("WHENPOSTED 2026-01-31 is in a closed accounting period", "period_closed", "WHENPOSTED"),
        ("'x' is not a valid value for STATUS; valid values are active", "invalid_value", "STATUS"),
        ("Illegal length for NAME: at most 100 characters are allowed", "value_too_long", "NAME"),
        ("Illegal format for EMAIL1", "illegal_format", "EMAIL1"),
        ("Missing unit: 'Dozen' is no unit of measure of item I-1", "unit_missing", "unit"),
        ("TOTALDUE is read-only", "field_not_editable", "TOTALDUE"),
        ("CURRENCY cannot be changed after the record was created", "field_not_editable", "CURRENCY"),
        ("Only one of exchratetype, exchrate can be given", "fields_exclude_each_other", "exchratetype"),
        ("Account '4000' is inactive", "reference_inactive", "Account"),
        ("Transactions of Order can only be created at entity level", "entity_required", "MEGAENTITYID"),
    ],
)
def test_a_refusal_of_a_record_names_its_field(text: str, code: str, field: str) -> None:
    meaning, fault = classify(RESULT, [make_fault("BL01001973", None, text)])
    assert (meaning.code, to_error(meaning, fault).field) == (code, field)


def test_every_meaning_stands_in_the_table_above() -> None:
    tested = {code for *_, code in TABLE}
    assert sorted({rule.meaning.code for rule in RULES} - tested) == []


def test_whatever_a_person_must_mend_has_an_advice_of_its_own() -> None:
    for_people = {Kind.DATA, Kind.CONFIG, Kind.PERMISSION, Kind.CONFLICT}
    assert [rule.meaning.code for rule in RULES if rule.meaning.kind in for_people and not rule.meaning.advice] == []
