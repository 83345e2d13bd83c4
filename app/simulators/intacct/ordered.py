"""Ordered elements of legacy document functions: the order check, dates in three parts, custom fields, plain texts.

Form only. Which elements there are, and in which order, says `sales_shapes`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.simulators.intacct import errors
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import EnvelopeRefused, Refused
from app.simulators.intacct.records import Element, children, tag_of, text_of


def check_order(company: Company, element: Element, order: Sequence[str]) -> None:
    """Refuse children of `element` that are unknown, come twice or stand before their place.

    Words of `order` joined by `|` share a place and exclude one another; a `+` behind a word lets it come repeatedly.
    Where the refusal stands, in the control block or in the result, is a knob.
    """
    places = {word.rstrip("+"): place for place, words in enumerate(order) for word in words.split("|")}
    many = {word.rstrip("+") for words in order for word in words.split("|") if word.endswith("+")}
    last, before = -1, ""
    for child in children(element):
        name = tag_of(child)
        place = places.get(name, -1)
        repeated = place == last and name in many and before in many
        if place < 0 or (place <= last and not repeated):
            why = "is not expected" if place < 0 else f"must not follow {before}"
            error = errors.broken_xml(f"Element {tag_of(element)}: {name} {why}")
            raise EnvelopeRefused(error) if company.knobs["legacy_order_fault"] == "control" else Refused(error)
        last, before = place, name


def texts_of(company: Company, element: Element, renamed: Mapping[str, str], nested: Sequence[str]) -> dict[str, str]:
    """Plain children by field name, in the user's formats; `nested` children are left out.

    `<x><contactname/></x>` is read as the field X.CONTACTNAME.
    """
    out: dict[str, str] = {}
    for child in children(element):
        name = tag_of(child)
        inner = [tag_of(part) for part in children(child)]
        if name in nested:
            continue
        field = renamed.get(name, name.upper())
        if name == "customfields":
            out |= {text_of(one, "customfieldname"): text_of(one, "customfieldvalue") for one in children(child)}
        elif "year" in inner or "month" in inner:
            out[field] = _date(company, child)
        elif inner == ["contactname"]:
            out[f"{field}.CONTACTNAME"] = text_of(child, "contactname")
        elif inner:
            raise Refused(errors.broken_xml(f"element {name} cannot contain {', '.join(inner)}"))
        else:
            out[field] = child.text or ""
    return out


def _date(company: Company, element: Element) -> str:
    """A legacy date as the user writes it; empty parts make an empty date."""
    parts = [text_of(element, name) for name in ("year", "month", "day")]
    if not any(parts):
        return ""
    try:
        return company.formatting().date_text(date(*map(int, parts)))
    except (ValueError, TypeError):
        raise Refused(errors.bad_format(f"date in {tag_of(element)}", tag_of(element))) from None


def sent(element: Element) -> dict[str, Any]:
    """What was sent, nested as in the request: attributes and children; elements that repeat make a list."""
    out: dict[str, Any] = {str(name): str(value) for name, value in element.attrib.items()}
    for child in children(element):
        name = tag_of(child)
        value: Any = sent(child) if children(child) or child.attrib else child.text or ""
        if name in out:
            out[name] = [*(out[name] if isinstance(out[name], list) else [out[name]]), value]
        else:
            out[name] = value
    return out
