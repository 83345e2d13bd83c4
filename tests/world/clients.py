"""The clients of one life: a pair per connection and lane, made when first asked for, over the ways of a world."""

import random
from collections.abc import Callable, Mapping

import httpx

from app.backends.http import HttpClient, HttpPolicy
from app.backends.intacct.auth import IntacctCredentials, RestCredentials
from app.backends.intacct.client import IntacctBackend
from app.backends.pool import LocalSlots
from app.backends.salesforce.auth import SalesforceCredentials
from app.backends.salesforce.client import SalesforceBackend
from app.domain.records import Errand, Lane, System
from app.services.context import Pair
from app.store.tables import Connection
from app.sync.ports import Clock
from tests.simulated import INTACCT_URL, REST_URL, SALESFORCE_URL

Fit = Callable[[SalesforceBackend, IntacctBackend, random.Random], Pair]
"""Makes of two clients what the engine is given."""


class LifeBackends:
    """The `Backends` port of one life. `ways` lead to each system, by connection id."""

    def __init__(
        self, clock: Clock, rng: random.Random, ways: Mapping[tuple[str, System], httpx.AsyncBaseTransport], fit: Fit
    ) -> None:
        policy = HttpPolicy(allowed_hosts=(), allow_loopback=True)
        self._http = {key: HttpClient(policy, way) for key, way in ways.items()}
        self._slots = LocalSlots({System.SALESFORCE: 5, System.INTACCT: 2})
        self._clock, self._rng, self._fit = clock, rng, fit
        self._pairs: dict[tuple[str, Lane], Pair] = {}

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """See `Backends.of`."""
        key = connection.id, lane
        if key not in self._pairs:
            salesforce = SalesforceBackend(
                SalesforceCredentials(login_url=SALESFORCE_URL, client_id="client", client_secret="secret"),
                self._http[connection.id, System.SALESFORCE],
                self._slots,
                self._clock,
                lane,
                jitter=self._rng.random,
            )
            rest = RestCredentials("client", "secret", "api@demo", url=REST_URL)
            credentials = IntacctCredentials("sender", "secret", "demo", "api", "secret", url=INTACCT_URL, rest=rest)
            http = self._http[connection.id, System.INTACCT]
            intacct = IntacctBackend(credentials, http, self._slots, self._clock, lane, rng=self._rng)
            self._pairs[key] = self._fit(salesforce, intacct, self._rng)
        return self._pairs[key]
