"""Kinds that only legacy functions write: elements in the documented order, three-part dates, a key of their own.

A write names fields as they are read; the tables here say which element each one is and where it stands
(intacct-api.md 4.3: creates and updates differ). Pure; sends nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from lxml import etree

from app.backends.intacct.xml import Element, Scrubber, add
from app.domain.records import Value
from app.sync.ports import Action, Write

CUSTOM = "customfields"
ToText = Callable[[Value], str | None]
"""The wire's text of a value that is no date."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The elements of one level in order, and those that are not simply their field in small letters."""

    order: tuple[str, ...]
    names: Mapping[str, str]

    def fill(self, parent: Element, values: Mapping[str, Value], scrub: Scrubber, text: ToText) -> None:
        """Append the values in order; a field without an element is a custom field.

        ValueError for one that has an element on the other verb only: it cannot be changed.
        """
        named = {self.names.get(name, name.lower()): (name, value) for name, value in values.items()}
        custom = {name: value for element, (name, value) in named.items() if _is_custom(name, element, self)}
        for element in self.order:
            if element == CUSTOM and custom:
                held = etree.SubElement(parent, CUSTOM)
                for name, value in custom.items():
                    one = etree.SubElement(held, "customfield")
                    add(one, "customfieldname", name, scrub)
                    add(one, "customfieldvalue", text(value), scrub)
            elif element in named:
                _put(parent, element, named[element][1], scrub, text)
        left = [name for element, (name, _) in named.items() if element not in self.order and name not in custom]
        if left:
            raise ValueError(f"{', '.join(left)} cannot be written here")


def _is_custom(name: str, element: str, shape: Shape) -> bool:
    return CUSTOM in shape.order and element not in shape.order and name not in KNOWN


def _put(parent: Element, element: str, value: Value, scrub: Scrubber, text: ToText) -> None:
    if isinstance(value, date) and not isinstance(value, datetime):
        held = etree.SubElement(parent, element)
        for part, said in (("year", f"{value.year:04}"), ("month", f"{value.month:02}"), ("day", f"{value.day:02}")):
            add(held, part, said, scrub)
    elif element in CONTACTS:
        add(etree.SubElement(parent, element), "contactname", text(value), scrub)
    else:
        add(parent, element, text(value), scrub)


@dataclass(frozen=True, slots=True)
class Ordered:
    """How a kind is written: the functions' noun, its shapes, its lists of lines, and the field that is its key.

    `changed` are list and line of an update. Lines are counted from zero when read and from one in an update.
    """

    noun: str
    key: str
    create: Shape
    create_line: Shape
    update: Shape
    update_line: Shape
    lines: tuple[str, str]
    changed: tuple[str, str]

    def function(self, write: Write) -> str:
        """The name of the function that carries a write out."""
        return f"{write.action.value}_{self.noun}"

    def element(self, write: Write, scrub: Scrubber, text: ToText) -> Element:
        """The function of a write. ValueError when an update lacks its key or changes what cannot be changed."""
        body = etree.Element(self.function(write))
        if write.action is Action.CREATE:
            held, line = self.lines
            self.create.fill(body, write.values, scrub, text)
            entries = self._place(body, self.create, held)
            for row in write.lines.rows if write.lines else ():
                self.create_line.fill(etree.SubElement(entries, line), row, scrub, text)
            return body
        key = write.values.get(self.key)
        if not key:
            raise ValueError(f"an update needs the {self.key} of its record")
        body.set("key", scrub(str(key)))
        rest = {name: value for name, value in write.values.items() if name != self.key}
        self.update.fill(body, rest, scrub, text)
        if write.lines is not None and write.lines.rows:
            self._changes(self._place(body, self.update, self.changed[0]), write, scrub, text)
        return body

    @staticmethod
    def _place(body: Element, shape: Shape, held: str) -> Element:
        """The list of lines, put where it belongs among what stands there already."""
        place = shape.order.index(held)
        before = [child for child in body if shape.order.index(str(child.tag)) < place]
        entries = etree.Element(held)
        body.insert(len(before), entries)
        return entries

    def _changes(self, entries: Element, write: Write, scrub: Scrubber, text: ToText) -> None:
        assert write.lines is not None
        for row, number in zip(write.lines.rows, write.lines.numbers, strict=True):
            if number >= write.lines.known:
                line = etree.SubElement(entries, self.lines[1])
            else:
                line = etree.SubElement(entries, self.changed[1], line_num=str(number + 1))
            self.update_line.fill(line, row, scrub, text)


_FROM_REFERENCE = "referenceno termname datedue"
_FROM_MESSAGE = (
    "message shippingmethod shipto billto supdocid externalid basecurr currency exchratedate exchratetype exchrate "
    "vsoepricelist customfields state projectid changelognumber needbydate shipbydate cancelafterdate "
    "donotshipbeforedate donotshipafterdate servicedeliverydate trackingnumber shippeddate customerponumber"
)
_LINE_TO_LOCATION = (
    "bundlenumber itemid itemaliasid itemdesc taxable warehouseid quantity unit linelevelsimpletaxtype discountpercent "
    "price conversiontype sourcelinekey discsurchargememo locationid"
)
_LINE_REST = (
    "itemdetails customfields revrectemplate revrecstartdate revrecenddate renewalmacro projectid taskid costtypeid "
    "customerid vendorid employeeid classid paymenttaxcapture contractid fulfillmentstatus taskno billingtemplate "
    "dropship shipto needbydate shipby donotshipbeforedate donotshipafterdate datepickticketprinted cancelafterdate "
    "shippeddate"
)
_HEADER = {
    "DOCPARID": "transactiontype",
    "WHENCREATED": "datecreated",
    "WHENPOSTED": "dateposted",
    "CUSTVENDID": "customerid",
    "DOCNO": "documentno",
    "PONUMBER": "referenceno",
    "TERM.NAME": "termname",
    "WHENDUE": "datedue",
    "SHIPVIA": "shippingmethod",
    "SHIPTO.CONTACTNAME": "shipto",
    "BILLTO.CONTACTNAME": "billto",
    "EXCHRATETYPES.NAME": "exchratetype",
}
_LINE = {
    "WAREHOUSE.LOCATION_NO": "warehouseid",
    "SOURCE_DOCLINEKEY": "sourcelinekey",
    "SHIPTO.CONTACTNAME": "shipto",
}
CONTACTS = ("shipto", "billto")
"""Elements that hold a contact's name."""


def _shape(order: str, names: Mapping[str, str]) -> Shape:
    return Shape(tuple(order.split()), names)


SALES = Ordered(
    noun="sotransaction",
    key="DOCID",
    create=_shape(
        f"transactiontype datecreated dateposted createdfrom customerid documentno origdocdate {_FROM_REFERENCE} "
        f"{_FROM_MESSAGE} taxsolutionid projectcontractid sotransitems subtotals",
        _HEADER,
    ),
    create_line=_shape(f"{_LINE_TO_LOCATION} linesubtotals departmentid memo {_LINE_REST}", _LINE),
    update=_shape(
        f"datecreated dateposted {_FROM_REFERENCE} origdocdate {_FROM_MESSAGE} updatesotransitems updatesubtotals",
        _HEADER,
    ),
    update_line=_shape(f"{_LINE_TO_LOCATION} departmentid memo linesubtotals {_LINE_REST}", _LINE),
    lines=("sotransitems", "sotransitem"),
    changed=("updatesotransitems", "updatesotransitem"),
)

ORDERED: Mapping[str, Ordered] = {"SODOCUMENT": SALES}
"""By kind; every other kind is written by the generic functions."""

KNOWN = frozenset(
    [*_HEADER, *_LINE, *(word.upper() for shape in (SALES.create, SALES.create_line) for word in shape.order)]
)
"""Fields that are no custom fields, whichever verb has an element for them."""
