"""The worlds of payments notice when a safety device is missing: the quickest mutants here, all in `mutants`."""

import pytest

from tests.world.money.devices import PAYMENT_MUTANTS, hunt_payment

QUICK = {
    "intent not committed before the send": (0, ("I2",)),
    "control id new with each send": (0, ("I1", "I2")),
    "look-up blind": (4, ("I2",)),
    "unclear taken for rejected": (4, ("I1", "I2")),
}
"""Per mutant the seed that is known to catch it, and the invariants that may."""

WITHIN = 12
"""Seeds to go on with when worlds have changed so that the known one no longer does."""


@pytest.mark.world
@pytest.mark.parametrize("name", sorted(QUICK))
def test_missing_device_is_noticed_by_money(name: str) -> None:
    (mutant,) = [mutant for mutant in PAYMENT_MUTANTS if mutant.name == name]
    seed, invariants = QUICK[name]
    catch = hunt_payment(mutant, [seed, *range(WITHIN)])
    assert catch.seed is not None, f"{name} survived {WITHIN} seeds"
    said = [catch.sentence, *catch.others]
    assert any(sentence.startswith(invariants) for sentence in said), said
