"""Who acts on rules and on what was decided by them: a person, about whom the rules decide, or an operator.

An operator at the command line is no person whom rules know; the trail names their system account.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Action, RuleBook, Situation
from vault import audit, facts
from vault.audit import Actor, Entry, Event
from vault.vault import Caller, Vault

By = Caller | Actor
"""A person of the register, or an operator."""


@dataclass(frozen=True)
class Standing:
    """Who acts, and what the rules say of it."""

    actor: Actor
    account: str
    decision: Decision | None

    @property
    def permitted(self) -> bool:
        """Whether the rules let them; they do not speak of operators."""
        return self.denial is None

    @property
    def denial(self) -> Decision | None:
        """The decision that does not let them."""
        return self.decision if self.decision and not self.decision.permitted else None


def stand(
    vault: Vault,
    session: Session,
    by: By,
    action: Action,
    municipality: str,
    now: datetime,
    proposer: str | None = None,
) -> Standing:
    """Who acts, and whether the rules in force let them. Raises RuleSetMissing."""
    if isinstance(by, Actor):
        return Standing(by, f"{by.kind}:{by.id}", None)
    rule_set = vault.rule_sets.of(municipality)
    person = facts.person(session, by.id, municipality)
    kind, _, name = (proposer or "").partition(":")
    situation = Situation(
        person, action, RuleBook(municipality), "", now, proposer=UUID(name) if kind == "person" else None
    )
    vault.rule_sets.keep(session, rule_set, now=now)
    return Standing(by.as_actor(person.roles), f"person:{by.id}", rule_set.decide(situation))


def append(
    vault: Vault,
    session: Session,
    who: Standing,
    event: Event,
    municipality: str,
    now: datetime,
    *,
    leaf: Mapping[str, str | int | bool] | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """The entry of what was done to rules; that of a denial when it was denied."""
    if who.decision is None:
        entry = Entry(
            event=event,
            at=now,
            actor=who.actor,
            municipality=municipality,
            thing=("rules", municipality),
            facts=leaf or {},
            details=details or {},
        )
    else:
        event = event if who.permitted else Event.RULES_DENIED
        entry = audit.of_decision(event, who.decision, who.actor, now, facts=leaf, details=details)
    audit.append(session, vault.ring, entry)
