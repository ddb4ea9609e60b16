"""Periods as people write them, and the moments they mean."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from vault.evidence.periods import PeriodUnreadable, parse_period


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2028-q1", date(2028, 1, 1), date(2028, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        (" 2026-10-03..2026-10-03 ", date(2026, 10, 3), date(2026, 10, 3)),
        ("2026-11-30..2027-02-01", date(2026, 11, 30), date(2027, 2, 1)),
    ],
)
def test_a_period_is_whole_days(text: str, first: date, last: date) -> None:
    period = parse_period(text)
    assert (period.first, period.last) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "26",
        "2026-Q5",
        "2026-13",
        "2026-00",
        "0000",
        "0001",
        "9999",
        "9999-12",
        "9999-Q4",
        "9999-12-30..9999-12-31",
        "2026-02-30..2026-03-01",
        "2026-03-02..2026-03-01",
        "2026-3",
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(PeriodUnreadable):
        parse_period(text)


def test_days_begin_at_midnight_in_amsterdam() -> None:
    period = parse_period("2026-03-29..2026-03-29")
    assert period.since == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert period.until == datetime(2026, 3, 29, 22, tzinfo=UTC)  # a day of 23 hours


def test_months_follow_each_other_and_stay_within() -> None:
    months = list(parse_period("2026-11-30..2027-02-01").months())
    assert [month.asked for month in months] == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert months[0].first == date(2026, 11, 30)
    assert months[-1].last == date(2027, 2, 1)
    assert all(one.until == other.since for one, other in pairwise(months))
    assert len(list(parse_period("2026").months())) == 12
