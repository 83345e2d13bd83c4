"""The harness notices when a safety device is missing: the quickest mutants here, all in `tests.world.mutants`."""

import pytest

from tests.world.mutants import MUTANTS, hunt

QUICK = {
    "nothing written back": ("I5",),
    "control id new with each send": ("I1", "I2"),
    "open intents never settled": ("I2", "I4"),
    "unclear taken for success": ("I1", "I2", "I5"),
    "several live operations per record": ("I1", "I4", "I10", "EXC"),
    "answer before the commit": ("I4",),
    "echo taken for news": ("I8",),
}
WITHIN = 20


@pytest.mark.world
@pytest.mark.parametrize("name", sorted(QUICK))
def test_missing_device_is_noticed(name: str) -> None:
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == name]
    catch = hunt(mutant, range(WITHIN))
    assert catch.seed is not None, f"{name} survived {WITHIN} seeds"
    said = [catch.sentence, *catch.others]
    assert any(sentence.startswith(QUICK[name]) for sentence in said), said
