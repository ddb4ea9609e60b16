"""Who acts on rules, on footage and its term: a person, about whom the rules decide, or an operator.

An operator at the command line is no person whom rules know; the trail names their system account.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Action, Recording, Resource, RuleBook, Situation
from vault import audit, facts
from vault.audit import Actor, Entry, Event
from vault.ids import EntryId
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
    """Who acts on rules, and whether those in force let them. Raises RuleSetMissing."""
    return stand_before(vault, session, by, action, RuleBook(municipality), now, proposer)


def stand_before(
    vault: Vault,
    session: Session,
    by: By,
    action: Action,
    resource: Resource,
    now: datetime,
    proposer: str | None = None,
) -> Standing:
    """Who acts on anything else, and whether the rules in force let them.

    `proposer` is the account of who asked for it, where another must decide. Raises RuleSetMissing,
    facts.Unknown.
    """
    if isinstance(by, Actor):
        return Standing(by, f"{by.kind}:{by.id}", None)
    rule_set = vault.rule_sets.of(resource.municipality)
    # Whose people count for footage is for its owner's terms to say; its rules and trail are its own.
    shares = rule_set.terms.shares_with if isinstance(resource, Recording) else ()
    person = facts.person(session, by.id, resource.municipality, shares)
    kind, _, name = (proposer or "").partition(":")
    situation = Situation(
        person, action, resource, "", now, proposer=UUID(name) if kind == "person" else None
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
    book = RuleBook(municipality)
    append_before(
        vault, session, who, event, book, now, denied=Event.RULES_DENIED, leaf=leaf, details=details
    )


def append_before(
    vault: Vault,
    session: Session,
    who: Standing,
    event: Event,
    resource: Resource,
    now: datetime,
    *,
    denied: Event,
    leaf: Mapping[str, str | int | bool] | None = None,
    details: Mapping[str, object] | None = None,
) -> EntryId:
    """The entry of what was done to anything else; `denied` when the rules did not let them."""
    if who.decision is None:
        footage = resource if isinstance(resource, Recording) else None
        entry = Entry(
            event=event,
            at=now,
            actor=who.actor,
            municipality=resource.municipality,
            thing=audit.thing_of(resource),
            subject=str(footage.maker) if footage else None,
            regime=footage.regime if footage else None,
            facts=leaf or {},
            details=details or {},
        )
    else:
        told = event if who.permitted else denied
        entry = audit.of_decision(told, who.decision, who.actor, now, facts=leaf, details=details)
    return audit.append(session, vault.ring, entry)
