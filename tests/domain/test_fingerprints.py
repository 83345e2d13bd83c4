"""One cause, one mark: what differs from record to record is cut, what tells causes apart stays."""

import pytest

from app.domain.decisions import Reference
from app.domain.errors import Kind, SyncError, VendorFault
from app.domain.fingerprints import fingerprint, normalised


def error(text: str, *, code: str = "refused", field: str | None = None, vendor: str | None = "BL01") -> SyncError:
    return SyncError(Kind.DATA, code, text, field=field, vendor=VendorFault("intacct", vendor, text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Another Customer with 'C-1' already exists", "another customer with 'X 9' already exists"),
        ("Name 'O'Neil & Sons' is taken", "Name 'Acme' is taken"),
        ('The value "a" is wrong', 'The value "b c" is wrong'),
        ("Der Wert „Müller“ ist unbekannt", "Der Wert „Meier GmbH“ ist unbekannt"),
        ("Valeur «Société» inconnue", "Valeur « Autre » inconnue"),
        ("The value ‘x’ is wrong", "The value ‘O’Neil’ is wrong"),
        ("値「東京」は無効です", "値「大阪」は無効です"),
        ("Invalid Term NET specified.", "Invalid Term COD specified."),
        ("Record 0015g00000XyZab is locked", "Record 001000000000001AAA is locked"),
        ("Amount 1,234.56 exceeds 1,000.00", "Amount 9.10 exceeds 5"),
        ("Amount USD 1,234.56 is too high", "Amount 7 is too high"),
        ("Amount €12 is too high", "Amount 7 € is too high"),
        ("Period 03/15/2026 is closed", "Period 2026-01-01 is closed"),
        ("Period March 15, 2026 is closed", "Period 1 February 2026 is closed"),
        ("Buchungsdatum 15. März 2026 ist gesperrt", "Buchungsdatum 1. Dezember 2025 ist gesperrt"),
        ("Name: data value too large: A long name (max length=40)", "Name: data value too large: Z (max length=40)"),
        ("Email: invalid email address: a b", "Email: invalid email address: nobody@"),
        ("bad value for restricted picklist field: Gold plus", "bad value for restricted picklist field: x"),
        ("Mail to ada@example.com bounced", "Mail to bob.b@example.org bounced"),
        ("no access to this record or 3 records: 001A, 001B", "no access to this record or 1 records: 0037C"),
        ("Key 123e4567-e89b-12d3-a456-426614174000 is bad", "Key 00000000-e89b-12d3-a456-426614174fff is bad"),
    ],
)  # fmt: skip
def test_what_differs_from_record_to_record_is_cut(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert fingerprint("account", error(one)) == fingerprint("account", error(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The period is closed", "The customer is on hold"),
        ("Invalid Term NET specified.", "Invalid Customer NET specified."),
        ("Der Wert „Müller“ ist unbekannt", "Der Wert „Müller“ ist gesperrt"),
        ("Customer can't be saved because it isn't valid", "Customer can't be saved because it isn't active"),
    ],
)
def test_different_causes_stay_apart(one: str, other: str) -> None:
    assert fingerprint("account", error(one)) != fingerprint("account", error(other))


def test_object_code_field_and_vendor_code_tell_causes_apart() -> None:
    marks = {
        fingerprint("account", error("no")),
        fingerprint("contact", error("no")),
        fingerprint("account", error("no", code="other")),
        fingerprint("account", error("no", field="Name")),
        fingerprint("account", error("no", vendor="BL02")),
    }
    assert len(marks) == 5


def test_records_of_any_object_that_wait_for_one_record_share_a_mark() -> None:
    missing = Reference("account", "001000000000001AAA")
    one = fingerprint("contact", error("a"), missing)
    assert one == fingerprint("project", error("b"), missing)
    assert one != fingerprint("contact", error("a"), Reference("account", "001000000000002AAA"))


def test_an_endless_sentence_is_cut_in_no_time() -> None:
    assert normalised("'" * 1000 + "x" * 1000 + '"' * 500)
