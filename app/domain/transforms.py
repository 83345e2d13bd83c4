"""How one value crosses the border: text, ids, dates, money, flags, lists, addresses. Pure, both ways, no look-ups.

A transform turns a Salesforce value into the canonical value (the form in which both sides are compared, which is the
form Intacct stores) and back. Widths are those of product.md 3.2.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Protocol

from app.domain.money import rounded
from app.domain.records import Value

Canonical = Value | tuple[Value, ...]
"""A compared value; a tuple where one Salesforce field spans several Intacct fields (address lines)."""

LONGEST_AMOUNT = 20
"""Digits before the point no amount has; more would not fit Decimal's working precision."""

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Unfit(ValueError):
    """The value cannot be carried over. The message names no field; the caller does."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Text:
    """Trimmed, NFC, free of characters XML 1.0 forbids, cut at `width` (reported by `cuts`)."""

    width: int

    def canonical(self, value: Value) -> Canonical:
        """The cleaned and cut text; None for empty."""
        text = clean(value)
        return text[: self.width].rstrip() or None if text else None

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The text itself, unless it is only the cut form of what Salesforce already holds."""
        return before if self.canonical(before) == value else _one(value)

    def cuts(self, value: Value) -> bool:
        """Whether carrying `value` over loses its end."""
        return len(clean(value) or "") > self.width


@dataclass(frozen=True, slots=True)
class Identifier:
    """Text that is never cut: ids, e-mail addresses, reference keys. Too long is an error."""

    width: int
    back: int | None = None  # width on the Salesforce side, where it is narrower

    def canonical(self, value: Value) -> Canonical:
        """The cleaned text. Raises Unfit `too_long`."""
        text = clean(value)
        if text and len(text) > self.width:
            raise Unfit("too_long", f"has {len(text)} characters, at most {self.width} are allowed")
        return text

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The text itself. Raises Unfit `too_long` where Salesforce is narrower."""
        text = _one(value)
        if self.back and isinstance(text, str) and len(text) > self.back:
            raise Unfit("too_long", f"has {len(text)} characters, Salesforce holds at most {self.back}")
        return text

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Amount:
    """Money: Decimal, rounded half up to the digits of the currency (two where none is given)."""

    def canonical(self, value: Value) -> Canonical:
        """The rounded amount. Raises Unfit `not_a_number`."""
        number = decimal(value)
        if number is not None and number.adjusted() >= LONGEST_AMOUNT:
            raise Unfit("not_a_number", f"{value} is too large to be an amount")
        return None if number is None else rounded(number) + 0

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The amount itself."""
        return decimal(_one(value))

    def cuts(self, value: Value) -> bool:
        """Whether rounding loses anything."""
        number = decimal(value)
        return number is not None and number.adjusted() < LONGEST_AMOUNT and rounded(number) != number


@dataclass(frozen=True, slots=True)
class Truth:
    """A checkbox on both sides; an empty value is false."""

    def canonical(self, value: Value) -> Canonical:
        """True or False."""
        return _truth(value)

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """True or False."""
        return _truth(_one(value))

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Filled:
    """A checkbox that says whether there is a value at all, in one of several fields; zero is none."""

    def canonical(self, value: Value) -> Canonical:
        """True or False."""
        if value is None or isinstance(value, bool):
            return bool(value)
        try:
            return decimal(value if isinstance(value, str | int | Decimal) else str(value)) not in (None, Decimal(0))
        except Unfit:
            return True

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """True or False."""
        return bool(_one(value))

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Flag:
    """Two words in Intacct, a checkbox in Salesforce."""

    on: str
    off: str

    def canonical(self, value: Value) -> Canonical:
        """The word for a checkbox, or a word as Intacct wrote it."""
        if isinstance(value, bool):
            return self.on if value else self.off
        text = clean(value) or self.off
        return next((word for word in (self.on, self.off) if word.lower() == text.lower()), text)

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """True for the `on` word, whatever its case."""
        return str(_one(value)).lower() == self.on.lower()

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Choices:
    """A multi-select: `a;b` in Salesforce, `a#~#b` in Intacct, compared as a sorted list of allowed words."""

    allowed: tuple[str, ...]

    def canonical(self, value: Value) -> Canonical:
        """The chosen words joined by `#~#` in the declared order. Raises Unfit `unmapped_value`."""
        words = {word.strip() for word in re.split(r";|#~#", clean(value) or "") if word.strip()}
        known = {word.lower(): word for word in self.allowed}
        unknown = sorted(word for word in words if word.lower() not in known)
        if unknown:
            raise Unfit("unmapped_value", f"{unknown[0]!r} is not one of {', '.join(self.allowed)}")
        chosen = {word.lower() for word in words}
        return "#~#".join(word for word in self.allowed if word.lower() in chosen) or None

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The words joined by `;`."""
        text = _one(value)
        return text.replace("#~#", ";") if isinstance(text, str) else None

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Street:
    """A multi-line street in Salesforce, `lines` address fields in Intacct; what is left over joins the last line."""

    width: int = 80
    lines: int = 3

    def canonical(self, value: Value) -> Canonical:
        """One entry per address field; None for an empty one."""
        found = self._joined(value)
        found += [""] * (self.lines - len(found))
        return tuple(line[: self.width].rstrip() or None for line in found)

    def _joined(self, value: Value) -> list[str]:
        found = [line for line in (clean(part) for part in str(value or "").splitlines()) if line]
        if len(found) > self.lines:
            found = [*found[: self.lines - 1], ", ".join(found[self.lines - 1 :])]
        return found

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The lines joined by line breaks, unless they are what Salesforce's own text comes to."""
        if self.canonical(before) == value:
            return before
        parts = value if isinstance(value, tuple) else (value,)
        return "\n".join(str(part) for part in parts if part) or None

    def cuts(self, value: Value) -> bool:
        """Whether a line is wider than its field."""
        return any(len(line) > self.width for line in self._joined(value))


@dataclass(frozen=True, slots=True)
class Day:
    """A date without a zone on both sides."""

    def canonical(self, value: Value) -> Canonical:
        """The date. Raises Unfit `not_a_date`."""
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise Unfit("not_a_date", f"{value!r} is not a date") from None

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The date."""
        return _one(value)

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that is no money: never rounded."""

    def canonical(self, value: Value) -> Canonical:
        """The number. Raises Unfit `not_a_number`."""
        return decimal(value)

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The number."""
        return decimal(_one(value))

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Pick:
    """A value map: pairs of Intacct's word and Salesforce's. A word without a pair is an error that names it."""

    pairs: tuple[tuple[str, str], ...]

    def canonical(self, value: Value) -> Canonical:
        """Intacct's word for either side's. Raises Unfit `unmapped_value`."""
        text = clean(value)
        if text is None:
            return None
        for intacct, salesforce in self.pairs:
            if text.lower() in (intacct.lower(), salesforce.lower()):
                return intacct
        raise Unfit("unmapped_value", f"{text!r} is not one of {', '.join(pair[1] for pair in self.pairs)}")

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """Salesforce's word."""
        return dict(self.pairs).get(str(_one(value))) if value is not None else None

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Reference:
    """A look-up to another synced record, compared as the natural id of its Intacct twin (resolved beforehand)."""

    def canonical(self, value: Value) -> Canonical:
        """The natural id, as resolved."""
        return clean(value)

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The value as resolved by the caller."""
        return _one(value)

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that no Intacct field holds: every record of the object bears it in Salesforce.

    `allowed` are the words the Salesforce field may hold besides, on records of other objects; empty: any.
    `unset_fits`: a record that holds no word may be taken for one of these.
    """

    value: str
    allowed: tuple[str, ...] = ()
    unset_fits: bool = False

    def canonical(self, value: Value) -> Canonical:
        """The word that stands there; None for empty. Raises Unfit `value_not_allowed` for a word nobody knows."""
        text = clean(value)
        if text is not None and self.allowed and text not in (self.value, *self.allowed):
            words = ", ".join(sorted((self.value, *self.allowed)))
            raise Unfit("value_not_allowed", f"holds {text!r}, which is not one of {words}")
        return text

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The word itself."""
        return _one(value)

    def cuts(self, value: Value) -> bool:
        """Never."""
        return False


class Transform(Protocol):
    """How a value crosses the border; what the classes above are, and those of `conversions`."""

    def canonical(self, value: Value) -> Canonical:
        """The form in which both sides are compared. Raises Unfit."""
        ...

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The form in which Salesforce holds it; `before` is what stands there. Raises Unfit."""
        ...

    def cuts(self, value: Value) -> bool:
        """Whether carrying `value` over loses something."""
        ...


def clean(value: Value) -> str | None:
    """Text as both sides should hold it: NFC, no characters XML 1.0 forbids, trimmed; None when nothing is left."""
    text = "" if value is None else str(value)
    if not (text.isascii() and text.isprintable()):  # else there is nothing to leave out or to compose
        text = unicodedata.normalize("NFC", _ILLEGAL.sub("", text))
    return text.strip() or None


def decimal(value: Value | Canonical) -> Decimal | None:
    """A Decimal from a number or its text; None for empty. Raises Unfit `not_a_number`."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or "_" in str(value):
        raise Unfit("not_a_number", f"{value!r} is not a number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Unfit("not_a_number", f"{value!r} is not a number") from None
    if not number.is_finite():
        raise Unfit("not_a_number", f"{value!r} is not a finite number")
    return number


def plain(value: Canonical) -> object:
    """A canonical value as JSON can hold it, so that equal values give equal JSON (the base of a binding)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")  # minus zero is zero
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


def by_names(names: tuple[str, ...], value: Canonical) -> Mapping[str, Value]:
    """Spread a canonical value over the Intacct fields it stands for."""
    parts = value if isinstance(value, tuple) else (value,)
    return dict(zip(names, parts, strict=True))


def _one(value: Canonical) -> Value:
    return value[0] if isinstance(value, tuple) else value


def _truth(value: Value) -> bool:
    return value if isinstance(value, bool) else str(value or "").strip().lower() in ("true", "t", "1", "yes")
