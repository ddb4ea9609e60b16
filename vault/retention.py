"""When a recording is due: by its municipality's term, and every hold that is or was on it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.retention import Held, dispose_after
from policies.terms import Terms
from vault.holds.tables import Hold
from vault.tables import Recording, State


def due_of(session: Session, row: Recording, terms: Terms) -> datetime:
    """When this recording's term is over, reckoned anew; `UNTIL_RELEASED` while something holds it.

    What is in quarantine may be so for its clock, so its term runs from the day it came.
    """
    holds = session.execute(
        select(Hold.placed_at, Hold.lifted_at, Hold.days_after).where(Hold.recording_id == row.id)
    )
    begins = row.kept_at if row.state == State.QUARANTINED and row.kept_at else row.recorded_at
    return dispose_after(begins, row.regime, terms, [Held(*hold) for hold in holds])
