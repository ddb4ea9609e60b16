"""Other terms for what is kept: later, earlier, never back from the end, and nothing that stands apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from sqlalchemy import update

from console.demo import town
from policies.retention import days_later
from policies.terms import Terms, parse_terms
from tests.installation import Installation
from tests.ruling import texts
from tests.watching import footage, keep, row_of
from vault import term_changes
from vault.ids import RecordingId
from vault.tables import Recording
from vault.term_changes import due_under, move_all, moves

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BEGUN = datetime(2026, 10, 20, 9, 30, tzinfo=UTC)


def terms(days: int, wpg: int | None = None) -> Terms:
    more = f"\nwpg_term_days = {wpg}" if wpg else ""
    return parse_terms(texts()["terms.toml"].replace("term_days = 28", f"term_days = {days}{more}"))


def due(new: Terms, old: Terms, *, until: datetime, regime: str = "avg", now: datetime = BEGUN) -> datetime:
    return due_under(new, old, recorded_at=BEGUN, regime=regime, due=until, now=now)


def test_the_new_term_is_counted_from_the_recording() -> None:
    before = days_later(BEGUN, 28)
    # Amsterdam's clock goes back on 25 October: fourteen days later by the clock is an hour more.
    assert due(terms(14), terms(28), until=before) == BEGUN + timedelta(days=14, hours=1)
    assert due(terms(60), terms(28), until=before) == days_later(BEGUN, 60)
    assert due(terms(14, wpg=365), terms(28), until=before, regime="wpg") == days_later(BEGUN, 365)


def test_what_is_over_stays_over() -> None:
    before = days_later(BEGUN, 28)
    assert due(terms(60), terms(28), until=before, now=before) == before
    assert due(terms(60), terms(28), until=before, now=before - timedelta(seconds=1)) > before


def test_what_stands_on_another_moment_keeps_it() -> None:
    held = days_later(BEGUN, 28) + timedelta(days=100)
    assert due(terms(14), terms(28), until=held) == held


@pytest.mark.parametrize("days", [14, 60])
def test_everything_that_is_kept_moves(installation: Installation, days: int) -> None:
    kept = [keep(installation, footage(1000, seed=seed)) for seed in range(5)]
    held = kept.pop()
    now = datetime.now(UTC)
    far = now + timedelta(days=400)
    with installation.vault.database.transaction() as session:
        session.execute(update(Recording).where(Recording.id == held).values(dispose_after=far))
    with patch.object(term_changes, "AT_ONCE", 2), installation.vault.database.transaction() as session:
        assert move_all(session, town.SLUG, terms(28), terms(days), now=now) == 4
        assert move_all(session, "noordwijk", terms(28), terms(days), now=now) == 0
    for recording in kept:
        row = row_of(installation, recording)
        assert row.dispose_after == days_later(row.recorded_at, days)
    assert row_of(installation, held).dispose_after == far


def test_a_look_goes_on_where_it_stopped_and_changes_nothing(small: Installation) -> None:
    kept = sorted(keep(small, footage(1000, seed=seed)) for seed in range(3))
    before = row_of(small, kept[0])
    now = datetime.now(UTC)
    with patch.object(term_changes, "AT_ONCE", 2), small.vault.database.reading() as session:
        first = moves(session, town.SLUG, terms(28), terms(14), now=now)
        assert (first.looked, first.after) == (2, kept[1])
        rest = moves(session, town.SLUG, terms(28), terms(14), now=now, after=first.after)
    assert (rest.looked, rest.after) == (1, None)
    assert [move.recording for move in (*first.found, *rest.found)] == kept
    assert row_of(small, RecordingId(kept[0])).dispose_after == before.dispose_after


def test_the_same_terms_look_at_nothing(small: Installation) -> None:
    keep(small, footage(1000))
    with small.vault.database.reading() as session:
        found = moves(session, town.SLUG, terms(28), terms(28), now=NOW)
    assert replace(found, found=()) == term_changes.Moves((), 0, None)
