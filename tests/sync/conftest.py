"""What tests of the engine may ask for."""

import pytest

from tests.fakes import FakeClock
from tests.sync.rig import Rig


@pytest.fixture
def rig(clock: FakeClock) -> Rig:
    """Two empty sides and an engine between them."""
    return Rig(clock)
