"""Grants (toestemming): bounded permission to watch. A grant ends by itself, or is revoked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Action, Person, Situation
from vault import audit, facts, tables
from vault.audit import Event
from vault.ids import GrantId
from vault.vault import Caller, Vault


@dataclass(frozen=True)
class Reading:
    """A grant as someone may read it, or the decision that they may not."""

    grant: tables.Grant
    recording: tables.Recording
    decision: Decision


def look(vault: Vault, caller: Caller, grant_id: GrantId, *, now: datetime) -> Reading:
    """Read one grant, when the policy lets `caller`. Raises facts.Unknown."""
    with vault.database.transaction() as session:
        row, recording, person, decision = _decide(vault, session, caller, Action.READ_GRANT, grant_id, now)
        audit.append(
            session,
            vault.ring,
            audit.of_decision(
                Event.GRANT_READ, decision, caller.as_actor(person.roles), now, details={"grant": grant_id}
            ),
        )
    return Reading(row, recording, decision)


def revoke(vault: Vault, caller: Caller, grant_id: GrantId, *, reason: str, now: datetime) -> Decision:
    """End a grant before its time; the next range that is asked under it is refused.

    Revoking twice changes nothing the second time. Returns the decision, which may be a denial. Raises
    facts.Unknown.
    """
    with vault.database.transaction() as session:
        row, _, person, decision = _decide(vault, session, caller, Action.REVOKE, grant_id, now)
        if decision.permitted and row.revoked_at is None:
            row.revoked_at = now
        audit.append(
            session,
            vault.ring,
            audit.of_decision(
                Event.GRANT_REVOKED if decision.permitted else Event.REVOCATION_DENIED,
                decision,
                caller.as_actor(person.roles),
                now,
                details={"grant": grant_id, "holder": row.holder_id, "reason": reason},
            ),
        )
    return decision


def _decide(
    vault: Vault, session: Session, caller: Caller, action: Action, grant_id: GrantId, now: datetime
) -> tuple[tables.Grant, tables.Recording, Person, Decision]:
    """Whether `caller` may do this to the grant; its row is locked until the transaction ends."""
    row = facts.grant_row(session, grant_id, lock=True)
    recording = session.get_one(tables.Recording, row.recording_id)
    footage = facts.as_recording(session, recording)
    rule_set = vault.rule_sets.of(footage.municipality)
    shares = rule_set.terms.shares_with
    person = facts.person(session, caller.id, footage.municipality, shares_with=shares)
    situation = Situation(person, action, footage, row.purpose, now, grant=facts.as_grant(row))
    return row, recording, person, rule_set.decide(situation)
