"""What other terms mean for footage that is kept already: until when it would stay, and who moves it.

New terms hold for what is kept, in quarantine or not: what the municipality publishes is what a citizen may
expect. Two things stay as they are. Footage whose term is over does not come back; and a hold is what it was
when it was placed: what it holds stays, and what it held stays for the term that followed then, at least.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, func, select, update
from sqlalchemy.orm import Session

from policies.retention import Held, days_later
from policies.terms import Terms
from vault import retention
from vault.base import table_of
from vault.holds.tables import Hold
from vault.ids import RecordingId
from vault.retention import due_of
from vault.tables import Recording, State

AT_ONCE = 2000
"""Recordings looked at with one question to the database."""
_RECORDINGS, _HOLDS = table_of(Recording), table_of(Hold)
_LOOKED_AT = ("id", "recorded_at", "kept_at", "state", "regime", "dispose_after")
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
    """When footage that was due at `due` by the `old` terms would have been due by the `new` ones.

    Of facts that were stored, without holds: what stood on another moment than its term keeps that.
    """
    if due <= now or due != days_later(recorded_at, old.term_of(regime)):
        return due
    return days_later(recorded_at, new.term_of(regime))


def due_again(session: Session, row: Recording, new: Terms, *, now: datetime) -> datetime | None:
    """When a recording that is kept now would be due by the `new` terms, its holds reckoned with."""
    over = row.dispose_after is None or row.dispose_after <= now
    return row.dispose_after if over else due_of(session, row, new)


def moves(
    session: Session,
    municipality: str,
    old: Terms,
    new: Terms,
    *,
    now: datetime,
    after: UUID | None = None,
    lock: bool = False,
) -> Moves:
    """The moves among the next recordings, in order of id.

    With `lock` nobody places, lifts or disposes of anything among those until the transaction ends.
    """
    if all(old.term_of(regime) == new.term_of(regime) for regime in ("avg", "wpg")):
        return Moves((), 0, None)
    query = (
        select(*(_RECORDINGS.c[name] for name in _LOOKED_AT))
        .where(
            _RECORDINGS.c.municipality_id == municipality,
            _RECORDINGS.c.state.in_([State.KEPT, State.QUARANTINED]),
        )
        .order_by(_RECORDINGS.c.id)
        .limit(AT_ONCE)
    )
    if lock:
        query = query.with_for_update(key_share=True)
    rows: Sequence[Any] = session.execute(query.where(_RECORDINGS.c.id > after) if after else query).all()
    # After the locks: a hold that was placed while we waited counts.
    holds = _holds(session, municipality, rows)
    found = [
        Move(RecordingId(row.id), row.dispose_after, retention.due_under(row, new, holds.get(row.id, ())))
        for row in rows
        if row.dispose_after and row.dispose_after > now
    ]
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
        batch = moves(session, municipality, old, new, now=now, after=after, lock=True)
        yield batch
        after = batch.after
        if after is None:
            return


def _holds(session: Session, municipality: str, rows: Sequence[Any]) -> Mapping[UUID, Sequence[Held]]:
    """Every hold that is or was on these recordings, which are all there are between the first and the last.

    Asked for by that: a list of so many ids would take longer than all else.
    """
    found: dict[UUID, list[Held]] = {}
    if rows:
        query = select(*(_HOLDS.c[name] for name in ("recording_id", "placed_at", "lifted_at", "days_after")))
        between = _HOLDS.c.recording_id.between(rows[0].id, rows[-1].id)
        for recording, *hold in session.execute(
            query.where(between, _HOLDS.c.municipality_id == municipality)
        ):
            found.setdefault(recording, []).append(Held(*hold))
    return found
