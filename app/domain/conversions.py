"""Conversions beyond the standard transforms: value maps, points in time, and values of the type a field really has.

Pure, both ways, no look-ups. Formulas are not evaluated here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from app.domain.records import System, Value
from app.domain.transforms import Canonical, Day, Identifier, Text, Transform, Truth, Unfit, clean, decimal

MOST_NAMED = 12
"""Words a message names; a list of hundreds helps nobody."""

LONGEST_NUMBER = 40
"""Digits before the point; more would fill memory when written out."""


@dataclass(frozen=True, slots=True)
class Worded:
    """A value map over another transform: pairs of Intacct's word and Salesforce's, one word or (`many`) a list.

    Words of either side are looked up among that side's words only, so that a map may swap two of them. Of several
    words for one the first returns, unless what Salesforce holds already means the same.
    """

    pairs: tuple[tuple[str, str], ...]
    inner: Transform
    many: bool = False
    _words: tuple[Mapping[str, str], Mapping[str, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Intacct's words by either side's, in small letters; of several the first."""
        of_intacct, of_salesforce = ({pair[here].lower(): pair[0] for pair in reversed(self.pairs)} for here in (0, 1))
        object.__setattr__(self, "_words", (of_intacct, of_salesforce))

    def of_side(self, value: Value, side: System) -> Canonical:
        """Intacct's word or list for one side's. Raises Unfit `unmapped_value`, which names the word."""
        text = clean(value)
        if text is None:
            return None
        if not self.many:
            return self._word(text, side)
        separator = ";" if side is System.SALESFORCE else "#~#"
        chosen = {self._word(word.strip(), side) for word in text.split(separator) if word.strip()}
        return "#~#".join(word for word in dict.fromkeys(pair[0] for pair in self.pairs) if word in chosen) or None

    def _word(self, text: str, side: System) -> str:
        here = 0 if side is System.INTACCT else 1
        known = self._words[here].get(text.lower())
        if known is not None:
            return known
        words = list(dict.fromkeys(pair[here] for pair in self.pairs))
        more = ", ..." if len(words) > MOST_NAMED else ""
        raise Unfit("unmapped_value", f"{text!r} is not in the value map: {', '.join(words[:MOST_NAMED])}{more}")

    def canonical(self, value: Value) -> Canonical:
        """Intacct's word for Salesforce's. Raises Unfit `unmapped_value`."""
        return self.of_side(value, System.SALESFORCE)

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """Salesforce's word. Raises Unfit `unmapped_value`."""
        text = clean(value if not isinstance(value, tuple) else value[0])
        if text is None:
            return None
        try:
            if self.canonical(before) == value:
                return before
        except Unfit:
            pass  # what stands in Salesforce means nothing, so it is replaced
        words = dict(reversed(self.pairs))  # of several the first
        parts = text.split("#~#") if self.many else [text]
        if unknown := [part for part in parts if part not in words]:
            raise Unfit("unmapped_value", f"has no word for Intacct's {unknown[0]!r}")
        return ";".join(words[part] for part in parts)

    def cuts(self, value: Value) -> bool:
        """Never: a word is carried whole or not at all."""
        return False


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time: UTC, to the second, which is all that Intacct keeps."""

    def canonical(self, value: Value) -> Canonical:
        """The point in time. Raises Unfit `not_a_time`, also for one without a zone."""
        if value is None or value == "":
            return None
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            raise Unfit("not_a_time", f"{value!r} is not a date and time") from None
        if moment.tzinfo is None:
            raise Unfit("not_a_time", f"{value!s} has no time zone")
        try:
            return moment.astimezone(UTC).replace(microsecond=0)
        except OverflowError:
            raise Unfit("not_a_time", f"{value!s} is out of range") from None

    def salesforce(self, value: Canonical, before: Value) -> Value:
        """The point in time, unless it is what Salesforce's own comes to."""
        try:
            if self.canonical(before) == value:
                return before
        except Unfit:
            pass
        return value if not isinstance(value, tuple) else value[0]

    def cuts(self, value: Value) -> bool:
        """Never: fractions of a second are no news."""
        return False


def from_side(via: Transform, value: Value, side: System) -> Canonical:
    """The canonical value of one side's value. Raises Unfit."""
    if not isinstance(value, str) and isinstance(via, Text | Identifier | Worded):
        value = text_of(value)
    return via.of_side(value, side) if isinstance(via, Worded) else via.canonical(value)


def typed(value: Value, field_type: str | None) -> Value:
    """A value as a Salesforce field of a described type takes it; as it is where none is given. Raises Unfit."""
    if not field_type or (value is None and field_type != "boolean"):
        return value
    if field_type == "boolean":
        return bool(Truth().canonical(value))
    if field_type in ("double", "currency", "percent", "int"):
        return _number(value, whole=field_type == "int")
    if field_type in ("date", "datetime"):
        return _dated(value, field_type)
    text = text_of(value)
    return text.replace("#~#", ";") if field_type == "multipicklist" and text else text


def _number(value: Value, *, whole: bool) -> Value:
    number = decimal(value)
    if number is None or not whole:
        return number
    if abs(number.adjusted()) > LONGEST_NUMBER or number != int(number):
        raise Unfit("not_a_number", f"holds whole numbers only, not {value}")
    return int(number)


def _dated(value: Value, field_type: str) -> Value:
    if field_type == "date":
        made = Day().canonical(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        made = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        made = Instant().canonical(value)
    assert not isinstance(made, tuple)
    return made


def text_of(value: Value) -> str | None:
    """Any value as people write it; None for an empty one. Raises Unfit for a number too long to be written out."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > LONGEST_NUMBER:
            raise Unfit("not_a_number", "is too large a number to be written as text")
        return format(value.normalize() + 0, "f")  # Salesforce writes 5 as 5.0
    if isinstance(value, date):
        return value.isoformat()
    return clean(value)
