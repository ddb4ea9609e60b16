"""Reading the audit trail. Whoever reads it is in it: with their purpose and what they looked for, before
they see a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Action, Person, Situation, Trail
from vault import audit, facts
from vault.audit import Event, PayloadBroken
from vault.ids import EntryId
from vault.keys import KeyNotHeld, KeyRing, WrappingBroken
from vault.leaves import leaf_of
from vault.log import reading as log
from vault.log.tables import LogCheckpoint, LogEntry
from vault.tables import AuditEntry, AuditPayload
from vault.trail.choosing import Stretch, choose
from vault.trail.indexer import cursor_of
from vault.trail.questions import Question, filters
from vault.vault import Caller, Vault


@dataclass(frozen=True)
class Line:
    """One entry as a person reads it: the leaf, and its payload opened."""

    index: int
    """Its number in the log."""
    at: datetime
    leaf: dict[str, Any]
    leaf_bytes: bytes
    """As they were hashed."""
    payload: dict[str, Any] | None
    """Nothing when the payload's term is over and its key destroyed, or when it is damaged."""
    damaged: bool
    """The payload is not the one that the entry commits to: someone changed it."""


@dataclass(frozen=True)
class Under:
    """The log under which a page was made: who has the checkpoint can have every line proven."""

    checkpoint: LogCheckpoint | None
    """None while nothing was ever signed."""
    note: str | None
    """The checkpoint as signed by the log, and by each witness that saw it."""
    complete_to: int
    """Entries from this number on may be missing: they cannot be found yet."""


@dataclass(frozen=True)
class Page:
    """Lines in the order asked for, and where the next page begins."""

    decision: Decision
    under: Under | None
    """None when the policy denies."""
    lines: Sequence[Line] = ()
    next_after: int | None = None


def read(vault: Vault, caller: Caller, question: Question, *, now: datetime) -> Page:
    """A page of the trail; none of it when the policy denies, and either way the reading is an entry.

    Raises RuleSetMissing and facts.Unknown; NothingToFind when the words asked for are none.
    """
    wanted = filters(question, vault.ring)
    with vault.database.transaction() as session:
        # 1. the facts; 2. the decision
        person, decision = decide(vault, session, caller, question, now)
        # 3. what will be shown
        chosen, under, rows = [], None, {}
        if decision.permitted:
            chosen = choose(session, wanted, stretch(question), question.most + 1)
            under = under_now(session)
            rows = rows_of(session, chosen[: question.most])
        # 4. the entry
        event = Event.TRAIL_READ if decision.permitted else Event.TRAIL_DENIED
        enter(vault, session, caller, person, decision, event, question, len(rows), now)
    # 5. only now, after the commit, is a payload opened
    shown = chosen[: question.most]
    lines = [line(vault.ring, index, *rows[index]) for index in shown if index in rows]
    return Page(decision, under, lines, shown[-1] if len(chosen) > question.most else None)


def decide(
    vault: Vault, session: Session, caller: Caller, question: Question, now: datetime
) -> tuple[Person, Decision]:
    """Whether `caller` may read this municipality's trail for this purpose."""
    person = facts.person(session, caller.id, question.municipality)
    situation = Situation(person, Action.READ_AUDIT, Trail(question.municipality), question.purpose, now)
    return person, vault.rule_sets.of(question.municipality).decide(situation)


def enter(
    vault: Vault,
    session: Session,
    caller: Caller,
    person: Person,
    decision: Decision,
    event: Event,
    question: Question,
    lines: int,
    now: datetime,
    *,
    form: str | None = None,
) -> EntryId:
    """The entry of a reading: for which purpose, what was looked for, how much was shown; in which form."""
    details: Mapping[str, object] = {
        "filters": question.filters(),
        "newestFirst": question.newest_first,
        "after": question.after,
        "lines": lines,
        **({"form": form} if form else {}),
    }
    actor = caller.as_actor(person.roles)
    return audit.append(session, vault.ring, audit.of_decision(event, decision, actor, now, details=details))


def stretch(question: Question, after: int | None = None) -> Stretch:
    """The part of the log a question is about; from `after` on, where that is given."""
    begin = question.after if after is None else after
    return Stretch(question.since, question.until, begin, question.newest_first)


def under_now(session: Session) -> Under:
    """The newest checkpoint, and how far entries can be found. Asked after what it is to cover."""
    signed = log.checkpoint(session)
    note = log.cosigned(session, signed).decode() if signed else None
    return Under(signed, note, cursor_of(session))


Row = tuple[AuditEntry, AuditPayload | None]


def rows_of(session: Session, indexes: Sequence[int]) -> dict[int, Row]:
    """Entries and their payloads by number. What was pruned meanwhile is not in it."""
    query = (
        select(LogEntry.index, AuditEntry, AuditPayload)
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(LogEntry.index.in_(indexes))
    )
    return {index: (entry, payload) for index, entry, payload in session.execute(query)}


def line(ring: KeyRing, index: int, entry: AuditEntry, payload: AuditPayload | None) -> Line:
    """An entry opened, for who may read it. What cannot be opened hides nothing around it."""
    leaf = leaf_of(entry)
    bare = Line(index, entry.at, leaf, entry.leaf, None, "c" not in leaf)
    if payload is None:
        return bare
    try:
        return replace(bare, payload=audit.read_payload(ring, entry, payload))
    except KeyNotHeld:
        return bare
    except (PayloadBroken, WrappingBroken):
        return replace(bare, damaged=True)
