"""Decisions explained, years later: made again from the stored facts, under the stored texts of then.

What a database's administrator changes is told apart. The texts are those of their digest or they are not;
the facts are those whose fingerprint stands in the trail, or they are not; the decision is the one that the
trail tells of, or it is not; and the rules come to the answer that was recorded, or they do not.
"""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import Decision, RuleSet
from policies.facts import Action, Situation
from policies.problems import RuleSetInvalid
from policies.rules import BUILT_IN, Rule
from vault import audit, facts, requests, situations, tables
from vault.audit import Actor, Event, PayloadBroken
from vault.ids import RequestId
from vault.keys import KeyNotHeld, WrappingBroken
from vault.leaves import leaf_of
from vault.requests import RequestState
from vault.rulesets import RuleSetAltered, RuleSetMissing, parse_stored
from vault.situations import SituationUnreadable
from vault.standing import By
from vault.vault import Vault

OUTCOMES = {
    Event.REQUEST_SUBMITTED: RequestState.WAITING,
    Event.REQUEST_ALLOWED: RequestState.GRANTED,
    Event.REQUEST_REFUSED: RequestState.REFUSED,
    Event.REQUEST_APPROVED: RequestState.GRANTED,
    Event.REQUEST_REJECTED: RequestState.REFUSED,
}
"""How the entries of decisions tell their outcome."""


class Finding(enum.StrEnum):
    """What making a decision again came to."""

    SAME = "same"
    OTHER_ANSWER = "other-answer"
    """Texts and facts are whole, and the rules come to another answer than was recorded."""
    FACTS_NOT_KEPT = "facts-not-kept"
    """It was made before facts were kept."""
    FACTS_UNREADABLE = "facts-unreadable"
    FACTS_ALTERED = "facts-altered"
    """They are not the ones that the trail tells of."""
    DECISION_ALTERED = "decision-altered"
    """Outcome, rules or rule set are not the ones that the trail tells of."""
    TEXTS_NOT_KEPT = "texts-not-kept"
    TEXTS_ALTERED = "texts-altered"
    """They are not the ones of their digest."""
    TEXTS_UNREADABLE = "texts-unreadable"
    """This version of the software cannot read them any more."""


SAID = {
    Finding.SAME: (
        "Met de regels en de feiten van toen komt hetzelfde antwoord uit.",
        "From the rules and the facts of then the same answer comes out.",
    ),
    Finding.OTHER_ANSWER: (
        "Met de regels en de feiten van toen komt een ander antwoord uit dan is vastgelegd.",
        "From the rules and the facts of then another answer comes out than was recorded.",
    ),
    Finding.FACTS_NOT_KEPT: (
        "Dit is besloten voordat de feiten werden bewaard; het kan niet worden overgedaan.",
        "This was decided before facts were kept; it cannot be made again.",
    ),
    Finding.FACTS_UNREADABLE: (
        "De bewaarde feiten kan deze versie van de software niet lezen.",
        "This version of the software cannot read the stored facts.",
    ),
    Finding.FACTS_ALTERED: (
        "De bewaarde feiten zijn veranderd: het inzagelog noemt andere.",
        "The stored facts were altered: the audit trail tells of others.",
    ),
    Finding.DECISION_ALTERED: (
        "Het bewaarde besluit is veranderd: het inzagelog noemt een ander.",
        "The stored decision was altered: the audit trail tells of another.",
    ),
    Finding.TEXTS_NOT_KEPT: (
        "De regels van toen zijn niet bewaard; het kan niet worden overgedaan.",
        "The rules of then were not kept; it cannot be made again.",
    ),
    Finding.TEXTS_ALTERED: (
        "De bewaarde regels van toen zijn veranderd: ze zijn niet die van hun kenmerk.",
        "The stored rules of then were altered: they are not those of their digest.",
    ),
    Finding.TEXTS_UNREADABLE: (
        "De regels van toen kan deze versie van de software niet meer lezen.",
        "This version of the software cannot read the rules of then any more.",
    ),
}
"""Each finding in Dutch and in English."""


@dataclass(frozen=True)
class Witness:
    """What the entry of a decision tells of it, in its leaf and in its payload."""

    outcome: RequestState
    rules: list[str]
    rule_set: str
    fingerprint: str

    def contradicts(self, row: tables.Decision) -> bool:
        """Whether the decision is another than the one entered."""
        told = [self.outcome, self.rules, self.rule_set]
        return told != [row.outcome, row.rules, row.rule_set]

    def contradicts_facts(self, row: tables.Decision) -> bool:
        """Whether its facts are others."""
        return row.situation is None or self.fingerprint != situations.fingerprint(row.situation)


@dataclass(frozen=True)
class Explanation:
    """One decision, as far as it can be made again."""

    id: UUID
    request: RequestId
    outcome: str
    decided_at: datetime
    by_person: bool
    """Somebody decided, within what the rules let them."""
    rule_set: str
    rules: Sequence[str]
    """Ids of the rules that decided, as recorded."""
    finding: Finding
    witnessed: bool
    """The trail was held beside it; not so when the entry's payload is gone or its key is not held."""
    situation: Situation | None
    again: Decision | None
    """What the rules of then come to."""
    today: Decision | None
    """What the rules in force now come to, with the facts of then."""
    known: Sequence[Rule]
    """The recorded rules in full, by the texts of then."""

    def in_words(self, language: str) -> Iterator[str]:
        """The facts, a line each."""
        return situations.in_words(self.situation, language) if self.situation else iter(())


def explain(vault: Vault, by: By, decision_id: UUID, *, now: datetime) -> Explanation | Decision:
    """Explain a decision; or the decision that `by` may not read its request. Either way it is an entry.

    Raises facts.Unknown.
    """
    with vault.database.transaction() as session:
        row = session.get(tables.Decision, decision_id)
        if row is None:
            raise facts.Unknown(str(decision_id))
        asked = facts.request_row(session, RequestId(row.request_id))
        recording = session.get_one(tables.Recording, asked.recording_id)
        details = {"request": row.request_id, "decision": row.id}
        may: Decision | None = None
        if isinstance(by, Actor):
            entry = audit.of_recording(Event.DECISION_EXPLAINED, recording, by, now, details=details)
        else:
            _, may = requests.may_read(vault, session, by, RequestId(asked.id), now)
            actor = by.as_actor(may.situation.person.roles)
            entry = audit.of_decision(Event.DECISION_EXPLAINED, may, actor, now, details=details)
        audit.append(session, vault.ring, entry)
        told = _explain(vault, session, row, recording)
    return told if may is None or may.permitted else may


def _explain(
    vault: Vault, session: Session, row: tables.Decision, recording: tables.Recording
) -> Explanation:
    witness = _witness(vault, session, row, recording)
    rule_set, texts_found = _rule_set_of_then(session, row.rule_set)
    situation, facts_found = _situation_of_then(row, witness)
    altered = Finding.DECISION_ALTERED if witness and witness.contradicts(row) else None
    again = today = None
    finding = altered or texts_found or facts_found
    if rule_set is not None and situation is not None:
        again = rule_set.decide(situation)
        finding = finding or (Finding.SAME if _same(row, again) else Finding.OTHER_ANSWER)
    if situation is not None:
        today = _today(vault, recording.municipality_id, situation)
    named = row.rules if situations.are_names(row.rules) else []
    rules = {**BUILT_IN, **(rule_set.rules if rule_set else {})}
    return Explanation(
        id=row.id,
        request=RequestId(row.request_id),
        outcome=row.outcome,
        decided_at=row.decided_at,
        by_person=row.decider_id is not None,
        rule_set=row.rule_set,
        rules=named,
        finding=finding or Finding.FACTS_NOT_KEPT,
        witnessed=witness is not None,
        situation=situation,
        again=again,
        today=today,
        known=[rules[id_] for id_ in named if id_ in rules],
    )


def _rule_set_of_then(session: Session, named: str) -> tuple[RuleSet | None, Finding | None]:
    try:
        return parse_stored(session, named, as_of_then=True), None
    except RuleSetMissing:
        return None, Finding.TEXTS_NOT_KEPT
    except RuleSetAltered:
        return None, Finding.TEXTS_ALTERED
    except RuleSetInvalid:
        return None, Finding.TEXTS_UNREADABLE


def _situation_of_then(
    row: tables.Decision, witness: Witness | None
) -> tuple[Situation | None, Finding | None]:
    altered = Finding.FACTS_ALTERED if witness and witness.contradicts_facts(row) else None
    if row.situation is None:
        return None, altered or Finding.FACTS_NOT_KEPT
    try:
        return situations.of_json(row.situation), altered
    except SituationUnreadable:
        return None, altered or Finding.FACTS_UNREADABLE


def _same(row: tables.Decision, again: Decision) -> bool:
    permitted = again.situation.action is Action.DECIDE or row.outcome != RequestState.REFUSED
    return (
        again.permitted == permitted
        and [rule.id for rule in again.reasons] == row.rules
        and sorted(again.obligations) == row.obligations
    )


def _today(vault: Vault, municipality: str, situation: Situation) -> Decision | None:
    try:
        return vault.rule_sets.of(municipality).decide(situation)
    except RuleSetMissing:
        return None


def _witness(
    vault: Vault, session: Session, row: tables.Decision, recording: tables.Recording
) -> Witness | None:
    """What the entry of this decision tells; None when nobody can say it any more."""
    known_as = [
        vault.ring.pseudonym("recording", str(recording.id), epoch=epoch) for epoch in vault.ring.epochs
    ]
    query = (
        select(tables.AuditEntry, tables.AuditPayload)
        .join(tables.AuditPayload, tables.AuditPayload.entry_id == tables.AuditEntry.id)
        .where(
            tables.AuditEntry.object.in_(known_as),
            tables.AuditEntry.event.in_(OUTCOMES),
        )
    )
    for entry, payload in session.execute(query):
        told = _details(vault, entry, payload)
        if told.get("decision") == str(row.id):
            leaf = leaf_of(entry)
            outcome = OUTCOMES[Event(entry.event)]
            return Witness(outcome, leaf.get("why", []), leaf["pol"], told["situation"])
    return None


def _details(vault: Vault, entry: tables.AuditEntry, payload: tables.AuditPayload) -> dict[str, Any]:
    try:
        content = audit.read_payload(vault.ring, entry, payload)
    except (KeyNotHeld, PayloadBroken, WrappingBroken):
        return {}
    details: Any = content["details"]
    return dict(details)
