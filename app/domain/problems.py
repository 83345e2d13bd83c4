"""What is wrong with a record's own content, in the user's field names. One word, used by mapping and declarations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a record cannot be carried over as it is; `row` is the id of the mapping row it came from."""

    code: str
    field: str
    message: str
    row: str = ""
