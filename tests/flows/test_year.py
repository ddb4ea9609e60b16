"""The beginning of a simulated year (``make year``): whatever happens in it, nothing goes early or late."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.year import verdict
from tests.year.playing import Play
from tests.year.world import build
from vault.disposal.tables import Disposal, Ground

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


@pytest.mark.parametrize(
    ("moved", "told"), [(timedelta(minutes=-1), ": early"), (verdict.LATE + timedelta(minutes=5), ": late; ")]
)
def test_a_recording_that_goes_early_or_late_is_seen(tmp_path: Path, moved: timedelta, told: str) -> None:
    """By the ledger, which knows nothing of what the vault reckons."""
    world = build(tmp_path, datetime.now(UTC) - timedelta(days=13), seed=2)
    play = Play(world, 5)
    for number in range(11):
        play.day(number, 365)
    assert not any(told in complaint for complaint in verdict.complaints(world))
    with world.vault.database.transaction() as session:
        gone = session.scalars(select(Disposal).where(Disposal.ground == Ground.TERM_OVER)).first()
        assert gone is not None
        gone.begun_at = gone.due + moved
    [complaint] = [each for each in verdict.complaints(world) if told in each]
    assert complaint.startswith(str(gone.recording_id))
