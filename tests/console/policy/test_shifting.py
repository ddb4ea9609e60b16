"""What other terms would do, side by side: days that lose, days that gain, months where days are too many."""

from datetime import UTC, date, datetime

from console.policy.shifting import WIDEST, by_day, lines
from vault.disposal.shifts import Shift
from vault.disposal.timetable import Counts

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def december(day: int) -> date:
    return date(2026, 12, day)


def counts(days: dict[date, int]) -> Counts:
    return Counts(0, days, 0, 0)


def test_both_numbers_of_each_day() -> None:
    due = counts({december(1): 4, december(2): 2})
    shift = Shift(2, 1, 0, 0, {december(1): 3}, {december(2): 1, december(9): 2})
    assert list(by_day(due, shift)) == [
        (december(1), 4, 1),
        (december(2), 2, 3),
        (december(9), 0, 2),
    ]
    assert list(lines(due, shift, NOW)) == [
        f"01-12-2026  4 → 1  {'█' * 8}",
        f"02-12-2026  2 → 3  {'█' * 23}",
        f"09-12-2026  0 → 2  {'█' * 15}",
    ]


def test_what_went_while_it_was_counted_is_not_less_than_nothing() -> None:
    shift = Shift(1, 0, 0, 0, {december(1): 1}, {december(2): 1})
    assert list(by_day(counts({}), shift)) == [(december(1), 0, 0), (december(2), 0, 1)]


def test_a_long_term_is_shown_by_month() -> None:
    due = counts({december(1): 10, december(31): 10})
    shift = Shift(0, 20, 0, 0, due.days, {date(2036, 12, 1): 20})
    assert list(lines(due, shift, NOW)) == ["12-2026  20 →  0", f"12-2036   0 → 20  {'█' * WIDEST}"]


def test_nothing_moves_nothing() -> None:
    assert list(lines(counts({}), Shift(), NOW)) == []
