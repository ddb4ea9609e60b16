from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.retention import AMSTERDAM, dispose_after


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
    assert dispose_after(utc(recorded), days) == utc(due)


def test_answers_in_utc_whatever_the_zone_asked_in() -> None:
    recorded = datetime(2026, 3, 15, 3, 30, tzinfo=timezone(timedelta(hours=2)))
    due = dispose_after(recorded, 14)
    assert due == utc("2026-03-29 01:30")
    assert due.tzinfo is UTC


@given(st.integers(946_684_800, 2_840_140_800), st.integers(1, 400))
def test_at_most_an_hour_off(second: int, days: int) -> None:
    recorded = datetime.fromtimestamp(second, UTC)
    due = dispose_after(recorded, days)
    passed = due - recorded
    assert timedelta(days=days, hours=-1) <= passed <= timedelta(days=days, hours=1)
    assert due.astimezone(AMSTERDAM).date() == recorded.astimezone(AMSTERDAM).date() + timedelta(days=days)


def test_refuses_what_it_cannot_count() -> None:
    with pytest.raises(ValueError, match="time zone"):
        dispose_after(datetime(2026, 1, 1), 14)  # noqa: DTZ001 - a time without zone is the point
    with pytest.raises(ValueError, match="at least one day"):
        dispose_after(utc("2026-01-01 00:00"), 0)
