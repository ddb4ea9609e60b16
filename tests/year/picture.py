"""The year in a picture that a terminal shows: what was stored, held and disposed of, week by week."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH = 30


@dataclass(frozen=True)
class Week:
    """How things stood at a week's end, and what was disposed of in it."""

    ends: date
    stored: int
    held: int
    disposed: int
    overdue: int


def draw(weeks: Sequence[Week], events: Iterable[tuple[date, str]]) -> str:
    """A line for each week, with what happened in it."""
    most = {name: max((getattr(week, name) for week in weeks), default=0) for name in _COLUMNS}
    lines = [f"{'week to':<12}" + "".join(f"{name:<{WIDTH + 7}}" for name in _COLUMNS) + "overdue"]
    told = list(events)
    for before, week in zip([None, *weeks], weeks, strict=False):
        bars = "".join(_bar(getattr(week, name), most[name]) for name in _COLUMNS)
        happened = [what for day, what in told if (before is None or day > before.ends) and day <= week.ends]
        lines.append(f"{week.ends:%d-%m-%Y}  {bars}{week.overdue:>4}  {'; '.join(happened)}".rstrip())
    return "\n".join(lines)


_COLUMNS = ("stored", "held", "disposed")


def _bar(number: int, most: int) -> str:
    filled = round(number / most * (WIDTH - 8)) if most else 0
    return f"{number:>6} {'█' * filled:<{WIDTH}}"
