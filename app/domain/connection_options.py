"""Options of the whole connection, beside those each object declares. Every one has an effect somewhere."""

from app.domain.options import Option

USER_ACCESS = Option(
    "userAccessList",
    (),
    "The users (as requestedBy names them) who may have records synced. Empty: everybody. Filled: a wish by button, "
    "mass tool, flow or Apex must name its user; schedules and cascades are not concerned.",
    most=1000,
    longest=120,
)

UNMAPPED_USERS = Option(
    "syncForUnmappedUsers",
    False,
    "Wishes of users who are not on the user access list are carried out all the same. Off: they are refused with the "
    "reason user_not_mapped.",
)

INTACCT_ENVIRONMENT = Option(
    "intacctEnvironment",
    "unknown",
    "What the Intacct company is, which Intacct itself does not tell. production and sandbox: it must be what the "
    "connection and the Salesforce org are, else nothing is synced.",
    ("unknown", "production", "sandbox"),
)

INTACCT_CURRENCIES = Option(
    "intacctCurrencies",
    "unknown",
    "Whether multi-currency is on in the Intacct company. single and multi: it must be the same in Salesforce, else "
    "nothing is synced.",
    ("unknown", "single", "multi"),
)

CONNECTION_OPTIONS: tuple[Option, ...] = (USER_ACCESS, UNMAPPED_USERS, INTACCT_ENVIRONMENT, INTACCT_CURRENCIES)
"""All of them, in the order they are shown."""
