"""What a connection allows of payments, from the options of the object `ar_payment`."""

from app.domain.options import option_value
from app.domain.payment_wish import Rules
from app.objects import CATALOGUE
from app.services.pairing import MULTI_CURRENCY
from app.services.planning import options_of
from app.store.tables import Connection

OBJECT = "ar_payment"
FOUR_EYES = "fourEyes"
"""The option by which two people decide on a held payment."""


def option(connection: Connection, name: str) -> object:
    """The value of one option of payments; None where the object does not declare it."""
    declared = CATALOGUE.get(OBJECT)
    found = next((one for one in declared.options if one.name == name), None) if declared else None
    return option_value(found, options_of(connection, declared).get(name)) if declared and found else None


def rules_of(connection: Connection) -> Rules:
    """The rules that callers' payments are judged by when they are taken in."""
    single = connection.pins.get(MULTI_CURRENCY) is False
    return Rules(
        only_currency=str(option(connection, "defaultCurrency") or "") if single else "",
        cross_currency=bool(option(connection, "allowCrossCurrency")),
        overpayment=bool(option(connection, "allowOverpayment")),
        deposit=bool(option(connection, "bankAccount") or option(connection, "undepositedFunds")),
    )
