"""The period that evidence is of, as a person writes it: 2026, 2026-Q4, 2026-11 or 2026-10-01..2026-11-15."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from policies.retention import AMSTERDAM

_YEAR = re.compile(r"(\d{4})")
_QUARTER = re.compile(r"(\d{4})-[Qq]([1-4])")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")


class PeriodUnreadable(Exception):
    """A period is 2026, 2026-Q4, 2026-11, or from and until a day: 2026-10-01..2026-11-15, both included."""


@dataclass(frozen=True)
class Period:
    """Whole days of the Dutch calendar, as they were asked for."""

    asked: str
    first: date
    last: date

    @property
    def since(self) -> datetime:
        """Its first moment, in UTC."""
        return _midnight(self.first)

    @property
    def until(self) -> datetime:
        """The first moment after it, in UTC."""
        return _midnight(self.last + timedelta(days=1))

    def months(self) -> Iterator["Period"]:
        """The calendar months it touches, as far as they lie in it."""
        first = self.first
        while first <= self.last:
            following = _month_after(first)
            yield Period(f"{first:%Y-%m}", first, min(self.last, following - timedelta(days=1)))
            first = following


def parse_period(text: str) -> Period:
    """The period that `text` means. Raises PeriodUnreadable, also for days in the wrong order."""
    try:
        first, last = _days(text.strip())
    except (ValueError, OverflowError) as error:
        raise PeriodUnreadable(text) from error
    # At both ends of the calendar there are days that begin at no moment that UTC has.
    if last < first or first.year == date.min.year or last.year == date.max.year:
        raise PeriodUnreadable(text)
    return Period(text.strip(), first, last)


def _days(text: str) -> tuple[date, date]:
    if match := _YEAR.fullmatch(text):
        return date(int(match[1]), 1, 1), date(int(match[1]), 12, 31)
    if match := _QUARTER.fullmatch(text):
        first = date(int(match[1]), 3 * int(match[2]) - 2, 1)
        return first, _month_after(first + timedelta(days=62)) - timedelta(days=1)
    if match := _MONTH.fullmatch(text):
        first = date(int(match[1]), int(match[2]), 1)
        return first, _month_after(first) - timedelta(days=1)
    if match := _DAYS.fullmatch(text):
        return date.fromisoformat(match[1]), date.fromisoformat(match[2])
    raise ValueError(text)


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)
