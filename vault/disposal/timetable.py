"""How much footage is due when: counted by the database, for each calendar day of Amsterdam.

A count looks at the ends of a range in the index ``ix_recording_due_of`` and at what lies between, never at a
recording: a million of them take a fraction of a second.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Integer, bindparam, column, func, select, values
from sqlalchemy.orm import Session

from policies.retention import AMSTERDAM, UNTIL_RELEASED
from vault.base import table_of
from vault.db import UtcDateTime
from vault.tables import Recording, State

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
"""Two moments of a database are not closer than that."""
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
_EVER = UNTIL_RELEASED + 100 * _DAY
_RECORDINGS = table_of(Recording)
# Written out in the statement: a partial index is not chosen for what is only known when it runs.
AWAITED: ColumnElement[bool] = _RECORDINGS.c.state.in_(
    bindparam("awaited", [State.KEPT, State.QUARANTINED], expanding=True, literal_execute=True)
)
"""What the sweep will come for."""
_AT_ONCE = 1000
"""Ranges counted with one question."""


class Range(NamedTuple):
    """A stretch of time; `ends` is not in it."""

    begins: datetime
    ends: datetime


def day_of(moment: datetime) -> date:
    """The calendar day in Amsterdam on which this moment is."""
    return moment.astimezone(AMSTERDAM).date()


def midnight(day: date) -> datetime:
    """When a calendar day begins in Amsterdam, in UTC. No change of the clock is at midnight there."""
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)


def days_from(first: date, last: date) -> Iterator[date]:
    """Each calendar day from the first to the last, both with it."""
    return (first + number * _DAY for number in range((last - first).days + 1))


class Counts(NamedTuple):
    """What is kept or in quarantine in one municipality, by when it is due. Held footage is due never."""

    overdue: int
    """Already. Must be zero, but for the minutes that a sweep takes."""
    days: Mapping[date, int]
    """From what is left of today; only days on which anything is due."""
    later: int
    """After the last of the days: what stays longer because something held it."""
    held: int


def due_per_day(session: Session, municipality: str, *, now: datetime, last: date) -> Counts:
    """Count what will be due, each day from today to `last`."""
    first = day_of(now)
    days = list(days_from(first, last))
    until = midnight(last + _DAY)
    after_now = now + _INSTANT
    ranges = [
        Range(_LONG_AGO, after_now),
        Range(until, UNTIL_RELEASED),
        Range(UNTIL_RELEASED, _EVER),
        *(Range(max(after_now, midnight(day)), midnight(day + _DAY)) for day in days),
    ]
    overdue, later, held, *found = count(session, municipality, ranges)
    return Counts(
        overdue, {day: number for day, number in zip(days, found, strict=True) if number}, later, held
    )


def last_due(session: Session, municipality: str, now: datetime) -> date:
    """The last day on which anything that is not held will be due; today when nothing will."""
    last = session.scalar(
        select(func.max(_RECORDINGS.c.dispose_after)).where(
            _RECORDINGS.c.municipality_id == municipality,
            AWAITED,
            _RECORDINGS.c.dispose_after < UNTIL_RELEASED,
        )
    )
    return day_of(max(last or now, now))


def count(session: Session, municipality: str, ranges: Sequence[Range]) -> list[int]:
    """How many recordings are due within each of these stretches of time, in their order."""
    found: list[int] = []
    for start in range(0, len(ranges), _AT_ONCE):
        found += _count(session, municipality, ranges[start : start + _AT_ONCE])
    return found


def _count(session: Session, municipality: str, ranges: Sequence[Range]) -> Iterator[int]:
    moment = UtcDateTime()
    given = values(
        column("number", Integer), column("begins", moment), column("ends", moment), name="given"
    ).data([(number, *each) for number, each in enumerate(ranges)])
    asked = given.cte("asked")
    # A question of its own for each range, so that each is looked up in the index, whatever the planner
    # believes of how many there are.
    within = (
        select(func.count())
        .select_from(_RECORDINGS)
        .where(
            _RECORDINGS.c.municipality_id == municipality,
            AWAITED,
            _RECORDINGS.c.dispose_after >= asked.c.begins,
            _RECORDINGS.c.dispose_after < asked.c.ends,
        )
        .scalar_subquery()
    )
    rows = dict(session.execute(select(asked.c.number, within)).all())
    return (rows[number] for number in range(len(ranges)))
