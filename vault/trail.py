"""Reading the audit trail. Whoever reads it is in it: with their purpose, before they see a line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Action, Situation, Trail
from vault import audit, facts
from vault.audit import Event
from vault.ids import RecordingId
from vault.keys import KeyNotHeld
from vault.tables import AuditEntry, AuditPayload
from vault.vault import Caller, Vault

MOST_A_PAGE = 200


@dataclass(frozen=True)
class Question:
    """What someone wants to see of a municipality's trail, and what for."""

    municipality: str
    purpose: str
    recording: RecordingId | None = None
    since: datetime | None = None
    until: datetime | None = None
    event: str | None = None
    after: int = 0
    """Position of the last entry of the page before."""
    most: int = 50


@dataclass(frozen=True)
class Line:
    """One entry as a person reads it: the leaf, and its payload opened."""

    position: int
    leaf: dict[str, Any]
    payload: dict[str, Any] | None
    """Nothing when the payload's term is over and its key destroyed."""


@dataclass(frozen=True)
class Page:
    """Lines in the order in which they were written, and where the next page begins."""

    decision: Decision
    lines: Sequence[Line]
    next_after: int | None


def read(vault: Vault, caller: Caller, question: Question, *, now: datetime) -> Page:
    """A page of the trail; none of it when the policy denies, and either way the reading is an entry."""
    with vault.database.transaction() as session:
        person = facts.person(session, caller.id, question.municipality)
        trail = Trail(question.municipality)
        decision = vault.rule_sets.of(question.municipality).decide(
            Situation(person, Action.READ_AUDIT, trail, question.purpose, now)
        )
        rows = _rows(vault, session, question) if decision.permitted else []
        audit.append(
            session,
            vault.ring,
            audit.of_decision(
                Event.TRAIL_READ if decision.permitted else Event.TRAIL_DENIED,
                decision,
                caller.as_actor(person.roles),
                now,
                details={
                    "recording": question.recording,
                    "since": question.since,
                    "until": question.until,
                    "event": question.event,
                    "after": question.after,
                    "lines": min(len(rows), question.most),
                },
            ),
        )
    more = len(rows) > question.most
    shown = rows[: question.most]
    lines = [_line(vault, entry, payload) for entry, payload in shown]
    return Page(decision, lines, shown[-1][0].seq if more else None)


def _rows(
    vault: Vault, session: Session, question: Question
) -> Sequence[tuple[AuditEntry, AuditPayload | None]]:
    query = (
        select(AuditEntry, AuditPayload)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditEntry.municipality_id == question.municipality, AuditEntry.seq > question.after)
        .order_by(AuditEntry.seq)
        .limit(question.most + 1)
    )
    if question.recording:
        known_as = [
            vault.ring.pseudonym("recording", str(question.recording), epoch=epoch)
            for epoch in vault.ring.epochs
        ]
        query = query.where(AuditEntry.object.in_(known_as))
    if question.since:
        query = query.where(AuditEntry.at >= question.since)
    if question.until:
        query = query.where(AuditEntry.at < question.until)
    if question.event:
        query = query.where(AuditEntry.event == question.event)
    return [(entry, payload) for entry, payload in session.execute(query)]


def _line(vault: Vault, entry: AuditEntry, payload: AuditPayload | None) -> Line:
    try:
        opened = audit.read_payload(vault.ring, entry, payload) if payload else None
    except KeyNotHeld:
        opened = None
    return Line(entry.seq, json.loads(entry.leaf), opened)
