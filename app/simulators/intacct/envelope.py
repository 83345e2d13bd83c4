"""The XML envelope: parsing a request into plain parts, and nothing about what the parts do.

Refuses what the gateway refuses before it looks at credentials: malformed XML, document types, missing elements.
"""

from dataclasses import dataclass

from lxml import etree

from app.simulators.intacct import errors
from app.simulators.intacct.errors import EnvelopeRefused
from app.simulators.intacct.records import Element, children, tag_of, text_of
from app.simulators.intacct.sessions import Login

ASYNC_LIMIT = 500_000


@dataclass(frozen=True)
class Control:
    """The control block. `uniqueid` counts as true when it is left out."""

    sender: str = ""
    password: str = ""
    controlid: str = ""
    uniqueid: bool = True
    uniqueid_text: str = "true"
    dtdversion: str = "3.0"
    policyid: str = ""
    whitespace: bool = True
    more_error_info: bool = False


@dataclass(frozen=True)
class Function:
    """One `<function>`: its control id, its name and its element. `tag` is what faults are matched against."""

    controlid: str
    name: str
    element: Element

    @property
    def object(self) -> str:
        """The object kind the function is about, upper-case, '' if it names none."""
        named = text_of(self.element, "object") or self.element.get("object", "")
        if named:
            return named.upper()
        inner = children(self.element)
        if self.name in ("create", "update") and inner:
            return tag_of(inner[0]).upper()
        _, _, kind = self.name.partition("_")
        return kind.upper()

    @property
    def tag(self) -> str:
        """`create:CUSTOMER`, `getAPISession:`..."""
        return f"{self.name}:{self.object}"


@dataclass(frozen=True)
class Envelope:
    """A well-formed request."""

    control: Control
    transaction: bool
    login: Login | None
    session: str | None
    functions: list[Function]
    size: int


def parse_document(body: bytes) -> Element:
    """The `<request>` element. EnvelopeRefused (XL03000003) for anything that is not plain, complete XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body.removeprefix(b"\xef\xbb\xbf").lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError) as broken:
        raise EnvelopeRefused(errors.broken_xml(str(broken))) from broken
    if root.getroottree().docinfo.internalDTD is not None:
        raise EnvelopeRefused(errors.broken_xml("document type declarations are not allowed"))
    if root.tag != "request":
        raise EnvelopeRefused(errors.broken_xml(f"root element is {root.tag}, expected request"))
    return root


def read_control(root: Element) -> Control:
    """The control block of a request; absent members get the vendor's defaults."""
    block = root.find("control")
    if block is None:
        raise EnvelopeRefused(errors.broken_xml("element control is missing"))
    unique = text_of(block, "uniqueid", "true").lower()
    return Control(
        sender=text_of(block, "senderid"),
        password=text_of(block, "password"),
        controlid=text_of(block, "controlid"),
        uniqueid=unique != "false",
        uniqueid_text=unique,
        dtdversion=text_of(block, "dtdversion", "3.0"),
        policyid=text_of(block, "policyid"),
        whitespace=text_of(block, "includewhitespace", "true").lower() != "false",
        more_error_info=text_of(block, "showadditionalerrorinfo").lower() == "true",
    )


def read_envelope(root: Element, control: Control, size: int) -> Envelope:
    """The operation of a request whose control block was read."""
    if not 1 <= len(control.controlid) <= 256:
        raise EnvelopeRefused(errors.broken_xml("controlid must have 1 to 256 characters"))
    operation = root.find("operation")
    content = operation.find("content") if operation is not None else None
    authentication = operation.find("authentication") if operation is not None else None
    if operation is None or content is None or authentication is None:
        raise EnvelopeRefused(errors.broken_xml("element operation, authentication or content is missing"))
    login, session = authentication.find("login"), authentication.find("sessionid")
    if login is None and session is None:
        raise EnvelopeRefused(errors.broken_xml("authentication holds neither login nor sessionid"))
    functions = [_function(element) for element in children(content)]
    if not functions:
        raise EnvelopeRefused(errors.broken_xml("content holds no function"))
    return Envelope(
        control=control,
        transaction=operation.get("transaction", "false").lower() == "true",
        login=_login(login) if login is not None else None,
        session=(session.text or "").strip() if session is not None else None,
        functions=functions,
        size=size,
    )


def _login(element: Element) -> Login:
    company, client = text_of(element, "companyid"), text_of(element, "clientid")
    return Login(
        user=text_of(element, "userid"),
        company=f"{company}|{client}|" if client and "|" not in company else company,
        password=text_of(element, "password"),
        location=text_of(element, "locationid"),
    )


def _function(element: Element) -> Function:
    inner = children(element)
    if element.tag != "function" or len(inner) != 1:
        raise EnvelopeRefused(errors.broken_xml("each function element holds exactly one function"))
    controlid = element.get("controlid")
    if controlid is None:
        raise EnvelopeRefused(errors.broken_xml("function requires attribute controlid"))
    return Function(controlid, tag_of(inner[0]), inner[0])
