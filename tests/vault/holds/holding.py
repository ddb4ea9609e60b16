"""What tests of holds share: a hold in a moment, terms by which a request places one, until when it stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

from policies.retention import UNTIL_RELEASED
from tests.installation import MAKER, Installation
from tests.watching import footage, keep, row_of
from vault.holds.placing import Why, place
from vault.holds.tables import Hold
from vault.ids import RecordingId

BASIS = "Awb art. 9:11"
WHY = Why("complaint", "A complaint was filed at the desk.", BASIS, "KL-2026-0003")
BEGUN_BY_VIEWING = {
    "# Regeling bodycams art. 9.": """
[[holds]]
trigger = "viewing-request"
released_by = "answered"
days_after = 3
placed_by = { purposes = ["incidentafhandeling"] }
title = { nl = "Iemand wil de beelden zien", en = "Somebody wants to see the footage" }
"""
}
"""Terms by which who asks to see footage holds it, and for three days after the answer."""


def now() -> datetime:
    return datetime.now(UTC)


def kept(made: Installation, days_ago: float = 1, seed: int = 1) -> RecordingId:
    """A recording of so many days ago."""
    return keep(made, footage(1000, seed=seed), started_at=now() - timedelta(days=days_ago))


def held(made: Installation, recording: RecordingId, at: datetime | None = None, **changed: Any) -> Hold:
    """A hold by an operator, for a complaint or as `changed`."""
    why = Why(**{**WHY.__dict__, **changed})
    outcome = place(made.vault, MAKER, recording, why, now=at or now())
    assert outcome.hold is not None
    return outcome.hold


def is_held(made: Installation, recording: RecordingId) -> bool:
    return row_of(made, recording).dispose_after == UNTIL_RELEASED


def hold_of(made: Installation, hold: Hold) -> Hold:
    """A hold's row as it stands now."""
    with made.vault.database.reading() as session:
        return session.get_one(Hold, hold.id)
