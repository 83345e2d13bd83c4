"""The engine's Journal and Bindings ports for a run that writes nothing: the real store, read only.

What a run would store is remembered for the rest of that run, so that each step finds what it would find. Nothing here
opens a transaction that changes a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.services.context import Context
from app.services.journal import SqlJournal, succession
from app.store import journal as store
from app.sync.merging import MERGED
from app.sync.ports import Action, Bound, Claim, Draft, Promise, Receipt, Settled, Succession


@dataclass(slots=True)
class _Known:
    """One intent of a document: as stored, or as it would be."""

    id: str
    revision: int
    state: str
    control_id: str
    action: str
    remote: str


class DryJournal:
    """Both ports for one run. `owners`: the operation behind each control id; `unclear`: writes of earlier runs."""

    def __init__(self, context: Context, connection_id: str) -> None:
        self._context, self._connection_id = context, connection_id
        self._stored = SqlJournal(context, connection_id)
        self._bounds: dict[tuple[str, str], Bound] = {}
        self._ended: set[tuple[str, str]] = set()
        self._documents: dict[str, list[_Known]] = {}
        self.owners: dict[str, str] = {}
        self.unclear: list[Promise] = []

    async def of(self, object_name: str, salesforce_ids: Sequence[str]) -> dict[str, Bound]:
        """See `Bindings.of`."""
        found = self._standing(object_name, await self._stored.of(object_name, salesforce_ids))
        return found | {b.salesforce_id: b for b in self._kept(object_name) if b.salesforce_id in salesforce_ids}

    async def by_intacct_id(self, object_name: str, intacct_ids: Sequence[str]) -> dict[str, Bound]:
        """See `Bindings.by_intacct_id`."""
        found = self._standing(object_name, await self._stored.by_intacct_id(object_name, intacct_ids))
        return found | {b.intacct_id: b for b in self._kept(object_name) if b.intacct_id in intacct_ids}

    async def by_intacct_key(self, object_name: str, keys: Sequence[str]) -> dict[str, Bound]:
        """See `Bindings.by_intacct_key`."""
        found = self._standing(object_name, await self._stored.by_intacct_key(object_name, keys))
        return found | {b.intacct_key: b for b in self._kept(object_name) if b.intacct_key in keys}

    def _standing(self, object_name: str, found: Mapping[str, Bound]) -> dict[str, Bound]:
        """Stored links without those that this run would have ended."""
        return {name: bound for name, bound in found.items() if (object_name, bound.salesforce_id) not in self._ended}

    def _kept(self, object_name: str) -> list[Bound]:
        return [bound for (name, _), bound in self._bounds.items() if name == object_name]

    async def former(self, object_name: str, salesforce_ids: Sequence[str]) -> set[str]:
        """See `Bindings.former`."""
        ended = {record_id for record_id in salesforce_ids if (object_name, record_id) in self._ended}
        return ended | await self._stored.former(object_name, salesforce_ids)

    async def succeed(self, object_name: str, successions: Sequence[Succession]) -> dict[str, Bound]:
        """See `Bindings.succeed`."""
        known = await self.of(object_name, [name for one in successions for name in (one.loser, one.winner)])
        passed: dict[str, Bound] = {}
        for one in successions:
            bound = known.pop(one.loser, None)
            if bound is None:
                continue
            self._bounds.pop((object_name, one.loser), None)
            self._ended.add((object_name, one.loser))
            if one.winner not in known:
                bound = replace(bound, salesforce_id=one.winner, how=MERGED)
                self._bounds[object_name, one.winner] = known[one.winner] = bound
            passed[one.loser] = bound
        return passed

    async def save(self, object_name: str, pairs: Sequence[tuple[Claim, Bound]]) -> set[str]:
        """See `Bindings.save`. Every lease stands: nobody else works on what is only shown."""
        return await self._keep(object_name, [bound for _, bound in pairs])

    async def _keep(self, object_name: str, bounds: Sequence[Bound]) -> set[str]:
        """Remember links; answers the Salesforce ids refused, because the twin is taken."""
        taken = await self.by_intacct_key(object_name, [bound.intacct_key for bound in bounds])
        owners = {key: bound.salesforce_id for key, bound in taken.items()}
        refused = set()
        for bound in bounds:
            if owners.setdefault(bound.intacct_key, bound.salesforce_id) == bound.salesforce_id:
                self._bounds[object_name, bound.salesforce_id] = bound
            else:
                refused.add(bound.salesforce_id)
        return refused

    async def unsettled(self, object_name: str, claims: Sequence[Claim]) -> list[Promise]:
        """See `Journal.unsettled`. They are told in `unclear` as well, and stay as they are in the store."""
        found = await self._stored.unsettled(object_name, claims)
        self.unclear += found
        await self._load([promise.draft.op_key for promise in found])
        self.owners |= {promise.control_id: promise.draft.claim.operation_id for promise in found}
        return found

    async def confirmed(self, op_keys: Sequence[str]) -> dict[str, str]:
        """See `Journal.confirmed`."""
        await self._load(op_keys)
        return {
            op_key: one.remote
            for op_key in op_keys
            for one in self._documents[op_key]
            if one.state == Settled.CONFIRMED and one.action == Action.CREATE
        }

    async def intend(self, object_name: str, drafts: Sequence[Draft]) -> list[Promise | None]:
        """See `Journal.intend`: under the control ids that would be given."""
        await self._load([draft.op_key for draft in drafts])
        return [self._promise(draft) for draft in drafts]

    def _promise(self, draft: Draft) -> Promise | None:
        known = self._documents[draft.op_key]
        place = succession(draft.op_key, known)
        if place is None:
            return None
        revision, control_id = place
        one = next((one for one in known if one.control_id == control_id), None)
        if one is None:
            one = _Known(f"dry-{control_id}", revision, "intent", control_id, draft.action, "")
            known.append(one)
        one.state, one.action = "intent", draft.action
        self.owners[control_id] = draft.claim.operation_id
        return Promise(one.id, draft, control_id, self._context.clock.now())

    async def settle(self, object_name: str, receipts: Sequence[Receipt]) -> set[str]:
        """See `Journal.settle`."""
        for receipt in receipts:
            for one in self._documents[receipt.promise.draft.op_key]:
                if one.id == receipt.promise.id:
                    one.state, one.remote = receipt.state, receipt.remote_id or receipt.remote_key or one.remote
        return await self._keep(object_name, [receipt.bound for receipt in receipts if receipt.bound is not None])

    async def _load(self, op_keys: Sequence[str]) -> None:
        """Learn the stored intents of documents not heard of yet."""
        fresh = [op_key for op_key in dict.fromkeys(op_keys) if op_key not in self._documents]
        if not fresh:
            return
        async with self._context.begin() as session:
            rows = await store.of_documents(session, self._connection_id, fresh)
        self._documents |= {op_key: [] for op_key in fresh}
        for row in rows:
            remote = row.remote_id or row.remote_key or ""
            known = _Known(row.id, row.revision, row.state, row.control_id, row.action, remote)
            self._documents[row.op_key].append(known)
