"""What is measured: one figure, printed as one line, with a goal where there is one."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

MIB = 1024 * 1024
GIB = 1024 * MIB

_MEETS: Mapping[str, Callable[[float, float], bool]] = {"≥": operator.ge, "≤": operator.le}


@dataclass(frozen=True)
class Goal:
    """What a figure must be: at least (``≥``) or at most (``≤``) so much."""

    side: str
    than: float

    def met_by(self, value: float) -> bool:
        """Whether `value` is good enough."""
        return _MEETS[self.side](value, self.than)

    def __str__(self) -> str:
        return f"{self.side}{self.than:g}"


def at_least(than: float) -> Goal:
    """More is better."""
    return Goal("≥", than)


def at_most(than: float) -> Goal:
    """Less is better."""
    return Goal("≤", than)


@dataclass(frozen=True)
class Figure:
    """``name value unit``, and ``goal=… ok`` or ``goal=… short``."""

    name: str
    value: float
    unit: str
    goal: Goal | None = None

    @property
    def short(self) -> bool:
        """Whether there is a goal that it misses."""
        return self.goal is not None and not self.goal.met_by(self.value)

    def __str__(self) -> str:
        line = f"{self.name} {self.value:.3g} {self.unit}" if self.value < 1000 else self._large()
        return line if self.goal is None else f"{line} goal={self.goal} {'short' if self.short else 'ok'}"

    def _large(self) -> str:
        return f"{self.name} {self.value:.0f} {self.unit}"


def interleaved(rounds: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each measure over `rounds`, each round measuring every one of them once.

    So whatever slows the machine for a while slows all of them alike.
    """
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            taken[name].append(measure())
    return {name: median(values) for name, values in taken.items()}
