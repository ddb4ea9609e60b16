"""What other terms mean for footage that is kept already: until when it would stay, and who moves it.

New terms hold for what is kept, too: what the municipality publishes is what a citizen may expect. Two things
stay as they are. Footage whose term is over does not come back; and what stands on another moment than its
term (something holds it, or it came from quarantine) keeps that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, func, select, update
from sqlalchemy.orm import Session

from policies.retention import days_later
from policies.terms import Terms
from vault.base import table_of
from vault.ids import RecordingId
from vault.tables import Recording, State

AT_ONCE = 2000
"""Recordings looked at with one question to the database."""
_RECORDINGS = table_of(Recording)
_MOVE = (
    update(_RECORDINGS).where(_RECORDINGS.c.id == bindparam("moved")).values(dispose_after=bindparam("until"))
)
# Of a whole batch with one statement: PostgreSQL takes twenty times as long for as many of one row each.
_TO = (
    func.unnest(
        bindparam("moved", type_=ARRAY(Uuid)), bindparam("until", type_=ARRAY(DateTime(timezone=True)))
    )
    .table_valued("moved", "until", name="given", joins_implicitly=True)
    .render_derived()
)
_MOVE_MANY = update(_RECORDINGS).where(_RECORDINGS.c.id == _TO.c.moved).values(dispose_after=_TO.c.until)


@dataclass(frozen=True)
class Move:
    """One recording whose term ends at another moment."""

    recording: RecordingId
    before: datetime
    after: datetime


@dataclass(frozen=True)
class Moves:
    """Those found among so many that were looked at; go on `after` that one, or it was the end."""

    found: Sequence[Move]
    looked: int
    after: UUID | None


def due_under(
    new: Terms, old: Terms, *, recorded_at: datetime, regime: str, due: datetime, now: datetime
) -> datetime:
    """When footage that is due at `due` by the `old` terms would be due by the `new` ones."""
    if due <= now or due != days_later(recorded_at, old.term_of(regime)):
        return due
    return days_later(recorded_at, new.term_of(regime))


def moves(
    session: Session, municipality: str, old: Terms, new: Terms, *, now: datetime, after: UUID | None = None
) -> Moves:
    """The moves among the next recordings, in order of id."""
    if all(old.term_of(regime) == new.term_of(regime) for regime in ("avg", "wpg")):
        return Moves((), 0, None)
    query = (
        select(*(_RECORDINGS.c[name] for name in ("id", "recorded_at", "regime", "dispose_after")))
        .where(_RECORDINGS.c.municipality_id == municipality, _RECORDINGS.c.state == State.KEPT)
        .order_by(_RECORDINGS.c.id)
        .limit(AT_ONCE)
    )
    rows = session.execute(query.where(_RECORDINGS.c.id > after) if after else query).all()
    found = [Move(RecordingId(row.id), row.dispose_after, _due(row, old, new, now)) for row in rows]
    return Moves(
        [move for move in found if move.after != move.before],
        len(rows),
        rows[-1].id if len(rows) == AT_ONCE else None,
    )


def move_all(session: Session, municipality: str, old: Terms, new: Terms, *, now: datetime) -> int:
    """Let the new terms hold for everything that is kept; how many recordings that moved."""
    count = 0
    for batch in _batches(session, municipality, old, new, now):
        if batch.found:
            _move(session, batch.found)
        count += len(batch.found)
    return count


def _move(session: Session, found: Sequence[Move]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        columns = {"moved": [move.recording for move in found], "until": [move.after for move in found]}
        session.execute(_MOVE_MANY, columns)
    else:
        session.execute(_MOVE, [{"moved": move.recording, "until": move.after} for move in found])


def _batches(session: Session, municipality: str, old: Terms, new: Terms, now: datetime) -> Iterator[Moves]:
    after = None
    while True:
        batch = moves(session, municipality, old, new, now=now, after=after)
        yield batch
        after = batch.after
        if after is None:
            return


def _due(row: Any, old: Terms, new: Terms, now: datetime) -> datetime:
    return due_under(new, old, recorded_at=row.recorded_at, regime=row.regime, due=row.dispose_after, now=now)
