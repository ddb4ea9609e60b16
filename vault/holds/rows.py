"""The rows that a hold stands in: found, locked in one order, and kept in step with each other.

Whoever changes a hold locks its recording first. So there is one order of what happened to a recording, the
sweep's included; and `recording.dispose_after` is always what its holds make of it.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from policies.engine import RuleSet
from policies.retention import is_over
from vault import facts
from vault.holds.tables import Hold
from vault.ids import RecordingId
from vault.retention import due_of
from vault.tables import Recording, State
from vault.vault import Vault


class TooLate(Exception):
    """The term of this footage is over, or it is gone: nothing brings it back."""


class Locked(NamedTuple):
    """A recording that nobody else changes, and the rules that stay in force, until the transaction ends."""

    row: Recording
    rule_set: RuleSet


def locked(vault: Vault, session: Session, recording_id: UUID) -> Locked:
    """Lock a recording past its commit point. Raises facts.Unknown, RuleSetMissing."""
    row = session.get(Recording, recording_id)
    if row is None:
        raise facts.Unknown(str(recording_id))
    # The rules before the row: whoever activates others holds those while it moves every recording.
    rule_set = vault.rule_sets.held(session, row.municipality_id)
    facts.recording(session, RecordingId(recording_id), lock=True)
    return Locked(row, rule_set)


def hold_row(session: Session, hold_id: UUID) -> Hold:
    """A hold's row. Raises facts.Unknown."""
    row = session.get(Hold, hold_id)
    if row is None:
        raise facts.Unknown(str(hold_id))
    return row


def locked_hold(vault: Vault, session: Session, hold_id: UUID) -> tuple[Hold, Locked]:
    """A hold, as it stands once its recording is locked, by whoever may change it. Raises as `locked`."""
    hold = hold_row(session, hold_id)
    found = locked(vault, session, hold.recording_id)
    session.refresh(hold)
    return hold, found


def is_late(row: Recording, now: datetime) -> bool:
    """Whether nothing can be changed any more of how long this footage stays."""
    there = row.state in (State.KEPT, State.QUARANTINED)
    return not there or row.dispose_after is None or is_over(row.dispose_after, now)


def bring_in_step(session: Session, found: Locked) -> datetime:
    """Let the recording be due when its regime, terms and holds say; key and locks follow by themselves."""
    due = due_of(session, found.row, found.rule_set.terms)
    found.row.dispose_after = due
    return due
