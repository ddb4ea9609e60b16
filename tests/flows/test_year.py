"""The beginning of a simulated year (``make year``): whatever happens in it, nothing goes early or late."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.year import verdict
from tests.year.playing import Play
from tests.year.world import build
from vault.disposal.tables import Disposal

DAYS = 16
"""Longer than the shortest term of the five."""


def test_nothing_is_wrong_after_some_weeks(tmp_path: Path) -> None:
    began = datetime.now(UTC) - timedelta(days=DAYS + 1)
    world = build(tmp_path, began.replace(hour=4, minute=0), seed=1)
    play = Play(world, 10)
    for number in range(DAYS):
        play.day(number, DAYS)
    play.end()
    assert [*play.complaints, *verdict.complaints(world)] == []
    assert world.counts["certificates that an outsider verified"] > 10
    assert world.counts["recordings kept"] > 100


def test_a_recording_that_goes_early_is_seen(tmp_path: Path) -> None:
    world = build(tmp_path, datetime.now(UTC) - timedelta(days=13), seed=2)
    play = Play(world, 5)
    for number in range(11):
        play.day(number, 365)
    with world.vault.database.transaction() as session:
        gone = session.query(Disposal).first()
        assert gone is not None
        gone.begun_at -= timedelta(minutes=1)
    assert any("early" in complaint for complaint in verdict.complaints(world))
