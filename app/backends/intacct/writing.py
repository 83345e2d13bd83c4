"""Writes: one chunk is one request with one record per function; every write ends in exactly one verdict.

The table of reliability.md 4 lives here. Nothing is sent twice from here, and nothing but the word `success` at all
three levels, for the function with our control id in our position, is taken for a yes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lxml import etree

from app.backends.intacct import errors
from app.backends.intacct.dialect import Query, from_wire, one_of
from app.backends.intacct.errors import COMPANION, Meaning, Place, classify, to_error
from app.backends.intacct.functions import function_name, write_function
from app.backends.intacct.gateway import Gateway
from app.backends.intacct.ordered import ORDERED
from app.backends.intacct.pace import Speed, cut
from app.backends.intacct.reply import SUCCESS, Answer, Result
from app.backends.intacct.trouble import Trouble
from app.backends.intacct.xml import Element, Function, Scrubber, Unreadable, function_element
from app.domain.errors import Kind, SyncError
from app.domain.records import Value
from app.sync.ports import Action, Outcome, Verdict, Write

ENVELOPE = 4096
"""Bytes kept free for control, authentication and the tags around the functions."""
_FUNCTION_TAGS = 64

MISALIGNED = Meaning(Kind.TRANSIENT, "answer_misaligned", unclear=True)
UNKNOWN_STATUS = Meaning(Kind.TRANSIENT, "unknown_status", unclear=True)
NO_KEY = Meaning(Kind.TRANSIENT, "answer_without_key", unclear=True)
OTHER_RECORD = Meaning(Kind.TRANSIENT, "answer_for_other_record", unclear=True)
PARTIAL = Meaning(Kind.TRANSIENT, "partial_success", unclear=True)

REFUSED_REQUEST: dict[Kind, Verdict] = {Kind.BUG: Verdict.REJECTED, Kind.DATA: Verdict.REJECTED}
"""When a whole request was refused before anything was carried out: a request that is wrong itself is rejected,
anything else (rate, session, permission, set-up, trouble that passes) may go again unchanged."""


class Writer:
    """Builds, measures, sends and settles chunks of writes for one gateway."""

    def __init__(self, gateway: Gateway, speed: Speed, *, most: int, most_bytes: int) -> None:
        self._gateway = gateway
        self._speed = speed
        self._most = most
        self._room = most_bytes - ENVELOPE

    def chunks(self, writes: Sequence[Write]) -> list[list[Write]]:
        """See `Backend.chunks`. A write that cannot be built takes no room: `write` answers for it without sending."""
        return cut(writes, self._measure, self._speed.cost, most=self._most, room=self._room)

    def _measure(self, write: Write) -> int:
        try:
            return _size(write_function(write, Scrubber()), write)
        except ValueError:
            return 0

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Backend.write`. What cannot be sent is rejected here; the rest goes out as one request."""
        outcomes: list[Outcome | None] = [None] * len(writes)
        sendable: list[int] = []
        functions: list[Function] = []
        total = 0
        for index, write in enumerate(writes):
            function = self._build(write)
            if isinstance(function, Outcome):
                outcomes[index] = function
                continue
            sendable.append(index)
            functions.append(function)
            total += _size(function.body, write)
        batch = [writes[index] for index in sendable]
        if len(batch) > self._most or total > self._room:
            answered = [_unsent(Kind.BUG, "chunk_too_large", "The chunk is larger than one request may be.")] * len(
                batch
            )
        elif len({write.entity for write in batch}) > 1:
            answered = [_unsent(Kind.BUG, "chunk_of_entities", "A request is for one entity.")] * len(batch)
        else:
            answered = await self._send(batch, functions) if batch else []
        for index, outcome in zip(sendable, answered, strict=True):
            outcomes[index] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def render(self, write: Write) -> str:
        """See `Reading.render`: the function element, character for character as `write` sends it."""
        scrub = Scrubber()
        return etree.tostring(function_element(self._function(write, scrub), scrub), encoding="unicode")

    def _build(self, write: Write) -> Function | Outcome:
        try:
            return self._function(write, self._gateway.scrub)
        except SyncError as wrong:
            return Outcome(Verdict.REJECTED, error=wrong)

    def _function(self, write: Write, scrub: Scrubber) -> Function:
        """The function of a write. Raises SyncError for one that must not leave."""
        self._gateway.check_reach(write.entity)
        try:
            body = write_function(write, scrub)
        except ValueError as wrong:
            message = f"The record cannot be written as XML: {wrong}."
            raise SyncError(Kind.BUG, "write_impossible", message) from wrong
        if _size(body, write) > self._room:
            advice = "Shorten the longest texts of the record."
            raise SyncError(Kind.DATA, "record_too_large", "The record is larger than one request may be.", advice)
        return Function(write.control_id, body, writes=True)

    async def _send(self, batch: Sequence[Write], functions: Sequence[Function]) -> list[Outcome]:
        try:
            answer, seconds = await self._gateway.write(functions, batch[0].entity)
        except SyncError as no_session:
            return [Outcome(Verdict.NOT_SENT, error=no_session) for _ in batch]
        except Trouble as trouble:
            if trouble.meaning.unclear:
                self._speed.learn(batch, trouble.seconds, answered=False)
                self._gateway.usage.transactions += len(batch)
                return [Outcome(Verdict.AMBIGUOUS, error=trouble.error(during_write=True)) for _ in batch]
            verdict = REFUSED_REQUEST.get(trouble.meaning.kind, Verdict.NOT_SENT)
            return [Outcome(verdict, error=trouble.error(during_write=True)) for _ in batch]
        self._speed.learn(batch, seconds, answered=True)
        outcomes = settle(batch, answer)
        self._gateway.usage.transactions += sum(map(_spent, outcomes))
        return await self._with_numbers(batch, outcomes)

    async def _with_numbers(self, batch: Sequence[Write], outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Legacy creates answer with the natural key alone: one query per kind asks for the record numbers.

        A number that cannot be had leaves the create unclear: it stands, and is found by our key a little later.
        """
        whole = list(outcomes)
        for kind in {write.kind for write in batch if write.kind in ORDERED}:
            name = ORDERED[kind].key
            made = {
                str(outcome.returned[name]): place
                for place, (write, outcome) in enumerate(zip(batch, outcomes, strict=True))
                if write.kind == kind and outcome.verdict is Verdict.CONFIRMED and outcome.created
            }
            numbers = await self._numbers(kind, name, list(made)) if made else {}
            for natural, place in made.items():
                number = numbers.get(natural)
                found = replace(outcomes[place], key=number) if number else _ambiguous(NO_KEY)
                whole[place] = found
        return whole

    async def _numbers(self, kind: str, name: str, naturals: Sequence[str]) -> dict[str, str]:
        """RECORDNO by natural key, as far as they can be read now."""
        query = Query(kind, ("RECORDNO", name), one_of(name, naturals), ("RECORDNO",), len(naturals))
        try:
            rows = list((await self._gateway.read(query.element(self._gateway.scrub))).rows())
        except (SyncError, Unreadable):
            return {}
        return {str(row.get(name)): number for row in rows if (number := row.get("RECORDNO"))}


def _size(body: Element, write: Write) -> int:
    return (
        len(etree.tostring(body, encoding="UTF-8")) + len(write.control_id.encode("utf-8", "replace")) + _FUNCTION_TAGS
    )


def _unsent(kind: Kind, code: str, message: str) -> Outcome:
    return Outcome(Verdict.NOT_SENT, error=SyncError(kind, code, message))


def _spent(outcome: Outcome) -> int:
    """Transactions of one outcome: a write that was or may have been carried out now counts, as a budget must not
    undercount; a refused repeat was counted when it was carried out."""
    if outcome.verdict is Verdict.CONFIRMED:
        return 1
    repeat = outcome.error is not None and outcome.error.code == errors.REPEAT.code
    return 1 if outcome.verdict is Verdict.AMBIGUOUS and not repeat else 0


def settle(batch: Sequence[Write], answer: Answer) -> list[Outcome]:
    """One outcome per write of an accepted answer. A result counts only with our control id in our position.

    More results than functions make the whole answer doubtful.
    """
    results: list[Result | None] = [*answer.results, *([None] * (len(batch) - len(answer.results)))]
    if len(results) > len(batch):
        return [_ambiguous(MISALIGNED) for _ in batch]
    return [_outcome(write, result) for write, result in zip(batch, results, strict=True)]


def _outcome(write: Write, result: Result | None) -> Outcome:
    if result is None or result.control_id != write.control_id:
        return _ambiguous(MISALIGNED)
    if result.function is not None and result.function.lower() != function_name(write):
        return _ambiguous(MISALIGNED)
    judge = JUDGES.get(result.status, _unknown_status)
    try:
        return judge(write, result)
    except Unreadable:
        return _ambiguous(errors.UNREADABLE)


def _success(write: Write, result: Result) -> Outcome:
    if write.kind in ORDERED:
        return _legacy_success(write, result)
    key, returned = _keys(result)
    if write.action is Action.CREATE:
        if key is None:
            return _ambiguous(NO_KEY)
        return Outcome(Verdict.CONFIRMED, key=key, returned=returned, created=True)
    if key is not None and key != write.key:
        return _ambiguous(OTHER_RECORD)
    return Outcome(Verdict.CONFIRMED, key=write.key, returned=returned, created=False)


def _legacy_success(write: Write, result: Result) -> Outcome:
    """A legacy function answers with the natural key; the record number of a new record is asked for afterwards."""
    name = ORDERED[write.kind].key
    if result.key is None:
        return _ambiguous(NO_KEY)
    if write.action is Action.UPDATE and result.key != write.values.get(name):
        return _ambiguous(OTHER_RECORD)
    creates = write.action is Action.CREATE
    return Outcome(Verdict.CONFIRMED, key=write.key, returned={name: result.key}, created=creates)


def _failure(write: Write, result: Result) -> Outcome:
    key, returned = _keys(result)
    meaning, fault = classify(Place.RESULT, result.faults)
    if key is not None and write.action is Action.CREATE:
        error = to_error(PARTIAL, fault, during_write=True)
        return Outcome(Verdict.AMBIGUOUS, key=key, returned=returned, error=error)
    if meaning.kind is Kind.AMBIGUOUS:
        return Outcome(Verdict.AMBIGUOUS, error=to_error(meaning, fault, during_write=True))
    if meaning is errors.UNCLASSIFIED:
        meaning = errors.REFUSED
    return Outcome(Verdict.REJECTED, error=to_error(meaning, fault))


def _aborted(write: Write, result: Result) -> Outcome:
    """Rolled back: the culprit carries an error of its own beside the companion, a bystander only the companion."""
    if any(fault.errorno != COMPANION for fault in result.faults):
        return _failure(write, result)
    if result.faults and _keys(result)[0] is None:
        return Outcome(Verdict.NOT_SENT, error=to_error(errors.ROLLED_BACK, result.faults[0]))
    return _ambiguous(UNKNOWN_STATUS)


def _no_status(_: Write, result: Result) -> Outcome:
    """How a repeat of a completed function is refused under uniqueid (intacct-api.md 2.3): probably done already."""
    return _ambiguous(errors.REPEAT, result)


def _unknown_status(_: Write, result: Result) -> Outcome:
    return _ambiguous(UNKNOWN_STATUS, result)


JUDGES: Mapping[str | None, Callable[[Write, Result], Outcome]] = {
    SUCCESS: _success,
    "failure": _failure,
    "aborted": _aborted,
    None: _no_status,
}
"""By the status word of the function's result, compared exactly; any other word is unknown and never success."""


def _ambiguous(meaning: Meaning, result: Result | None = None) -> Outcome:
    fault = result.faults[0] if result is not None and result.faults else None
    return Outcome(Verdict.AMBIGUOUS, error=to_error(meaning, fault, during_write=True))


def _keys(result: Result) -> tuple[str | None, dict[str, Value]]:
    """RECORDNO and the other fields of the first row of the data block, names in upper case."""
    row = next(result.rows(), None)
    if row is None:
        return None, {}
    key = row.pop("RECORDNO", None)
    return key, {name: from_wire(raw, None) for name, raw in row.items()}
