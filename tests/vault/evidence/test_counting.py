"""Counting: an entry counts in the Dutch month that it fell in, and in no other; on both databases."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from console.demo import town
from tests.installation import MAKER, Installation
from vault import audit
from vault.audit import Entry, Event
from vault.evidence.counting import counted, recordings_watched
from vault.evidence.periods import parse_period

A_MOMENT = timedelta(microseconds=1)
ONE = str(UUID(int=1))


def watched(made: Installation, *moments: datetime, municipality: str = town.SLUG) -> None:
    """Something of one recording was watched at each of these moments, for one purpose."""
    with made.vault.database.transaction() as session:
        for at in moments:
            entry = Entry(
                event=Event.VIEWING_SERVED,
                at=at,
                actor=MAKER,
                municipality=municipality,
                thing=("recording", ONE),
                decision="allow",
                rule_set="0" * 64,
                rules=["watch-under-grant"],
                purpose="klacht",
            )
            audit.append(session, made.vault.ring, entry)


def numbers(made: Installation, period: str, municipality: str = town.SLUG) -> dict[str, int]:
    """How many were watched, by month."""
    with made.vault.database.reading() as session:
        found = counted(session, municipality, parse_period(period))
    return {each.month: each.number for each in found if each.event == Event.VIEWING_SERVED}


@pytest.mark.parametrize(
    ("begins", "before", "after"),
    [
        # Winter: an hour before UTC's. Summer: two.
        (
            datetime(2026, 12, 31, 23, tzinfo=UTC),
            ("2026-12", "2026-Q4", "2026"),
            ("2027-01", "2027-Q1", "2027"),
        ),
        (datetime(2027, 6, 30, 22, tzinfo=UTC), ("2027-06", "2027-Q2"), ("2027-07", "2027-Q3")),
        # The clock moves on the last day of the month before, and back on a day within one.
        (datetime(2024, 3, 31, 22, tzinfo=UTC), ("2024-03", "2024-Q1"), ("2024-04", "2024-Q2")),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), ("2026-10-24..2026-10-24",), ("2026-10-25..2026-10-25",)),
        (datetime(2026, 10, 25, 23, tzinfo=UTC), ("2026-10-25..2026-10-25",), ("2026-10-26..2026-10-26",)),
    ],
    ids=["year", "quarter", "summer-begins", "summer-ends", "a-day-of-25-hours"],
)
def test_a_moment_is_in_one_period(
    installation: Installation, begins: datetime, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    watched(installation, begins - A_MOMENT, begins, begins + A_MOMENT)
    for period in before:
        assert list(numbers(installation, period).values()) == [1], period
    for period in after:
        assert list(numbers(installation, period).values()) == [2], period


def test_municipalities_are_apart(installation: Installation) -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    watched(installation, at, at)
    watched(installation, at, municipality="noordwijk")
    assert numbers(installation, "2026-11") == {"2026-11": 2}
    assert numbers(installation, "2026-11", "noordwijk") == {"2026-11": 1}
    with installation.vault.database.reading() as session:
        november = parse_period("2026-11")
        assert recordings_watched(session, town.SLUG, november) == {"klacht": 1}
        assert recordings_watched(session, "noordwijk", november) == {"klacht": 1}
        assert recordings_watched(session, "noordwijk", parse_period("2026-10")) == {}
