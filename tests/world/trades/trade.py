"""What a kind of trade is: records people keep in both systems beside accounts and contacts. One file per kind."""

import random
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from app.simulators.salesforce.flags import OrgFlags
from tests.world.people import People
from tests.world.place import World


class Trade(Protocol):
    """One kind of trade in one world."""

    flags: ClassVar[OrgFlags | None]
    """The kind of org that is needed; None: any."""

    def __init__(self, world: World, people: People, rng: random.Random) -> None: ...

    @staticmethod
    def practised(seed: int) -> bool:
        """Whether the world of a seed has it. A seed has one trade at most."""

    @staticmethod
    def options(seed: int) -> Mapping[str, Any]:
        """Options of objects that a connection sets so that all of this is synced."""

    def settle_in(self) -> None:
        """Make the records the story begins with."""

    async def live(self) -> None:
        """Act at random moments of the active time."""

    async def disturb(self) -> None:
        """After the calm, before the quiet cycles: what a person would still do."""

    async def wish_all(self) -> None:
        """Ask for everything once more."""

    def in_step(self) -> list[str]:
        """What is not as it must be in the end, as sentences that begin with an invariant."""
