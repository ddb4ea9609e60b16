"""Placing a hold: by a person, with reason and basis, for one of the triggers that the terms know."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from policies import terms as municipal
from policies.engine import Decision
from policies.facts import Action
from policies.retention import UNTIL_RELEASED, counts
from policies.terms import Terms
from vault import facts, standing
from vault.audit import Event
from vault.holds.rows import Locked, TooLate, is_late, locked
from vault.holds.tables import Hold
from vault.ids import RecordingId, new_id
from vault.retention import term_begins
from vault.standing import By, stand_before
from vault.tables import Recording
from vault.vault import Caller, Vault


class TriggerUnknown(Exception):
    """The municipality's terms know no such reason to keep footage longer."""

    def __init__(self, trigger: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{trigger} is no reason to hold here; those are: {', '.join(known) or 'none'}")
        self.told = {"known": list(known)}


class TriggerTooLate(Exception):
    """This reason to keep footage longer counts only when it comes sooner after the recording."""

    def __init__(self, trigger: str, days: int) -> None:
        super().__init__(f"{trigger} counts within {days} days of the recording")
        self.told = {"days": days}


@dataclass(frozen=True)
class Why:
    """Why somebody places a hold."""

    trigger: str
    """One of the terms' `policies.terms.Trigger`."""
    reason: str
    basis: str
    """The legal basis (grondslag), in words."""
    case_reference: str | None = None


@dataclass(frozen=True)
class Outcome:
    """A hold and its recording as they stand after a verb, or the decision that denied it."""

    hold: Hold | None
    recording: Recording
    decision: Decision | None
    """None for an operator."""


def place(vault: Vault, by: By, recording_id: RecordingId, why: Why, *, now: datetime) -> Outcome:
    """Hold a recording: it stays until somebody lifts this, and for the term that follows then.

    Raises facts.Unknown, TriggerUnknown, TriggerTooLate, and TooLate when it is due or gone.
    """
    hold: Hold | None = None
    with vault.database.transaction() as session:
        # 1. the facts; the recording is locked: either the sweep has it, or this
        found = locked(vault, session, recording_id)
        footage = facts.as_recording(session, found.row)
        # 2. the decision
        who = stand_before(vault, session, by, Action.PLACE_HOLD, footage, now)
        refused = _in_the_way(found, why.trigger, now) if who.permitted else None
        if who.permitted and not refused:
            # 3. the effect
            placed_by = by.id if isinstance(by, Caller) else None
            hold = add(session, found.row, _known(found.rule_set.terms, why.trigger), why, placed_by, now)
        # 4. the entry
        event = Event.HOLD_PLACED if hold else Event.HOLD_DENIED
        leaf = leaf_of(hold) if hold else {"refused": type(refused).__name__} if refused else {}
        standing.append_before(
            vault,
            session,
            who,
            event,
            footage,
            now,
            denied=Event.HOLD_DENIED,
            leaf=leaf,
            details=details_of(why, hold),
        )
    if refused:
        raise refused
    return Outcome(hold, found.row, who.decision)


def add(
    session: Session,
    row: Recording,
    known: municipal.Hold,
    why: Why,
    placed_by: UUID | None,
    now: datetime,
    request: UUID | None = None,
) -> Hold:
    """The row of a hold on a recording that is locked and not late; what ends it is as the terms say now."""
    hold = Hold(
        id=new_id(),
        recording_id=row.id,
        municipality_id=row.municipality_id,
        trigger=known.trigger.value,
        released_by=known.released_by.value,
        days_after=known.days_after,
        basis=why.basis,
        reason=why.reason,
        case_reference=why.case_reference,
        request_id=request,
        placed_by=placed_by,
        placed_at=now,
        reviewed_at=now,
    )
    session.add(hold)
    row.dispose_after = UNTIL_RELEASED
    session.flush()
    return hold


def leaf_of(hold: Hold) -> dict[str, str | int | bool]:
    """What the entry of a hold says for everyone to read."""
    return {"trigger": hold.trigger, "releasedBy": hold.released_by, "daysAfter": hold.days_after}


def _known(terms: Terms, trigger: str) -> municipal.Hold:
    for known in terms.holds:
        if known.trigger == trigger:
            return known
    raise TriggerUnknown(trigger, tuple(known.trigger.value for known in terms.holds))


def _in_the_way(found: Locked, trigger: str, now: datetime) -> Exception | None:
    if is_late(found.row, now):
        return TooLate()
    try:
        known = _known(found.rule_set.terms, trigger)
    except TriggerUnknown as unknown:
        return unknown
    # As its term: from when footage came that is set apart for its clock.
    late = not counts(known, term_begins(found.row), now)
    return TriggerTooLate(trigger, known.asked_within_days or 0) if late else None


def details_of(why: Why, hold: Hold | None) -> dict[str, object]:
    """What the entry of a hold says of people, and in their words."""
    return {
        "hold": hold.id if hold else None,
        "reason": why.reason,
        "basis": why.basis,
        "caseReference": why.case_reference,
    }
