"""Office hours: by the clock in Amsterdam, whatever the clock changes do."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.hours import OfficeHours, parse_hours
from policies.problems import RuleSetInvalid
from policies.retention import AMSTERDAM
from policies.terms import parse_terms
from tests.policies.test_terms import GOOD
from vault.trail.circumstances import ordinary_hours

WEEK = 'days = ["monday", "friday"]\nfrom = 08:00:00\nuntil = 17:30:00\n'


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("moment", "outside"),
    [
        ("2026-11-23 07:59:59.999999", True),
        ("2026-11-23 08:00", False),
        ("2026-11-23 17:29:59", False),
        ("2026-11-23 17:30", True),
        ("2026-11-24 12:00", True),
        ("2026-11-27 12:00", False),
        ("2026-11-29 12:00", True),
    ],
)
def test_days_and_edges(moment: str, outside: bool) -> None:
    assert parse_hours(WEEK).outside(local(moment)) is outside


def test_the_clock_is_that_of_amsterdam_in_winter_and_in_summer() -> None:
    hours = parse_hours(WEEK)
    # Seven in UTC is eight in winter and nine in summer; the Friday before and the Monday after the change.
    assert not hours.outside(datetime(2026, 10, 26, 7, tzinfo=UTC))
    assert hours.outside(datetime(2026, 10, 26, 6, 30, tzinfo=UTC))
    assert not hours.outside(datetime(2026, 10, 23, 6, tzinfo=UTC))
    assert hours.outside(datetime(2026, 10, 23, 15, 30, tzinfo=UTC))
    assert not hours.outside(datetime(2026, 10, 26, 16, 29, tzinfo=UTC))


def test_the_hour_that_comes_twice_is_the_same_hour_twice() -> None:
    night = parse_hours('days = ["sunday"]\nfrom = 02:00:00\nuntil = 03:00:00\n')
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    told = [night.outside(first + timedelta(hours=hour)) for hour in (-1, 0, 1, 2)]
    assert told == [True, False, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "days = []\nfrom = 08:00:00\nuntil = 17:00:00\n",
        'days = ["someday"]\nfrom = 08:00:00\nuntil = 17:00:00\n',
        'days = ["monday"]\nfrom = 17:00:00\nuntil = 08:00:00\n',
        'days = ["monday"]\nfrom = 08:00:00\nuntil = 08:00:00\n',
        'days = ["monday"]\nfrom = "08:00"\nuntil = 17:00:00\n',
        'days = ["monday"]\nfrom = 08:00:00\nuntil = 17:00:00\nholidays = true\n',
        "from = 08:00:00\nuntil = 17:00:00\n",
    ],
)
def test_what_is_no_office_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        parse_hours(text)


def test_a_moment_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        parse_hours(WEEK).outside(datetime(2026, 11, 23, 8))  # noqa: DTZ001


def test_a_municipality_may_have_its_own() -> None:
    assert parse_terms(GOOD).office_hours is None
    own = parse_terms(f"{GOOD}\n[office_hours]\n{WEEK}").office_hours
    assert own == parse_hours(WEEK)
    with pytest.raises(RuleSetInvalid, match="office_hours"):
        parse_terms(f"{GOOD}\n[office_hours]\ndays = []\nfrom = 08:00:00\nuntil = 09:00:00\n")


def test_those_that_come_with_the_software_are_a_working_day() -> None:
    hours = ordinary_hours()
    assert isinstance(hours, OfficeHours)
    assert not hours.outside(local("2026-11-23 09:00"))
    assert hours.outside(local("2026-11-28 09:00"))
