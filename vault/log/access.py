"""Who reads the log of hashes and entries, and that they did.

To read it is to ask for thousands of tiles, one by one. An entry for each would make the log grow by being
read: whoever verifies it would never be done, and a witness that looks every minute would fill it. So a
caller gets one entry, before they are shown anything, that accounts for an hour; what the rules say of them
is asked each time. A denial is an entry each time, like every denial.
"""

from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Action, Situation, Trail
from vault import audit, facts
from vault.audit import Event
from vault.ids import PersonId
from vault.tables import Assignment
from vault.vault import Caller, Vault

ACCOUNTED = timedelta(hours=1)
"""How long one entry accounts for a caller's reading."""


class LogAccess:
    """Decides on reading the log. Each process remembers for itself whom it accounted for."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        # Only those whom the rules let read: no longer than the register of persons.
        self._accounted: dict[PersonId, datetime] = {}
        self._entering = tuple(Lock() for _ in range(64))

    def ask(self, caller: Caller, *, now: datetime) -> Decision:
        """Whether `caller` may read the log; it is in the trail by then. Raises facts.Unknown."""
        if permitted := self._accounted_for(caller, now):
            return permitted
        # Who reads with many hands at once is still one reader.
        with self._entering[hash(caller.id) % len(self._entering)]:
            return self._accounted_for(caller, now) or self._entered(caller, now)

    def _accounted_for(self, caller: Caller, now: datetime) -> Decision | None:
        """The decision, when it is to permit what an entry accounts for already."""
        if self._accounted.get(caller.id, now) <= now:
            return None
        with self._vault.database.reading() as session:
            decision, _ = self._decide(session, caller, now)
        return decision if decision.permitted else None

    def _entered(self, caller: Caller, now: datetime) -> Decision:
        with self._vault.database.transaction() as session:
            decision, roles = self._decide(session, caller, now)
            event = Event.LOG_READ if decision.permitted else Event.LOG_DENIED
            entry = audit.of_decision(event, decision, caller.as_actor(roles), now)
            audit.append(session, self._vault.ring, entry)
        if decision.permitted:
            self._accounted[caller.id] = now + ACCOUNTED
        return decision

    def _decide(self, session: Session, caller: Caller, now: datetime) -> tuple[Decision, frozenset[str]]:
        """By the rules of a municipality that knows them, and their roles there.

        The log is of the whole installation: the first municipality whose rules let them is enough.
        """
        known_in = session.scalars(
            select(Assignment.municipality_id).where(Assignment.person_id == caller.id).distinct()
        )
        rule_sets = self._vault.rule_sets
        served = sorted(rule_sets.municipalities())
        # Whom nobody knows is denied by the first: they are not of that municipality.
        first: tuple[Decision, frozenset[str]] | None = None
        for municipality in [name for name in sorted(known_in) if name in served] or served[:1]:
            person = facts.person(session, caller.id, municipality)
            situation = Situation(person, Action.READ_LOG, Trail(municipality), "", now)
            decision = rule_sets.of(municipality).decide(situation)
            first = first or (decision, person.roles)
            if decision.permitted:
                return decision, person.roles
        if first is None:
            raise facts.Unknown(str(caller.id))
        return first
