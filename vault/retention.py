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
from vault.many import among
from vault.tables import Recording, State


def due_of(session: Session, row: Recording, terms: Terms) -> datetime:
    """When this recording's term is over, reckoned anew; `UNTIL_RELEASED` while something holds it."""
    return due_under(row, terms, holds_of(session, [row.id])[row.id])


def due_under(row: Recording, terms: Terms, holds: Sequence[Held]) -> datetime:
    """As `due_of`, of a recording whose holds are known."""
    return dispose_after(term_begins(row), row.regime, terms, holds)


def term_begins(row: Recording) -> datetime:
    """From when its term runs: the moment of recording.

    What is or was in quarantine may be so for its clock, so there it is the moment it came.
    """
    gone = row.state in (State.DISPOSING, State.DISPOSED)
    apart = row.state == State.QUARANTINED or (gone and row.reason is not None)
    return row.kept_at if apart and row.kept_at else row.recorded_at


def holds_of(session: Session, recordings: Collection[UUID]) -> Mapping[UUID, Sequence[Held]]:
    """Every hold that is or was on these recordings, with one question; none is an empty list."""
    found: defaultdict[UUID, list[Held]] = defaultdict(list)
    query = select(Hold.recording_id, Hold.placed_at, Hold.lifted_at, Hold.days_after)
    for row in session.execute(query.where(among(session, Hold.recording_id, recordings))):
        found[row.recording_id].append(Held(row.placed_at, row.lifted_at, row.days_after))
    return found
