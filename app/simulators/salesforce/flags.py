"""What kind of org is simulated: switches that decide which objects and fields exist. No behaviour."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OrgFlags:
    """Switches of an org. `kind` (sales, npsp, npc) selects the set of object schemas."""

    kind: str = "sales"
    multi_currency: bool = False
    person_accounts: bool = False
    state_country_picklists: bool = False
    corporate_currency: str = "USD"
    currencies: tuple[str, ...] = ("USD", "EUR", "GBP", "CAD", "AUD", "JPY", "KWD")
    organization_id: str = "00D5g000000TestEAC"

    def on(self, name: str) -> bool:
        """Whether the switch `name` is on; the empty name always is."""
        return not name or bool(getattr(self, name))
