"""Access tokens: given out, extended by use, ended. How a token is earned is not decided here."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.simulators.clock import SimClock
from app.simulators.salesforce.ids import ALPHABET


@dataclass
class Session:
    """One access token's life."""

    token: str
    username: str
    issued: datetime
    expires: datetime


class Sessions:
    """Tokens known to the org. An ended token is forgotten and never comes back."""

    def __init__(self, clock: SimClock, source: random.Random) -> None:
        self._clock, self._random = clock, source
        self._sessions: dict[str, Session] = {}

    def open(self, organization: str, username: str, seconds: float) -> Session:
        """A new session that lives `seconds` from now unless it is used."""
        now = self._clock.now()
        token = f"{organization[:15]}!AQEAQ" + "".join(self._random.choices(ALPHABET, k=80))
        session = Session(token, username, now, now + timedelta(seconds=seconds))
        self._sessions[token] = session
        return session

    def find(self, token: str) -> Session | None:
        """The live session of `token`."""
        session = self._sessions.get(token)
        if session is not None and session.expires <= self._clock.now():
            del self._sessions[token]
            return None
        return session

    def extend(self, session: Session, seconds: float) -> None:
        """Use lengthens a session's life."""
        session.expires = max(session.expires, self._clock.now() + timedelta(seconds=seconds))

    def end(self, token: str | None = None) -> None:
        """End one session, or all of them."""
        if token is None:
            self._sessions.clear()
        else:
            self._sessions.pop(token, None)
