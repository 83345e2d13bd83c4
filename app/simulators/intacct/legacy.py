"""Legacy functions of the masters: one object per function, lower-case children in a fixed order.

Orders: developer pages of customers and contacts. Each is translated to the generic field names and then written the
same way.
"""

from dataclasses import dataclass

from app.simulators.intacct import errors
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.records import Draft, Element, children, tag_of, text_of

ADDRESS = "address1 address2 city state zip country isocountrycode"
CONTACT = (
    "contactname printas companyname taxable taxgroup prefix firstname lastname initial phone1 phone2 cellphone pager "
    "fax email1 email2 url1 url2 status mailaddress customfields"
)
CUSTOMER = (
    "customerid name parentid termname custrepid shippingmethod custtype taxid creditlimit territoryid resalenum "
    "deliveryoptions glgroup onhold comments status contactinfo billto shipto supdocid customfields"
)
RENAMED = {
    "resalenum": "RESALENO",
    "deliveryoptions": "DELIVERY_OPTIONS",
    "mailaddress.isocountrycode": "MAILADDRESS.COUNTRYCODE",
}


@dataclass(frozen=True)
class LegacyWrite:
    """A legacy write: what it does to which object, and the order of its children."""

    verb: str
    object: str
    order: tuple[str, ...]
    key: str

    def read(self, element: Element) -> Draft:
        """The record the function sends. Refused if a child is unknown or stands out of order."""
        names = [tag_of(child) for child in children(element)]
        _in_order(names, self.order)
        draft = Draft()
        key = element.get(self.key)
        if key is not None:
            draft.fields[self.key.upper()] = key
        for child in children(element):
            self._child(child, draft)
        return draft

    def _child(self, child: Element, draft: Draft) -> None:
        name = tag_of(child)
        if name == "customfields":
            for custom in children(child):
                draft.fields[text_of(custom, "customfieldname").upper()] = text_of(custom, "customfieldvalue")
        elif name == "mailaddress":
            _in_order([tag_of(part) for part in children(child)], tuple(ADDRESS.split()))
            for part in children(child):
                path = f"mailaddress.{tag_of(part)}"
                draft.fields[RENAMED.get(path, path.upper())] = part.text or ""
        elif name in ("contactinfo", "billto", "shipto"):
            self._contact(name, child, draft)
        else:
            draft.fields[RENAMED.get(name, name.upper())] = child.text or ""

    @staticmethod
    def _contact(name: str, child: Element, draft: Draft) -> None:
        """A contact by name, or (primary contact only) described in place, which makes it the display contact."""
        described = child.find("contact")
        if described is None:
            draft.fields[f"{name.upper()}.CONTACTNAME"] = text_of(child, "contactname")
            return
        inner = LegacyWrite("create", "CONTACT", tuple(CONTACT.split()), "contactname").read(described)
        draft.fields.update({f"DISPLAYCONTACT.{field}": text for field, text in inner.fields.items()})


def _in_order(names: list[str], order: tuple[str, ...]) -> None:
    places = []
    for name in names:
        if name not in order:
            raise Refused(errors.broken_xml(f"element {name} is not expected"))
        places.append(order.index(name))
    if places != sorted(places):
        raise Refused(errors.broken_xml("elements stand in the wrong order"))


def _functions(kind: str, order: str, key: str) -> dict[str, LegacyWrite]:
    words = tuple(order.split())
    return {f"{verb}_{kind}": LegacyWrite(verb, kind.upper(), words, key) for verb in ("create", "update", "delete")}


LEGACY: dict[str, LegacyWrite] = {
    **_functions("customer", CUSTOMER, "customerid"),
    **_functions("contact", CONTACT, "contactname"),
}
