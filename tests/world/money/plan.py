"""What a seed decides about a world of payments, beside the trouble, which is drawn like that of any other world."""

import random
from dataclasses import dataclass, replace

from tests.world.scenario import Scenario, draw

DEEDS = {
    "caller_killed": "F01",
    "repeated": "F27",
    "equal_requests": "F27",
    "another_body": "F27",
    "cancelled_by_hand": "",
    "paid_in_intacct": "F23",
    "reversed_in_intacct": "F23",
    "invoice_made_anew": "F23",
    "period_closed": "F23",
    "reversal_asked": "",
    "held_release": "",
}
"""What people do in worlds of payments, by the name it is counted under, with its number in the fault list."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and habits. `hand` is the most payments of one request, `deeds` what people do in the busy time.

    `keyed`: the company has a field for our key on payments. `cautious` is how many seconds the accountant lets pass
    before deciding; without `clerk` nobody in Intacct pays, reverses or edits.
    """

    scenario: Scenario
    payers: int
    bills: int
    hand: int
    deeds: int
    several: bool
    mirrored: bool
    namesakes: bool
    closing: bool
    oe_when_paid: str
    four_eyes: bool
    keyed: bool
    cautious: float = 0.0
    clerk: bool = True


def plan(seed: int, *, volume: int = 1) -> Plan:
    """The plan of a seed; `volume` makes shops and requests larger without making more trouble."""
    rng = random.Random(f"money-{seed}")
    drawn = replace(
        draw(seed).plain(), accounts=0, contacts=0, actions=0, supplied_ids=0.0, twins_waiting=0, trading=False
    )
    return Plan(
        replace(drawn, active=rng.choice((120.0, 300.0, 900.0)), poll_every=rng.choice((200.0, 400.0))),
        payers=rng.randint(1, 3),
        bills=rng.randint(2, 4) * volume,
        hand=rng.choice((1, 2, 4)) * volume,
        deeds=rng.randint(7, 15),
        several=rng.random() < 0.5,
        mirrored=rng.random() < 0.5,
        namesakes=rng.random() < 0.3,
        closing=rng.random() < 0.2,
        oe_when_paid=rng.choice(("refuse", "refuse", "allow")),
        four_eyes=rng.random() < 0.25,
        keyed=rng.random() < 0.5,
    )
