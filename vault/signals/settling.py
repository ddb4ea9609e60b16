"""Settling a signal (afdoen): somebody looked, and says in a note what it was. It cannot be undone."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from policies.engine import Decision
from policies.facts import Action, Situation, Trail
from vault import audit, facts
from vault.audit import Event
from vault.leaves import is_id
from vault.signals.reading import About, entries_of, row_of
from vault.vault import Caller, Vault


class AlreadySettled(Exception):
    """This signal was settled before."""


def settle(
    vault: Vault, caller: Caller, signal_id: UUID, purpose: str, *, note: str, now: datetime
) -> Decision:
    """Settle a signal with a note; the note stands in the entry and nowhere else.

    Returns the decision, which may be a denial: nobody settles a signal that is about themselves. Raises
    facts.Unknown and AlreadySettled.
    """
    with vault.database.transaction() as session:
        # 1. the facts; the row is locked, so that it is settled once
        row = row_of(session, signal_id, lock=True)
        municipality = row.municipality_id
        person = facts.person(session, caller.id, municipality)
        situation = Situation(
            person,
            Action.SETTLE_SIGNAL,
            Trail(municipality),
            purpose,
            now,
            concerned=concerned(entries_of(vault, session, signal_id)),
        )
        # 2. the decision
        decision = vault.rule_sets.of(municipality).decide(situation)
        closed = decision.permitted and row.settled_at is not None
        event = Event.SIGNAL_SETTLED if decision.permitted else Event.SIGNALS_DENIED
        details: dict[str, object] = {"signal": str(signal_id)}
        if decision.permitted and not closed:
            details["note"] = note
        # 3. the entry
        entry = audit.append(
            session,
            vault.ring,
            audit.of_decision(
                # All they get is to know that it was settled.
                Event.SIGNAL_READ if closed else event,
                decision,
                caller.as_actor(person.roles),
                now,
                facts={"signal": row.kind},
                details=details,
            ),
        )
        # 4. the effect
        if decision.permitted and not closed:
            row.settled_at, row.settled_in = now, entry
    if closed:
        raise AlreadySettled
    return decision


def concerned(about: Iterable[About]) -> frozenset[UUID]:
    """Whom a signal is about: who did what it is about, and whose request or grant it was done to.

    Of an entry whose payload is gone nobody can tell, nor can anyone be harmed by it any more.
    """
    found = set()
    for payload in (each.payload for each in about if each.payload):
        actor, details = payload["actor"], payload["details"]
        if actor["kind"] == "person":
            found.add(actor["id"])
        found |= {details[name] for name in ("requester", "holder") if details.get(name)}
    return frozenset(UUID(each) for each in found if is_id(each))
