"""The write protocol: intent on disk, one request, receipt on disk; what is unclear is looked up, not resent blindly.

reliability.md 4. Knows drafts, promises and verdicts; what the values mean is decided elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.errors import Kind, SyncError
from app.sync.ports import (
    Action,
    Backend,
    Bound,
    Clock,
    Draft,
    Journal,
    Outcome,
    Promise,
    Receipt,
    Settled,
    Verdict,
    Write,
)

PLACEHOLDER = "0" * 40  # as long as a real control id, so that sizes are right before ids are known

REPEAT_REFUSED = "repeat_refused"
"""Code of the answer that the control id was used before; it says nothing about what became of the first sending."""

STATE = {
    Verdict.CONFIRMED: Settled.CONFIRMED,
    Verdict.REJECTED: Settled.REJECTED,
    Verdict.NOT_SENT: Settled.UNSENT,
    Verdict.AMBIGUOUS: Settled.AMBIGUOUS,
}

Binder = Callable[[Draft, Outcome], Bound | None]
"""The link that follows from a confirmed write, to be stored in the same commit; None when none follows."""

ALREADY_LINKED = SyncError(
    Kind.CONFLICT,
    "already_linked",
    "The Intacct record is linked to another Salesforce record.",
    "Find out which one it belongs to; was Intacct restored from a backup?",
)

LEASE_LOST = SyncError(
    Kind.TRANSIENT,
    "lease_lost",
    "Another worker has taken this record over.",
    "Nothing to do: the other worker goes on.",
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A draft and what became of it. `next_look_at` is set for an ambiguous one."""

    draft: Draft
    outcome: Outcome
    next_look_at: datetime | None = None


class Writer:
    """Sends drafts under the protocol. `ladder`: seconds after the send at which an unclear one is looked up."""

    def __init__(
        self, intacct: Backend, journal: Journal, clock: Clock, ladder: Sequence[float], alive: Callable[[], bool]
    ) -> None:
        self._intacct, self._journal, self._clock, self._ladder = intacct, journal, clock, tuple(ladder)
        self._alive = alive

    async def send(self, object_name: str, drafts: Sequence[Draft], bind: Binder) -> list[Sent]:
        """Promise and send all drafts, chunk by chunk; results in no particular order.

        Drafts of one entity go together: each entity has requests of its own.
        """
        together = sorted(drafts, key=lambda draft: draft.entity)
        writes = [_write(draft) for draft in together]
        pairs = {id(write): draft for write, draft in zip(writes, together, strict=True)}
        sent: list[Sent] = []
        for chunk in self._intacct.chunks(writes):
            part = [pairs[id(write)] for write in chunk]
            promises = await self._journal.intend(object_name, part)
            kept = [promise for promise in promises if promise is not None]
            lost = [draft for draft, promise in zip(part, promises, strict=True) if promise is None]
            sent += [Sent(draft, Outcome(Verdict.NOT_SENT, error=LEASE_LOST)) for draft in lost]
            if kept:
                sent += await self._deliver(object_name, kept, bind)
        return sent

    async def resend(self, object_name: str, promises: Sequence[Promise], bind: Binder) -> list[Sent]:
        """Send promises again that were found absent on the whole ladder: same content, same control ids."""
        together = sorted(promises, key=lambda promise: promise.draft.entity)
        writes = [_write(promise.draft, promise.control_id) for promise in together]
        index = {write.control_id: promise for write, promise in zip(writes, together, strict=True)}
        sent: list[Sent] = []
        for chunk in self._intacct.chunks(writes):
            sent += await self._deliver(object_name, [index[write.control_id] for write in chunk], bind)
        return sent

    async def _deliver(self, object_name: str, promises: list[Promise], bind: Binder) -> list[Sent]:
        if not self._alive():  # asked last before the bytes leave; the promises belong to the new owner now
            return [Sent(promise.draft, Outcome(Verdict.NOT_SENT, error=LEASE_LOST)) for promise in promises]
        outcomes = await self._intacct.write([_write(promise.draft, promise.control_id) for promise in promises])
        now = self._clock.now()
        receipts, sent = [], []
        for promise, outcome in zip(promises, outcomes, strict=True):
            look_at = self._first_look(outcome, now) if outcome.verdict is Verdict.AMBIGUOUS else None
            receipts.append(
                Receipt(
                    promise,
                    STATE[outcome.verdict],
                    outcome.error.message if outcome.error else "confirmed by the answer",
                    remote_key=outcome.key,
                    remote_id=_natural(outcome),
                    next_look_at=look_at,
                    bound=bind(promise.draft, outcome) if outcome.verdict is Verdict.CONFIRMED else None,
                    code=outcome.error.code if outcome.error else "",
                )
            )
            sent.append(Sent(promise.draft, outcome, look_at))
        refused = await self._journal.settle(object_name, receipts)
        return [_unlinked(one) if one.draft.claim.record_id in refused else one for one in sent]

    def _first_look(self, outcome: Outcome, now: datetime) -> datetime:
        """At once when Intacct says the control id was used before, else at the first rung."""
        repeat = outcome.error is not None and outcome.error.code == REPEAT_REFUSED
        return now if repeat else now + timedelta(seconds=self._ladder[0])

    def absent(self, promise: Promise, now: datetime) -> tuple[bool, datetime]:
        """What follows from one more look-up that found nothing: whether the ladder is exhausted, and the next look.

        A create or a reversal is given up as absent only after the last rung, which lies beyond the gateway's own 15
        minutes, as is an update that replaces a list; any other update, whose repeat changes nothing, after two.
        """
        looks = promise.looks + 1
        whole = promise.draft.action is not Action.UPDATE or promise.draft.lines is not None
        rungs = len(self._ladder) if whole else min(2, len(self._ladder))
        last = promise.sent_at + timedelta(seconds=self._ladder[rungs - 1])
        if looks >= 2 and looks >= rungs and now >= last:
            return True, now
        rung = promise.sent_at + timedelta(seconds=self._ladder[min(looks, rungs - 1)])
        return False, max(rung, now + timedelta(seconds=min(1.0, self._ladder[0])))


def _unlinked(one: Sent) -> Sent:
    """A create that stands in Intacct but whose record is somebody else's twin."""
    return Sent(one.draft, Outcome(Verdict.REJECTED, one.outcome.key, error=ALREADY_LINKED))


def _write(draft: Draft, control_id: str = PLACEHOLDER) -> Write:
    lines, entity = draft.lines, draft.entity
    return Write(draft.kind, draft.action, draft.values, control_id, draft.key, lines=lines, entity=entity)


def _natural(outcome: Outcome) -> str | None:
    """The readable key of the answer: the returned field that is not RECORDNO."""
    names = [name for name in outcome.returned if name.upper() != "RECORDNO"]
    return str(outcome.returned[names[0]]) if names else None


def confirmed_by_look_up(promise: Promise, key: str, natural_id: str | None) -> Outcome:
    """The outcome of a write that was found standing."""
    returned = {"ID": natural_id} if natural_id else {}
    return replace(
        Outcome(Verdict.CONFIRMED), key=key, returned=returned, created=promise.draft.action is Action.CREATE
    )
