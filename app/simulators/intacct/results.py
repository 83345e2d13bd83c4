"""Answers: what a function came to, and the XML of responses. Builds the vendor's shapes and decides nothing."""

import random
from dataclasses import dataclass, field
from urllib.parse import quote

from lxml import etree

from app.simulators.intacct.envelope import Control
from app.simulators.intacct.errors import VendorError
from app.simulators.intacct.records import Element
from app.simulators.intacct.sessions import Session


@dataclass
class Result:
    """One `<result>`. `status` None leaves the element out, as the refusal of a repeated control id does.

    `done` says whether the function was carried out and completed, whatever the status shown.
    """

    function: str
    controlid: str
    status: str | None = "success"
    body: list[Element] = field(default_factory=list)
    errors: list[VendorError] = field(default_factory=list)
    naked: str | None = None
    done: bool = True


class Answers:
    """Builds response documents; Support IDs differ on each call and come from a seeded generator."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"support-{seed}")

    def support_id(self) -> str:
        """A fresh Support ID, URL-encoded like the vendor's."""
        alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
        raw = "".join(self._random.choices(alphabet, k=6)) + "~" + "".join(self._random.choices(alphabet, k=24))
        return quote(raw, safe="").replace("~", "%7E")

    def response(self, control: Control, session: Session, results: list[Result], minimal: bool = False) -> bytes:
        """The envelope of a request whose sender and caller were accepted."""
        root = etree.Element("response")
        _control(root, control, "success")
        operation = etree.SubElement(root, "operation")
        block = etree.SubElement(operation, "authentication")
        parts = {"status": "success", "userid": session.user, "companyid": session.company}
        if not minimal:
            opened = session.opened or session.expires
            parts["locationid"] = session.location
            parts["sessiontimestamp"] = opened.isoformat(timespec="seconds")
            parts["sessiontimeout"] = session.expires.isoformat(timespec="seconds")
        for name, text in parts.items():
            etree.SubElement(block, name).text = text
        for result in results:
            operation.append(self._result(result, control.more_error_info))
        return serialise(root, control.whitespace)

    def control_failure(self, control: Control, error: VendorError, echo: bool) -> bytes:
        """The request was refused before anyone signed in."""
        root = etree.Element("response")
        _control(root, control, "failure", echo)
        root.append(self._errors([error], control.more_error_info))
        return serialise(root, control.whitespace)

    def authentication_failure(self, control: Control, error: VendorError) -> bytes:
        """The caller was not accepted: no result, empty user and company."""
        root = etree.Element("response")
        _control(root, control, "success")
        operation = etree.SubElement(root, "operation")
        block = etree.SubElement(operation, "authentication")
        etree.SubElement(block, "status").text = "failure"
        etree.SubElement(block, "userid")
        etree.SubElement(block, "companyid")
        operation.append(self._errors([error], control.more_error_info))
        return serialise(root, control.whitespace)

    def gateway_fault(self, error: VendorError) -> bytes:
        """A fault of the gateway itself: control with status only, a Request ID in the description."""
        root = etree.Element("response")
        etree.SubElement(etree.SubElement(root, "control"), "status").text = "failure"
        text = f"{error.description} [Request ID: {self.support_id()}]"
        root.append(self._errors([VendorError(error.errorno, "", "", text)], False))
        return serialise(root, whitespace=False)

    def acknowledgement(self, control: Control) -> bytes:
        """The immediate answer to an asynchronous request."""
        root = etree.Element("response")
        etree.SubElement(etree.SubElement(root, "acknowledgement"), "status").text = "success"
        _control(root, control, "success")
        return serialise(root, control.whitespace)

    def _result(self, result: Result, more: bool) -> Element:
        element = etree.Element("result")
        if result.status is not None:
            etree.SubElement(element, "status").text = result.status
        etree.SubElement(element, "function").text = result.function
        etree.SubElement(element, "controlid").text = result.controlid
        element.extend(result.body)
        if result.errors:
            element.append(self._errors(result.errors, more))
        return element

    def _errors(self, found: list[VendorError], more: bool) -> Element:
        message = etree.Element("errormessage")
        for error in found:
            element = etree.SubElement(message, "error")
            if error.errorno is not None:
                etree.SubElement(element, "errorno").text = error.errorno
            etree.SubElement(element, "description").text = error.description
            support = f" [Support ID: {self.support_id()}]" if error.description2 else ""
            etree.SubElement(element, "description2").text = error.description2 + support
            etree.SubElement(element, "correction").text = error.correction
            if more:
                _additional(element, error)
        return message


def _additional(element: Element, error: VendorError) -> None:
    info = etree.SubElement(element, "additionalinfo")
    etree.SubElement(info, "errorid").text = error.errorno
    etree.SubElement(info, "category")
    names = {"domain": "", "requestinfo": "", "object": "", "field": error.field, "businessinfo": ""}
    etree.SubElement(info, "target", names)
    for name in ("description", "cdescription", "correction"):
        part = etree.SubElement(info, name, messageid="IA.ERROR" if name == "description" else "")
        etree.SubElement(part, "target")
        etree.SubElement(part, "placeholders")


def _control(root: Element, control: Control, status: str, echo: bool = True) -> None:
    block = etree.SubElement(root, "control")
    etree.SubElement(block, "status").text = status
    if echo:
        etree.SubElement(block, "senderid").text = control.sender
        etree.SubElement(block, "controlid").text = control.controlid
        etree.SubElement(block, "uniqueid").text = control.uniqueid_text
        etree.SubElement(block, "dtdversion").text = control.dtdversion


def serialise(root: Element, whitespace: bool) -> bytes:
    """The document as UTF-8 with a prolog, indented or compact."""
    body: bytes = etree.tostring(root, encoding="UTF-8", pretty_print=whitespace)
    if body.startswith(b"<?xml"):
        body = body.split(b"\n", 1)[1]
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body
