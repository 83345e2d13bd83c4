"""Writes over REST: one request per record, under its control id as Idempotency-Key; one verdict per write.

The table of reliability.md 4, as for the XML gateway. A lost answer is asked for again once, under the same key: for
48 hours Intacct answers what it answered first instead of carrying the write out again. What then is still unclear is
looked up by the engine.
"""

from collections.abc import Sequence
from typing import Any

from app.backends.intacct import errors
from app.backends.intacct.errors import Meaning, to_error
from app.backends.intacct.pace import Speed, cut
from app.backends.intacct.rest.auth import encoded
from app.backends.intacct.rest.dialect import body_of
from app.backends.intacct.rest.gateway import RestGateway, RestTrouble
from app.domain.errors import Kind, SyncError
from app.sync.ports import Action, Outcome, Verdict, Write

MOST = 10
"""Requests of one chunk: they go one after another, and the lease is looked at between chunks."""
PROMPT = 60.0
"""Seconds after which a lost answer is not asked for again at once: the request may still be at work."""

NO_KEY = Meaning(Kind.TRANSIENT, "answer_without_key", unclear=True)
OTHER_RECORD = Meaning(Kind.TRANSIENT, "answer_for_other_record", unclear=True)
HELD_BACK = SyncError(Kind.TRANSIENT, "held_back", "Not sent, because the write before it got no answer.")


class RestWriter:
    """Builds, measures, sends and settles writes for one gateway."""

    def __init__(self, gateway: RestGateway, speed: Speed, *, most_bytes: int) -> None:
        self._gateway = gateway
        self._speed = speed
        self._room = most_bytes

    def chunks(self, writes: Sequence[Write]) -> list[list[Write]]:
        """See `Backend.chunks`."""
        return cut(writes, lambda _: 0, self._speed.cost, most=MOST, room=1)

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Backend.write`. After a write without an answer, or a refusal at the door, the others are not sent."""
        outcomes: list[Outcome] = []
        barrier: SyncError | None = None
        for write in writes:
            if barrier is not None:
                outcomes.append(Outcome(Verdict.NOT_SENT, error=barrier))
                continue
            outcome = await self._one(write)
            outcomes.append(outcome)
            self._gateway.usage.transactions += _spent(outcome)
            if outcome.verdict is Verdict.NOT_SENT:
                barrier = outcome.error
            elif outcome.verdict is Verdict.AMBIGUOUS:
                barrier = HELD_BACK
        return outcomes

    def render(self, write: Write) -> str:
        """See `Reading.render`: method, path and key, an empty line, and the body as `write` sends it."""
        method, path = _target(write)
        return f"{method} {path}\nIdempotency-Key: {write.control_id}\n\n{encoded(self._body(write)).decode()}"

    def _body(self, write: Write) -> dict[str, Any]:
        """The body of a write. Raises SyncError for one that must not leave."""
        if write.entity:
            message = "Records that go over REST are made where the connection works, in no other entity."
            raise SyncError(Kind.BUG, "entity_over_rest", message)
        try:
            body = body_of(write)
        except ValueError as wrong:
            message = f"The record cannot be written as JSON: {wrong}."
            raise SyncError(Kind.BUG, "write_impossible", message) from wrong
        if len(encoded(body)) > self._room:
            message = "The record is larger than one request may be."
            raise SyncError(Kind.DATA, "record_too_large", message, "Shorten the longest texts of the record.")
        return body

    async def _one(self, write: Write) -> Outcome:
        try:
            body = self._body(write)
        except SyncError as wrong:
            return Outcome(Verdict.REJECTED, error=wrong)
        first = await self._try(write, body)
        if not isinstance(first, RestTrouble):
            return first
        if first.seconds > PROMPT or first.meaning is errors.REPEAT:
            return _unclear(first)
        await self._gateway.pause()
        second = await self._try(write, body)
        if isinstance(second, RestTrouble) or second.verdict is Verdict.NOT_SENT:
            return _unclear(first)
        return second

    async def _try(self, write: Write, body: dict[str, Any]) -> Outcome | RestTrouble:
        """The outcome of one request; the trouble itself when the write may have been carried out all the same."""
        method, path = _target(write)
        try:
            answer = await self._gateway.write(method, path, body, write.control_id)
        except SyncError as no_token:
            return Outcome(Verdict.NOT_SENT, error=no_token)
        except RestTrouble as trouble:
            if trouble.meaning.unclear:
                self._speed.learn([write], trouble.seconds, answered=False)
                return trouble
            verdict = Verdict.NOT_SENT if trouble.before else Verdict.REJECTED
            return Outcome(verdict, error=trouble.error(during_write=True))
        self._speed.learn([write], answer.seconds, answered=True)
        return _settled(write, answer.body)


def _target(write: Write) -> tuple[str, str]:
    """Method and path of a write."""
    if write.action is Action.CREATE:
        return "POST", f"objects/{write.kind}"
    return "PATCH", f"objects/{write.kind}/{write.key}"


def _settled(write: Write, body: Any) -> Outcome:
    """The outcome of an answer of success: it counts only with a key, and only for the record that was meant."""
    result = body.get("ia::result") if isinstance(body, dict) else None
    key = result.get("key") if isinstance(result, dict) else None
    if write.action is Action.CREATE:
        if not isinstance(key, str | int) or isinstance(key, bool) or not str(key):
            return Outcome(Verdict.AMBIGUOUS, error=to_error(NO_KEY, None, during_write=True))
        name = result.get("id") if isinstance(result, dict) else None
        returned = {"id": name} if isinstance(name, str) and name and name != str(key) else {}
        return Outcome(Verdict.CONFIRMED, key=str(key), returned=returned, created=True)
    if key is not None and str(key) != write.key:
        return Outcome(Verdict.AMBIGUOUS, error=to_error(OTHER_RECORD, None, during_write=True))
    return Outcome(Verdict.CONFIRMED, key=write.key, created=False)


def _unclear(trouble: RestTrouble) -> Outcome:
    return Outcome(Verdict.AMBIGUOUS, error=trouble.error(during_write=True))


def _spent(outcome: Outcome) -> int:
    """Transactions of one outcome; a refused repeat was counted when it was carried out."""
    if outcome.verdict is Verdict.CONFIRMED:
        return 1
    repeat = outcome.error is not None and outcome.error.code == errors.REPEAT.code
    return 1 if outcome.verdict is Verdict.AMBIGUOUS and not repeat else 0
