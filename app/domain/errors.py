"""The one error tree, and the tables that say what each kind of failure means for a retry.

    SyncError                 anything that keeps a record from being brought in step, said so that a person can act
    |-- kind DATA             the record's own content is refused: fix the record
    |-- kind CONFIG           a setting, sequence, mapping or custom field is missing: fix the set-up
    |-- kind DEPENDENCY       another record must be in step first
    |-- kind CONFLICT         two truths, and no rule that chooses between them
    |-- kind AUTH             credentials refused: the connection stops
    |-- kind PERMISSION       the API user may not do this
    |-- kind RATE_LIMITED     the vendor asks us to slow down
    |-- kind TRANSIENT        trouble that passes, and nothing was written
    |-- kind AMBIGUOUS        a write may or may not have happened: never retried blindly, looked up instead
    `-- kind BUG              ours

Vendor codes are mapped to kinds in `backends/*/errors.py`, kinds to HTTP in `api/errors.py`. There is no second tree.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Why something failed; decides retry, HTTP status and advice through tables."""

    DATA = "data"
    CONFIG = "config"
    DEPENDENCY = "dependency"
    CONFLICT = "conflict"
    AUTH = "auth"
    PERMISSION = "permission"
    RATE_LIMITED = "rate_limited"
    TRANSIENT = "transient"
    AMBIGUOUS = "ambiguous"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class VendorFault:
    """What the vendor itself said. `text` is untrusted and free of Support IDs, which stand apart."""

    system: str
    code: str | None = None
    text: str | None = None
    support_id: str | None = None
    http_status: int | None = None


class SyncError(Exception):
    """A failure with its reason and its fix.

    `code` is a stable snake_case word of ours, `message` one sentence with the cause, `advice` one sentence with the
    action, `field` the user's field name where one is to blame, `retry_after` seconds where the vendor named them.
    `faults` are (field, message) pairs where several are to blame at once.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        message: str,
        advice: str = "",
        *,
        retry_after: float | None = None,
        field: str | None = None,
        vendor: VendorFault | None = None,
        faults: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.advice = advice or ADVICE[kind]
        self.retry_after = retry_after
        self.field = field
        self.vendor = vendor
        self.faults = faults

    def __repr__(self) -> str:
        return f"SyncError({self.kind}, {self.code!r}, {self.message!r})"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and after how many seconds an operation that failed with some kind is tried again by itself."""

    attempts: int
    first_delay: float = 0.0
    factor: float = 2.0
    longest_delay: float = 3600.0

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the `attempt`-th failed try (1-based)."""
        return float(min(self.first_delay * self.factor ** (attempt - 1), self.longest_delay))


NEVER = RetryPolicy(attempts=0)

RETRY: dict[Kind, RetryPolicy] = {
    Kind.DATA: NEVER,
    Kind.CONFIG: NEVER,
    Kind.DEPENDENCY: NEVER,  # the record it waits for wakes it
    Kind.CONFLICT: NEVER,
    Kind.AUTH: RetryPolicy(attempts=100, first_delay=60.0, factor=2.0, longest_delay=900.0),
    Kind.PERMISSION: NEVER,
    Kind.RATE_LIMITED: RetryPolicy(attempts=30, first_delay=2.0, factor=1.6, longest_delay=600.0),
    Kind.TRANSIENT: RetryPolicy(attempts=12, first_delay=2.0, factor=2.0, longest_delay=900.0),
    Kind.AMBIGUOUS: NEVER,  # the look-up ladder settles it
    Kind.BUG: RetryPolicy(attempts=3, first_delay=30.0, factor=4.0),
}

ADVICE: dict[Kind, str] = {
    Kind.DATA: "Correct the record and sync it again.",
    Kind.CONFIG: "Correct the configuration, then retry the failed records.",
    Kind.DEPENDENCY: "Bring the named record in step first; this one then follows by itself.",
    Kind.CONFLICT: "Decide which record or value is right, change the other one, and sync again.",
    Kind.AUTH: "Check the credentials of the connection; nothing is sent until they work.",
    Kind.PERMISSION: "Give the API user the missing permission, then retry.",
    Kind.RATE_LIMITED: "Nothing to do: it is tried again by itself when the vendor allows it.",
    Kind.TRANSIENT: "Nothing to do: it is tried again by itself.",
    Kind.AMBIGUOUS: "Nothing to do: the outcome is being looked up; do not enter the record by hand meanwhile.",
    Kind.BUG: "Report this with its correlation id.",
}
