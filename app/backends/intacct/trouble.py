"""From an HTTP reply to an accepted answer, or to what stands in its way.

Judges the envelope: status, body, control and authentication block. Results of functions are judged elsewhere, and
nothing is sent from here.
"""

import re
from collections.abc import Mapping
from typing import Final

from app.backends.http import Reply
from app.backends.intacct import errors
from app.backends.intacct.errors import Meaning, Place, classify, to_error
from app.backends.intacct.reply import SUCCESS, Answer, Hide, read_answer
from app.backends.intacct.texts import Fault, make_fault
from app.backends.intacct.xml import Unreadable
from app.domain.errors import Kind, SyncError

_SESSION_STATUS: Final = (401, 498)
_WAIT_HEADERS: Final = ("retry-after", "x-ia-throttle-limit-retry-after", "x-ia-throttle-limit-retryafter")


class Trouble(Exception):
    """A request that brought no answer we can use. `session`: the session was refused and nothing was carried out."""

    def __init__(
        self,
        meaning: Meaning,
        fault: Fault | None = None,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        session: bool = False,
    ) -> None:
        super().__init__(meaning.code)
        self.meaning = meaning
        self.fault = fault
        self.status = status
        self.retry_after = retry_after
        self.session = session
        self.seconds = 0.0

    def error(self, *, during_write: bool = False) -> SyncError:
        """The same as an error of the house; unclear trouble during a write is AMBIGUOUS."""
        return to_error(
            self.meaning, self.fault, status=self.status, retry_after=self.retry_after, during_write=during_write
        )


def understand(reply: Reply, hide: Hide) -> Answer:
    """The answer if control and authentication say `success` at HTTP 2xx; Trouble otherwise."""
    wait = retry_after(reply.headers)
    try:
        answer = read_answer(reply.body, hide)
    except Unreadable as unreadable:
        meaning, fault = _spoken(reply)
        session = reply.status in _SESSION_STATUS
        raise Trouble(meaning, fault, status=reply.status, retry_after=wait, session=session) from unreadable
    if answer.accepted and reply.status < 300:
        return answer
    meaning, fault, session = _refusal(answer, reply.status)
    raise Trouble(meaning, fault, status=reply.status, retry_after=wait, session=session)


def _refusal(answer: Answer, status: int) -> tuple[Meaning, Fault | None, bool]:
    """What a refused envelope means, the error that says so, and whether it was the session that was refused.

    It is a refusal only if it says `failure` and carries no results; an envelope that contradicts itself, or one
    under a 5xx status, leaves open whether something was carried out.
    """
    if answer.control != SUCCESS:
        place, word, faults = Place.CONTROL, answer.control, answer.control_faults
    else:
        place, word, faults = Place.AUTHENTICATION, answer.authentication, answer.authentication_faults
    meaning, fault = classify(place, faults)
    if meaning is errors.UNCLASSIFIED and (status != 200 or not faults):
        meaning = errors.by_status(status)
    consistent = word == "failure" and not answer.results and status < 500
    if not consistent and meaning is not errors.RATE:
        return Meaning(meaning.kind, meaning.code, meaning.advice, unclear=True), fault, False
    at_session = place is Place.AUTHENTICATION or status in _SESSION_STATUS or meaning is errors.TOKEN
    return meaning, fault, at_session and meaning.kind is Kind.AUTH


def _spoken(reply: Reply) -> tuple[Meaning, Fault | None]:
    """What a body that is no Intacct document means: a gateway code or the rate limit in it, else the status."""
    text = reply.body[:8192].decode("utf-8", "replace")
    found = errors.SPOKEN.search(text)
    if found is None:
        return errors.by_status(reply.status), None
    code = found[0] if found[0].startswith("GW") else None
    fault = make_fault(code, re.sub(r"\s+", " ", found[0]))
    return classify(Place.CONTROL, [fault])[0], fault


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the vendor asks us to wait, in any of its header spellings; None when it names none."""
    for name in _WAIT_HEADERS:
        raw = headers.get(name, "").strip()
        if raw.isascii() and raw.isdigit():
            return float(raw)
    return None
