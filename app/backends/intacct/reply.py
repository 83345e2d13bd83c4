"""The response envelope as plain data: three nested status words, errors where they stood, results in order.

Reads the shape of intacct-api.md 2.7 to 2.10 tolerantly (blocks and children may be missing) and judges nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.backends.intacct.texts import Fault, make_fault
from app.backends.intacct.xml import Element, Unreadable, flatten, parse, text_of

SUCCESS = "success"
"""The only word that means yes; compared exactly, at all three levels."""

Hide = Callable[[str], str]
"""Takes secrets out of a text that the other side sent back."""


@dataclass(frozen=True, slots=True)
class Result:
    """One `result`: its words as sent (None when absent), its errors, and its data still as XML."""

    status: str | None
    function: str | None
    control_id: str | None
    key: str | None
    faults: tuple[Fault, ...]
    data: Element | None

    def rows(self) -> Iterator[dict[str, str | None]]:
        """The rows of the data block as dotted, upper-case names to text, whatever the case of the row tags."""
        for row in self.data if self.data is not None else ():
            yield flatten(row)

    def number(self, attribute: str) -> int | None:
        """A numeric attribute of the data block, such as `numremaining`; None when absent or not a number."""
        raw = self.data.get(attribute) if self.data is not None else None
        return int(raw) if raw is not None and raw.isascii() and raw.isdigit() else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. The authentication status is None both when the block is missing and when its word is."""

    control: str | None
    control_faults: tuple[Fault, ...]
    authentication: str | None
    authentication_faults: tuple[Fault, ...]
    results: tuple[Result, ...]

    @property
    def accepted(self) -> bool:
        """Control and authentication both say exactly `success`, so each result speaks for itself."""
        return self.control == SUCCESS and self.authentication == SUCCESS


def read_answer(body: bytes, hide: Hide) -> Answer:
    """The answer in `body`. Raises Unreadable unless it is an Intacct `response` document."""
    root = parse(body)
    if root.tag != "response":
        raise Unreadable("the document is no Intacct response")
    operation = root.find("operation")
    return Answer(
        control=text_of(root.find("control"), "status"),
        control_faults=_faults(root, hide),
        authentication=text_of(operation.find("authentication"), "status") if operation is not None else None,
        authentication_faults=_faults(operation, hide),
        results=tuple(_result(found, hide) for found in operation.findall("result")) if operation is not None else (),
    )


def _result(found: Element, hide: Hide) -> Result:
    return Result(
        status=text_of(found, "status"),
        function=text_of(found, "function"),
        control_id=text_of(found, "controlid"),
        key=text_of(found, "key"),
        faults=_faults(found, hide),
        data=found.find("data"),
    )


def _faults(parent: Element | None, hide: Hide) -> tuple[Fault, ...]:
    block = parent.find("errormessage") if parent is not None else None
    return tuple(_fault(error, hide) for error in block.findall("error")) if block is not None else ()


def _fault(error: Element, hide: Hide) -> Fault:
    def said(name: str) -> str | None:
        child = error.find(name)
        return hide("".join(str(part) for part in child.itertext())) if child is not None else None

    target = error.find("additionalinfo/target")
    return make_fault(
        said("errorno"),
        said("description"),
        said("description2"),
        said("correction"),
        target.get("field") if target is not None else None,
    )
