"""What other terms do to when footage is due: which days lose, which gain, and what a lock keeps longer."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault.disposal.timetable import day_of
from vault.tables import Recording
from vault.term_changes import Move


@dataclass(frozen=True)
class Shift:
    """Of recordings whose term would end at another moment; several can be added up."""

    earlier: int = 0
    later: int = 0
    at_once: int = 0
    """How many would be due at the very moment that the terms come into force."""
    locked: int = 0
    """How many the store would keep for longer than their new term: their key goes in time, and opens nothing
    any more; their objects go when the lock ends."""
    leaving: Mapping[date, int] = field(default_factory=dict)
    """How many would not be due any more on a day on which they are."""
    arriving: Mapping[date, int] = field(default_factory=dict)
    """How many would be due on a day on which they are not. What is due at once is so today."""

    def __add__(self, other: "Shift") -> "Shift":
        return Shift(
            self.earlier + other.earlier,
            self.later + other.later,
            self.at_once + other.at_once,
            self.locked + other.locked,
            Counter(self.leaving) + Counter(other.leaving),
            Counter(self.arriving) + Counter(other.arriving),
        )

    def apply(self, days: Mapping[date, int]) -> dict[date, int]:
        """How many would be due each day, of how many are."""
        found = Counter(days)
        found.subtract(self.leaving)
        found.update(self.arriving)
        return {day: number for day, number in sorted(found.items()) if number}


def shift_of(session: Session, moves: Iterable[Move], now: datetime) -> Shift:
    """What these moves come to; the locks are asked of the database, for all of them at once."""
    moved = list(moves)
    locks = _locks(session, [move.recording for move in moved])
    return Shift(
        earlier=sum(move.after < move.before for move in moved),
        later=sum(move.after > move.before for move in moved),
        at_once=sum(move.after <= now for move in moved),
        locked=sum(locks.get(move.recording, now) > max(move.after, now) for move in moved),
        leaving=Counter(day_of(move.before) for move in moved),
        arriving=Counter(day_of(max(move.after, now)) for move in moved),
    )


def _locks(session: Session, recordings: Sequence[UUID]) -> Mapping[UUID, datetime]:
    """Until when the store keeps what: the moment that locks were last brought to."""
    if not recordings:
        return {}
    query = select(Recording.id, Recording.placed_for).where(
        Recording.id.in_(recordings), Recording.placed_for.is_not(None)
    )
    return {recording: until for recording, until in session.execute(query) if until}
