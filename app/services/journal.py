"""The engine's Journal and Bindings ports over the store: short transactions, fenced, committed when a call returns."""

import hashlib
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from app.services.context import Context
from app.services.succession import Heir
from app.store import bindings as links
from app.store import journal as store
from app.store.tables import UNSETTLED, Binding, Intent
from app.store.values import decode, encode
from app.sync.ports import Action, Bound, Claim, Draft, LineItems, Promise, Receipt, Settled, Succession
from app.sync.writing import REPEAT_REFUSED

SETTLED = (Settled.CONFIRMED, Settled.REJECTED)
"""States after which a document may get a new revision: the former one was executed, or refused."""


def control_id(op_key: str, revision: int) -> str:
    """The function control id of an intent: 40 hex digits, the same from every process (intacct-api.md 2.3)."""
    return hashlib.sha256(f"{op_key}#{revision}".encode()).hexdigest()[:40]


class Revised(Protocol):
    """What the next revision of a document depends on: one earlier intent of it."""

    revision: int
    state: str
    control_id: str


def succession(op_key: str, known: Sequence[Revised]) -> tuple[int, str] | None:
    """Revision and control id under which a new draft of a document goes out; None while another one is open.

    What was never sent goes out under its old control id.
    """
    if any(row.state in UNSETTLED for row in known):
        return None
    unsent = next((row for row in known if row.state == Settled.UNSENT), None)
    if unsent is not None:
        return unsent.revision, unsent.control_id
    revision = 1 + max((row.revision for row in known), default=0)
    return revision, control_id(op_key, revision)


class SqlJournal:
    """Both ports for one connection."""

    def __init__(self, context: Context, connection_id: str) -> None:
        self._context, self._connection_id = context, connection_id

    async def of(self, object_name: str, salesforce_ids: Sequence[str]) -> dict[str, Bound]:
        """See `Bindings.of`."""
        return await self._links(links.by_salesforce_id, object_name, salesforce_ids, lambda b: b.salesforce_id)

    async def by_intacct_id(self, object_name: str, intacct_ids: Sequence[str]) -> dict[str, Bound]:
        """See `Bindings.by_intacct_id`."""
        found = await self._links(links.by_intacct_id, object_name, intacct_ids, lambda b: b.intacct_id)
        missing = [natural for natural in intacct_ids if natural not in found]
        if missing:
            async with self._context.begin() as session:
                ended = await links.merged_by_intacct_id(session, self._connection_id, object_name, missing)
            found |= {row.intacct_id: Bound(str(row.successor), row.intacct_key, row.intacct_id) for row in ended}
        return found

    async def by_intacct_key(self, object_name: str, keys: Sequence[str]) -> dict[str, Bound]:
        """See `Bindings.by_intacct_key`."""
        return await self._links(links.by_intacct_key, object_name, keys, lambda b: b.intacct_key)

    async def _links(
        self,
        read: Callable[[AsyncSession, str, str, Sequence[str]], Coroutine[Any, Any, list[Binding]]],
        object_name: str,
        values: Sequence[str],
        key: Callable[[Bound], str],
    ) -> dict[str, Bound]:
        if not values:
            return {}
        async with self._context.begin() as session:
            rows = await read(session, self._connection_id, object_name, values)
        return {key(bound): bound for bound in map(_bound, rows)}

    async def former(self, object_name: str, salesforce_ids: Sequence[str]) -> set[str]:
        """See `Bindings.former`."""
        async with self._context.begin() as session:
            rows = await links.former(session, self._connection_id, object_name, salesforce_ids)
        return {name for row in rows for name in (row.salesforce_id, row.successor or "") if name in salesforce_ids}

    async def succeed(self, object_name: str, successions: Sequence[Succession]) -> dict[str, Bound]:
        """See `Bindings.succeed`."""
        now = self._context.clock.now()
        async with self._context.begin() as session:
            leases = ((one.claim.operation_id, one.claim.fence) for one in successions)
            held = await store.held_leases(session, leases, now)
            kept = [one for one in successions if one.claim.operation_id in held]
            heir = Heir(self._connection_id, object_name, self._context.new_id, now)
            return {row[0]: _bound(row[1]) for row in await heir.take(session, kept)}

    async def save(self, object_name: str, pairs: Sequence[tuple[Claim, Bound]]) -> set[str]:
        """See `Bindings.save`."""
        now = self._context.clock.now()
        async with self._context.begin() as session:
            held = await store.held_leases(session, ((c.operation_id, c.fence) for c, _ in pairs), now)
            kept = [bound for claim, bound in pairs if claim.operation_id in held]
            saved = await self._store_links(session, object_name, kept, now)
        return {bound.salesforce_id for _, bound in pairs} - saved

    async def _store_links(
        self, session: AsyncSession, object_name: str, bounds: Sequence[Bound], now: datetime
    ) -> set[str]:
        """Insert or update links; answers the Salesforce ids stored. One-to-one: a taken twin is not taken over."""
        mine = {
            row.salesforce_id: row
            for row in await links.by_salesforce_id(
                session, self._connection_id, object_name, [b.salesforce_id for b in bounds]
            )
        }
        taken = {
            row.intacct_key: row.salesforce_id
            for row in await links.by_intacct_key(
                session, self._connection_id, object_name, [b.intacct_key for b in bounds]
            )
        }
        saved = set()
        for bound in bounds:
            if taken.setdefault(bound.intacct_key, bound.salesforce_id) != bound.salesforce_id:
                continue
            row = mine.get(bound.salesforce_id)
            if row is None:
                row = Binding(
                    id=self._context.new_id(),
                    connection_id=self._connection_id,
                    object=object_name,
                    salesforce_id=bound.salesforce_id,
                    intacct_key=bound.intacct_key,
                    intacct_id=bound.intacct_id,
                    how=bound.how,
                    created_at=now,
                    updated_at=now,
                )
            row.intacct_key, row.intacct_id = bound.intacct_key, bound.intacct_id
            row.how = bound.how
            row.base, row.todo, row.doubt = dict(bound.base), list(bound.todo), dict(bound.doubt)
            row.seen_at, row.updated_at, row.mapping_version = bound.seen_at, now, bound.mapping_version
            session.add(row)
            saved.add(bound.salesforce_id)
        return saved

    async def unsettled(self, object_name: str, claims: Sequence[Claim]) -> list[Promise]:
        """See `Journal.unsettled`."""
        by_record = {claim.record_id: claim for claim in claims}
        async with self._context.begin() as session:
            rows = await store.unsettled(session, self._connection_id, object_name, list(by_record))
        return [_promise(row, by_record[row.salesforce_id]) for row in rows]

    async def creating(self, object_name: str) -> bool:
        """Whether some create of the object is under way or unclear, so that an unknown record may be ours."""
        async with self._context.begin() as session:
            return await store.creating(session, self._connection_id, object_name)

    async def references(self, object_name: str, field: str) -> set[str]:
        """What the creates of an object whose outcome is not known hold in an Intacct field."""
        async with self._context.begin() as session:
            rows = await store.open_creates(session, self._connection_id, object_name)
        return {str(value) for row in rows if (value := decode(row.values).get(field))}

    async def confirmed(self, op_keys: Sequence[str]) -> dict[str, str]:
        """See `Journal.confirmed`."""
        async with self._context.begin() as session:
            rows = await store.of_documents(session, self._connection_id, op_keys)
        return {
            row.op_key: row.remote_id or row.remote_key or ""
            for row in rows
            if row.state == Settled.CONFIRMED and row.action == Action.CREATE
        }

    async def intend(self, object_name: str, drafts: Sequence[Draft]) -> list[Promise | None]:
        """See `Journal.intend`."""
        now = self._context.clock.now()
        async with self._context.begin() as session:
            held = await store.held_leases(session, ((d.claim.operation_id, d.claim.fence) for d in drafts), now)
            known: dict[str, list[Intent]] = {}
            for row in await store.of_documents(session, self._connection_id, [d.op_key for d in drafts]):
                known.setdefault(row.op_key, []).append(row)
            promises: list[Promise | None] = []
            fresh: list[dict[str, Any]] = []
            for draft in drafts:
                promise = None
                if draft.claim.operation_id in held:
                    promise = self._promise(object_name, draft, known.get(draft.op_key, []), fresh, now)
                promises.append(promise)
            await store.insert(session, fresh)
        return promises

    def _promise(
        self, object_name: str, draft: Draft, known: Sequence[Intent], fresh: list[dict[str, Any]], now: datetime
    ) -> Promise | None:
        """Promise a draft: an unsent intent again, or a new revision in `fresh`; None while another one is open."""
        twin = any(row["op_key"] == draft.op_key for row in fresh)
        place = None if twin else succession(draft.op_key, known)
        if place is None:
            return None
        values, lines = encode(draft.values), _stored(draft.lines)
        said_all = [draft.kind, draft.action, draft.key, values, *([lines] if lines else [])]
        said_all += [{"entity": draft.entity}] if draft.entity else []
        content = json.dumps(said_all, sort_keys=True)
        said = {
            "operation_id": draft.claim.operation_id,
            "fence": draft.claim.fence,
            "state": "intent",
            "kind": draft.kind,
            "action": draft.action.value,
            "key": draft.key,
            "values": values,
            "lines": lines,
            "entity": draft.entity or None,
            "request_hash": hashlib.sha256(content.encode()).hexdigest(),
            "looks": 0,
            "sent_at": now,
            "next_look_at": None,
        }
        row = next((row for row in known if row.state == Settled.UNSENT), None)
        if row is not None:
            for name, value in said.items():
                setattr(row, name, value)
            row.sends += 1
            return Promise(row.id, draft, row.control_id, now, sends=row.sends)
        revision, chosen = place
        said |= {
            "id": self._context.new_id(),
            "connection_id": self._connection_id,
            "object": object_name,
            "salesforce_id": draft.claim.record_id,
            "op_key": draft.op_key,
            "revision": revision,
            "control_id": chosen,
            "sends": 1,
            "trail": [],
            "created_at": now,
        }
        fresh.append(said)
        return Promise(str(said["id"]), draft, str(said["control_id"]), now)

    async def settle(self, object_name: str, receipts: Sequence[Receipt]) -> set[str]:
        """See `Journal.settle`."""
        now = self._context.clock.now()
        async with self._context.begin() as session:
            claims = [receipt.promise.draft.claim for receipt in receipts]
            held = await store.held_leases(session, ((c.operation_id, c.fence) for c in claims), now)
            rows = await store.by_ids(session, [receipt.promise.id for receipt in receipts])
            bounds = []
            for receipt in receipts:
                ours = receipt.promise.draft.claim.operation_id in held
                _note(rows[receipt.promise.id], receipt, now, ours=ours)
                if ours and receipt.bound is not None:
                    bounds.append(receipt.bound)
            saved = await self._store_links(session, object_name, bounds, now)
        return {bound.salesforce_id for bound in bounds} - saved


def _note(row: Intent, receipt: Receipt, now: datetime, *, ours: bool) -> None:
    """Bring an intent up to date. Under a passed lease only the trail grows: the new owner settles it."""
    entry: dict[str, Any] = {"at": now.isoformat(), "state": receipt.state.value, "note": receipt.note}
    if receipt.code:
        entry["code"] = receipt.code
    row.trail = [*row.trail, entry if ours else {**entry, "ignored": "the lease had passed"}]
    if not ours:
        return
    row.state, row.looks, row.next_look_at = receipt.state.value, receipt.looks, receipt.next_look_at
    row.remote_key, row.remote_id = receipt.remote_key or row.remote_key, receipt.remote_id or row.remote_id
    if receipt.state in SETTLED:
        row.settled_at = now
    if receipt.state is Settled.RESENT:
        row.sends, row.looks, row.sent_at, row.next_look_at = row.sends + 1, 0, now, None


def _bound(row: Binding) -> Bound:
    base: Mapping[str, object] = row.base
    return Bound(
        row.salesforce_id,
        row.intacct_key,
        row.intacct_id,
        base,
        tuple(row.todo),
        row.how,
        seen_at=row.seen_at,
        doubt=row.doubt,
        updated_at=row.updated_at,
        mapping_version=row.mapping_version,
    )


def _promise(row: Intent, claim: Claim) -> Promise:
    purpose = row.op_key.rsplit(":", 1)[1]
    values, lines = decode(row.values), _restored(row.lines)
    draft = Draft(claim, row.op_key, purpose, row.kind, Action(row.action), values, row.key, lines, row.entity or "")
    return Promise(
        row.id,
        draft,
        row.control_id,
        row.sent_at,
        row.looks,
        row.sends,
        row.next_look_at,
        held=row.state == "held",
        released=row.state == "released",
        repeated=_repeated(row.trail),
    )


def _stored(lines: LineItems | None) -> dict[str, Any] | None:
    """The lines of a document as the intent keeps them."""
    if lines is None:
        return None
    stored = {"path": lines.path, "sources": list(lines.sources), "rows": [encode(row) for row in lines.rows]}
    return {**stored, "numbers": list(lines.numbers), "known": lines.known} if lines.numbers else stored


def _restored(stored: Mapping[str, Any] | None) -> LineItems | None:
    """The inverse of `_stored`."""
    if stored is None:
        return None
    rows = tuple(decode(row) for row in stored["rows"])
    numbers = tuple(stored.get("numbers", ()))
    return LineItems(stored["path"], rows, tuple(stored["sources"]), numbers, stored.get("known", 0))


def _repeated(trail: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last sending was refused as a repeat."""
    for entry in reversed(trail):
        if entry.get("state") == Settled.RESENT:
            return False
        if entry.get("code") == REPEAT_REFUSED:
            return True
    return False
