"""A figure, its target, and how it is shown. Measures nothing."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `bound` says on which side of `target` it has to stay; without a target it only informs."""

    name: str
    value: float
    unit: str
    note: str = ""
    target: float | None = None
    bound: Literal["at least", "at most"] = "at most"

    @property
    def verdict(self) -> str:
        """`ok`, `MISSED`, or nothing where there is no target."""
        if self.target is None:
            return ""
        met = self.value >= self.target if self.bound == "at least" else self.value <= self.target
        return "ok" if met else "MISSED"

    def plain(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "verdict": self.verdict}


def shown(figures: Sequence[Figure]) -> str:
    """Lines for people: value, target, verdict, and what was measured."""
    width = max(len(figure.name) for figure in figures)
    return "\n".join(_line(figure, width) for figure in figures)


def _line(figure: Figure, width: int) -> str:
    bound = "" if figure.target is None else f"{figure.bound} {figure.target:g}"
    value = f"{figure.value:.3f}" if abs(figure.value) < 10 else f"{figure.value:.1f}"
    return (
        f"{figure.name:<{width}}  {value:>9} {figure.unit:<12} {bound:<14} {figure.verdict:<7} {figure.note}".rstrip()
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, round(share * len(ranked) + 0.5) - 1))]


def spread(values: Sequence[float]) -> str:
    """Median, least and most, in words."""
    return f"median of {len(values)} rounds, {min(values):.2f} to {max(values):.2f}"


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)
