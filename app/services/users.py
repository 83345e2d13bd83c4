"""Who may have records synced: the user access list of the connection (product.md 7.4). Reads options, no rows."""

from app.domain.connection_options import UNMAPPED_USERS, USER_ACCESS
from app.services.configuration import option_of
from app.store.tables import Connection

PERSONAL = ("button", "massTool", "flow", "apex")
"""Origins behind which stands a user."""


def user_refusal(connection: Connection, origin: str, requested_by: str | None) -> tuple[str, str] | None:
    """Code and sentence of the refusal of a user's wish, or None when it is accepted.

    An empty list asks nobody. User names are compared without regard to case, as both vendors do.
    """
    allowed = option_of(connection, USER_ACCESS)
    assert isinstance(allowed, tuple)
    if not allowed or origin not in PERSONAL or option_of(connection, UNMAPPED_USERS):
        return None
    if requested_by is None:
        return "user_not_named", "The connection has a user access list, and the wish does not say who asks."
    if requested_by.casefold() in {name.casefold() for name in allowed}:
        return None
    return "user_not_mapped", f"{requested_by} is not on the user access list of the connection."
