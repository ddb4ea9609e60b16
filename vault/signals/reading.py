"""Reading signals: as the trail is read, by the same rules and purposes; each reading is an entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Action, Person, Situation, Trail
from policies.signals.reading import Signal
from vault import audit, facts
from vault.audit import Event, PayloadBroken
from vault.facts import Unknown
from vault.keys import KeyNotHeld, WrappingBroken
from vault.leaves import leaf_of
from vault.log.tables import LogEntry
from vault.signals.tables import RaisedSignal, SignalEntry
from vault.tables import AuditEntry, AuditPayload
from vault.vault import Caller, Vault


class SignalState(StrEnum):
    """Where a signal is."""

    OPEN = "open"
    SETTLED = "settled"


@dataclass(frozen=True)
class Question:
    """Which signals of a municipality somebody wants to see, and what for."""

    municipality: str
    purpose: str
    state: SignalState | None = None
    after: UUID | None = None
    """The last one of the page before."""
    most: int = 50


@dataclass(frozen=True)
class Told:
    """A signal, and what its municipality's rules say of that kind now; None when they know it no more."""

    row: RaisedSignal
    signal: Signal | None


@dataclass(frozen=True)
class About:
    """An entry that a signal is about: by its number in the log, opened while its term lasts."""

    entry: UUID
    index: int | None
    leaf: dict[str, Any] | None
    """None when it was pruned."""
    payload: dict[str, Any] | None
    damaged: bool = False
    """The payload is not the one that the entry commits to."""


@dataclass(frozen=True)
class Settlement:
    """That a signal was settled: when, and while the entry can be opened by whom and with which note."""

    at: datetime
    by: str | None
    note: str | None


@dataclass(frozen=True)
class Page:
    """Signals, newest first, or why none are shown."""

    decision: Decision
    signals: Sequence[Told] = ()
    next_after: UUID | None = None


@dataclass(frozen=True)
class Reading:
    """One signal in full, or why it is not shown."""

    decision: Decision
    told: Told | None = None
    about: Sequence[About] = ()
    settlement: Settlement | None = None


def listed(vault: Vault, caller: Caller, question: Question, *, now: datetime) -> Page:
    """A page of a municipality's signals. Raises facts.Unknown, RuleSetMissing."""
    with vault.database.transaction() as session:
        person, decision = may_read(vault, session, caller, question.municipality, question.purpose, now)
        rows = _rows(session, question) if decision.permitted else []
        shown = rows[: question.most]
        enter(
            vault,
            session,
            caller,
            person,
            decision,
            Event.SIGNALS_LISTED,
            now,
            {"state": question.state, "shown": [str(row.id) for row in shown]},
        )
    known = vault.rule_sets.of(question.municipality).signals
    more = shown[-1].id if len(rows) > question.most else None
    return Page(decision, [Told(row, known.get(row.kind)) for row in shown], more)


def look(vault: Vault, caller: Caller, signal_id: UUID, purpose: str, *, now: datetime) -> Reading:
    """One signal with the entries it is about. Raises facts.Unknown."""
    with vault.database.transaction() as session:
        row = row_of(session, signal_id)
        person, decision = may_read(vault, session, caller, row.municipality_id, purpose, now)
        about, settlement = [], None
        if decision.permitted:
            about = entries_of(vault, session, signal_id)
            settlement = _settlement(vault, session, row)
        enter(vault, session, caller, person, decision, Event.SIGNAL_READ, now, {"signal": str(signal_id)})
    if not decision.permitted:
        return Reading(decision)
    known = vault.rule_sets.of(row.municipality_id).signals.get(row.kind)
    return Reading(decision, Told(row, known), about, settlement)


def may_read(
    vault: Vault, session: Session, caller: Caller, municipality: str, purpose: str, now: datetime
) -> tuple[Person, Decision]:
    """Whether the rules let somebody read signals: who may read the trail may read what is found in it."""
    person = facts.person(session, caller.id, municipality)
    situation = Situation(person, Action.READ_AUDIT, Trail(municipality), purpose, now)
    return person, vault.rule_sets.of(municipality).decide(situation)


def enter(
    vault: Vault,
    session: Session,
    caller: Caller,
    person: Person,
    decision: Decision,
    event: Event,
    now: datetime,
    details: dict[str, object],
) -> UUID:
    """The entry of something done with signals, or of the denial."""
    return audit.append(
        session,
        vault.ring,
        audit.of_decision(
            event if decision.permitted else Event.SIGNALS_DENIED,
            decision,
            caller.as_actor(person.roles),
            now,
            details=details,
        ),
    )


def row_of(session: Session, signal_id: UUID, *, lock: bool = False) -> RaisedSignal:
    """A signal's row. Raises facts.Unknown."""
    row = session.get(RaisedSignal, signal_id, with_for_update=lock)
    if row is None:
        raise Unknown(str(signal_id))
    return row


def entries_of(vault: Vault, session: Session, signal_id: UUID) -> list[About]:
    """The entries that a signal is about, in order."""
    ids = session.scalars(
        select(SignalEntry.entry_id).where(SignalEntry.signal_id == signal_id).order_by(SignalEntry.place)
    ).all()
    query = (
        select(AuditEntry, AuditPayload, LogEntry.index)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .outerjoin(LogEntry, LogEntry.entry_id == AuditEntry.id)
        .where(AuditEntry.id.in_(ids))
    )
    found = {
        entry.id: _about(vault, entry, payload, index) for entry, payload, index in session.execute(query)
    }
    return [found.get(each, About(each, None, None, None)) for each in ids]


def _about(vault: Vault, entry: AuditEntry, payload: AuditPayload | None, index: int | None) -> About:
    leaf = leaf_of(entry)
    opened, damaged = None, "c" not in leaf
    try:
        opened = audit.read_payload(vault.ring, entry, payload) if payload else None
    except KeyNotHeld:
        pass
    except (PayloadBroken, WrappingBroken):
        damaged = True
    return About(entry.id, index, leaf, opened, damaged)


def _settlement(vault: Vault, session: Session, row: RaisedSignal) -> Settlement | None:
    if row.settled_at is None or row.settled_in is None:
        return None
    entry = session.scalar(select(AuditEntry).where(AuditEntry.id == row.settled_in))
    payload = session.get(AuditPayload, row.settled_in)
    opened = (_about(vault, entry, payload, None).payload if entry else None) or {}
    actor, details = opened.get("actor") or {}, opened.get("details") or {}
    return Settlement(row.settled_at, actor.get("name"), details.get("note"))


def _rows(session: Session, question: Question) -> Sequence[RaisedSignal]:
    query = (
        select(RaisedSignal)
        .where(RaisedSignal.municipality_id == question.municipality)
        .order_by(RaisedSignal.id.desc())
        .limit(question.most + 1)
    )
    if question.state is SignalState.OPEN:
        query = query.where(RaisedSignal.settled_at.is_(None))
    if question.state is SignalState.SETTLED:
        query = query.where(RaisedSignal.settled_at.is_not(None))
    if question.after:
        query = query.where(RaisedSignal.id < question.after)
    return session.scalars(query).all()
