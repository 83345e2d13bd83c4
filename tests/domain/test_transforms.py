"""How single values cross the border, both ways."""

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.records import Value
from app.domain.transforms import (
    Amount,
    Canonical,
    Choices,
    Flag,
    Identifier,
    Reference,
    Street,
    Text,
    Transform,
    Truth,
    Unfit,
    by_names,
    clean,
    decimal,
    plain,
)
from tests.domain.strategies import FORBIDDEN, amounts, many, streets, texts

DELIVERY = Choices(("Print", "E-Mail"))
STATUS = Flag("active", "inactive")


def survives(via: Transform, value: Value) -> bool:
    """Whether a value that went to Intacct and came back into an empty field goes to Intacct as the same value."""
    there = via.canonical(value)
    return via.canonical(via.salesforce(there, None)) == there


# Text


def test_text_is_trimmed() -> None:
    assert Text(20).canonical("  Acme Corp \t\n") == "Acme Corp"


@pytest.mark.parametrize("empty", [None, "", "   ", "\n\t", "\x00\x01", "\u00a0"])
def test_text_without_content_is_none(empty: str | None) -> None:
    assert Text(20).canonical(empty) is None


def test_text_is_composed() -> None:
    assert Text(20).canonical("Cafe\u0301") == "Caf\u00e9"


@pytest.mark.parametrize("char", FORBIDDEN)
def test_text_loses_each_character_xml_forbids(char: str) -> None:
    assert Text(20).canonical(f"A{char}B") == "AB"


@pytest.mark.parametrize("char", ["\t", "\n", "\r", "\u0085", "\ud7ff", "\ue000", "\ufffd", "\U0001f600"])
def test_text_keeps_characters_xml_allows(char: str) -> None:
    assert Text(20).canonical(f"A{char}B") == f"A{char}B"


def test_accent_parted_from_its_letter_by_a_forbidden_character_is_composed() -> None:
    assert Text(20).canonical("e\x00\u0301") == "\u00e9"


def test_text_is_cut_at_its_width() -> None:
    assert Text(5).canonical("abcdefgh") == "abcde"


def test_cut_that_falls_on_a_blank_leaves_none_at_the_end() -> None:
    assert Text(5).canonical("abcd efgh") == "abcd"


def test_width_counts_composed_characters() -> None:
    assert Text(4).canonical("Cafe\u0301") == "Caf\u00e9"
    assert not Text(4).cuts("Cafe\u0301")


def test_a_cut_is_told() -> None:
    assert Text(5).cuts("abcdef")


@pytest.mark.parametrize("value", ["abcde", "  abcde  ", "abcde\x00", None, ""])
def test_what_fits_after_cleaning_is_not_told_as_cut(value: str | None) -> None:
    assert not Text(5).cuts(value)


def test_cut_text_is_never_written_back_over_the_longer_one() -> None:
    long = "The Incredibly Long Company Name"
    assert Text(10).salesforce(Text(10).canonical(long), long) == long


def test_cleaned_text_is_not_written_back_over_its_own_raw_form() -> None:
    assert Text(20).salesforce("Acme", "  Acme ") == "  Acme "


def test_other_text_replaces_a_longer_one() -> None:
    assert Text(10).salesforce("Other", "The Incredibly Long Company Name") == "Other"


def test_empty_from_intacct_clears_text() -> None:
    assert Text(10).salesforce(None, "Acme") is None


@many
@given(texts, st.integers(1, 60))
def test_any_text_survives_the_round_trip(value: str, width: int) -> None:
    assert survives(Text(width), value)


@many
@given(texts, st.integers(1, 60))
def test_any_text_arrives_composed_trimmed_legal_and_within_its_width(value: str, width: int) -> None:
    text = Text(width).canonical(value)
    assume(text is not None)
    assert isinstance(text, str)
    assert 0 < len(text) <= width
    assert text == text.strip()
    assert unicodedata.is_normalized("NFC", text)
    assert not set(text) & set(FORBIDDEN)


@many
@given(texts, st.integers(1, 60))
def test_any_text_coming_back_unchanged_leaves_salesforce_as_it_was(value: str, width: int) -> None:
    assert Text(width).salesforce(Text(width).canonical(value), value) == value


@many
@given(texts)
def test_cleaning_twice_is_cleaning_once(value: str) -> None:
    assert clean(clean(value)) == clean(value)


# Identifier


def test_identifier_is_cleaned_and_kept_whole() -> None:
    assert Identifier(20).canonical(" C-0001\x00 ") == "C-0001"


def test_identifier_that_is_too_long_is_refused_with_both_numbers() -> None:
    with pytest.raises(Unfit, match="has 21 characters, at most 20 are allowed") as refused:
        Identifier(20).canonical("x" * 21)
    assert refused.value.code == "too_long"


def test_identifier_of_exactly_its_width_passes() -> None:
    assert Identifier(20).canonical("x" * 20) == "x" * 20


def test_identifier_too_long_for_salesforce_is_refused_on_the_way_back() -> None:
    address = "a" * 90 + "@acme.test"
    assert Identifier(200, back=80).canonical(address) == address
    with pytest.raises(Unfit, match="has 100 characters, Salesforce holds at most 80") as refused:
        Identifier(200, back=80).salesforce(address, None)
    assert refused.value.code == "too_long"


def test_identifier_of_exactly_salesforces_width_comes_back() -> None:
    assert Identifier(200, back=80).salesforce("x" * 80, None) == "x" * 80


def test_identifier_without_a_narrower_side_comes_back_at_full_width() -> None:
    assert Identifier(200).salesforce("x" * 200, None) == "x" * 200


def test_empty_identifier_clears() -> None:
    assert Identifier(20).salesforce(None, "C-1") is None


@many
@given(texts)
def test_any_identifier_survives_the_round_trip(value: str) -> None:
    assert survives(Identifier(100), value)


@many
@given(texts)
def test_an_identifier_is_never_cut(value: str) -> None:
    assert not Identifier(1).cuts(value)


# Amount


@pytest.mark.parametrize(
    ("raw", "rounded"),
    [
        ("2.345", "2.35"),
        ("2.355", "2.36"),
        ("-2.345", "-2.35"),
        ("2.3449", "2.34"),
        ("0.005", "0.01"),
        ("10", "10.00"),
        (" 12.5 ", "12.50"),
    ],
)
def test_amount_is_rounded_half_up_away_from_zero(raw: str, rounded: str) -> None:
    assert str(Amount().canonical(raw)) == rounded


def test_whole_number_is_an_amount() -> None:
    assert Amount().canonical(7) == Decimal("7.00")


@pytest.mark.parametrize("empty", [None, ""])
def test_no_amount_is_none_and_not_zero(empty: str | None) -> None:
    assert Amount().canonical(empty) is None
    assert Amount().salesforce(None, Decimal(5)) is None


@pytest.mark.parametrize("wrong", ["twelve", "1,000.00", "NaN", "Infinity", "-Infinity", True, date(2026, 1, 1)])
def test_what_is_no_number_is_refused(wrong: Value) -> None:
    with pytest.raises(Unfit) as refused:
        Amount().canonical(wrong)
    assert refused.value.code == "not_a_number"


def test_rounding_that_loses_something_is_told() -> None:
    assert Amount().cuts(Decimal("1.005"))
    assert not Amount().cuts(Decimal("1.5000"))
    assert not Amount().cuts(None)


@many
@given(amounts)
def test_any_amount_survives_the_round_trip(value: Decimal) -> None:
    assert survives(Amount(), value)


@many
@given(amounts)
def test_rounding_moves_an_amount_by_half_a_cent_at_most(value: Decimal) -> None:
    there = Amount().canonical(value)
    assert isinstance(there, Decimal)
    assert abs(there - value) <= Decimal("0.005")


# Truth and Flag


@pytest.mark.parametrize("value", [True, "true", "True", "T", "1", "yes", " TRUE "])
def test_words_for_true(value: Value) -> None:
    assert Truth().canonical(value) is True


@pytest.mark.parametrize("value", [False, None, "", "false", "F", "0", "no", "perhaps"])
def test_everything_else_is_false(value: Value) -> None:
    assert Truth().canonical(value) is False


@pytest.mark.parametrize(("canonical", "checkbox"), [(True, True), (False, False), (None, False), ("true", True)])
def test_truth_comes_back_as_a_checkbox(canonical: Canonical, checkbox: bool) -> None:
    assert Truth().salesforce(canonical, None) is checkbox


@pytest.mark.parametrize(("checkbox", "word"), [(True, "active"), (False, "inactive"), (None, "inactive")])
def test_checkbox_becomes_a_word(checkbox: bool | None, word: str) -> None:
    assert STATUS.canonical(checkbox) == word


@pytest.mark.parametrize(
    ("word", "checkbox"),
    [("active", True), ("Active", True), ("inactive", False), ("active non-posting", False), (None, False)],
)
def test_word_becomes_a_checkbox(word: str | None, checkbox: bool) -> None:
    assert STATUS.salesforce(word, None) is checkbox


@many
@given(st.booleans() | st.none() | texts)
def test_truth_survives_the_round_trip(value: Value) -> None:
    assert survives(Truth(), value)


@many
@given(st.booleans() | st.none() | st.sampled_from(["active", "inactive", "", " active ", "Active", "INACTIVE"]))
def test_flag_survives_the_round_trip(value: Value) -> None:
    assert survives(STATUS, value)


def test_neither_truth_nor_flag_is_ever_cut() -> None:
    assert not Truth().cuts("x" * 999)
    assert not STATUS.cuts("x" * 999)


# Choices


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("Print;E-Mail", "Print#~#E-Mail"),
        ("E-Mail;Print", "Print#~#E-Mail"),
        ("E-Mail#~#Print", "Print#~#E-Mail"),
        (" e-mail ; PRINT ;", "Print#~#E-Mail"),
        ("Print;Print", "Print"),
        ("E-Mail", "E-Mail"),
        (None, None),
        ("", None),
        (" ; ", None),
    ],
)
def test_choices_are_compared_in_the_declared_order_and_spelling(raw: str | None, canonical: str | None) -> None:
    assert DELIVERY.canonical(raw) == canonical


def test_choice_that_is_not_allowed_is_refused_by_name() -> None:
    with pytest.raises(Unfit, match="'Fax' is not one of Print, E-Mail") as refused:
        DELIVERY.canonical("Print;Fax")
    assert refused.value.code == "unmapped_value"


def test_choices_come_back_joined_by_semicolons() -> None:
    assert DELIVERY.salesforce("Print#~#E-Mail", None) == "Print;E-Mail"
    assert DELIVERY.salesforce(None, "Print") is None


@many
@given(st.lists(st.sampled_from(["Print", "E-Mail", "print", " E-MAIL "])), st.sampled_from([";", "#~#"]))
def test_any_choices_survive_the_round_trip(words: list[str], glue: str) -> None:
    assert survives(DELIVERY, glue.join(words))


# Street


@pytest.mark.parametrize(
    ("street", "lines"),
    [
        ("1 Main St", ("1 Main St", None, None)),
        ("1 Main St\nFloor 2", ("1 Main St", "Floor 2", None)),
        ("1 Main St\r\nFloor 2\r\nRoom 3", ("1 Main St", "Floor 2", "Room 3")),
        ("1\n2\n3\n4", ("1", "2", "3, 4")),
        ("1\n2\n3\n4\n5", ("1", "2", "3, 4, 5")),
        ("1\n2\n3\n4\n5\n6", ("1", "2", "3, 4, 5, 6")),
        ("1\n\n  \n2", ("1", "2", None)),
        (" 1 Main St \n\tFloor 2 ", ("1 Main St", "Floor 2", None)),
        ("", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_street_of_any_number_of_lines_fills_three_fields(street: str | None, lines: tuple[str | None, ...]) -> None:
    assert Street().canonical(street) == lines


def test_line_wider_than_its_field_is_cut_and_told() -> None:
    wide = f"{'x' * 81}\nFloor 2"
    assert Street().canonical(wide) == ("x" * 80, "Floor 2", None)
    assert Street().cuts(wide)


def test_lines_as_wide_as_their_fields_are_not_told_as_cut() -> None:
    assert not Street().cuts("\n".join(["x" * 80] * 3))


def test_address_lines_come_back_joined() -> None:
    assert Street().salesforce(("1 Main St", "Floor 2", None), None) == "1 Main St\nFloor 2"


def test_empty_address_clears_the_street() -> None:
    assert Street().salesforce((None, None, None), "1 Main St") is None


def test_six_lines_folded_into_three_are_not_written_back_over_the_six() -> None:
    six = "1\n2\n3\n4\n5\n6"
    assert Street().salesforce(Street().canonical(six), six) == six


def test_edited_address_replaces_the_street() -> None:
    assert Street().salesforce(("9 Side St", None, None), "1\n2\n3\n4\n5\n6") == "9 Side St"


@many
@given(streets)
def test_any_street_survives_the_round_trip(value: str) -> None:
    assert survives(Street(), value)


@many
@given(streets)
def test_any_street_coming_back_unchanged_leaves_salesforce_as_it_was(value: str) -> None:
    assert Street().salesforce(Street().canonical(value), value) == value


@many
@given(streets)
def test_any_street_fills_its_lines_from_the_top_and_within_the_width(value: str) -> None:
    lines = Street(width=10).canonical(value)
    assert isinstance(lines, tuple)
    filled = [line for line in lines if line]
    assert lines == (*filled, *[None] * (3 - len(filled)))
    assert all(len(str(line)) <= 10 for line in filled)


# Reference and the plain form


def test_reference_passes_as_resolved() -> None:
    assert Reference().canonical(" C-1 ") == "C-1"
    assert Reference().canonical(None) is None
    assert Reference().salesforce("0010000000000001AA", "x") == "0010000000000001AA"
    assert not Reference().cuts("x" * 999)


@pytest.mark.parametrize(("one", "other"), [("1.50", "1.5"), ("100", "1E+2"), ("0.00", "0"), ("-0.00", "0")])
def test_equal_amounts_have_one_plain_form(one: str, other: str) -> None:
    assert plain(Decimal(one)) == plain(Decimal(other))


def test_one_instant_has_one_plain_form_in_every_zone() -> None:
    instant = datetime(2026, 1, 31, 8, 15, tzinfo=UTC)
    assert plain(instant) == plain(instant.astimezone(timezone(timedelta(hours=5)))) == "2026-01-31T08:15:00+00:00"


def test_a_date_stays_a_date() -> None:
    assert plain(date(2026, 1, 31)) == "2026-01-31"


def test_address_lines_are_plain_as_a_list() -> None:
    assert plain(("1 Main St", None, None)) == ["1 Main St", None, None]


@pytest.mark.parametrize("value", ["text", True, 7, None])
def test_other_values_are_plain_as_they_are(value: Value) -> None:
    assert plain(value) is value


@many
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e12"), max_value=Decimal("1e12")))
def test_plain_amount_is_read_back_as_the_same_amount(value: Decimal) -> None:
    assert decimal(str(plain(round(value, 6)))) == round(value, 6)


def test_values_are_spread_over_the_fields_they_stand_for() -> None:
    assert by_names(("A1", "A2"), ("1 Main St", None)) == {"A1": "1 Main St", "A2": None}
    assert by_names(("NAME",), "Acme") == {"NAME": "Acme"}


def test_spreading_over_too_few_fields_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        by_names(("A1",), ("1 Main St", "Floor 2"))


def test_surplus_lines_that_do_not_fit_the_last_field_are_a_cut() -> None:
    assert Street().cuts("\n".join(["x" * 50] * 6))
    assert not Street().cuts("x" * 80 + "  ")


@pytest.mark.parametrize("value", ["1e30", "1_000"])
def test_amount_that_is_none_is_refused_alone(value: str) -> None:
    with pytest.raises(Unfit):
        Amount().canonical(value)
