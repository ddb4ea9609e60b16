"""What must be true of holds: what is held stays, and what stays for a hold is held by one that stands."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from policies.retention import UNTIL_RELEASED
from vault.holds.tables import Hold
from vault.tables import Recording, State

_STANDS = exists().where(Hold.recording_id == Recording.id, Hold.lifted_at.is_(None))
_THERE = Recording.state.in_([State.KEPT, State.QUARANTINED])


def held_and_due(session: Session, _now: datetime) -> Iterator[str]:
    """A hold stands, and the recording has an end all the same, or is gone."""
    query = (
        select(Hold.recording_id)
        .join(Recording, Recording.id == Hold.recording_id)
        .where(Hold.lifted_at.is_(None), ~_THERE | (Recording.dispose_after != UNTIL_RELEASED))
    )
    return map(str, session.scalars(query.distinct()))


def held_by_nothing(session: Session, _now: datetime) -> Iterator[str]:
    """A recording stays until it is released, and no hold stands that could be."""
    query = select(Recording.id).where(_THERE, Recording.dispose_after == UNTIL_RELEASED, ~_STANDS)
    return map(str, session.scalars(query))


CHECKS = {"held-and-due": held_and_due, "held-by-nothing": held_by_nothing}
