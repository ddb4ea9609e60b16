"""Lifting a hold: somebody says which event ended it, and from then on the term that follows runs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from policies.facts import Action
from policies.terms import Release
from vault import facts, standing
from vault.audit import Event
from vault.holds.placing import Outcome
from vault.holds.rows import Locked, bring_in_step, locked_hold
from vault.holds.tables import Hold
from vault.standing import By, stand_before
from vault.vault import Caller, Vault


class AlreadyLifted(Exception):
    """This hold was lifted before; the term that follows runs from then."""


class NotItsRelease(Exception):
    """This event does not end this hold."""

    def __init__(self, event: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{event} does not end this hold; these do: {', '.join(known)}")
        self.told = {"known": list(known)}


def lift(vault: Vault, by: By, hold_id: UUID, event: str, *, reason: str, now: datetime) -> Outcome:
    """Lift a hold because `event` came: its own, or its reason lapsed. Footage becomes due, at once perhaps.

    Raises facts.Unknown, AlreadyLifted, NotItsRelease.
    """
    refused: Exception | None = None
    with vault.database.transaction() as session:
        # 1. the facts
        hold, found = locked_hold(vault, session, hold_id)
        footage = facts.as_recording(session, found.row)
        # 2. the decision
        who = stand_before(vault, session, by, Action.LIFT_HOLD, footage, now)
        if who.permitted:
            refused = _in_the_way(hold, event)
        if who.permitted and not refused:
            # 3. the effect
            end(session, found, hold, event, reason, now)
            hold.lifted_by = by.id if isinstance(by, Caller) else None
        # 4. the entry
        standing.append_before(
            vault,
            session,
            who,
            Event.HOLD_DENIED if refused else Event.HOLD_LIFTED,
            footage,
            now,
            denied=Event.HOLD_DENIED,
            leaf={"refused": type(refused).__name__} if refused else lifted_leaf(hold),
            details={"hold": hold.id, "reason": reason, "caseReference": hold.case_reference},
        )
    if refused:
        raise refused
    return Outcome(hold if who.permitted else None, found.row, who.decision)


def end(session: Session, found: Locked, hold: Hold, event: str, reason: str, moment: datetime) -> None:
    """A hold's end, by an event that came at `moment`; its recording, which is locked, becomes due by it."""
    hold.lifted_at, hold.ended_by, hold.lift_reason = moment, event, reason
    session.flush()
    bring_in_step(session, found)


def lifted_leaf(hold: Hold) -> dict[str, str | int | bool]:
    """What the entry of a hold's end says for everyone to read."""
    return {"trigger": hold.trigger, "endedBy": hold.ended_by or "", "daysAfter": hold.days_after}


def _in_the_way(hold: Hold, event: str) -> Exception | None:
    if hold.lifted_at is not None:
        return AlreadyLifted()
    ends = tuple(dict.fromkeys((hold.released_by, Release.REASON_LAPSED.value)))
    return None if event in ends else NotItsRelease(event, ends)
