"""Reading holds: a municipality's page by page, those of a recording, those nobody looked at for long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, literal, select, tuple_
from sqlalchemy.orm import Session

from policies.engine import Decision
from vault import facts
from vault.holds.reviewing import forgotten
from vault.holds.tables import Hold
from vault.ids import RecordingId
from vault.looks import enter_look, stand_to_look
from vault.standing import By
from vault.tables import Recording
from vault.vault import Vault


class Which(StrEnum):
    """Which holds a list is of."""

    STANDING = "standing"
    LIFTED = "lifted"
    ALL = "all"


class Place(NamedTuple):
    """Where a reminder stands: first what nobody looked at for longest."""

    reviewed_at: datetime
    id: UUID


@dataclass(frozen=True)
class Page:
    """Holds, or the decision that they may not be read."""

    holds: Sequence[Hold]
    decision: Decision | None
    """None for an operator."""
    more: bool = False
    """Whether there are more after the last of these."""

    @property
    def permitted(self) -> bool:
        """Whether the rules let them be read."""
        return self.decision is None or self.decision.permitted


def listed(
    vault: Vault,
    by: By,
    municipality: str,
    *,
    now: datetime,
    which: Which = Which.STANDING,
    after: UUID | None = None,
    most: int = 50,
) -> Page:
    """A page of a municipality's holds, newest first. Raises RuleSetMissing, facts.Unknown."""
    # The rules do not speak of operators, who may misspell it all the same.
    vault.rule_sets.of(municipality)
    query = select(Hold).where(Hold.municipality_id == municipality).order_by(Hold.id.desc())
    if which is not Which.ALL:
        stands = Hold.lifted_at.is_(None)
        query = query.where(stands if which is Which.STANDING else ~stands)
    if after:
        query = query.where(Hold.id < after)
    with vault.database.transaction() as session:
        return _page(vault, session, by, municipality, query, most, now)


def reminders(
    vault: Vault,
    by: By,
    municipality: str,
    within: timedelta,
    *,
    now: datetime,
    after: Place | None = None,
    most: int = 50,
) -> Page:
    """A page of the holds that nobody looked at for longer than `within`, the most forgotten first.

    Raises RuleSetMissing, facts.Unknown.
    """
    vault.rule_sets.of(municipality)
    order = Hold.reviewed_at, Hold.id
    query = select(Hold).where(Hold.municipality_id == municipality, *forgotten(now, within)).order_by(*order)
    if after:
        place = literal(after.reviewed_at, Hold.reviewed_at.type), literal(after.id, Hold.id.type)
        query = query.where(tuple_(*order) > tuple_(*place))
    with vault.database.transaction() as session:
        return _page(vault, session, by, municipality, query, most, now)


def of_recording(vault: Vault, by: By, recording_id: RecordingId, *, now: datetime) -> Page:
    """Every hold that is or was on a recording, newest first. Raises facts.Unknown."""
    with vault.database.transaction() as session:
        row = session.get(Recording, recording_id)
        if row is None:
            raise facts.Unknown(str(recording_id))
        query = select(Hold).where(Hold.recording_id == recording_id).order_by(Hold.id.desc())
        return _page(vault, session, by, row.municipality_id, query, None, now, recording_id)


def _page(
    vault: Vault,
    session: Session,
    by: By,
    municipality: str,
    query: Select[Hold],
    most: int | None,
    now: datetime,
    recording: UUID | None = None,
) -> Page:
    who = stand_to_look(vault, session, by, municipality, now)
    rows: Sequence[Hold] = ()
    if who.permitted:
        rows = session.scalars(query.limit(most + 1 if most else None)).all()
    shown = rows[:most]
    details = {"recording": recording, "shown": [str(row.id) for row in shown]}
    enter_look(vault, session, who, municipality, now, leaf={"listed": len(shown)}, details=details)
    return Page(shown, who.decision, len(rows) > len(shown))
