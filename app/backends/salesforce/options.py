"""What an operator may tune about one Salesforce org. Values only; no behaviour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SalesforceOptions:
    """Shares are fractions of the org's daily calls, times are seconds.

    `bulk_share`: the bulk lane stops when this part of the day's calls is used (by anybody: the quota is the org's).
    `share_recheck`: after this long a refused bulk lane may send one call to see whether the quota has moved.
    `quota_pause`: silence of all lanes after REQUEST_LIMIT_EXCEEDED, then one probing call.
    `read_attempts`: tries of one read, the first included; `longest_delay` bounds a Retry-After, too.
    `page_size`: rows per query page, a hint between 200 and 2,000 (salesforce-api.md 3.4).
    """

    bulk_share: float = 0.8
    share_recheck: float = 900.0
    quota_pause: float = 900.0
    read_attempts: int = 4
    first_delay: float = 0.5
    longest_delay: float = 10.0
    page_size: int = 2000
    describe_ttl: float = 900.0
