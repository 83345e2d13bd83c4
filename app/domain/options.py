"""Options: what an administrator may switch, of one object or of the whole connection. Pure; says what a value may be.

The type of the default tells the kind: true or false, a whole number, one of several words, a text, or a list of texts.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

OptionValue = bool | int | str | tuple[str, ...]
"""A value as code sees it; in JSON a list of texts is an array."""

ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
"""Text on one line, which both databases can keep."""


class OptionKind(StrEnum):
    """What sort of value an option has."""

    SWITCH = "switch"
    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Option:
    """A setting with its default and what it does.

    `choices` limit a text, or each text of a list; a text without choices has at most `longest` characters and matches
    `pattern` (in the syntax that JSON Schema, Python and Rust share). A number lies between `least` and `most`; of a
    list, `most` is the highest number of texts. Of a `dated` switch it is remembered since when it is on. `turns` is
    the choice with which Salesforce owns the object: rows that come from Intacct turn round.
    """

    name: str
    default: OptionValue
    says: str
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 1000
    longest: int = 255
    pattern: str = ONE_LINE
    dated: bool = False
    turns: str | None = None

    @property
    def kind(self) -> OptionKind:
        """What sort of value it has."""
        if isinstance(self.default, bool):
            return OptionKind.SWITCH
        if isinstance(self.default, int):
            return OptionKind.NUMBER
        if isinstance(self.default, tuple):
            return OptionKind.LIST
        return OptionKind.CHOICE if self.choices else OptionKind.TEXT


def option_problem(option: Option, value: object) -> str | None:
    """What is wrong with `value` for `option`, or None."""
    match option.kind:
        case OptionKind.SWITCH:
            return None if isinstance(value, bool) else "must be true or false"
        case OptionKind.NUMBER:
            good = type(value) is int and option.least <= value <= option.most
            return None if good else f"must be a whole number from {option.least} to {option.most}"
        case OptionKind.LIST:
            return _list_problem(option, value)
    return _text_problem(option, value)


def option_value(option: Option, stored: object) -> OptionValue:
    """A stored value as code sees it; the default for None, and for what the option does not allow any more."""
    if stored is None or option_problem(option, stored) is not None:
        return option.default
    if isinstance(stored, list | tuple):
        return tuple(str(one) for one in stored)
    assert isinstance(stored, bool | int | str)
    return stored


def _text_problem(option: Option, value: object) -> str | None:
    if option.choices:
        return None if value in option.choices else f"must be one of {', '.join(option.choices)}"
    if not isinstance(value, str):
        return "must be text"
    if len(value) > option.longest:
        return f"must have at most {option.longest} characters"
    if re.fullmatch(option.pattern, value) is None:
        return "must be text on one line" if option.pattern == ONE_LINE else f"must match {option.pattern}"
    return None


def _list_problem(option: Option, value: object) -> str | None:
    if not isinstance(value, list | tuple):
        return "must be a list of texts"
    if len(value) > option.most:
        return f"must have at most {option.most} entries"
    if len({*map(str, value)}) != len(value):
        return "must not name anything twice"
    problems = (_text_problem(option, one) for one in value)
    return next((f"has an entry that {problem}" for problem in problems if problem), None)
