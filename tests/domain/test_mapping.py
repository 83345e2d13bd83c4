"""One record's values as the plan compares them: everything that is wrong at once, in the user's names."""

from decimal import Decimal

import pytest

from app.domain.declaration import Field, Rule
from app.domain.mapping import base_of, from_intacct, from_salesforce, to_intacct, to_salesforce
from app.domain.transforms import Amount, Choices, Identifier, Reference, Street, Text, Truth

NAME = Field("NAME", "Name", required=True)
PHONE = Field("PHONE1", "Phone", via=Text(5))
TAX = Field("TAXID", "Tax__c", via=Identifier(4))
MAIL = Field("EMAIL1", "Email", via=Identifier(200, back=10))
WAYS = Field("WAYS", "Ways__c", via=Choices(("Print", "E-Mail")))
LIMIT = Field("LIMIT", "Limit__c", Rule.FROM_INTACCT, Amount())
STREET = Field(("A1", "A2", "A3"), "Street", via=Street(), required=True)
BILL_TO = Field("BILLTO", "Bill_to__c", via=Reference(), refers_to="contact")


def test_values_are_named_by_row() -> None:
    mapped = from_salesforce([NAME, PHONE], {"Name": " Acme ", "Phone": "123"}, {})
    assert mapped.values == {"NAME": "Acme", "PHONE1": "123"}
    assert (mapped.problems, mapped.warnings) == ([], [])


def test_row_whose_field_was_not_read_is_left_out() -> None:
    assert from_salesforce([NAME, PHONE], {"Name": "Acme"}, {}).values == {"NAME": "Acme"}


def test_empty_field_is_an_empty_value_and_not_left_out() -> None:
    assert from_salesforce([PHONE], {"Phone": None}, {}).values == {"PHONE1": None}


def test_all_problems_are_told_at_once_by_salesforce_name() -> None:
    mapped = from_salesforce([NAME, TAX, WAYS], {"Name": " ", "Tax__c": "12345", "Ways__c": "Fax"}, {})
    assert [(problem.code, problem.field) for problem in mapped.problems] == [
        ("required_field_empty", "Name"),
        ("too_long", "Tax__c"),
        ("unmapped_value", "Ways__c"),
    ]
    assert [problem.message for problem in mapped.problems] == [
        "Name is empty.",
        "Tax__c has 5 characters, at most 4 are allowed.",
        "Ways__c 'Fax' is not one of Print, E-Mail.",
    ]


def test_value_with_a_problem_is_not_carried_and_the_others_are() -> None:
    mapped = from_salesforce([TAX, PHONE], {"Tax__c": "12345", "Phone": "1"}, {})
    assert mapped.values == {"PHONE1": "1"}


def test_required_address_without_any_line_is_empty() -> None:
    mapped = from_salesforce([STREET], {"Street": "\n \n"}, {})
    assert [problem.code for problem in mapped.problems] == ["required_field_empty"]


def test_required_address_with_one_line_passes() -> None:
    assert from_salesforce([STREET], {"Street": "1 Main St"}, {}).problems == []


def test_required_row_that_only_comes_back_may_be_empty_in_salesforce() -> None:
    row = Field("STATE", "State__c", Rule.FROM_INTACCT, required=True)
    mapped = from_salesforce([row], {"State__c": None}, {})
    assert (mapped.problems, mapped.values) == ([], {"STATE": None})


def test_required_checkbox_that_is_off_is_not_empty() -> None:
    row = Field("TAXABLE", "Taxable__c", via=Truth(), required=True)
    assert from_salesforce([row], {"Taxable__c": False}, {}).values == {"TAXABLE": False}


def test_cut_is_warned_about_and_carried() -> None:
    mapped = from_salesforce([PHONE], {"Phone": "1234567"}, {})
    assert mapped.values == {"PHONE1": "12345"}
    assert mapped.warnings == ["Phone is longer than Intacct holds and was cut."]


def test_reference_is_carried_as_the_id_of_its_twin() -> None:
    mapped = from_salesforce([BILL_TO], {"Bill_to__c": "003A"}, {("contact", "003A"): "Ada Byron"})
    assert mapped.values == {"BILLTO": "Ada Byron"}


def test_reference_without_a_twin_is_empty() -> None:
    assert from_salesforce([BILL_TO], {"Bill_to__c": "003A"}, {}).values == {"BILLTO": None}


def test_twin_of_another_object_under_the_same_id_is_not_taken() -> None:
    assert from_salesforce([BILL_TO], {"Bill_to__c": "003A"}, {("account", "003A"): "C-1"}).values == {"BILLTO": None}


def test_empty_reference_is_empty() -> None:
    assert from_salesforce([BILL_TO], {"Bill_to__c": None}, {("contact", "None"): "x"}).values == {"BILLTO": None}


def test_intacct_values_are_canonical_too() -> None:
    mapped = from_intacct([NAME, LIMIT, WAYS], {"NAME": "Acme ", "LIMIT": "10", "WAYS": "E-Mail#~#Print"}, {})
    assert mapped.values == {"NAME": "Acme", "LIMIT": Decimal("10.00"), "WAYS": "Print#~#E-Mail"}


def test_intacct_field_that_was_not_read_is_left_out() -> None:
    assert from_intacct([NAME, PHONE], {"NAME": "Acme"}, {}).values == {"NAME": "Acme"}


def test_address_is_compared_only_when_all_its_lines_were_read() -> None:
    assert from_intacct([STREET], {"A1": "1 Main St", "A2": None}, {}).values == {}
    read = {"A1": "1 Main St", "A2": "", "A3": None}
    assert from_intacct([STREET], read, {}).values == {"A1": ("1 Main St", None, None)}


def test_intacct_reference_is_kept_when_its_record_has_a_twin() -> None:
    known = {"contact": {"Ada Byron"}}
    assert from_intacct([BILL_TO], {"BILLTO": "Ada Byron"}, known).values == {"BILLTO": "Ada Byron"}


def test_intacct_reference_nobody_in_salesforce_stands_for_counts_as_empty() -> None:
    assert from_intacct([BILL_TO], {"BILLTO": "B_C-1"}, {"contact": {"Ada Byron"}}).values == {"BILLTO": None}
    assert from_intacct([BILL_TO], {"BILLTO": "B_C-1"}, {}).values == {"BILLTO": None}


def test_intacct_value_that_cannot_be_read_is_told_by_intacct_name_and_the_others_go_on() -> None:
    mapped = from_intacct([LIMIT, NAME], {"LIMIT": "much", "NAME": "Acme"}, {})
    assert [(problem.code, problem.field) for problem in mapped.problems] == [("not_a_number", "LIMIT")]
    assert mapped.values == {"NAME": "Acme"}


def test_empty_required_value_from_intacct_is_no_problem() -> None:
    assert from_intacct([NAME], {"NAME": None}, {}).problems == []


def test_canonical_values_are_spread_over_intacct_fields() -> None:
    spread = to_intacct([NAME, STREET], {"NAME": "Acme", "A1": ("1 Main St", None, None), "OTHER": "x"})
    assert spread == {"NAME": "Acme", "A1": "1 Main St", "A2": None, "A3": None}


def test_empty_value_is_spread_so_that_it_clears() -> None:
    assert to_intacct([NAME], {"NAME": None}) == {"NAME": None}


def test_values_come_back_under_salesforce_names() -> None:
    out, problems = to_salesforce([NAME, LIMIT], {"NAME": "Acme", "LIMIT": Decimal(10)}, {}, {})
    assert (out, problems) == ({"Name": "Acme", "Limit__c": Decimal(10)}, [])


def test_rows_without_a_value_do_not_come_back() -> None:
    assert to_salesforce([NAME, PHONE], {"NAME": "Acme"}, {}, {})[0] == {"Name": "Acme"}


def test_reference_comes_back_as_the_salesforce_id_of_its_twin() -> None:
    out, _ = to_salesforce([BILL_TO], {"BILLTO": "Ada Byron"}, {}, {("contact", "Ada Byron"): "003A"})
    assert out == {"Bill_to__c": "003A"}


def test_emptied_reference_comes_back_empty() -> None:
    assert to_salesforce([BILL_TO], {"BILLTO": None}, {"Bill_to__c": "003A"}, {})[0] == {"Bill_to__c": None}


def test_cut_value_coming_back_leaves_the_longer_one() -> None:
    assert to_salesforce([PHONE], {"PHONE1": "12345"}, {"Phone": "1234567"}, {})[0] == {"Phone": "1234567"}


def test_value_salesforce_has_no_room_for_is_a_problem_by_salesforce_name_and_the_others_go_on() -> None:
    out, problems = to_salesforce([MAIL, NAME], {"EMAIL1": "ada@acme.test", "NAME": "Acme"}, {}, {})
    assert out == {"Name": "Acme"}
    assert [(problem.code, problem.field) for problem in problems] == [("too_long", "Email")]
    assert problems[0].message == "Email has 13 characters, Salesforce holds at most 10."


def test_base_of_a_create_is_what_was_sent() -> None:
    sent = {"NAME": "Acme", "A1": "1 Main St"}
    assert base_of([NAME, PHONE, STREET], sent, whole=True) == {
        "NAME": "Acme",
        "PHONE1": None,
        "A1": ["1 Main St", None, None],
    }


def test_base_of_a_create_says_nothing_of_what_only_comes_back() -> None:
    assert base_of([LIMIT], {"LIMIT": Decimal(5)}, whole=True) == {}


@pytest.mark.parametrize(("lines", "stored"), [(("1", "2", "3"), ["1", "2", "3"]), ((None, None, None), [None] * 3)])
def test_base_of_an_address_equals_the_plain_form_of_what_was_read(
    lines: tuple[str | None, ...], stored: list[str | None]
) -> None:
    assert base_of([STREET], dict(zip(STREET.names, lines, strict=True)), whole=True) == {"A1": stored}


def test_base_of_an_update_says_nothing_of_rows_it_left_out() -> None:
    assert base_of([NAME, PHONE], {"PHONE1": None}, whole=False) == {"PHONE1": None}


def test_base_of_an_update_takes_an_address_only_as_a_whole() -> None:
    assert base_of([STREET], {"A1": "1 Main St"}, whole=False) == {}
    sent = {"A1": "1 Main St", "A2": None, "A3": None}
    assert base_of([STREET], sent, whole=False) == {"A1": ["1 Main St", None, None]}
