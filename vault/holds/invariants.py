"""What must be true of holds: what is held stays, and what stays for a hold is held by one that stands."""

from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from policies.retention import UNTIL_RELEASED
from vault.finding import Finding
from vault.holds.tables import Hold
from vault.tables import Recording, State

_STANDS = exists().where(Hold.recording_id == Recording.id, Hold.lifted_at.is_(None))
_THERE = Recording.state.in_([State.KEPT, State.QUARANTINED])


def check(session: Session, most: int) -> Iterator[Finding]:
    """What is wrong with holds, `most` findings of each kind."""
    # A hold stands, and the recording has an end all the same, or is gone.
    due = (
        select(Hold.recording_id)
        .join(Recording, Recording.id == Hold.recording_id)
        .where(Hold.lifted_at.is_(None), ~_THERE | (Recording.dispose_after != UNTIL_RELEASED))
        .distinct()
        .limit(most)
    )
    for recording in session.scalars(due):
        yield Finding("held-and-due", str(recording))
    # A recording stays until it is released, and no hold stands that could be.
    alone = select(Recording.id).where(_THERE, Recording.dispose_after == UNTIL_RELEASED, ~_STANDS)
    for recording in session.scalars(alone.limit(most)):
        yield Finding("held-by-nothing", str(recording))
