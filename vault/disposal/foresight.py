"""Seeing it come: how much is due on which day, what is held and why, what waits for a lock, what is overdue.

Numbers only, of one municipality. The look is an entry that stands before anything is counted (law 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.retention import days_later
from policies.terms import Terms
from vault.disposal.tables import Disposal, EarlyErasure
from vault.disposal.timetable import Counts, day_of, due_per_day
from vault.holds.tables import Hold
from vault.looks import enter_look, stand_to_look
from vault.standing import By
from vault.vault import Vault


@dataclass(frozen=True)
class HeldFor:
    """Holds that stand for one reason."""

    trigger: str
    """A `policies.terms.Trigger`."""
    holds: int
    recordings: int
    since: datetime
    """When the first of them was placed."""
    reviewed_at: datetime
    """Of all of them, the one nobody looked at for longest was looked at then."""


@dataclass(frozen=True)
class Unfinished:
    """Disposals that began and are not over: nothing opens that footage any more."""

    number: int
    locked: int
    """Of those, whose objects the store does not let go yet."""
    locked_until: datetime | None
    """When it lets the last of them go, as far as is known."""


@dataclass(frozen=True)
class Overview:
    """What is kept and what becomes of it, at one moment."""

    municipality: str
    name: str
    at: datetime
    rule_set: str
    term_days: int
    wpg_term_days: int
    last: date
    """The last of the days that are counted one by one: on which what is recorded now is due, at latest."""
    due: Counts
    held: Sequence[HeldFor]
    unfinished: Unfinished
    erasures_waiting: int
    """Early erasures that wait for somebody to decide."""


def overview(vault: Vault, by: By, municipality: str, *, now: datetime) -> Overview | Decision:
    """What is due when in the coming term, held, overdue. Raises RuleSetMissing, facts.Unknown."""
    rule_set = vault.rule_sets.of(municipality)
    if denial := look(vault, by, municipality, "overview", now=now):
        return denial
    terms = rule_set.terms
    last = last_day(terms, now)
    # Each question sees the same moment, and nobody who writes waits for the counting.
    with vault.database.reading() as session:
        return Overview(
            municipality=municipality,
            name=terms.name,
            at=now,
            rule_set=rule_set.digest,
            term_days=terms.term_of("avg"),
            wpg_term_days=terms.term_of("wpg"),
            last=last,
            due=due_per_day(session, municipality, now=now, last=last),
            held=_held(session, municipality),
            unfinished=_unfinished(session, municipality, now),
            erasures_waiting=_waiting(session, municipality),
        )


def look(
    vault: Vault, by: By, municipality: str, shown: str, *, now: datetime, after: UUID | None = None
) -> Decision | None:
    """Enter that somebody looks at `shown`; the decision that does not let them. Raises facts.Unknown."""
    with vault.database.transaction() as session:
        who = stand_to_look(vault, session, by, municipality, now)
        enter_look(vault, session, who, municipality, now, leaf={"shown": shown}, details={"after": after})
    return who.denial


def last_day(terms: Terms, now: datetime) -> date:
    """The day on which what is recorded now is due, under the longest of the municipality's terms."""
    return day_of(days_later(now, max(terms.term_of("avg"), terms.term_of("wpg"))))


def _held(session: Session, municipality: str) -> Sequence[HeldFor]:
    recordings = func.count(Hold.recording_id.distinct())
    query = (
        select(Hold.trigger, func.count(), recordings, func.min(Hold.placed_at), func.min(Hold.reviewed_at))
        .where(Hold.municipality_id == municipality, Hold.lifted_at.is_(None))
        .group_by(Hold.trigger)
        .order_by(recordings.desc(), Hold.trigger)
    )
    return [HeldFor(*row) for row in session.execute(query)]


def _unfinished(session: Session, municipality: str, now: datetime) -> Unfinished:
    locked = Disposal.locked_until > now
    query = select(
        func.count(), func.count().filter(locked), func.max(Disposal.locked_until).filter(locked)
    ).where(Disposal.municipality_id == municipality, Disposal.disposed_at.is_(None))
    return Unfinished(*session.execute(query).one())


def _waiting(session: Session, municipality: str) -> int:
    query = select(func.count()).where(
        EarlyErasure.municipality_id == municipality, EarlyErasure.decided_at.is_(None)
    )
    return session.scalar(query) or 0
