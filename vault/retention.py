"""When a recording is due: by its municipality's term, and every hold that is or was on it."""

from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.retention import Held, dispose_after
from policies.terms import Terms
from vault.holds.tables import Hold
from vault.tables import Recording, State


class Begun(Protocol):
    """Of a recording what says from when its term runs."""

    @property
    def state(self) -> str: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def kept_at(self) -> datetime | None: ...


def begins(row: Begun) -> datetime:
    """From when its term runs: for what is in quarantine, perhaps for its clock, from the day it came."""
    return row.kept_at if row.state == State.QUARANTINED and row.kept_at else row.recorded_at


def due_of(session: Session, row: Recording, terms: Terms) -> datetime:
    """When this recording's term is over, reckoned anew; `UNTIL_RELEASED` while something holds it."""
    holds = session.execute(
        select(Hold.placed_at, Hold.lifted_at, Hold.days_after).where(Hold.recording_id == row.id)
    )
    return dispose_after(begins(row), row.regime, terms, [Held(*hold) for hold in holds])
