"""Early erasure: one asks that a recording goes before its term is over, another decides. There is no undo.

Every verb is one transaction: whether the rules let them, the effect, the entry. The recording's row is
locked before anything else is looked at, as by whoever holds or sweeps it: what was true stays so until the
commit. An operator at the command line is no person whom rules know; that two of them are needed is seen to
here, and by the database.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import Decision, RuleSet
from policies.facts import Action, Trail
from policies.facts import Recording as Footage
from policies.retention import UNTIL_RELEASED
from vault import facts, standing
from vault.audit import Event
from vault.disposal.beginning import THERE, NotThere, begin
from vault.disposal.tables import EarlyErasure, Ground
from vault.holds.rows import locked
from vault.holds.tables import Hold
from vault.ids import RecordingId, new_id
from vault.retention import due_of, holds_of
from vault.standing import By, Standing, stand_before
from vault.tables import Recording
from vault.vault import Vault

EARLY = tuple(ground for ground in Ground if ground is not Ground.TERM_OVER)
"""The grounds on which a recording can go before its term is over."""


class Outcome(StrEnum):
    """What became of an early erasure that somebody asked for."""

    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class HeldFirst(Exception):
    """Something holds this footage. Lift that first, when its event has come; then ask or approve again."""

    def __init__(self, triggers: tuple[str, ...]) -> None:
        """`triggers`: what holds it; none when whoever asks may not know that."""
        named = f": {', '.join(triggers)}" if triggers else ""
        super().__init__(f"held{named}. {HeldFirst.__doc__}")
        self.told = {"triggers": list(triggers)}


class ErasureWaiting(Exception):
    """Somebody asked this before; it waits for a decision."""


class ErasureClosed(Exception):
    """This was approved, refused or withdrawn before. If there is a new reason, ask anew."""


class OwnErasure(Exception):
    """Nobody decides on an erasure that they asked for themselves. Withdraw it, or let another decide."""


class NotAsker(Exception):
    """Only who asked for an erasure withdraws it. Whoever may decide on it can refuse it."""


@dataclass(frozen=True)
class Answer:
    """An early erasure as it stands after a verb; without one, the decision tells which rule denied it."""

    erasure: EarlyErasure | None
    decision: Decision | None
    """None for an operator."""


@dataclass(frozen=True)
class _Subject:
    """The recording that it is about, locked, as a row and as rules see it; and the rules of now."""

    row: Recording
    footage: Footage
    rule_set: RuleSet


def ask(
    vault: Vault, by: By, recording: RecordingId, *, ground: Ground, reason: str, now: datetime
) -> Answer:
    """Ask that a recording be erased before its term is over; nothing is erased by it.

    Raises facts.Unknown, NotThere, HeldFirst, ErasureWaiting; ValueError for the ground "term-over".
    """
    if ground not in EARLY:
        raise ValueError("whose term is over goes by itself")
    erasure: EarlyErasure | None = None
    with vault.database.transaction() as session:
        # 1. the facts, under the lock
        about = _locked(vault, session, recording)
        # 2. the decision
        who = stand_before(vault, session, by, Action.ASK_ERASURE, about.footage, now)
        refused = None
        if who.permitted:
            named = _may_know(vault, session, by, about, now)
            refused = _in_the_way(session, about, named=named) or _asked_before(session, recording)
        if who.permitted and not refused:
            # 3. the effect
            erasure = EarlyErasure(
                id=new_id(),
                recording_id=recording,
                municipality_id=about.footage.municipality,
                ground=ground.value,
                reason=reason,
                asked_by=who.account,
                asked_at=now,
            )
            session.add(erasure)
            session.flush()
        # 4. the entry
        _append(vault, session, who, Event.ERASURE_ASKED, about, ground, erasure, reason, refused, now)
    if refused:
        raise refused
    return Answer(erasure, who.decision)


def approve(vault: Vault, by: By, erasure_id: UUID, *, reason: str, now: datetime) -> Answer:
    """Approve it: from this commit on nothing opens the recording any more, and nothing brings it back.

    Its objects go as soon as the store lets them; the certificate says when both were. Raises facts.Unknown,
    OwnErasure, ErasureClosed, NotThere, HeldFirst.
    """
    return _decide(vault, by, erasure_id, Outcome.APPROVED, Event.ERASURE_APPROVED, reason, now)


def refuse(vault: Vault, by: By, erasure_id: UUID, *, reason: str, now: datetime) -> Answer:
    """Refuse it: the recording stays for its term. Raises facts.Unknown, OwnErasure, ErasureClosed."""
    return _decide(vault, by, erasure_id, Outcome.REFUSED, Event.ERASURE_REFUSED, reason, now)


def withdraw(vault: Vault, by: By, erasure_id: UUID, *, reason: str, now: datetime) -> Answer:
    """Take back what one asked for. Raises facts.Unknown, NotAsker, ErasureClosed."""
    with vault.database.transaction() as session:
        about, row = _locked_erasure(vault, session, erasure_id)
        who = stand_before(vault, session, by, Action.ASK_ERASURE, about.footage, now)
        refused: Exception | None = None
        if who.permitted and row.asked_by != who.account:
            refused = NotAsker()
        elif who.permitted and row.decided_at is not None:
            refused = ErasureClosed()
        elif who.permitted:
            row.outcome, row.decided_at, row.decision_reason = Outcome.WITHDRAWN.value, now, reason
        event = Event.ERASURE_WITHDRAWN
        _append(vault, session, who, event, about, Ground(row.ground), row, reason, refused, now)
    if refused:
        raise refused
    return Answer(row if who.permitted else None, who.decision)


def _decide(
    vault: Vault, by: By, erasure_id: UUID, outcome: Outcome, event: Event, reason: str, now: datetime
) -> Answer:
    approved = outcome is Outcome.APPROVED
    with vault.database.transaction() as session:
        # 1. the facts, under the locks
        about, row = _locked_erasure(vault, session, erasure_id)
        now = _after_releases(session, about, now)
        # 2. the decision: may this person, and is nothing in the way?
        who = stand_before(vault, session, by, Action.DECIDE_ERASURE, about.footage, now, row.asked_by)
        refused: Exception | None = None
        if who.permitted and row.decided_at is not None:
            refused = ErasureClosed()
        elif who.permitted and row.asked_by == who.account:
            refused = OwnErasure()
        elif who.permitted and approved:
            refused = _in_the_way(session, about)
        acts = who.permitted and not refused
        if acts:
            row.outcome, row.decided_by = outcome.value, who.account
            row.decided_at, row.decision_reason = now, reason
            session.flush()
        # 3. the entry
        ground = Ground(row.ground)
        _append(vault, session, who, event, about, ground, row, reason, refused, now)
        if acts and approved:
            # 4. the effect: the key goes now, in this same commit
            begin(vault, session, about.row, ground=ground, now=now, by=who.actor)
    if refused:
        raise refused
    return Answer(row if who.permitted else None, who.decision)


def found(session: Session, erasure_id: UUID) -> EarlyErasure:
    """The row of an early erasure. Raises facts.Unknown."""
    row = session.get(EarlyErasure, erasure_id)
    if row is None:
        raise facts.Unknown(str(erasure_id))
    return row


def _locked_erasure(vault: Vault, session: Session, erasure_id: UUID) -> tuple[_Subject, EarlyErasure]:
    """Its recording's row locked, and then its own: in the order of whoever sweeps."""
    recording = RecordingId(found(session, erasure_id).recording_id)
    about = _locked(vault, session, recording)
    return about, session.get_one(EarlyErasure, erasure_id, with_for_update=True)


def _locked(vault: Vault, session: Session, recording: RecordingId) -> _Subject:
    """A recording past its commit point, its row locked. Raises facts.Unknown."""
    row, rule_set = locked(vault, session, recording)
    return _Subject(row, facts.as_recording(session, row), rule_set)


def _after_releases(session: Session, about: _Subject, now: datetime) -> datetime:
    """`now`, or when the last hold ended: whoever lifted it while this waited for the lock did so before, and
    nothing may tell, nor certify, that footage went while it was held."""
    holds = holds_of(session, [about.row.id])[about.row.id]
    return max([now, *(hold.released_at for hold in holds if hold.released_at)])


def _may_know(vault: Vault, session: Session, by: By, about: _Subject, now: datetime) -> bool:
    """Whether they may read what holds it: who made footage does not learn here of an investigation."""
    trail = Trail(about.footage.municipality)
    return stand_before(vault, session, by, Action.READ_RETENTION, trail, now).permitted


def _in_the_way(session: Session, about: _Subject, *, named: bool = True) -> Exception | None:
    """Why this recording cannot be erased now, whoever asks it; `named`, with what holds it."""
    if about.row.state not in THERE:
        return NotThere(str(about.row.id))
    if due_of(session, about.row, about.rule_set.terms) != UNTIL_RELEASED:
        return None
    if not named:
        return HeldFirst(())
    standing_holds = (
        select(Hold.trigger)
        .where(Hold.recording_id == about.row.id, Hold.lifted_at.is_(None))
        .order_by(Hold.placed_at, Hold.id)
    )
    return HeldFirst(tuple(dict.fromkeys(session.scalars(standing_holds))))


def _asked_before(session: Session, recording: RecordingId) -> Exception | None:
    waiting = select(EarlyErasure.id).where(
        EarlyErasure.recording_id == recording, EarlyErasure.decided_at.is_(None)
    )
    return ErasureWaiting() if session.scalar(waiting) else None


def _append(
    vault: Vault,
    session: Session,
    who: Standing,
    event: Event,
    about: _Subject,
    ground: Ground,
    row: EarlyErasure | None,
    reason: str,
    refused: Exception | None,
    now: datetime,
) -> None:
    leaf: dict[str, str | int | bool] = {"ground": ground.value}
    if refused:
        leaf["refused"] = type(refused).__name__
    standing.append_before(
        vault,
        session,
        who,
        Event.ERASURE_DENIED if refused else event,
        about.footage,
        now,
        denied=Event.ERASURE_DENIED,
        leaf=leaf,
        details={
            "erasure": row.id if row else None,
            "askedBy": row.asked_by if row else None,
            "reason": reason,
        },
    )
