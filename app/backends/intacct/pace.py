"""How fast we may go: pauses the vendor asked for, and how many functions fit a request of ten seconds.

Arithmetic over the injected clock's instants; sends nothing and waits for nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from app.sync.ports import Clock, Write

_RECOVERY = 100


class Throttle:
    """What the vendor said about our speed.

    `concurrency` is a hint for whoever hands out places: halved at each refusal, one more after 100 answers without
    one. `retry_after` is what the last refusal asked for, in seconds, None once that time has passed.
    """

    def __init__(self, clock: Clock, concurrency: int) -> None:
        self._clock = clock
        self._most = concurrency
        self._good = 0
        self._until: datetime | None = None
        self.concurrency = concurrency

    @property
    def retry_after(self) -> float | None:
        """Seconds until the vendor wants to hear from us again; None when we may call."""
        if self._until is None:
            return None
        left = (self._until - self._clock.now()).total_seconds()
        if left <= 0:
            self._until = None
            return None
        return left

    def refused(self, retry_after: float | None) -> None:
        """The vendor refused for speed, and named a time or did not."""
        self.concurrency = max(1, self.concurrency // 2)
        self._good = 0
        if retry_after:
            self._until = self._clock.now() + timedelta(seconds=retry_after)

    def answered(self) -> None:
        """A request was answered normally."""
        self._good += 1
        if self._good >= _RECOVERY and self.concurrency < self._most:
            self.concurrency += 1
            self._good = 0


class Speed:
    """Seconds a writing function takes, per kind, as a moving mean of what requests took.

    `overhead` is the part of a request that does not grow with its functions, `target` the seconds a request should
    stay near (reliability.md 13: b = clamp((10 s - t_o) / t_f, 1, 50)).
    """

    def __init__(self, overhead: float, target: float, weight: float = 0.3) -> None:
        self._room = target - overhead
        self._overhead = overhead
        self._weight = weight
        self._mean: dict[str, float] = {}

    def learn(self, writes: Sequence[Write], seconds: float, *, answered: bool) -> None:
        """Take in one request. One that was lost proves only that it took at least so long."""
        sample = max(0.0, seconds - self._overhead) / len(writes)
        for kind in {write.kind for write in writes}:
            known = self._mean.get(kind)
            if known is None:
                if answered or sample > 0:
                    self._mean[kind] = sample
            elif answered or sample > known:
                self._mean[kind] = known + self._weight * (sample - known)

    def cost(self, kind: str) -> float:
        """The share of a request's time that one function of `kind` is expected to take, 1.0 being all of it."""
        return self._mean.get(kind, 0.0) / self._room


def cut(
    writes: Sequence[Write],
    size: Callable[[Write], int],
    cost: Callable[[str], float],
    *,
    most: int,
    room: int,
) -> list[list[Write]]:
    """Cut `writes`, order kept, into chunks of at most `most` writes, `room` bytes and a time share of 1.

    A write that alone exceeds the room or the time gets a chunk of its own.
    """
    chunks: list[list[Write]] = []
    filled, spent = 0, 0.0
    for write in writes:
        bytes_, share = size(write), cost(write.kind)
        fits = chunks and len(chunks[-1]) < most and filled + bytes_ <= room and spent + share <= 1.0 + 1e-9
        if not fits:
            chunks.append([])
            filled, spent = 0, 0.0
        chunks[-1].append(write)
        filled += bytes_
        spent += share
    return chunks
