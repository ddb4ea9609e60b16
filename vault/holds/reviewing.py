"""Looking whether a hold must still stand: somebody does, or is reminded. Nothing is kept by forgetting."""

from datetime import datetime, timedelta
from uuid import UUID

from prometheus_client import Gauge
from sqlalchemy import ColumnElement, func, select

from policies.facts import Action
from vault import facts, standing
from vault.audit import Event
from vault.holds.lifting import AlreadyLifted
from vault.holds.placing import Outcome, leaf_of
from vault.holds.rows import locked_hold
from vault.holds.tables import Hold
from vault.standing import By, stand_before
from vault.vault import Vault

WITHOUT_REVIEW = Gauge("holds_without_review", "Holds that nobody looked at for longer than is agreed.")


def review(vault: Vault, by: By, hold_id: UUID, *, reason: str, now: datetime) -> Outcome:
    """Say that a hold must still stand, and why: the next reminder comes later.

    Raises facts.Unknown, AlreadyLifted.
    """
    with vault.database.transaction() as session:
        # 1. the facts
        hold, found = locked_hold(vault, session, hold_id)
        footage = facts.as_recording(session, found.row)
        # 2. the decision
        who = stand_before(vault, session, by, Action.LIFT_HOLD, footage, now)
        closed = who.permitted and hold.lifted_at is not None
        reviewed = who.permitted and not closed
        if reviewed:
            # 3. the effect
            hold.reviewed_at = now
        # 4. the entry
        standing.append_before(
            vault,
            session,
            who,
            Event.HOLD_REVIEWED if reviewed else Event.HOLD_DENIED,
            footage,
            now,
            denied=Event.HOLD_DENIED,
            leaf=leaf_of(hold),
            details={"hold": hold.id, "reason": reason, "caseReference": hold.case_reference},
        )
    if closed:
        raise AlreadyLifted
    return Outcome(hold if who.permitted else None, found.row, who.decision)


def forgotten(now: datetime, within: timedelta) -> tuple[ColumnElement[bool], ...]:
    """Of the holds that stand those that nobody looked at for longer than `within`."""
    return Hold.lifted_at.is_(None), Hold.reviewed_at < now - within


def count_forgotten(vault: Vault, within: timedelta, *, now: datetime) -> int:
    """How many of those there are, told to who watches the keeper."""
    with vault.database.reading() as session:
        count = session.scalar(select(func.count()).select_from(Hold).where(*forgotten(now, within))) or 0
    WITHOUT_REVIEW.set(count)
    return count
