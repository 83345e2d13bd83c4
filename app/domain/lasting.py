"""Records that Intacct replaces by others when they are edited: known by a key that lasts, not by RECORDNO. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.records import Value


@dataclass(frozen=True, slots=True)
class Lasting:
    """The natural key of such a record stays when another one, with another RECORDNO, takes its place.

    `when` are field and value of records that always have that key: one that lacks it is just being replaced. Other
    records have no natural key and keep their RECORDNO.
    """

    when: tuple[str, str]

    def torn(self, values: Mapping[str, Value], natural_key: str) -> bool:
        """Whether a record as read is being replaced."""
        field, value = self.when
        return values.get(field) == value and not values.get(natural_key)
