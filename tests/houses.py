"""A context built from fakes, and two backends that only say who they are. No assertion stands here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.conditions import Condition
from app.domain.errors import Kind, SyncError
from app.domain.records import Errand, Lane, Record, System
from app.objects import CATALOGUE
from app.services.context import Context, Pair
from app.store.session import Sessions
from app.store.tables import Connection
from app.sync.ports import ChangePage, Deletion, FieldInfo, Identity, Outcome, Position, Schema, Usage, Write
from tests.fakes import START, FakeClock, ListBell, PlainVault, sequential_ids

ACCOUNT = "001000000000001AAA"
OTHER_ACCOUNT = "001000000000002AAA"


def account_id(number: int) -> str:
    """An 18-character account id of digits only, so that its suffix is AAA."""
    return f"001{number:012d}AAA"


class SilentBackend:
    """The `Backend` port of a system that describes itself and holds nothing. `refusal` is raised by every call."""

    def __init__(self, system: System, kinds: Mapping[str, Sequence[str]]) -> None:
        self.system = system
        self.kinds = {kind: list(names) for kind, names in kinds.items()}
        self.refusal: SyncError | None = None

    async def find(
        self,
        kind: str,
        any_of: Mapping[str, Sequence[str]],
        fields: Sequence[str],
        *,
        include_deleted: bool = False,
    ) -> list[Record]:
        """Nothing."""
        return []

    def chunks(self, writes: Sequence[Write]) -> list[list[Write]]:
        """All in one."""
        return [list(writes)] if writes else []

    def render(self, write: Write) -> str:
        """The kind and what is done to it."""
        return f"{write.action} {write.kind}"

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Refuses to be written to."""
        raise AssertionError("nothing is written here")

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """No changes."""
        return ChangePage((), since, done=True)

    async def select(
        self, kind: str, where: Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """Nothing."""
        return []

    async def count(self, kind: str, where: Condition) -> int:
        """Nothing."""
        return 0

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """None."""
        return 0

    async def deletes(self, kinds: Sequence[str], since: datetime, until: datetime) -> list[Deletion]:
        """None."""
        return []

    async def describe(self, kind: str) -> Schema:
        """The fields it was made with."""
        if self.refusal is not None:
            raise self.refusal
        if kind not in self.kinds:
            raise SyncError(Kind.CONFIG, "unknown_kind", f"There is no {kind}.")
        return Schema(kind, {name: FieldInfo(name, "text") for name in self.kinds[kind]})

    async def identity(self) -> Identity:
        """A name that tells the system."""
        if self.refusal is not None:
            raise self.refusal
        return Identity(self.system, f"{self.system} account", "api", "offline")

    def take_usage(self) -> Usage:
        """Nothing spent."""
        return Usage()


def complete_salesforce(namespace: str = "ia_crm") -> SilentBackend:
    """An org with every field the catalogue names."""
    kinds: dict[str, list[str]] = {}
    for declared in CATALOGUE.values():
        back = declared.write_back
        names = [row.salesforce for row in declared.fields] + [
            row.salesforce.replace(".Name", "Id") for row in declared.fields
        ]
        names += [n for n in (back.intacct_id, back.status, back.errors, back.synced_at, back.id_copy) if n]
        names += [row.salesforce for c in declared.companions for row in c.fields]
        names += [c.unless for c in declared.companions if c.unless]
        kinds[declared.salesforce.kind] = [
            name.replace("ia_crm__", f"{namespace}__") for name in dict.fromkeys(names) if "." not in name
        ]
    return SilentBackend(System.SALESFORCE, kinds)


def complete_intacct(link_field: str = "SFDC_ID") -> SilentBackend:
    """A company with every field the catalogue names, the link field included."""
    return SilentBackend(
        System.INTACCT,
        {
            declared.intacct.kind: [name for row in declared.fields for name in row.names] + [link_field]
            for declared in CATALOGUE.values()
        },
    )


@dataclass
class OnePair:
    """The `Backends` port with the same pair for every connection. `refusal` is raised instead."""

    salesforce: SilentBackend = field(default_factory=complete_salesforce)
    intacct: SilentBackend = field(default_factory=complete_intacct)
    refusal: SyncError | None = None

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """The pair."""
        if self.refusal is not None:
            raise self.refusal
        return Pair(self.salesforce, self.intacct)


def make_context(
    sessions: Sessions,
    *,
    clock: FakeClock | None = None,
    bell: ListBell | None = None,
    backends: OnePair | None = None,
    new_id: Callable[[], str] | None = None,
) -> Context:
    """Surroundings in which nothing is real but the database."""
    return Context(
        sessions=sessions,
        clock=clock or FakeClock(),
        bell=bell or ListBell(),
        vault=PlainVault(),
        backends=backends or OnePair(),
        new_id=new_id or sequential_ids(),
    )


def make_connection(name: str = "default", **given: Any) -> Connection:
    """A connection that is switched on."""
    fields: dict[str, Any] = {
        "id": f"c-{name}",
        "name": name,
        "environment": "offline",
        "created_at": START,
        "updated_at": START,
    }
    return Connection(**(fields | given))
