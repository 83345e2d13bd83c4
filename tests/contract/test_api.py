"""The running API keeps what its OpenAPI document promises: every operation, valid and invalid data, and sequences.

TANDEM_CONTRACT_LONG=1 (`make contract`) looks much longer. Both runs are deterministic.
"""

import os
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

from tests.contract.service import KEY, contract_app
from tests.fakes import START, FakeClock, sequential_ids

pytestmark = pytest.mark.contract

LONG = os.environ.get("TANDEM_CONTRACT_LONG") == "1"
EXAMPLES = 100 if LONG else 10
SEQUENCES = 60 if LONG else 10
STEPS = 10 if LONG else 6

CONFIG = f"""
continue-on-failure = true
[auth.openapi.ApiKey]
api_key = "{KEY}"
[generation]
mode = "all"
max-examples = {EXAMPLES}
deterministic = true
[phases.stateful]
max-steps = {STEPS}
"""

KEY_BODY = r"[!#-\[\]-~]{1,255}"
KEY_HEADER = rf'"{KEY_BODY}"|{KEY_BODY}'

clock = FakeClock()
app = contract_app(clock)
schema = schemathesis.openapi.from_dict(app.openapi(), config=SchemathesisConfig.from_str(CONFIG))
schema.app = app

unhurried = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


fresh_keys = sequential_ids("key")


def prepare(case: Any) -> None:
    """Begin at the same instant, and give each request with well-formed request ids one that is new.

    That two names for one id agree, and that an id is not used twice, no schema can say; tests/api says it.
    """
    clock.set(START)
    key = fresh_keys()
    header, body = dict(case.headers or {}), case.body if isinstance(case.body, dict) else {}
    if re.fullmatch(KEY_HEADER, str(header.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = key
    given = body.get("requestId")
    if isinstance(given, str) and re.fullmatch(KEY_BODY, given):
        body["requestId"] = key


@schema.parametrize()
@unhurried
def test_an_operation_keeps_its_promises(case: Any) -> None:
    prepare(case)
    case.call_and_validate()


class Sequences(schema.as_state_machine()):  # type: ignore[misc]
    """Operations called with what earlier ones answered."""

    def before_call(self, case: Any) -> None:
        """See `prepare`."""
        prepare(case)


TestSequences = Sequences.TestCase
TestSequences.settings = settings(unhurried, max_examples=SEQUENCES, stateful_step_count=STEPS)
