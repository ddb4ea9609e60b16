"""Cedar's values as we read them: held against Cedar itself, at every boundary."""

from datetime import UTC, datetime, timedelta

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.values import (
    PARTS,
    Moment,
    Overflow,
    Span,
    as_datetime,
    day_of,
    fitting,
    moment,
    read_datetime,
    read_duration,
    time_of,
)

QUESTION = {"principal": 'P::"p"', "action": 'Action::"a"', "resource": 'R::"r"', "context": {}}
MOMENTS = st.integers(-(10**13), 10**14).map(Moment)


def cedar_says(expression: str) -> bool:
    answer = cedarpy.is_authorized(
        QUESTION, f"permit (principal, action, resource) when {{ {expression} }};", []
    )
    assert answer.diagnostics.errors == []
    return answer.allowed


def written(at: Moment) -> str:
    return f'datetime("1970-01-01").offset(duration("{at.ms}ms"))'


@pytest.mark.parametrize("text", ["1d", "24h", "1d2h3m4s5ms", "-1h500ms", "90m", "0ms", "-3d"])
def test_durations_are_as_long_as_cedars(text: str) -> None:
    assert cedar_says(f'duration("{text}").toMilliseconds() == {read_duration(text).ms}')


@pytest.mark.parametrize("text", ["x", "1h1d", "1 d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        read_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-10",
        "2026-03-10T12:00:00Z",
        "2026-03-10T12:00:00.123Z",
        "2026-03-10T12:00:00+0100",
        "2026-03-10T12:00:00.001-0530",
        "1969-12-31T23:59:59.999Z",
    ],
)
def test_datetimes_are_cedars(text: str) -> None:
    assert cedar_says(f'datetime("{text}") == {written(read_datetime(text))}')


@given(at=MOMENTS)
def test_day_and_time_are_cedars(at: Moment) -> None:
    assert cedar_says(f"{written(at)}.toDate() == {written(day_of(at))}")
    assert cedar_says(f'{written(at)}.toTime() == duration("{time_of(at).ms}ms")')


@given(ms=st.integers(-(10**12), 10**12), part=st.sampled_from(sorted(PARTS)))
def test_parts_of_durations_are_cedars(ms: int, part: str) -> None:
    assert cedar_says(f'duration("{ms}ms").{part}() == {PARTS[part](Span(ms))}')


def test_a_moment_is_cut_off_at_the_millisecond() -> None:
    second = datetime(2026, 3, 10, tzinfo=UTC)
    assert as_datetime(moment(second + timedelta(microseconds=1999))) == second + timedelta(milliseconds=1)
    before = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert moment(before) == Moment(-1)


def test_numbers_fit_or_overflow() -> None:
    assert fitting(2**63 - 1)
    assert fitting(-(2**63))
    for number in (2**63, -(2**63) - 1):
        with pytest.raises(Overflow):
            fitting(number)
