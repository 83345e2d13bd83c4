"""What an `errormessage` says, made fit for people: ids of the call taken out, markup stripped, fields found.

Reads no XML and decides nothing; the meaning of an error is the business of `errors`.
"""

import html
import re
from dataclasses import dataclass
from urllib.parse import unquote

_CALL_ID = re.compile(r"\[?\s*(?:Support|Request) ID:\s*(?P<id>[^\]\s]+)\s*\]?", re.IGNORECASE)
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_CODE = re.compile(r"[A-Za-z_]{1,8}[-_]?[A-Za-z]{0,4}\d{3,}")
_LONGEST = 1000

_NAME = r"['\"‘“]?(?P<field>[A-Za-z_]\w*(?:\.\w+)*(?: [A-Za-z]\w*){0,2}?)['\"’”]?"
_REQUIRED = (
    rf"(?:missing )?required fields?(?:\(s\))?:? (?:is |are )?(?:missing:? ?)?{_NAME}(?: is| are| was|[.,;]|$)",
    rf"missing (?:a |the |value for )?(?:required )?(?:fields? )?:? ?{_NAME}(?:[.,;]|$)",
    rf"(?:^|[.:;,] ?)(?:an? |the )?(?:value for )?(?:field )?{_NAME} (?:field )?(?:is|are) (?:a )?(?:required|missing)",
)
_UNKNOWN = (
    r"cannot be queried:? ?\[?['\"]?(?P<field>[A-Za-z_][\w.]*)",
    r"invalid fields? list:? ?\[?['\"]?(?P<field>[A-Za-z_][\w.]*)",
    r"unknown field:? ?\[?['\"]?(?P<field>[A-Za-z_][\w.]*)",
    r"field:? ['\"]?(?P<field>[A-Za-z_][\w.]*)['\"]? (?:is|was|does|do|cannot|could|in|not)\b",
    r"['\"‘“](?P<field>[A-Za-z_][\w.]*)['\"’”]",
)
NAMED_FIELD: dict[str, tuple[str, ...]] = {
    "required_field_missing": _REQUIRED,
    "unknown_field": _UNKNOWN,
    "reference_not_found": (r"specified for (?:field )?['\"]?(?P<field>[A-Za-z_][\w.]*\w)",),
    "invalid_value": (r"valid value for (?:field )?['\"]?(?P<field>[A-Za-z_][\w.]*\w)",),
    "value_too_long": (r"illegal length for (?:field )?['\"]?(?P<field>[A-Za-z_][\w.]*\w)",),
    "period_closed": (r"(?:^|[.:] )(?P<field>[A-Za-z_][\w.]*) \S{4,20} is in a closed",),
    "field_not_editable": (
        r"(?:^|[.:] )(?:the )?(?:field )?['\"]?(?P<field>[A-Za-z_][\w.]*)['\"]? (?:is read|is not edit|cannot be)",
    ),
    "fields_exclude_each_other": (r"only one of (?P<field>[A-Za-z_][\w.]*)",),
    "reference_inactive": (r"(?:^|[.:] )(?P<field>[A-Za-z]\w*) '?[^ ']{1,60}'? is inactive",),
    "illegal_format": (r"illegal format for (?:field )?['\"]?(?P<field>[A-Za-z_][\w.]*)",),
}
"""Per code of ours, how the vendor's sentence names the field. Sentences differ by object; these are tried in order."""


FIELD_MEANT = {"unit_missing": "unit", "document_number_missing": "documentno", "entity_required": "MEGAENTITYID"}
"""The field of a refusal whose sentence names none, because only one can be meant."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One `error` element, cleaned. `errorno` may be free text; `everything` is all that was said, for matching."""

    errorno: str | None
    description: str = ""
    description2: str = ""
    correction: str = ""
    support_id: str | None = None
    field: str | None = None

    @property
    def everything(self) -> str:
        """All texts in reading order, the errorno first where it is a sentence instead of a code."""
        spoken = "" if self.errorno is None or _CODE.fullmatch(self.errorno) else self.errorno
        return " ".join(part for part in (spoken, self.description, self.description2, self.correction) if part)

    @property
    def sentence(self) -> str:
        """The most specific text: wrappers say "Could not create X record!" first and the reason after it."""
        return self.description2 or self.description or self.everything or self.errorno or ""


def make_fault(
    errorno: str | None,
    description: str | None,
    description2: str | None = None,
    correction: str | None = None,
    field: str | None = None,
) -> Fault:
    """A `Fault` from raw texts: escaped markup and Support or Request IDs are taken out, the first id is kept."""
    ids: list[str] = []
    number, first, second, fix = (_clean(raw, ids) for raw in (errorno, description, description2, correction))
    return Fault(number or None, first, second, fix, support_id=ids[0] if ids else None, field=field or None)


def _clean(raw: str | None, ids: list[str]) -> str:
    if not raw:
        return ""
    text = _MARKUP.sub("", html.unescape(raw[: 4 * _LONGEST]))
    ids.extend(unquote(found["id"]) for found in _CALL_ID.finditer(text))
    return " ".join(_CALL_ID.sub(" ", text).split())[:_LONGEST]
