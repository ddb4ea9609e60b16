"""The list for the yearly review of rights (BIO2 5.18.02): who holds which role, by name. Asked for apart.

It tells who may do what, and never what anybody did: it is no measure of staff.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Actor, Entry, Event
from vault.tables import Assignment, Person
from vault.vault import Vault


@dataclass(frozen=True)
class Right:
    """A role somebody holds; `active` is false for who left, whose role is to be withdrawn."""

    name: str
    subject: str
    """What the identity provider calls them."""
    role: str
    team: str
    active: bool


def review(vault: Vault, by: Actor, municipality: str, *, now: datetime) -> Sequence[Right]:
    """Every role for a municipality, by name of who holds it. Raises RuleSetMissing."""
    vault.rule_sets.of(municipality)
    with vault.database.transaction() as session:
        found = _rights(session, municipality)
        entry = Entry(
            event=Event.RIGHTS_REVIEWED,
            at=now,
            actor=by,
            municipality=municipality,
            facts={"listed": len(found)},
        )
        audit.append(session, vault.ring, entry)
    return found


def _rights(session: Session, municipality: str) -> list[Right]:
    query = (
        select(Person.name, Person.subject, Assignment.role, Assignment.team, Person.active)
        .join(Person, Person.id == Assignment.person_id)
        .where(Assignment.municipality_id == municipality)
        .order_by(Assignment.role, Person.name, Person.subject, Assignment.team)
    )
    return [Right(*row) for row in session.execute(query)]
