"""What other terms come to: against what is counted once they are in force."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from console.demo import town
from policies.retention import UNTIL_RELEASED, days_later
from tests.foreseeing import held, recorded, rows_only
from tests.installation import Installation
from tests.ruling import ONE, OTHER, proposed, texts
from vault import rule_changes
from vault.disposal.shifts import Shift, shift_of
from vault.disposal.timetable import Counts, day_of, due_per_day, last_due
from vault.ids import RecordingId
from vault.tables import Recording
from vault.term_changes import Move
from vault.what_if import Examination, examine

__all__ = ["rows_only"]
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def move(before: datetime, after: datetime, made: Installation, placed: datetime | None = None) -> Move:
    recording = recorded(made, NOW - DAY, due=before, placed_for=placed)
    return Move(RecordingId(recording), before, after)


def shift(made: Installation, *moves: Move) -> Shift:
    with made.vault.database.reading() as session:
        return shift_of(session, moves, NOW)


def test_earlier_later_at_once(rows_only: Installation) -> None:
    found = shift(
        rows_only,
        move(NOW + 9 * DAY, NOW + 5 * DAY, rows_only),
        move(NOW + 9 * DAY, NOW - 5 * DAY, rows_only),
        move(NOW + 9 * DAY, NOW + 12 * DAY, rows_only),
    )
    assert (found.earlier, found.later, found.at_once, found.locked) == (2, 1, 1, 0)
    assert found.leaving == {day_of(NOW + 9 * DAY): 3}
    # What is due at once is so today, not in the past.
    assert found.arriving == {day_of(NOW + number * DAY): 1 for number in (0, 5, 12)}
    assert shift(rows_only) == Shift()


def test_a_lock_that_outlasts_the_new_term_is_told(rows_only: Installation) -> None:
    before, after = NOW + 9 * DAY, NOW + 5 * DAY
    found = shift(
        rows_only,
        move(before, after, rows_only, placed=before),
        move(before, after, rows_only, placed=after),
        move(before, NOW - DAY, rows_only, placed=NOW - timedelta(hours=1)),
        move(before, NOW - DAY, rows_only, placed=before),
        move(before, after, rows_only),
    )
    assert found.locked == 2


def test_shifts_add_up() -> None:
    today, other = day_of(NOW), day_of(NOW + DAY)
    one = Shift(1, 2, 3, 4, {today: 1}, {other: 1})
    two = Shift(10, 20, 30, 40, {today: 1, other: 2}, {other: 5})
    assert one + two == Shift(11, 22, 33, 44, {today: 2, other: 2}, {other: 6})
    assert Shift() + one == one
    assert (one + two).apply({today: 3, other: 1}) == {today: 1, other: 5}
    assert one.apply({today: 1}) == {other: 1}


@pytest.mark.parametrize("days", [7, 14, 60])
def test_it_tells_what_then_is_counted(rows_only: Installation, days: int) -> None:
    vault = rows_only.vault
    for number in range(27):
        recorded(rows_only, NOW - number * DAY - timedelta(minutes=30))
    stays = recorded(rows_only, NOW - 3 * DAY, due=UNTIL_RELEASED)
    held(rows_only, stays, NOW - 2 * DAY)
    found = examine(vault, ONE, town.SLUG, texts({"term_days = 28": f"term_days = {days}"}), now=NOW)
    assert isinstance(found, Examination)
    before = found.due()
    moves = found.moves().found
    told = found.shift(moves)
    assert len(moves) == told.earlier + told.later == 27
    assert counted(rows_only) == before
    change = proposed(rows_only, {"term_days = 28": f"term_days = {days}"}, now=NOW)
    rule_changes.activate(vault, OTHER, change, now=NOW)
    after = counted(rows_only)
    assert (after.overdue, after.held) == (told.at_once, 1)
    expected = told.apply(before.days)
    today = day_of(NOW)
    expected[today] = expected.get(today, 0) - told.at_once
    assert after.days == {day: number for day, number in expected.items() if number}
    with vault.database.reading() as session:
        assert session.scalar(select(Recording.dispose_after).where(Recording.id == stays)) == UNTIL_RELEASED


def counted(made: Installation) -> Counts:
    with made.vault.database.reading() as session:
        return due_per_day(session, town.SLUG, now=NOW, last=last_due(session, town.SLUG, NOW))


def test_the_last_day(rows_only: Installation) -> None:
    with rows_only.vault.database.reading() as session:
        assert last_due(session, town.SLUG, NOW) == day_of(NOW)
    recorded(rows_only, NOW - 50 * DAY)
    recorded(rows_only, NOW, due=UNTIL_RELEASED)
    with rows_only.vault.database.reading() as session:
        assert last_due(session, town.SLUG, NOW) == day_of(NOW)
    recorded(rows_only, NOW, due=days_later(NOW, 400))
    with rows_only.vault.database.reading() as session:
        assert last_due(session, town.SLUG, NOW) == day_of(days_later(NOW, 400))
