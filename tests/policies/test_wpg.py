"""Stages of police data: by the calendar in Amsterdam, to the millisecond, and never back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.retention import AMSTERDAM, days_between, years_after
from policies.wpg import LONGEST_TERM_DAYS, YEARS, Stage, state_of
from tests.policies.world import rule_set

ORDER = list(Stage)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("recorded", "now", "stage"),
    [
        ("2026-01-12 11:00", "2026-01-12 11:00", Stage.FREE),
        ("2026-01-12 11:00", "2027-01-12 10:59:59.999", Stage.FREE),
        ("2026-01-12 11:00", "2027-01-12 11:00", Stage.COMPARED),
        ("2026-01-12 11:00", "2031-01-12 10:59:59.999", Stage.COMPARED),
        ("2026-01-12 11:00", "2031-01-12 11:00", Stage.REMOVED),
        ("2026-01-12 11:00", "2036-01-12 10:59:59.999", Stage.REMOVED),
        ("2026-01-12 11:00", "2036-01-12 11:00", Stage.DESTROYED),
        ("2026-01-12 11:00", "2099-01-12 11:00", Stage.DESTROYED),
        # Summer time of one year and not yet of the other: noon is noon. 28 March 2027, 29 March 2026.
        ("2026-03-28 11:00", "2027-03-28 09:59", Stage.FREE),
        ("2026-03-28 11:00", "2027-03-28 10:00", Stage.COMPARED),
        ("2025-10-25 10:00", "2026-10-25 10:59", Stage.FREE),
        ("2025-10-25 10:00", "2026-10-25 11:00", Stage.COMPARED),
        # Just after midnight in Amsterdam, when it is the day before in UTC.
        ("2025-12-31 23:30", "2026-12-31 23:29", Stage.FREE),
        ("2025-12-31 23:30", "2026-12-31 23:30", Stage.COMPARED),
        # Made on a leap day: a year is over on 1 March, never on 28 February.
        ("2028-02-29 11:00", "2029-02-28 22:59", Stage.FREE),
        ("2028-02-29 11:00", "2029-03-01 11:00", Stage.COMPARED),
    ],
)
def test_it_comes_to_the_next_stage_by_the_calendar(recorded: str, now: str, stage: Stage) -> None:
    assert state_of(utc(recorded), utc(now)) is stage


def test_a_part_of_a_millisecond_does_not_count() -> None:
    """So that nobody is told otherwise than the rules decide."""
    made, year = utc("2026-01-12 11:00:00.000999"), utc("2027-01-12 11:00:00.000001")
    assert state_of(made, year) is Stage.COMPARED
    assert state_of(made + timedelta(microseconds=1), year) is Stage.FREE


moments = st.datetimes(datetime(2016, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside it


@given(moments, st.sampled_from(list(YEARS)))
def test_a_stage_begins_when_so_many_years_are_over(made: datetime, stage: Stage) -> None:
    over, hour = years_after(made, YEARS[stage]), timedelta(hours=1)
    # An hour that is skipped or comes twice may lie between.
    assert ORDER.index(state_of(made, over + hour)) >= ORDER.index(stage)
    assert ORDER.index(state_of(made, over - hour - timedelta(milliseconds=1))) < ORDER.index(stage)


@given(
    moments,
    st.timedeltas(timedelta(), timedelta(days=4500)),
    st.timedeltas(timedelta(hours=1), timedelta(days=900)),
)
def test_it_never_comes_back_to_an_earlier_stage(made: datetime, passed: timedelta, more: timedelta) -> None:
    now = made + passed
    assert ORDER.index(state_of(made, now + more)) >= ORDER.index(state_of(made, now))


def test_in_whatever_zone_the_moments_are_told() -> None:
    made, now = utc("2026-01-12 11:00"), utc("2027-01-12 11:00")
    for zone in (AMSTERDAM, timezone(timedelta(hours=-9))):
        assert state_of(made.astimezone(zone), now.astimezone(zone)) is Stage.COMPARED
    with pytest.raises((ValueError, TypeError)):
        state_of(made.replace(tzinfo=None), now)
    with pytest.raises(ValueError, match="time zone"):
        state_of(made, now.replace(tzinfo=None))


@given(moments)
def test_the_longest_term_is_never_past_the_last_stage(made: datetime) -> None:
    assert days_between(made, years_after(made, 10)) >= LONGEST_TERM_DAYS
    assert min(days_between(utc(f"{year}-03-01 11:00"), utc(f"{year + 10}-03-01 11:00"))
               for year in range(2016, 2026)) == LONGEST_TERM_DAYS  # fmt: skip


def test_ten_years_are_published_so() -> None:
    assert rule_set("alphen-aan-den-rijn").terms.term_of("wpg") == LONGEST_TERM_DAYS
