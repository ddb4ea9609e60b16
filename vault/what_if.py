"""What another rule set would change (what-if): past decisions, the terms of footage, and grants that live.

Reading only; nothing changes before it is activated (`vault.rule_changes`). It is told in batches, so that a
million recordings need neither memory nor one long look at the database.
"""

from collections.abc import Sequence
from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from policies.engine import Decision, RuleSet
from policies.facts import Action
from vault import facts, standing, term_changes
from vault.audit import Event
from vault.disposal.shifts import Shift, shift_of
from vault.disposal.timetable import Counts, due_per_day, last_due
from vault.replays import Ending, Flip, Replay
from vault.rulesets import Texts, own_texts, shared_texts, stored_texts
from vault.situations import SituationUnreadable
from vault.standing import By, stand
from vault.tables import Decision as Decided
from vault.tables import Grant, Recording, Request, RuleSetChange, State
from vault.term_changes import Move
from vault.vault import Vault

AT_ONCE = 500
"""Decisions or grants looked at with one question to the database."""
_PROOF = object()
T = TypeVar("T")


@dataclass(frozen=True)
class Batch(Generic[T]):
    """What was found among so many that were looked at; go on `after` that one, or it was the end."""

    found: Sequence[T]
    looked: int
    unreadable: int
    """Decisions whose facts were not kept, or cannot be read."""
    after: UUID | None


@dataclass(frozen=True)
class Totals:
    """How many there are to look at."""

    decisions: int
    recordings: int
    grants: int


@dataclass(frozen=True)
class Examination:
    """One look at what a rule set would change; its entry is committed. Made by `examine` only."""

    vault: Vault
    proposed: RuleSet
    current: RuleSet
    totals: Totals
    now: datetime
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _PROOF:
            raise TypeError("an Examination is made by examine() only")

    def flips(self, after: UUID | None = None) -> Batch[Flip]:
        """Of the next past decisions those that would be others."""
        found, unreadable = [], 0
        with self.vault.database.reading() as session:
            replay = self._replay(session)
            rows = session.scalars(_next(_decided(self.current.municipality), Decided.id, after)).all()
            for row in rows:
                try:
                    flip = replay.retry(row)
                except SituationUnreadable:
                    unreadable += 1
                else:
                    found += [flip] if flip else []
        return Batch(found, len(rows), unreadable, _last(rows))

    def moves(self, after: UUID | None = None) -> Batch[Move]:
        """Of the next recordings those whose term would end at another moment."""
        old, new = self.current.terms, self.proposed.terms
        with self.vault.database.reading() as session:
            some = term_changes.moves(session, self.current.municipality, old, new, now=self.now, after=after)
        return Batch(some.found, some.looked, 0, some.after)

    def due(self) -> Counts:
        """How much is due when as it is, on every day on which anything is; what is held stays held."""
        municipality = self.current.municipality
        with self.vault.database.reading() as session:
            last = last_due(session, municipality, self.now)
            return due_per_day(session, municipality, now=self.now, last=last)

    def shift(self, moves: Sequence[Move]) -> Shift:
        """What a batch of moves comes to: which days lose and gain, and which locks would outlast a term."""
        with self.vault.database.reading() as session:
            return shift_of(session, moves, self.now)

    def endings(self, after: UUID | None = None) -> Batch[Ending]:
        """Of the next grants that live those that would end, or would not be given any more."""
        with self.vault.database.reading() as session:
            replay = self._replay(session)
            rows = session.scalars(_next(_living(self.current.municipality, self.now), Grant.id, after)).all()
            fates = [replay.fate(row) for row in rows]
        return Batch([ending for ending in fates if ending], len(rows), 0, _last(rows))

    def _replay(self, session: Session) -> Replay:
        return Replay(session, self.proposed, self.current, self.now)


@dataclass(frozen=True)
class ExaminationDenied:
    """The rules do not let this person examine."""

    decision: Decision


def examine(
    vault: Vault, by: By, municipality: str, own: Texts, *, now: datetime
) -> Examination | ExaminationDenied:
    """Begin to see what these texts would change for a municipality; the look is an entry.

    Raises RuleSetMissing; RuleSetInvalid with every problem of the texts.
    """
    with vault.database.transaction() as session:
        return _examine(vault, session, by, municipality, own, now)


def examine_proposal(
    vault: Vault, by: By, change_id: UUID, *, now: datetime
) -> Examination | ExaminationDenied:
    """As `examine`, of what somebody proposed. Raises facts.Unknown and RuleSetAltered too."""
    with vault.database.transaction() as session:
        row = session.get(RuleSetChange, change_id)
        if row is None:
            raise facts.Unknown(str(change_id))
        own = own_texts(stored_texts(session, row.digest) or {}, row.municipality)
        return _examine(vault, session, by, row.municipality, own, now)


def _examine(
    vault: Vault, session: Session, by: By, municipality: str, own: Texts, now: datetime
) -> Examination | ExaminationDenied:
    current = vault.rule_sets.of(municipality)
    who = stand(vault, session, by, Action.EXAMINE_RULES, municipality, now)
    if who.denial is not None:
        standing.append(vault, session, who, Event.RULES_EXAMINED, municipality, now)
        return ExaminationDenied(who.denial)
    proposed = RuleSet.parse(municipality, own, shared_texts())
    leaf = {"ruleSet": proposed.digest}
    standing.append(vault, session, who, Event.RULES_EXAMINED, municipality, now, leaf=leaf)
    totals = Totals(
        decisions=_count(session, _decided(municipality)),
        recordings=_count(session, _kept(municipality)),
        grants=_count(session, _living(municipality, now)),
    )
    return Examination(vault, proposed, current, totals, now, _PROOF)


def _decided(municipality: str) -> Select[Any]:
    return (
        select(Decided)
        .join(Request, Request.id == Decided.request_id)
        .join(Recording, Recording.id == Request.recording_id)
        .where(Recording.municipality_id == municipality)
    )


def _kept(municipality: str) -> Select[Any]:
    there = Recording.state.in_([State.KEPT, State.QUARANTINED])
    return select(Recording).where(Recording.municipality_id == municipality, there)


def _living(municipality: str, now: datetime) -> Select[Any]:
    return (
        select(Grant)
        .join(Recording, Recording.id == Grant.recording_id)
        .where(
            Recording.municipality_id == municipality,
            Grant.valid_until > now,
            Grant.revoked_at.is_(None),
        )
    )


def _next(query: Select[Any], id_: Any, after: UUID | None) -> Select[Any]:
    """In order of id, which is that of making, from behind `after`."""
    return (query.where(id_ > after) if after else query).order_by(id_).limit(AT_ONCE)


def _last(rows: Sequence[Any]) -> UUID | None:
    return rows[-1].id if len(rows) == AT_ONCE else None


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0
