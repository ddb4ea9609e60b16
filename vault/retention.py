"""When a recording is due: by its municipality's term, and every hold that is or was on it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.retention import Held, dispose_after
from policies.terms import Terms
from vault.holds.tables import Hold
from vault.tables import Recording, State


def due_of(session: Session, row: Recording, terms: Terms) -> datetime:
    """When this recording's term is over, reckoned anew; `UNTIL_RELEASED` while something holds it."""
    return due_under(row, terms, holds_of(session, [row.id])[row.id])


def due_under(row: Recording, terms: Terms, holds: Sequence[Held]) -> datetime:
    """As `due_of`, of a recording whose holds are known.

    What is in quarantine may be so for its clock, so its term runs from the day it came.
    """
    begins = row.kept_at if row.state == State.QUARANTINED and row.kept_at else row.recorded_at
    return dispose_after(begins, row.regime, terms, holds)


def holds_of(session: Session, recordings: Collection[UUID]) -> Mapping[UUID, Sequence[Held]]:
    """Every hold that is or was on these recordings, with one question; none is an empty list."""
    found: defaultdict[UUID, list[Held]] = defaultdict(list)
    query = select(Hold.recording_id, Hold.placed_at, Hold.lifted_at, Hold.days_after)
    for row in session.execute(query.where(Hold.recording_id.in_(recordings))):
        found[row.recording_id].append(Held(row.placed_at, row.lifted_at, row.days_after))
    return found
