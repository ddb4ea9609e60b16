"""What other terms would do to when footage is due, by day or by month: as it is, and as it would be."""

from collections.abc import Iterator
from datetime import date, datetime

from console.retention.groups import grouped
from vault.disposal.shifts import Shift
from vault.disposal.timetable import Counts, day_of

WIDEST = 30
"""Characters of the longest bar."""


def by_day(due: Counts, shift: Shift) -> Iterator[tuple[date, int, int]]:
    """Each day on which anything is due, or would be: how much is, and how much would be."""
    after = shift.apply(due.days)
    for day in sorted({*due.days, *after}):
        # What arrived or went while this was counted must not make it less than nothing.
        yield day, due.days.get(day, 0), max(0, after.get(day, 0))


def lines(due: Counts, shift: Shift, now: datetime) -> Iterator[str]:
    """The same as text: both numbers, and a bar for what would be."""
    told = list(by_day(due, shift))
    first, last = day_of(now), max((day for day, *_ in told), default=day_of(now))
    before = grouped({day: number for day, number, _ in told}, first, last)
    after = grouped({day: number for day, _, number in told}, first, last)
    highest = max([1, *before.values(), *after.values()])
    width = len(str(highest))
    for name, would in after.items():
        if not would and not before[name]:
            continue
        bar = "█" * -(-would * WIDEST // highest)
        yield f"{name}  {before[name]:>{width}} → {would:>{width}}  {bar}".rstrip()
