"""The REST side of one company: the same specialists as the XML gateway has, behind the same names."""

import random

from app.backends.http import HttpClient
from app.backends.intacct.auth import RestCredentials
from app.backends.intacct.feed import CursorStrategy
from app.backends.intacct.pace import Speed, Throttle
from app.backends.intacct.rest.gateway import RestGateway
from app.backends.intacct.rest.reading import Models, RestFeed, RestReader
from app.backends.intacct.rest.writing import RestWriter
from app.backends.intacct.retrying import RetryTimes
from app.backends.intacct.schema import Schemas
from app.domain.records import Lane
from app.sync.ports import Clock, Slots


class RestSide:
    """Reader, writer, feed and schemas of the objects that go over REST v1."""

    def __init__(
        self,
        credentials: RestCredentials,
        http: HttpClient,
        slots: Slots,
        clock: Clock,
        lane: Lane,
        *,
        rng: random.Random,
        throttle: Throttle,
        retry: RetryTimes,
        deadline: float,
        speed: Speed,
        page_size: int,
        most_bytes: int,
        schema_seconds: float,
        cursor: CursorStrategy,
    ) -> None:
        self.gateway = RestGateway(
            credentials, http, slots, clock, lane, rng=rng, throttle=throttle, retry=retry, deadline=deadline
        )
        self.schemas = Schemas(Models(self.gateway).look_up, clock, schema_seconds)
        self.reader = RestReader(self.gateway, self.schemas, page_size)
        self.writer = RestWriter(self.gateway, speed, most_bytes=most_bytes)
        self.feed = RestFeed(self.reader, cursor)
