from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.retention import AMSTERDAM, days_later, years_after, years_before


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("recorded", "days", "due"),
    [
        ("2026-01-10 11:30", 14, "2026-01-24 11:30"),  # winter throughout
        ("2026-07-10 11:30", 28, "2026-08-07 11:30"),  # summer throughout
        ("2026-03-20 11:30", 14, "2026-04-03 10:30"),  # 12:30 stays 12:30: an hour less has passed
        ("2026-10-20 10:30", 14, "2026-11-03 11:30"),  # 12:30 stays 12:30: an hour more has passed
        ("2024-02-15 11:30", 28, "2024-03-14 11:30"),  # leap year
        ("2026-12-31 22:30", 1, "2027-01-01 22:30"),
        # 29 March 2026, 02:00-03:00 does not exist: 02:30 becomes 03:30 summer time.
        ("2026-03-15 01:30", 14, "2026-03-29 01:30"),
        ("2026-03-15 00:59", 14, "2026-03-29 00:59"),
        ("2026-03-15 02:00", 14, "2026-03-29 01:00"),  # 03:00 exists
        # 25 October 2026, 02:00-03:00 comes twice: the first time, still summer time.
        ("2026-10-11 00:30", 14, "2026-10-25 00:30"),
        ("2026-10-11 01:00", 14, "2026-10-25 02:00"),  # 03:00 comes once
        # Recorded in either of the two: both read 02:30.
        ("2026-10-25 00:30", 14, "2026-11-08 01:30"),
        ("2026-10-25 01:30", 14, "2026-11-08 01:30"),
    ],
)
def test_same_clock_time_in_amsterdam(recorded: str, days: int, due: str) -> None:
    assert days_later(utc(recorded), days) == utc(due)


def test_answers_in_utc_whatever_the_zone_asked_in() -> None:
    recorded = datetime(2026, 3, 15, 3, 30, tzinfo=timezone(timedelta(hours=2)))
    due = days_later(recorded, 14)
    assert due == utc("2026-03-29 01:30")
    assert due.tzinfo is UTC


@given(st.integers(946_684_800, 2_840_140_800), st.integers(1, 400))
def test_at_most_an_hour_off(second: int, days: int) -> None:
    recorded = datetime.fromtimestamp(second, UTC)
    due = days_later(recorded, days)
    passed = due - recorded
    assert timedelta(days=days, hours=-1) <= passed <= timedelta(days=days, hours=1)
    assert due.astimezone(AMSTERDAM).date() == recorded.astimezone(AMSTERDAM).date() + timedelta(days=days)


def test_refuses_what_it_cannot_count() -> None:
    with pytest.raises(ValueError, match="time zone"):
        days_later(datetime(2026, 1, 1), 14)  # noqa: DTZ001 - a time without zone is the point
    with pytest.raises(ValueError, match="at least one day"):
        days_later(utc("2026-01-01 00:00"), 0)


@pytest.mark.parametrize(
    ("moment", "years", "earlier"),
    [
        ("2026-11-27 11:30", 5, "2021-11-27 11:30"),
        ("2026-07-01 10:30", 5, "2021-07-01 10:30"),
        # 27 March: summer time in 2033, not yet in 2027. 12:30 stays 12:30.
        ("2033-03-27 10:30", 6, "2027-03-27 11:30"),
        # A 29 February that there was not is the 28th.
        ("2032-02-29 11:30", 5, "2027-02-28 11:30"),
        ("2032-02-29 11:30", 4, "2028-02-29 11:30"),
        ("2033-02-28 11:30", 5, "2028-02-28 11:30"),
    ],
)
def test_so_many_years_earlier(moment: str, years: int, earlier: str) -> None:
    assert years_before(utc(moment), years) == utc(earlier)


def test_what_was_made_on_a_leap_day_is_over_a_day_later() -> None:
    assert years_after(utc("2028-02-29 11:30"), 5) == utc("2033-03-01 11:30")
    assert years_after(utc("2028-02-29 11:30"), 4) == utc("2032-02-29 11:30")


@given(st.integers(946_684_800, 2_840_140_800), st.integers(1, 20))
def test_a_term_of_years_is_over_when_it_was_said(second: int, years: int) -> None:
    made = datetime.fromtimestamp(second, UTC)
    over, hour = years_after(made, years), timedelta(hours=1)
    # An hour that is skipped or comes twice may lie between.
    assert years_before(over + hour, years) >= made
    assert years_before(over - hour - timedelta(seconds=1), years) < made + hour
    assert timedelta(days=365 * years) - hour <= over - made <= timedelta(days=366 * years) + hour


@pytest.mark.parametrize("count", [years_before, years_after])
def test_years_need_a_zone(count: Callable[[datetime, int], datetime]) -> None:
    with pytest.raises(ValueError, match="time zone"):
        count(datetime(2026, 3, 15), 5)  # noqa: DTZ001 - what is refused
