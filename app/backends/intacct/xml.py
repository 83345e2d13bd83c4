"""XML in and out: request envelopes built as a tree, replies parsed without trusting them.

Knows the envelope (intacct-api.md 2.2) and XML 1.0, nothing of functions, sessions or what an answer means.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

Element = etree._Element

_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DOCTYPE_AHEAD: Final = re.compile(rb"(?>\s+|\xef\xbb\xbf|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL | re.IGNORECASE)
_MOST_TAGS: Final = 4_000_000
_DEEPEST: Final = 40


class Unreadable(Exception):
    """The bytes are not a document we are willing to read; the text says why and holds nothing of the content."""


class Scrubber:
    """Takes out what XML 1.0 forbids and counts it: one such character fails a whole request (intacct-api.md 2.11)."""

    def __init__(self) -> None:
        self.removed = 0

    def __call__(self, text: str) -> str:
        """`text` without forbidden characters, lone surrogates included; everything else is unchanged."""
        clean, count = _ILLEGAL.subn("", text)
        self.removed += count
        return clean


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a request: its control id and its body. `writes` decides the request's uniqueid."""

    control_id: str
    body: Element
    writes: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Control:
    """Who sends. Has no repr, as it carries the sender's password."""

    sender_id: str
    sender_password: str
    control_id: str


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """User credentials for one request. Has no repr."""

    user_id: str
    company_id: str
    password: str


def build_request(
    control: Control, signed_by: Login | str, functions: Sequence[Function], scrub: Scrubber, *, explain: bool = False
) -> bytes:
    """The request document as UTF-8, signed by a login or by a session id, never by both.

    Reads and writes may not share a request: `uniqueid` is true for writes and false for reads, per request.
    `explain` asks for `additionalinfo` beside errors. Children of control stand in the documented order.
    """
    kinds = {function.writes for function in functions}
    if len(kinds) != 1:
        raise ValueError("a request holds reads or writes, at least one function and never both kinds")
    root = etree.Element("request")
    head = etree.SubElement(root, "control")
    flags = [
        ("uniqueid", "true" if kinds == {True} else "false"),
        ("dtdversion", "3.0"),
        ("includewhitespace", "false"),
    ]
    if explain:
        flags.append(("showadditionalerrorinfo", "true"))
    who = [
        ("senderid", control.sender_id),
        ("password", control.sender_password),
        ("controlid", control.control_id),
    ]
    for name, value in who + flags:
        add(head, name, value, scrub)
    operation = etree.SubElement(root, "operation", transaction="false")
    _sign(etree.SubElement(operation, "authentication"), signed_by, scrub)
    content = etree.SubElement(operation, "content")
    for function in functions:
        content.append(function_element(function, scrub))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def function_element(function: Function, scrub: Scrubber) -> Element:
    """One function as it stands in a request."""
    element = etree.Element("function", controlid=scrub(function.control_id))
    element.append(function.body)
    return element


def _sign(parent: Element, signed_by: Login | str, scrub: Scrubber) -> None:
    if isinstance(signed_by, str):
        add(parent, "sessionid", signed_by, scrub)
        return
    login = etree.SubElement(parent, "login")
    add(login, "userid", signed_by.user_id, scrub)
    add(login, "companyid", signed_by.company_id, scrub)
    add(login, "password", signed_by.password, scrub)


def add(parent: Element, name: str, text: str | None, scrub: Scrubber) -> Element:
    """Append a child with scrubbed text; None makes an empty element. ValueError for a name XML does not allow."""
    child = etree.SubElement(parent, name)
    if text:
        child.text = scrub(text)
    return child


def parse(body: bytes) -> Element:
    """The root of a reply. Raises Unreadable for anything but a modest, well-formed document without DOCTYPE.

    lxml expands internal entities unless told not to, and with that switched off still reads a DOCTYPE, so documents
    with one are refused before and, whatever their encoding, after parsing.
    """
    if not body.strip():
        raise Unreadable("the body is empty")
    if _DOCTYPE_AHEAD.match(body):
        raise Unreadable("the body starts with a DOCTYPE")
    if body.count(b"<") > _MOST_TAGS:
        raise Unreadable("the body holds too many elements")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as broken:
        raise Unreadable("the body is not well-formed XML") from broken
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # the stubs allow for no docinfo
        raise Unreadable("the body holds a DOCTYPE")
    return root


def text_of(parent: Element | None, name: str) -> str | None:
    """The trimmed text of the first child called `name`, or None when there is none or it is empty."""
    if parent is None:
        return None
    found = parent.find(name)
    return ((found.text or "").strip() or None) if found is not None else None


def flatten(row: Element) -> dict[str, str | None]:
    """A row as dotted, upper-case names to trimmed text, None for an empty element.

    `<A><B>x</B></A>` and `<A.B>x</A.B>` are the same thing to the caller. Of repeated names the first one stays.
    Raises Unreadable when elements are nested deeper than any Intacct object.
    """
    values: dict[str, str | None] = {}
    waiting = [(child, "", 1) for child in reversed(row)]
    while waiting:
        element, prefix, depth = waiting.pop()
        if depth > _DEEPEST:
            raise Unreadable("the body is nested too deeply")
        name = f"{prefix}{element.tag}".upper()
        if len(element):
            waiting.extend((child, f"{name}.", depth + 1) for child in reversed(element))
        else:
            values.setdefault(name, (element.text or "").strip() or None)
    return values
