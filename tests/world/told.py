"""What the worlds of a test run went through, told at its end, whichever processes played them. No judgement."""

from collections import Counter
from typing import Any

from _pytest.terminal import TerminalReporter

from tests.world.money.plan import DEEDS
from tests.world.scenario import FAULTS

WORLD = "world"
"""The name under which a test hands over the counts of a world."""


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the counts over all worlds, if there were any."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    worlds = [told for report in reports for name, told in getattr(report, "user_properties", ()) if name == WORLD]
    if worlds:
        terminalreporter.section("worlds")
        for line in lines(worlds):
            terminalreporter.write_line(line)


def lines(worlds: list[dict[str, Any]]) -> list[str]:
    """Seeds, operations, and each fault with its number and how often it struck."""
    faults: Counter[str] = Counter()
    for world in worlds:
        faults.update(world["faults"])
    numbers = FAULTS | DEEDS
    struck = [f"{name} ({numbers.get(name, '?')}) {count}" for name, count in sorted(faults.items())]
    return [
        f"seeds {len(worlds)}, operations {sum(w['operations'] for w in worlds)}, "
        f"met by a fault {sum(w['faulted'] for w in worlds)}, violations {sum(w['violations'] for w in worlds)}",
        "faults: " + ", ".join(struck),
    ]
