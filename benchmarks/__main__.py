"""`python -m benchmarks [names] [--json] [--quick]`: measure, print, and leave the judgement to the reader."""

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from benchmarks import accept, cpu, feed, interactive, invoices, mass, payments
from benchmarks.figures import Figure, shown

BENCHMARKS: Mapping[str, Callable[..., list[Figure]]] = {
    "accept": accept.measure,
    "pickup": interactive.pickup,
    "overhead": interactive.overhead,
    "bulk": mass.bulk,
    "cost": mass.cost,
    "invoices": invoices.load,
    "cpu": cpu.measure,
    "feed": feed.departments,
    "feed-invoices": feed.invoices,
    "intake": payments.intake,
    "posting": payments.latency,
    "payments": payments.limit,
    "beside": payments.beside,
}


def main() -> None:
    """Run the named benchmarks, or all. Exit code 0 also where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all when none is given")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, rougher figures")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(BENCHMARKS)}")
    machine = _machine()
    if not chosen.json:
        print(", ".join(f"{name} {value}" for name, value in machine.items()))
    figures: list[Figure] = []
    for name in chosen.names or BENCHMARKS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        found = BENCHMARKS[name](quick=chosen.quick)
        figures += found
        if not chosen.json:
            print(shown(found), flush=True)
    if chosen.json:
        print(json.dumps({**machine, "quick": chosen.quick, "figures": [one.plain() for one in figures]}))


def _machine() -> dict[str, str]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "sqlite": sqlite3.sqlite_version,
    }


if __name__ == "__main__":
    main()
