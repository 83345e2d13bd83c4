"""Values of options: what each kind takes, what it refuses, and what becomes of a value that is stored."""

import pytest

from app.domain.options import Option, OptionKind, option_problem, option_value

LOUD = Option("loud", True, "Whether it makes noise.")
PACE = Option("pace", "slow", "How fast.", ("slow", "fast"))
SIZE = Option("size", 3, "How many.", least=1, most=9)
CODE = Option("code", "A1", "Which one.", longest=4, pattern=r"^[A-Z][0-9]*$")
WORD = Option("word", "", "Any text.", longest=5)
NAMES = Option("names", (), "Whom.", most=2, longest=5)
SIDES = Option("sides", ("left",), "Where.", ("left", "right"))


def test_the_default_tells_the_kind() -> None:
    kinds = [option.kind for option in (LOUD, PACE, SIZE, CODE, NAMES, SIDES)]
    assert kinds == [
        *(OptionKind.SWITCH, OptionKind.CHOICE, OptionKind.NUMBER, OptionKind.TEXT, OptionKind.LIST, OptionKind.LIST)
    ]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *((LOUD, True), (LOUD, False), (PACE, "slow"), (PACE, "fast"), (SIZE, 1), (SIZE, 9), (CODE, "Z99"), (WORD, "")),
        *((NAMES, []), (NAMES, ["ann", "bob"]), (NAMES, ("ann",)), (SIDES, ["right", "left"])),
    ],
)
def test_a_value_within_the_limits_is_taken(option: Option, value: object) -> None:
    assert option_problem(option, value) is None


@pytest.mark.parametrize("value", ["true", 1, 0, None, [], {}])
def test_a_switch_refuses_anything_but_true_and_false(value: object) -> None:
    assert option_problem(LOUD, value) == "must be true or false"


@pytest.mark.parametrize("value", ["Fast", "", None, True, ["fast"], {"fast": 1}])
def test_a_choice_refuses_any_other_word(value: object) -> None:
    assert option_problem(PACE, value) == "must be one of slow, fast"


@pytest.mark.parametrize("value", [0, 10, True, 1.0, "3", None])
def test_a_number_refuses_what_lies_outside_or_is_none(value: object) -> None:
    assert option_problem(SIZE, value) == "must be a whole number from 1 to 9"


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        (CODE, "a1", "must match ^[A-Z][0-9]*$"),
        (CODE, "A1\n", "must match ^[A-Z][0-9]*$"),
        (CODE, "A1234", "must have at most 4 characters"),
        (CODE, 1, "must be text"),
        (WORD, "a\nb", "must be text on one line"),
    ],
)
def test_a_text_refuses_what_does_not_fit(option: Option, value: object, problem: str) -> None:
    assert option_problem(option, value) == problem


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        (NAMES, "ann", "must be a list of texts"),
        (NAMES, ["a", "b", "c"], "must have at most 2 entries"),
        (NAMES, ["a", "a"], "must not name anything twice"),
        (NAMES, ["a", 1], "has an entry that must be text"),
        (NAMES, ["abcdef"], "has an entry that must have at most 5 characters"),
        (SIDES, ["up"], "has an entry that must be one of left, right"),
    ],
)
def test_a_list_refuses_what_does_not_fit(option: Option, value: object, problem: str) -> None:
    assert option_problem(option, value) == problem


def test_a_list_comes_back_as_code_sees_it() -> None:
    assert option_value(NAMES, ["ann", "bob"]) == ("ann", "bob")


@pytest.mark.parametrize("stored", [None, "gone", 7])
def test_a_value_that_is_not_allowed_any_more_gives_way_to_the_default(stored: object) -> None:
    assert option_value(PACE, stored) == "slow"
