"""`SalesforceBackend`: one org behind the engine's `Backend` port, for one lane. Joins the parts; no wire here."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from app.backends.http import HttpClient
from app.backends.salesforce import soql, writing
from app.backends.salesforce.auth import SalesforceCredentials, Session
from app.backends.salesforce.caller import Caller, Org
from app.backends.salesforce.gate import Gate, LimitInfo
from app.backends.salesforce.options import SalesforceOptions
from app.backends.salesforce.reading import Reader
from app.backends.salesforce.schemas import Column, Schemas
from app.domain.conditions import Condition
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, Record, System, salesforce_id
from app.sync.ports import ChangePage, Clock, Deletion, Identity, Outcome, Position, Schema, Slots, Usage, Write

ENVIRONMENT = Column("IsSandbox", ("IsSandbox",), "boolean")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
NO_ORGANIZATION = (Kind.CONFIG, Kind.PERMISSION)
"""Refusals of the Organization query that only mean that we do not learn whether the org is a sandbox."""


class SalesforceBackend:
    """One org. `lane` decides who goes first on the wire and who stops first when the org's calls run out.

    Lanes of the same org in one process share login, quota and descriptions: make one, then `in_lane` for the others.
    `jitter` gives numbers from 0 to 1 for the pauses between retries of reads.
    """

    system = System.SALESFORCE

    def __init__(
        self,
        credentials: SalesforceCredentials,
        http: HttpClient,
        slots: Slots,
        clock: Clock,
        lane: Lane,
        *,
        options: SalesforceOptions | None = None,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        options = options or SalesforceOptions()
        session, gate = Session(credentials, clock), Gate(clock, options)
        org = Org(credentials, http, slots, clock, options, session, gate, jitter or random.Random().random)
        self._join(org, Schemas(clock, options.describe_ttl), lane)

    def in_lane(self, lane: Lane) -> "SalesforceBackend":
        """The same org for another lane, with its own usage."""
        other = object.__new__(SalesforceBackend)
        other._join(self._org, self._schemas, lane)
        return other

    def _join(self, org: Org, schemas: Schemas, lane: Lane) -> None:
        self._org, self._schemas = org, schemas
        self._caller = Caller(org, lane)
        self._reader = Reader(self._caller, schemas, org.options.page_size)
        self._writer = writing.Writer(self._caller, org.clock)

    @property
    def limit_info(self) -> LimitInfo | None:
        """The org's calls as its last answer told them; None before the first answer."""
        return self._org.gate.limit_info

    async def find(
        self,
        kind: str,
        any_of: Mapping[str, Sequence[str]],
        fields: Sequence[str],
        *,
        include_deleted: bool = False,
    ) -> list[Record]:
        """See `Backend.find`. Parent paths (`Account.Name`) come back under the dotted name.

        Fields that an org may lack by its edition (CurrencyIsoCode, IsPersonAccount, state and country codes) are
        left out there. With `include_deleted` each record carries IsDeleted, and MasterRecordId where asked for.
        """
        return await self._reader.find(kind, any_of, fields, include_deleted)

    def chunks(self, writes: Sequence[Write]) -> list[list[Write]]:
        """See `Backend.chunks`: at most 200 records of one kind, one action and one external-id field, none twice."""
        return writing.chunks(writes)

    def render(self, write: Write) -> str:
        """See `Reading.render`: the record as it stands in the JSON body of its collections call."""
        return writing.body(write)

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Backend.write`. REJECTED by DUPLICATE_VALUE carries the other record's id as returned["duplicate_of"].

        A record that was locked, and a refusal by quota or login, is NOT_SENT: the same write may go again.
        """
        return await self._writer.write(writes) if writes else []

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Backend.changes`. Commits become visible late: the caller keeps `until` or `since` some minutes back."""
        return await self._reader.changes(kind, since, until, fields, page_size)

    async def select(
        self, kind: str, where: Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """See `Backend.select`. Text is compared without regard to case."""
        return await self._reader.select(kind, where, fields, after=after, size=size)

    async def count(self, kind: str, where: Condition) -> int:
        """See `Backend.count`."""
        return await self._reader.count(kind, where)

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """See `Backend.changed`."""
        return await self._reader.changed(kind, since, until)

    async def deletes(self, kinds: Sequence[str], since: datetime, until: datetime) -> list[Deletion]:
        """See `Backend.deletes`: what is in the recycle bin, one query per kind. A record taken out again is not."""
        return [deletion for kind in kinds for deletion in await self._reader.deletes(kind, since, until)]

    async def describe(self, kind: str) -> Schema:
        """See `Backend.describe`. Types are Salesforce's own words; `values` are the active picklist values."""
        return (await self._schemas.describe(kind, self._caller)).schema

    async def identity(self) -> Identity:
        """See `Backend.identity`. `account` is the 18-character org id, `user` the user name or the user's id."""
        token = await self._caller.token()
        sandbox = await self._is_sandbox()
        account = await self._schemas.describe("Account", self._caller)
        org_id, user_id = _ids(token.identity_url)
        environment = {True: "sandbox", False: "production", None: None}[sandbox]
        if (urlsplit(token.instance_url).hostname or "") in LOOPBACK:
            environment = "offline"
        return Identity(
            System.SALESFORCE,
            org_id,
            self._org.credentials.username or user_id,
            environment,
            multi_currency="currencyisocode" in account.fields,
        )

    def take_usage(self) -> Usage:
        """See `Backend.take_usage`: HTTP requests of this lane, logins included."""
        return self._caller.take_usage()

    async def _is_sandbox(self) -> bool | None:
        query = soql.select(("Id", "IsSandbox"), "Organization", limit=1)
        try:
            resource = f"{self._caller.data_path}/query"
            found = await self._reader.run(resource, query, "Organization", [ENVIRONMENT])
        except SyncError as refused:
            if refused.kind not in NO_ORGANIZATION:
                raise
            return None
        flag = found[0].values.get("IsSandbox") if found else None
        return flag if isinstance(flag, bool) else None


def _ids(identity_url: str) -> tuple[str, str]:
    """Org and user id at the end of `https://login.salesforce.com/id/00D.../005...`; empty where it says otherwise."""
    parts = urlsplit(identity_url).path.rstrip("/").split("/")[-2:]
    try:
        return salesforce_id(parts[0]), salesforce_id(parts[1])
    except (ValueError, IndexError):
        return "", ""
