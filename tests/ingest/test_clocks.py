"""The camera's clock corrected by the dock's: the same distance before either, whatever zone they speak."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clocks import Clocks, ClocksMalformed, read

DOCK = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_neither_clock_corrects_nothing() -> None:
    assert read({}) is None
    assert read({"cameraClock": "", "dockClock": ""}) is None


@pytest.mark.parametrize(
    "said",
    [
        {"cameraClock": "2026-05-04T13:05:00Z"},
        {"dockClock": "2026-05-04T13:05:00Z", "cameraClock": ""},
        {"cameraClock": "1970-01-01", "dockClock": "2026-05-04T13:05:00Z"},
        {"cameraClock": "0001-01-01T00:00:00+14:00", "dockClock": "2026-05-04T13:05:00Z"},
    ],
)
def test_half_a_pair_and_what_is_no_moment_are_refused(said: dict[str, str]) -> None:
    with pytest.raises(ClocksMalformed):
        read(said)


def test_both_are_read_with_their_zones() -> None:
    said = {"cameraClock": "2026-10-25T02:30:00+02:00", "dockClock": "2026-10-25T02:30:00+01:00"}
    assert read(said) == Clocks(DOCK - timedelta(hours=1), DOCK)


@given(
    st.timedeltas(timedelta(days=-20_000), timedelta(days=20_000)),
    st.timedeltas(timedelta(0), timedelta(days=1)),
    st.integers(-14, 14),
)
def test_whatever_the_camera_said_the_distance_to_docking_stays(
    off: timedelta, before: timedelta, zone: int
) -> None:
    camera = (DOCK + off).astimezone(timezone(timedelta(hours=zone)))
    assert Clocks(camera, DOCK).corrected(camera - before) == DOCK - before


def test_out_of_the_calendar_is_no_moment() -> None:
    clocks = Clocks(datetime(1, 1, 2, tzinfo=UTC), DOCK)
    with pytest.raises(ClocksMalformed):
        clocks.corrected(datetime(8999, 1, 1, tzinfo=UTC))
