"""Other terms for what is kept: later, earlier, never back from the end; every hold is reckoned with."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from unittest.mock import patch

import pytest
from sqlalchemy import select

from console.demo import town
from ingest.probe import NotFootage
from policies.retention import UNTIL_RELEASED, days_later
from policies.terms import Terms, parse_terms
from tests.installation import MAKER, Installation, build
from tests.ruling import texts
from tests.vault.holds.holding import held
from tests.watching import footage, keep, row_of
from vault import standing, term_changes
from vault.holds.lifting import lift
from vault.ids import RecordingId
from vault.retention import due_of
from vault.tables import Recording, State
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


def test_of_stored_facts_what_stood_on_another_moment_keeps_it() -> None:
    held = days_later(BEGUN, 28) + timedelta(days=100)
    assert due(terms(14), terms(28), until=held) == held


@pytest.mark.parametrize("days", [14, 60])
def test_everything_that_is_kept_moves(installation: Installation, days: int) -> None:
    kept = [keep(installation, footage(1000, seed=seed)) for seed in range(4)]
    apart = keep(installation, footage(1000, seed=4), seen=NotFootage("not-footage"))
    hold = held(installation, keep(installation, footage(1000, seed=5)))
    now = datetime.now(UTC)
    with patch.object(term_changes, "AT_ONCE", 2), installation.vault.database.transaction() as session:
        assert move_all(session, town.SLUG, terms(28), terms(days), now=now) == 5
        assert move_all(session, "noordwijk", terms(28), terms(days), now=now) == 0
    for recording in kept:
        row = row_of(installation, recording)
        assert row.dispose_after == days_later(row.recorded_at, days)
    row = row_of(installation, apart)
    assert row.state == State.QUARANTINED
    assert row.kept_at is not None
    assert row.dispose_after == days_later(row.kept_at, days)
    assert row_of(installation, RecordingId(hold.recording_id)).dispose_after == UNTIL_RELEASED
    _as_reckoned(installation, days)
    # The fixture's check is by the terms that are in force.
    with installation.vault.database.transaction() as session:
        move_all(session, town.SLUG, terms(days), terms(28), now=now)


def _as_reckoned(made: Installation, days: int) -> None:
    """Every recording is due when one alone would be reckoned to be."""
    with made.vault.database.reading() as session:
        for row in session.scalars(select(Recording)):
            assert row.dispose_after == due_of(session, row, terms(days))


def test_what_was_held_stays_for_the_term_that_followed_and_no_shorter_than_the_new_one(
    installation: Installation,
) -> None:
    recording = keep(installation, footage(1000))
    hold = held(installation, recording)
    lifted = datetime.now(UTC)
    lift(installation.vault, MAKER, hold.id, "settled", reason="It was settled.", now=lifted)
    for days, until in ((7, days_later(lifted, 14)), (60, None), (28, None)):
        with installation.vault.database.transaction() as session:
            assert move_all(session, town.SLUG, terms(27), terms(days), now=lifted) == 1
        row = row_of(installation, recording)
        assert row.dispose_after == (until or days_later(row.recorded_at, days))
        _as_reckoned(installation, days)


def test_what_is_over_does_not_come_back_for_a_hold(small: Installation) -> None:
    recording = keep(small, footage(1000))
    hold = held(small, recording, trigger="criminal-complaint")
    far = datetime.now(UTC) + timedelta(days=40)
    lift(small.vault, MAKER, hold.id, "judgment-final", reason="It was settled.", now=far)
    with small.vault.database.transaction() as session:
        assert move_all(session, town.SLUG, terms(28), terms(60), now=far) == 0
    assert row_of(small, recording).dispose_after == far


def test_a_hold_that_is_placed_while_terms_change_holds(postgres_url: str, tmp_path: Path) -> None:
    """Whoever moves every recording waits for who places a hold on one, and reckons with it."""
    made = build(tmp_path, postgres_url, {"objects_url": (tmp_path / "objects").as_uri()})
    recording = keep(made, footage(1000))
    placing, go_on = Event(), Event()

    def pause(*_: object, **__: object) -> None:
        placing.set()
        assert go_on.wait(20)

    with ThreadPoolExecutor(2) as pool:
        with patch.object(standing, "append_before", pause):
            hold = pool.submit(held, made, recording)
            assert placing.wait(20)
            moving = pool.submit(_move, made)
            assert not wait([moving], timeout=0.5).done
            go_on.set()
            assert hold.result(20).trigger == "complaint"
        assert moving.result(20) == 0
    assert row_of(made, recording).dispose_after == UNTIL_RELEASED
    made.vault.database.close()
    made.intake.database.close()


def _move(made: Installation) -> int:
    with made.vault.database.transaction() as session:
        return move_all(session, town.SLUG, terms(28), terms(14), now=datetime.now(UTC))


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
