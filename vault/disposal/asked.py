"""Early erasures read: one with its reason, by who asked or may decide; a municipality's, without."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from policies.engine import Decision
from policies.facts import Action
from vault import facts, standing
from vault.audit import Event
from vault.disposal.early import Answer, found
from vault.disposal.tables import EarlyErasure
from vault.ids import RecordingId
from vault.looks import enter_look, stand_to_look
from vault.standing import By, stand_before
from vault.tables import State
from vault.vault import Caller, Vault


@dataclass(frozen=True)
class Listing:
    """A page of early erasures, those that were asked first before the others."""

    rows: Sequence[EarlyErasure]
    next_after: UUID | None


def look(vault: Vault, by: By, erasure_id: UUID, *, now: datetime) -> Answer:
    """One early erasure with its reason: for who asked for it, and for who may decide on it.

    Also when the footage is gone by it: nothing of that is shown, and whoever is asked about it years later
    must be able to say why. Raises facts.Unknown.
    """
    with vault.database.transaction() as session:
        row = found(session, erasure_id)
        footage = facts.recording(session, RecordingId(row.recording_id))
        own = isinstance(by, Caller) and row.asked_by == f"person:{by.id}"
        action = Action.ASK_ERASURE if own else Action.DECIDE_ERASURE
        as_it_was = replace(footage, state=State.KEPT.value)
        who = stand_before(vault, session, by, action, as_it_was, now)
        standing.append_before(
            vault,
            session,
            who,
            Event.RETENTION_READ,
            footage,
            now,
            denied=Event.RETENTION_DENIED,
            leaf={"shown": "erasure"},
            details={"erasure": row.id},
        )
    return Answer(row if who.permitted else None, who.decision)


def listed(
    vault: Vault,
    by: By,
    municipality: str,
    *,
    waiting: bool,
    now: datetime,
    after: UUID | None = None,
    most: int = 50,
) -> Listing | Decision:
    """A page of a municipality's early erasures: those that wait for a decision, or all of them.

    Raises RuleSetMissing, facts.Unknown.
    """
    vault.rule_sets.of(municipality)
    rows: Sequence[EarlyErasure] = ()
    query = select(EarlyErasure).where(EarlyErasure.municipality_id == municipality)
    if waiting:
        query = query.where(EarlyErasure.decided_at.is_(None))
    if after:
        query = query.where(EarlyErasure.id > after)
    with vault.database.transaction() as session:
        who = stand_to_look(vault, session, by, municipality, now)
        if who.permitted:
            rows = session.scalars(query.order_by(EarlyErasure.id).limit(most + 1)).all()
        shown = rows[:most]
        details = {"shown": [str(row.id) for row in shown]}
        enter_look(
            vault,
            session,
            who,
            municipality,
            now,
            leaf={"shown": "erasures", "listed": len(shown)},
            details=details,
        )
    if who.denial:
        return who.denial
    return Listing(shown, shown[-1].id if len(rows) > most else None)
