from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from policies.moments import folds, milliseconds
from tests.policies.world import NOW, World

WORLD = World("voorbeeldstad")


def test_a_part_of_a_millisecond_is_cut_off() -> None:
    began = datetime(1970, 1, 1, tzinfo=UTC)
    for microseconds, expected in ((0, 0), (1999, 1), (2000, 2), (-1, -1)):
        assert milliseconds(began + timedelta(microseconds=microseconds)) == expected


def test_a_moment_is_the_same_wherever_it_is_told() -> None:
    assert milliseconds(NOW.astimezone(timezone(timedelta(hours=5)))) == milliseconds(NOW)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError, match="naive"):
        milliseconds(NOW.replace(tzinfo=None))


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    """Python takes its halves for equal when they are told in Amsterdam's time."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))
    second = first.replace(fold=1)
    assert first == second
    assert milliseconds(second) - milliseconds(first) == 3_600_000
    assert [folds(WORLD.search(since=each)) for each in (first, second)] == [(0, 0, 0), (1, 0, 0)]


def test_what_is_not_there_has_no_folds() -> None:
    assert folds(None, replace(WORLD.recording)) == (0, 0)
