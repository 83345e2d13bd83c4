"""Run one simulator: `python -m app.simulators salesforce|intacct --port N [--seed N]`, on the loopback only.

Chooses by table and starts the server; knows nothing of what either simulator does.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn

from app.simulators.intacct.app import create_simulator as create_intacct
from app.simulators.salesforce.app import create_simulator as create_salesforce

SIMULATORS: dict[str, Callable[..., Any]] = {"intacct": create_intacct, "salesforce": create_salesforce}
LOOPBACK = "127.0.0.1"


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`simulator`, `port` and `seed`; ends the process with a usage line when they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m app.simulators", description="Run one simulator on the loopback.")
    parser.add_argument("simulator", choices=sorted(SIMULATORS))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0, help="decides faults, jitter and ids (default 0)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    chosen = read_arguments(arguments)
    simulator = SIMULATORS[chosen.simulator](seed=chosen.seed)
    uvicorn.run(simulator, host=LOOPBACK, port=chosen.port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
