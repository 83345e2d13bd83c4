"""What a record as a whole has to satisfy, by object: held against it when it was written, and before it is deleted.

A table; the rules themselves stand with what they are about.
"""

from collections.abc import Callable

from app.simulators.intacct import advances, balances, journals, payments, receivables
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import VendorError
from app.simulators.intacct.tables import Values

Rule = Callable[[Company, Values], list[VendorError]]

RULES: dict[str, Rule] = {
    "GLBATCH": journals.check_entry,
    "ARINVOICE": balances.adopt,
    "ARPYMT": payments.check_payment,
    "ARADVANCE": advances.check_advance,
}
"""Of a record that is written, lines included."""

REMOVAL: dict[str, Rule] = {
    "ARINVOICE": receivables.check_removal,
    "ARPYMT": payments.check_removal,
}
"""Of a record that is to be deleted."""
