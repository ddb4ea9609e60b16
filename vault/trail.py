"""Reading the audit trail. Whoever reads it is in it: with their purpose, before they see a line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, String, cast, func, select, tuple_
from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Action, Situation, Trail
from vault import audit, facts
from vault.audit import Event, PayloadBroken
from vault.base import TransactionNumber
from vault.ids import RecordingId
from vault.keys import KeyNotHeld, WrappingBroken
from vault.tables import AuditEntry, AuditPayload
from vault.vault import Caller, Vault


class Position(NamedTuple):
    """Where an entry stands: by the transaction that wrote it, and within that by its number.

    Not by number alone: PostgreSQL gives numbers out before the commit, so a lower one may appear later,
    behind whoever reads on from a higher one. SQLite has one writer at a time: there `transaction` is 0.
    """

    transaction: int
    number: int


START = Position(0, 0)


@dataclass(frozen=True)
class Question:
    """What someone wants to see of a municipality's trail, and what for."""

    municipality: str
    purpose: str
    recording: RecordingId | None = None
    since: datetime | None = None
    until: datetime | None = None
    event: str | None = None
    after: Position = START
    """Position of the last entry of the page before."""
    most: int = 50


@dataclass(frozen=True)
class Line:
    """One entry as a person reads it: the leaf, and its payload opened."""

    position: Position
    leaf: dict[str, Any]
    payload: dict[str, Any] | None
    """Nothing when the payload's term is over and its key destroyed, or when it is damaged."""
    damaged: bool
    """The payload is not the one that the entry commits to: someone changed it."""


@dataclass(frozen=True)
class Page:
    """Lines in the order in which they were written, and where the next page begins."""

    decision: Decision
    lines: Sequence[Line]
    next_after: Position | None


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
                    "after": list(question.after),
                    "lines": min(len(rows), question.most),
                },
            ),
        )
    more = len(rows) > question.most
    shown = rows[: question.most]
    lines = [_line(vault, entry, payload) for entry, payload in shown]
    return Page(decision, lines, lines[-1].position if more else None)


def _rows(
    vault: Vault, session: Session, question: Question
) -> Sequence[tuple[AuditEntry, AuditPayload | None]]:
    query = (
        select(AuditEntry, AuditPayload)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditEntry.municipality_id == question.municipality)
        .limit(question.most + 1)
    )
    query = _in_order(session, query, question.after)
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


def _in_order(
    session: Session, query: Select[AuditEntry, AuditPayload], after: Position
) -> Select[AuditEntry, AuditPayload]:
    """The entries after a position that no entry can come before any more, in order."""
    if session.get_bind().dialect.name != "postgresql":
        return query.where(AuditEntry.seq > after.number).order_by(AuditEntry.seq)
    transaction = cast(cast(after.transaction, String), TransactionNumber)
    horizon = func.pg_snapshot_xmin(func.pg_current_snapshot())
    return query.where(
        tuple_(AuditEntry.xid, AuditEntry.seq) > tuple_(transaction, after.number), AuditEntry.xid < horizon
    ).order_by(AuditEntry.xid, AuditEntry.seq)


def _line(vault: Vault, entry: AuditEntry, payload: AuditPayload | None) -> Line:
    opened, damaged = None, False
    try:
        opened = audit.read_payload(vault.ring, entry, payload) if payload else None
    except KeyNotHeld:
        pass
    except (PayloadBroken, WrappingBroken):
        # One damaged payload must not hide the entries around it.
        damaged = True
    position = Position(int(entry.xid or 0), entry.seq)
    return Line(position, json.loads(entry.leaf), opened, damaged)
