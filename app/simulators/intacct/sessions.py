"""Who calls: sender, company user, sessions with sliding expiry, entities. Decides identity, executes nothing."""

import base64
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.simulators.clock import SimClock
from app.simulators.intacct import errors
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import EnvelopeRefused, Refused
from app.simulators.intacct.knobs import Knobs

SENDERS = {"sender": "secret"}
COMPANY_ID = "demo"
USERS = {"api": "secret"}


@dataclass
class Session:
    """A signed-in caller; `location` is the entity ('' at top level), `key` empty for a login in the request."""

    user: str
    company: str
    location: str
    expires: datetime
    key: str = ""
    sender: str = ""
    opened: datetime | None = None


@dataclass(frozen=True)
class Login:
    """Members of `<login>`."""

    user: str
    company: str
    password: str
    location: str = ""


class Sessions:
    """Live sessions and the check of every kind of credential."""

    def __init__(self, clock: SimClock, knobs: Knobs, company: Company, seed: int) -> None:
        self._clock, self._knobs, self._company = clock, knobs, company
        self._random = random.Random(f"sessions-{seed}")
        self._live: dict[str, Session] = {}
        self.logins = 0

    def check_sender(self, sender: str, password: str) -> None:
        """Sender id and password are case-sensitive and needed in every request."""
        if SENDERS.get(sender) == password:
            return
        if self._knobs["sender_fault"] == "gw_0011_400":
            raise EnvelopeRefused(errors.BAD_SENDER_GATEWAY, http=400)
        raise EnvelopeRefused(errors.BAD_SENDER)

    def sign_in(self, login: Login, sender: str) -> Session:
        """A caller by user and password; the company may be `company|entity` or `console|company|entity`."""
        parts = login.company.split("|")
        company = parts[0] if len(parts) < 3 else parts[1]
        location = login.location or (parts[-1] if len(parts) > 1 else "")
        if company != COMPANY_ID or USERS.get(login.user) != login.password:
            raise EnvelopeRefused(errors.BAD_LOGIN, "authentication")
        if not self._knobs["sender_authorised"]:
            raise EnvelopeRefused(errors.unauthorised_sender(sender, company), "authentication")
        restricted = self._knobs["restricted_entity"]
        location = location or restricted
        if not self._entity_exists(location) or (restricted and location != restricted):
            raise EnvelopeRefused(errors.BAD_LOGIN, "authentication")
        self.logins += 1
        now = self._clock.now()
        return Session(login.user, company, location, now + self._duration(), sender=sender, opened=now)

    def resume(self, key: str, sender: str) -> Session:
        """The session with this id, its time-out moved on. An unknown or expired one is refused."""
        session = self._live.get(key)
        now = self._clock.now()
        if session is None or session.expires <= now:
            self._live.pop(key, None)
            http = 401 if self._knobs["session_expired_shape"] == "http_401" else 200
            raise EnvelopeRefused(errors.BAD_SESSION, "authentication", http)
        session.expires, session.sender = now + self._duration(), sender
        return session

    def open(self, caller: Session, location: str | None) -> Session:
        """A new session of the caller in the entity (None: where the caller is; '': top level)."""
        restricted = self._knobs["restricted_entity"]
        wanted = caller.location if location is None else location
        if not wanted and restricted:
            wanted = restricted
        if not self._entity_exists(wanted) or (restricted and wanted != restricted):
            raise Refused(errors.invalid_reference("location", wanted, "locationid"))
        now = self._clock.now()
        key = base64.urlsafe_b64encode(self._random.randbytes(24)).decode("ascii") + ".."
        session = Session(caller.user, caller.company, wanted, now + self._duration(), key, caller.sender, now)
        self._live[key] = session
        return session

    def end_all(self) -> None:
        """Every session ends now."""
        self._live.clear()

    def _duration(self) -> timedelta:
        return timedelta(seconds=self._knobs["session_duration_s"])

    def _entity_exists(self, location: str) -> bool:
        return not location or bool(self._company.tables["LOCATIONENTITY"].find("LOCATIONID", location))
