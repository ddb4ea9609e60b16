"""The dry run: what will be taken and why, what will not and why, page by page; and it changes nothing."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from console.demo import town
from policies.engine import Decision
from policies.retention import UNTIL_RELEASED, days_later
from tests.foreseeing import held, recorded, rows_only
from tests.installation import Installation
from tests.ruling import ONE
from tests.vault.disposal.test_foresight import disposing
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.disposal.coming import Awaited, Because, Begun, Page, Part, Place, Question, coming
from vault.rule_records import record

__all__ = ["rows_only"]
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
UNTIL = NOW + DAY


def page(made: Installation, part: Part = Part.DUE, until: datetime = UNTIL, **more: Any) -> Page:
    found = coming(made.vault, ONE, Question(town.SLUG, part, until, **more), now=NOW)
    assert isinstance(found, Page)
    return found


def awaited(made: Installation, part: Part = Part.DUE) -> dict[UUID, Awaited]:
    return {row.recording: row for row in page(made, part).rows if isinstance(row, Awaited)}


def test_by_its_own_term(rows_only: Installation) -> None:
    began = NOW - 28 * DAY + timedelta(hours=3)
    recording = recorded(rows_only, began)
    recorded(rows_only, NOW - 10 * DAY)
    [row] = awaited(rows_only).values()
    assert row == Awaited(
        recording=recording,
        regime="avg",
        quarantined=False,
        begins=began,
        term_days=28,
        term_ends=days_later(began, 28),
        due=days_later(began, 28),
        because=Because.TERM_OVER,
        holds=[],
    )
    assert row.taken
    assert page(rows_only).rule_set == rows_only.vault.rule_sets.of(town.SLUG).digest


def test_after_the_term_that_followed_a_hold(rows_only: Installation) -> None:
    lifted = NOW - 20 * DAY
    due = days_later(lifted, 21)
    recording = recorded(rows_only, NOW - 60 * DAY, due=due)
    held(rows_only, recording, NOW - 50 * DAY, lifted_at=lifted, days_after=21)
    held(rows_only, recording, NOW - 50 * DAY, trigger="demand", lifted_at=lifted)
    row = awaited(rows_only)[recording]
    assert (row.because, row.due, row.taken) == (Because.FOLLOW_UP_OVER, due, True)
    assert {hold.trigger: hold.until for hold in row.holds} == {"complaint": due, "demand": lifted}


def test_quarantine_counts_from_the_day_it_came(rows_only: Installation) -> None:
    came = NOW - 28 * DAY
    recorded(
        rows_only,
        datetime(1970, 1, 1, tzinfo=UTC),
        due=days_later(came, 28),
        state="quarantined",
        kept_at=came,
    )
    [row] = awaited(rows_only).values()
    assert (row.quarantined, row.begins, row.taken) == (True, came, True)


def test_what_is_held_stays(rows_only: Installation) -> None:
    recording = recorded(rows_only, NOW - 30 * DAY, due=UNTIL_RELEASED)
    hold = held(rows_only, recording, NOW - 9 * DAY)
    assert awaited(rows_only) == {}
    row = awaited(rows_only, Part.HELD)[recording]
    assert (row.because, row.due, row.taken) == (Because.HELD, None, False)
    [found] = row.holds
    assert (found.id, found.released_by, found.until) == (hold, "settled", None)


def test_what_is_held_is_not_due_by_any_moment(rows_only: Installation) -> None:
    recording = recorded(rows_only, NOW - 60 * DAY, due=UNTIL_RELEASED)
    held(rows_only, recording, NOW - 50 * DAY)
    assert page(rows_only, until=datetime(9999, 12, 31, tzinfo=UTC)).rows == []


def test_what_only_the_re_check_would_spare_is_told(rows_only: Installation) -> None:
    """Should the row and its holds ever disagree, the dry run says what the sweep would do."""
    late = recorded(rows_only, NOW - 40 * DAY)
    held(rows_only, late, NOW - 30 * DAY, lifted_at=NOW - DAY, days_after=90)
    freed = recorded(rows_only, NOW - 40 * DAY)
    held(rows_only, freed, NOW - 30 * DAY)
    rows = awaited(rows_only)
    assert (rows[late].because, rows[late].due) == (Because.STAYS, days_later(NOW - DAY, 90))
    assert rows[freed].because is Because.HELD
    assert not any(row.taken for row in rows.values())


def test_what_was_due_under_shorter_terms_is_taken(rows_only: Installation) -> None:
    recording = recorded(rows_only, NOW - 20 * DAY, due=NOW - 6 * DAY)
    record(rows_only.vault, now=NOW - 5 * DAY)
    row = awaited(rows_only)[recording]
    assert (row.because, row.due) == (Because.TERM_OVER, NOW - 6 * DAY)


def test_an_end_that_a_hand_wrote_is_not_its_end(rows_only: Installation) -> None:
    recording = recorded(rows_only, NOW - 20 * DAY, due=NOW - 6 * DAY)
    row = awaited(rows_only)[recording]
    assert (row.because, row.due, row.taken) == (Because.STAYS, days_later(NOW - 20 * DAY, 28), False)


def test_what_is_under_way(rows_only: Installation) -> None:
    disposing(rows_only, NOW + 3 * DAY)
    disposing(rows_only, None, disposed_at=NOW)
    [row] = page(rows_only, Part.UNFINISHED).rows
    assert isinstance(row, Begun)
    assert (row.ground, row.begun_at, row.locked_until) == ("term-over", NOW - 2 * DAY, NOW + 3 * DAY)


@pytest.mark.parametrize("part", Part)
def test_page_after_page_each_once_and_the_first_to_go_first(rows_only: Installation, part: Part) -> None:
    for number in range(5):
        # Two of the same moment, so that the id must decide.
        due = UNTIL_RELEASED if part is Part.HELD else NOW - (number // 2) * DAY
        if part is Part.UNFINISHED:
            disposing(rows_only, None)
        else:
            recorded(rows_only, NOW - 40 * DAY, due=due)
    whole = [row.recording for row in page(rows_only, part).rows]
    assert (len(whole), len(set(whole)), page(rows_only, part).next_after) == (5, 5, None)
    found: list[UUID] = []
    after: Place | None = None
    for expected in (2, 2, 1):
        some = page(rows_only, part, after=after, most=2)
        assert len(some.rows) == expected
        found += [row.recording for row in some.rows]
        after = some.next_after
    assert after is None
    assert found == whole


def test_a_look_is_an_entry_and_nothing_else(small: Installation) -> None:
    recording = recorded(small, NOW - 40 * DAY)
    page(small, after=Place(NOW - 90 * DAY, recording))
    [entry] = entries(small, Event.RETENTION_READ)
    assert json.loads(entry.leaf)["facts"] == {"shown": "due"}
    assert payload_of(small, entry)["details"] == {"after": str(recording)}
    assert entries(small, Event.RECORDING_DISPOSING) == []


def test_who_may_not(small: Installation) -> None:
    recorded(small, NOW - 40 * DAY)
    for part in Part:
        question = Question(town.SLUG, part, UNTIL)
        assert isinstance(coming(small.vault, small.caller(town.SUPERVISOR), question, now=NOW), Decision)
    assert len(entries(small, Event.RETENTION_DENIED)) == 3
