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

MONTHLY_TRANSACTIONS = Option(
    "monthlyTransactions",
    100_000,
    "Transactions the Intacct contract allows in a calendar month. From 80 % of them feeds are read more rarely, from "
    "90 % only interactive syncs begin, at 100 % nothing does.",
    least=1000,
    most=100_000_000,
)

POLL_PERCENT = Option(
    "pollPercent",
    5,
    "Percent of the monthly transactions that looking for changes may take while nothing changes. Feeds are read as "
    "rarely as that needs.",
    least=1,
    most=50,
)

SPEND_BEYOND = Option(
    "spendBeyondEntitlement",
    False,
    "Work goes on past the monthly transactions; Intacct bills what is beyond them. Off: it waits for the next month.",
)

RETENTION = Option(
    "retentionDays",
    180,
    "For how many days closed errors, decisions, operations and mass runs are kept. The newest decision of a record "
    "and every promised write stay for ever.",
    least=30,
    most=3650,
)

CONNECTION_OPTIONS: tuple[Option, ...] = (
    USER_ACCESS,
    UNMAPPED_USERS,
    INTACCT_ENVIRONMENT,
    INTACCT_CURRENCIES,
    MONTHLY_TRANSACTIONS,
    POLL_PERCENT,
    SPEND_BEYOND,
    RETENTION,
)
"""All of them, in the order they are shown."""
