"""Decisions explained, years later: made again from the stored facts, under the stored texts of then.

What a database's administrator changes is told apart. The texts are those of their digest or they are not; the
facts are those whose fingerprint stands in the trail, or they are not; and the rules come to the answer that
was recorded, or they do not.
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
from vault.audit import Actor, Entry, Event, PayloadBroken
from vault.ids import RequestId
from vault.keys import KeyNotHeld, WrappingBroken
from vault.rulesets import RuleSetAltered, RuleSetMissing, parse_stored
from vault.situations import SituationUnreadable
from vault.standing import By
from vault.vault import Vault

DECIDED = (
    Event.REQUEST_SUBMITTED,
    Event.REQUEST_ALLOWED,
    Event.REQUEST_REFUSED,
    Event.REQUEST_APPROVED,
    Event.REQUEST_REJECTED,
)


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
    TEXTS_NOT_KEPT = "texts-not-kept"
    TEXTS_ALTERED = "texts-altered"
    """They are not the ones of their digest."""
    TEXTS_UNREADABLE = "texts-unreadable"
    """This version of the software cannot read them any more."""


class Witness(enum.StrEnum):
    """What the trail says of the stored facts."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    SILENT = "silent"
    """Its entry is not found, or its payload's term is over or its key not held."""


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
    witness: Witness
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
            entry = Entry(
                event=Event.DECISION_EXPLAINED,
                at=now,
                actor=by,
                municipality=recording.municipality_id,
                thing=("recording", str(recording.id)),
                subject=str(recording.officer_id),
                details=details,
            )
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
    again = today = None
    finding = texts_found or facts_found
    if rule_set is not None and situation is not None:
        again = rule_set.decide(situation)
        finding = finding or (Finding.SAME if _same(row, again) else Finding.OTHER_ANSWER)
    if situation is not None:
        today = _today(vault, recording.municipality_id, situation)
    rules = {**BUILT_IN, **(rule_set.rules if rule_set else {})}
    return Explanation(
        id=row.id,
        request=RequestId(row.request_id),
        outcome=row.outcome,
        decided_at=row.decided_at,
        by_person=row.decider_id is not None,
        rule_set=row.rule_set,
        rules=row.rules,
        finding=finding or Finding.FACTS_NOT_KEPT,
        witness=witness,
        situation=situation,
        again=again,
        today=today,
        known=[rules[id_] for id_ in row.rules if id_ in rules],
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


def _situation_of_then(row: tables.Decision, witness: Witness) -> tuple[Situation | None, Finding | None]:
    if row.situation is None:
        return None, Finding.FACTS_ALTERED if witness is Witness.DISAGREES else Finding.FACTS_NOT_KEPT
    try:
        situation = situations.of_json(row.situation)
    except SituationUnreadable:
        altered = witness is Witness.DISAGREES
        return None, Finding.FACTS_ALTERED if altered else Finding.FACTS_UNREADABLE
    return situation, Finding.FACTS_ALTERED if witness is Witness.DISAGREES else None


def _same(row: tables.Decision, again: Decision) -> bool:
    permitted = again.situation.action is Action.DECIDE or row.outcome != requests.RequestState.REFUSED
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


def _witness(vault: Vault, session: Session, row: tables.Decision, recording: tables.Recording) -> Witness:
    """What the entry of this decision says of its facts."""
    known_as = [
        vault.ring.pseudonym("recording", str(recording.id), epoch=epoch) for epoch in vault.ring.epochs
    ]
    query = (
        select(tables.AuditEntry, tables.AuditPayload)
        .join(tables.AuditPayload, tables.AuditPayload.entry_id == tables.AuditEntry.id)
        .where(
            tables.AuditEntry.object.in_(known_as),
            tables.AuditEntry.event.in_(DECIDED),
            tables.AuditEntry.at == row.decided_at,
        )
    )
    for entry, payload in session.execute(query):
        told = _details(vault, entry, payload)
        if told.get("decision") == str(row.id):
            stored = situations.fingerprint(row.situation) if row.situation is not None else None
            return Witness.AGREES if told.get("situation") == stored else Witness.DISAGREES
    return Witness.SILENT


def _details(vault: Vault, entry: tables.AuditEntry, payload: tables.AuditPayload) -> dict[str, Any]:
    try:
        content = audit.read_payload(vault.ring, entry, payload)
    except (KeyNotHeld, PayloadBroken, WrappingBroken):
        return {}
    details: Any = content["details"]
    return dict(details)
