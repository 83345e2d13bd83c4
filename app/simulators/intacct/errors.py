"""The vendor's refusals as data: numbers, texts and the exception that carries them.

One place for every errorno the simulator speaks. No XML, no state. Texts marked (model) are ours; the others are
quoted from captures of live companies and from the published test fixtures of the official SDKs.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class VendorError:
    """One `<error>`: any member may be empty, and `errorno` may hold free text, as the vendor's do."""

    errorno: str | None
    description2: str = ""
    correction: str = ""
    description: str = ""
    field: str = ""


class Refused(Exception):
    """A function is refused. `done` lists records it wrote all the same (partial success of several records)."""

    def __init__(self, *errors: VendorError, done: list[Any] | None = None) -> None:
        super().__init__("; ".join(error.description2 or str(error.errorno) for error in errors))
        self.errors = list(errors)
        self.done = done


class EnvelopeRefused(Exception):
    """The whole request is refused. `position` is `control` or `authentication`; `http` the status of the answer."""

    def __init__(self, error: VendorError, position: str = "control", http: int = 200) -> None:
        super().__init__(error.description2)
        self.error, self.position, self.http = error, position, http


COMPANION = VendorError(
    "XL03000009", "The entire transaction in this operation has been rolled back due to an error.", "", ""
)
BAD_SENDER = VendorError("XL03000006", "Incorrect Intacct XML Partner ID or password.")
BAD_SENDER_GATEWAY = VendorError("GW-0011", description="Invalid request: the sender is unknown or inactive.")
BAD_LOGIN = VendorError("XL03000006", "Sign-in information is incorrect. Please check your request.")
BAD_SESSION = VendorError("XL03000006", "Invalid session: the session id is unknown or has expired.")
EXPIRED_COMPANY = VendorError("PL04000055", "This company has expired or is a demo company whose time is over.")
RATE_LIMITED = VendorError("GW-0010", description="API rate limit exceeded.")
OVER_CAP = VendorError("GW-0010", description="Too many concurrent requests for this company.")
OFFLINE = VendorError("PL04000050", "The Service is Temporarily Off-line", "Please Try Again Later")
NO_API_PERMISSION = "You do not have permission for API operation {operation} on objects of type {kind}"


def broken_xml(detail: str) -> VendorError:
    """The request is not XML as the gateway wants it."""
    return VendorError("XL03000003", f"XML Parse error: {detail}")


def unauthorised_sender(sender: str, company: str) -> VendorError:
    """The company does not list the sender among its Web Services authorisations."""
    text = f"Sender ID '{sender}' is not authorized to make Web Services requests to company ID '{company}'."
    return VendorError("XL03000006", text)


def unknown_policy(policy: str) -> VendorError:
    """A policyid without a transport policy."""
    return VendorError("XL03000006", f"{policy} is not a valid transport policy.")


def unknown_function(name: str) -> VendorError:
    """(model) A function the gateway does not have."""
    return VendorError("BL03002129", f"Invalid action: the function '{name}' is not supported")


def unknown_object(name: str) -> VendorError:
    """An object without definition; errorno is free text, as captured."""
    return VendorError("Query Failed", f"Object definition {name} not found")


def unknown_field(name: str, kind: str) -> VendorError:
    """A field the object does not have, in a write or in a query."""
    return VendorError("XL03000010", f"Field '{name}' does not exist on object {kind}", field=name)


def not_queryable(names: list[str]) -> VendorError:
    """The other answer to an unknown field in a query."""
    return VendorError("XL03000006", f"The following fields cannot be queried: {', '.join(names)}")


def bad_query(text: str) -> VendorError:
    """A query the grammar does not allow."""
    return VendorError("XL03000006", f"Invalid query: {text}")


def duplicate(label: str, *values: str) -> VendorError:
    """A unique value is taken."""
    text = f"Another {label} with the given value(s) {', '.join(values)} already exists"
    return VendorError("BL34000061", text, "Use a unique value instead.")


def could_not(verb: str, label: str) -> VendorError:
    """The wrapper that follows the specific error of a failed write."""
    return VendorError("BL01001973", f"Could not {verb} {label} record!")


def missing_required(field: str) -> VendorError:
    """A required field is absent or empty."""
    return VendorError("BL01001973", f"Required field {field} is missing", field=field)


def number_missing(definition: str) -> VendorError:
    """A document without a number, of a definition that does not number by itself."""
    text = f"Document number is missing, and {definition} has no document sequence"
    return VendorError("PL01000127", text, "Enter a document number.", field="documentno")


def entity_only(definition: str) -> VendorError:
    """A definition whose documents are made within an entity, never at top level."""
    text = f"Transactions of {definition} can only be created at entity level"
    return VendorError("BL01001973", text, field="transactiontype")


def missing_unit(unit: str, item: str) -> VendorError:
    """A unit that the item's unit group does not have, letter for letter."""
    return VendorError("BL03000018", f"Missing unit: '{unit}' is no unit of measure of item {item}", field="unit")


def refused(text: str, field: str = "") -> VendorError:
    """(model) A rule of a document is broken; the vendor's words are not known."""
    return VendorError("BL01001973", text, field=field)


def exclusive(names: tuple[str, ...]) -> VendorError:
    """(model) Fields of which only one may be given."""
    return VendorError("BL01001973", f"Only one of {', '.join(names)} can be given", field=names[-1])


def overpaid(number: int, left: object, amount: object, line: int | None = None) -> VendorError:
    """(model, U-23) More is to be applied to a record, or to a line of it, than is open."""
    what = f"line {line} of transaction {number}" if line is not None else f"transaction {number}"
    text = f"The amount {amount} exceeds the amount due {left} of {what}"
    return VendorError("BL01001973", text, "Enter an amount up to the amount due.", field="TRX_PAYMENTAMOUNT")


def closed_period(day: str, field: str) -> VendorError:
    """(model) A posting date in a period that is closed."""
    return VendorError("BL01001973", f"{field} {day} is in a closed accounting period", field=field)


def too_long(field: str, width: int) -> VendorError:
    """(model) A text above the width of its field."""
    return VendorError("BL03000018", f"Illegal length for {field}: at most {width} characters are allowed", field=field)


def bad_format(what: str, field: str = "") -> VendorError:
    """A value of the wrong form: `Illegal format for Contactversion` for an e-mail address."""
    return VendorError("BL03000018", f"Illegal format for {what}", field=field)


def invalid_choice(field: str, value: str, allowed: tuple[str, ...]) -> VendorError:
    """A word that is not among the valid values of an enumeration."""
    text = f"'{value}' is not a valid value for {field}; valid values are {', '.join(allowed)}"
    return VendorError("BL03000018", text, field=field)


def invalid_reference(label: str, value: str, field: str) -> VendorError:
    """A natural id that names no record."""
    return VendorError("BL01001973", f"Invalid {label} '{value}' specified for {field}", field=field)


def read_only(field: str) -> VendorError:
    """(model) A write to a field only Intacct sets."""
    return VendorError("BL01001973", f"{field} is read-only", field=field)


def not_editable(field: str) -> VendorError:
    """A field that is fixed when the record is made."""
    return VendorError("BL01001973", f"{field} cannot be changed after the record was created", field=field)


def not_found(label: str, key: str) -> VendorError:
    """No such record, or none the session may see."""
    return VendorError("BL01001973", f"Could not find {label} with key '{key}'")


def in_use(label: str, key: str, by: str) -> VendorError:
    """A master that other records refer to cannot be deleted."""
    return VendorError("BL01001973", f"{label} '{key}' cannot be deleted because it is used by a {by}")


def no_permission(operation: str, kind: str) -> VendorError:
    """The API user lacks a permission."""
    return VendorError("BL01001973", NO_API_PERMISSION.format(operation=operation, kind=kind.lower()))
