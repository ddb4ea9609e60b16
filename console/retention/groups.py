"""Numbers by day, put together so that they can be seen at once: by day or by month, and as bars of text."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

from vault.disposal.timetable import days_from

MOST_DAYS = 62
"""A stretch that is longer is shown month by month."""
WIDEST = 40
"""Characters of the longest bar."""


def grouped(days: Mapping[date, int], first: date, last: date) -> dict[str, int]:
    """By day, also those without any up to the last that has; or by month when `last` is far."""
    shown = max((each for each in days), default=None)
    if shown is None:
        return {}
    if (last - first).days <= MOST_DAYS:
        return {f"{each:%d-%m-%Y}": days.get(each, 0) for each in days_from(min(first, *days), shown)}
    months: Counter[str] = Counter()
    for each in sorted(days):
        months[f"{each:%m-%Y}"] += days[each]
    return dict(months)


def bars(values: Mapping[str, int]) -> list[str]:
    """A line for each, with a bar as long as its share of the highest; what is not zero has one."""
    highest = max(values.values(), default=0)
    width = len(str(highest))
    return [
        f"{name}  {number:>{width}}  {'█' * -(-number * WIDEST // highest) if number else ''}".rstrip()
        for name, number in values.items()
    ]
