"""Changes of a municipality's rules: one proposes, another activates, and what was in force stays known.

Every verb is one transaction, as in `vault.requests`: whether the rules let this person change them, the
effect, the entry. An operator at the command line is no person whom rules know; that two of them are needed
is seen to here, and by the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import Decision, RuleSet
from policies.facts import Action
from vault import facts, standing, term_changes
from vault.audit import Event
from vault.ids import new_id
from vault.rule_records import ChangeState, differs, in_force, of_folder, record_one, state_of
from vault.rulesets import (
    RuleSetAltered,
    Texts,
    by_path,
    own_texts,
    parse_stored,
    shared_texts,
    store_texts,
    stored_texts,
)
from vault.standing import By, Standing, stand
from vault.tables import RuleSetChange
from vault.vault import Vault

Leaf = dict[str, str | int | bool]


class ProposalClosed(Exception):
    """This proposal was activated or withdrawn before; propose anew where there is a new reason."""


class OwnProposal(Exception):
    """Nobody activates a proposal of their own; let somebody else look at it and activate it."""


class RulesUnchanged(Exception):
    """Exactly these rules are in force; there is nothing to change."""


class ProposalOutdated(Exception):
    """The shared rules have changed since this was proposed; propose it anew, and look at it anew."""


@dataclass(frozen=True)
class Outcome:
    """A change as it stands after a verb; without one, the decision tells which rule denied it."""

    change: RuleSetChange | None
    decision: Decision | None
    """None for an operator."""


@dataclass(frozen=True)
class Listing:
    """The changes of a municipality's rules, newest first; none when the rules deny the look."""

    changes: Sequence[RuleSetChange]
    decision: Decision | None
    folder_differs: bool = False
    """The folder that this process found at its start has other texts than are in force."""


@dataclass(frozen=True)
class Reading:
    """One change, with the municipality's own texts by file name."""

    change: RuleSetChange | None
    texts: Texts
    decision: Decision | None


def propose(vault: Vault, by: By, municipality: str, own: Texts, *, reason: str, now: datetime) -> Outcome:
    """Propose other texts for a municipality; nothing changes by it.

    Raises RulesUnchanged, RuleSetMissing, and RuleSetInvalid with every problem.
    """
    row = None
    with vault.database.transaction() as session:
        who = stand(vault, session, by, Action.PROPOSE_RULES, municipality, now)
        if who.permitted:
            proposed = RuleSet.parse(municipality, own, shared_texts())
            current = in_force(session, municipality)
            if proposed.digest == (current.digest if current else of_folder(vault, municipality)):
                raise RulesUnchanged
            store_texts(session, municipality, by_path(municipality, own), now=now)
            row = RuleSetChange(
                id=new_id(),
                municipality=municipality,
                digest=proposed.digest,
                proposed_by=who.account,
                proposed_at=now,
                reason=reason,
            )
            session.add(row)
        _append(vault, session, who, Event.RULES_PROPOSED, municipality, now, row)
    return Outcome(row, who.decision)


def activate(vault: Vault, by: By, change_id: UUID, *, now: datetime) -> Outcome:
    """Let a proposal come into force, for footage that is kept already too.

    Raises facts.Unknown, ProposalClosed, OwnProposal, ProposalOutdated, RuleSetAltered.
    """
    vault.rule_sets.look_again()
    refused: type[Exception] | None = None
    with vault.database.transaction() as session:
        row = _locked(session, change_id)
        who = stand(
            vault, session, by, Action.ACTIVATE_RULES, row.municipality, now, proposer=row.proposed_by
        )
        event, effect = Event.RULES_ACTIVATED, Leaf()
        refused = _in_the_way(session, row, who) if who.permitted else None
        if refused:
            # All they get is to know that it cannot be, or that it was done before.
            event = Event.RULES_DENIED if refused is OwnProposal else Event.RULES_READ
        elif who.permitted:
            effect = _bring_into_force(vault, session, row, who, now)
        _append(vault, session, who, event, row.municipality, now, row, effect)
    vault.rule_sets.look_again()
    if refused:
        raise refused
    return Outcome(row if who.permitted else None, who.decision)


def withdraw(vault: Vault, by: By, change_id: UUID, *, reason: str, now: datetime) -> Outcome:
    """Take a proposal back, one's own or somebody else's. Raises facts.Unknown, ProposalClosed."""
    closed = False
    with vault.database.transaction() as session:
        row = _locked(session, change_id)
        who = stand(vault, session, by, Action.PROPOSE_RULES, row.municipality, now)
        closed = who.permitted and _closed(row)
        if who.permitted and not closed:
            row.withdrawn_at = now
        event = Event.RULES_READ if closed else Event.RULES_WITHDRAWN
        _append(vault, session, who, event, row.municipality, now, row, reason=reason)
    if closed:
        raise ProposalClosed
    return Outcome(row if who.permitted else None, who.decision)


def listed(vault: Vault, by: By, municipality: str, *, now: datetime) -> Listing:
    """What is in force, was, and is proposed. Raises RuleSetMissing."""
    rows: Sequence[RuleSetChange] = ()
    with vault.database.transaction() as session:
        who = stand(vault, session, by, Action.READ_RULES, municipality, now)
        if who.permitted:
            rows = session.scalars(
                select(RuleSetChange)
                .where(RuleSetChange.municipality == municipality)
                .order_by(RuleSetChange.id.desc())
            ).all()
        _append(vault, session, who, Event.RULES_READ, municipality, now, None, {"listed": len(rows)})
    return Listing(rows, who.decision, any(differs(vault, row) for row in rows))


def read(vault: Vault, by: By, change_id: UUID, *, now: datetime) -> Reading:
    """One change and its texts. Raises facts.Unknown, RuleSetAltered."""
    with vault.database.transaction() as session:
        row = _found(session, change_id)
        who = stand(vault, session, by, Action.READ_RULES, row.municipality, now)
        texts = stored_texts(session, row.digest) or {}
        _append(vault, session, who, Event.RULES_READ, row.municipality, now, row)
    if not who.permitted:
        return Reading(None, {}, who.decision)
    return Reading(row, own_texts(texts, row.municipality), who.decision)


def _found(session: Session, change_id: UUID) -> RuleSetChange:
    row = session.get(RuleSetChange, change_id)
    if row is None:
        raise facts.Unknown(str(change_id))
    return row


def _locked(session: Session, change_id: UUID) -> RuleSetChange:
    """The change, with every other of its municipality locked as well."""
    row = _found(session, change_id)
    in_force(session, row.municipality, lock=True)
    return row


def _closed(row: RuleSetChange) -> bool:
    return state_of(row) is not ChangeState.PROPOSED


def _in_the_way(session: Session, row: RuleSetChange, who: Standing) -> type[Exception] | None:
    """What the rules have no words for: why this proposal cannot come into force now, by this hand."""
    if _closed(row):
        return ProposalClosed
    if row.proposed_by == who.account:
        return OwnProposal
    proposed = parse_stored(session, row.digest)
    if proposed.municipality != row.municipality:
        raise RuleSetAltered(row.digest)
    return None if proposed.digest == row.digest else ProposalOutdated


def _bring_into_force(
    vault: Vault, session: Session, row: RuleSetChange, who: Standing, now: datetime
) -> Leaf:
    """The effect of an activation, as the entry tells it."""
    new = parse_stored(session, row.digest).terms
    current = in_force(session, row.municipality)
    if current is None and of_folder(vault, row.municipality):
        current = record_one(vault, session, row.municipality, now)
    moved = 0
    if current is not None:
        # As it was: it may be replaced because it does not go with the shared rules of now.
        old = parse_stored(session, current.digest, as_of_then=True).terms
        current.replaced_at = now
        # Before the other is activated: there is never more than one in force.
        session.flush()
        moved = term_changes.move_all(session, row.municipality, old, new, now=now)
    row.activated_by, row.activated_at = who.account, now
    session.flush()
    return {"replaces": current.digest if current else "", "moved": moved}


def _append(
    vault: Vault,
    session: Session,
    who: Standing,
    event: Event,
    municipality: str,
    now: datetime,
    row: RuleSetChange | None,
    effect: Mapping[str, str | int | bool] | None = None,
    reason: str | None = None,
) -> None:
    leaf = {**({"ruleSet": row.digest} if row else {}), **(effect or {})}
    details: dict[str, object] = (
        {"change": row.id, "proposedBy": row.proposed_by, "reason": reason or row.reason} if row else {}
    )
    standing.append(vault, session, who, event, municipality, now, leaf=leaf, details=details)
