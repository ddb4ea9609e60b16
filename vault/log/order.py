"""In which order entries come into the log, and which of them nothing can come before any more.

PostgreSQL gives `seq` out before the commit, so by it alone a later commit could land behind whoever reads
on. `xid`, the writing transaction's number, tells more: below the *horizon*, the oldest transaction that
still runs, every entry there will ever be is there. The order is (xid, seq). SQLite has one writer at a time:
there `seq` is the order of commits.

Transaction numbers are of one cluster. A dump that is restored elsewhere brings rows whose `xid` says nothing
there: they are not *native*, which shows, for the row itself (`xmin`) was written by another transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, literal_column, or_, select, tuple_
from sqlalchemy.orm import Session

from vault.base import TransactionNumber
from vault.log.tables import LogEntry, LogPosition
from vault.tables import AuditEntry

_SNAPSHOT = func.pg_current_snapshot()
_HORIZON: ColumnElement[int] = func.pg_snapshot_xmin(_SNAPSHOT, type_=TransactionNumber())
_NEXT: ColumnElement[int] = func.pg_snapshot_xmax(_SNAPSHOT, type_=TransactionNumber())
_NATIVE: ColumnElement[bool] = literal_column("audit_entry.xmin = CAST(audit_entry.xid AS xid)")
_NUMBERED = select(LogEntry.index).where(LogEntry.entry_id == AuditEntry.id).exists()


Due: TypeAlias = "Select[int | None, int, UUID, bytes, bool]"
"""Asks for entries to be numbered: xid, seq, id, leaf, and whether the row is native."""


@dataclass(frozen=True)
class Position:
    """How far the log is: `size` numbers were given, the last one to the entry at (`xid`, `seq`)."""

    size: int = 0
    xid: int = 0
    """0 on SQLite."""
    seq: int = 0


def position(session: Session) -> Position:
    """Where the sequencer was when it stopped."""
    row = session.scalar(select(LogPosition))
    return Position(row.size, row.xid, row.seq) if row else Position()


def due(session: Session, reached: Position, most: int) -> Due:
    """The next entries that can have a number.

    The columns to sort by are qualified: sorted by what is *shown* of it, as PostgreSQL does with a bare
    name, transaction 100000 would come before 99999, as text does.
    """
    columns = (AuditEntry.xid, AuditEntry.seq, AuditEntry.id, AuditEntry.leaf)
    if not _on_postgresql(session):
        return (
            select(*columns, literal(True))
            .where(AuditEntry.seq > reached.seq)
            .order_by(AuditEntry.seq)
            .limit(most)
        )
    return (
        select(*columns, _NATIVE)
        .where(_beyond(reached), AuditEntry.xid < _HORIZON)
        .order_by(AuditEntry.xid, AuditEntry.seq)
        .limit(most)
    )


def left_behind(most: int) -> Due:
    """After a restore: the entries without a number that the order cannot tell of, by `seq`; as `due`.

    Those of this cluster that others may still come before are left for `due`.
    """
    return (
        select(AuditEntry.xid, AuditEntry.seq, AuditEntry.id, AuditEntry.leaf, _NATIVE)
        .where(~_NUMBERED, or_(AuditEntry.xid < _HORIZON, ~_NATIVE))
        .order_by(AuditEntry.seq)
        .limit(most)
    )


def restored(session: Session, reached: Position) -> int | None:
    """The horizon, when it lies below where we were: this is another cluster. Else None."""
    if not _on_postgresql(session):
        return None
    horizon = int(session.scalar(select(_HORIZON)) or 0)
    return horizon if horizon < reached.xid else None


def waiting_since(session: Session) -> datetime | None:
    """The moment of the first entry that has no number yet; None when all have one.

    Also of one that cannot have it yet, because a transaction that is older still runs. Rows of another
    cluster are not waited for here: their transaction numbers may not be given out for years.
    """
    reached = position(session)
    query = select(AuditEntry.at).limit(1)
    if not _on_postgresql(session):
        return session.scalar(query.where(AuditEntry.seq > reached.seq).order_by(AuditEntry.seq))
    return session.scalar(
        query.where(_beyond(reached), AuditEntry.xid < _NEXT, _NATIVE).order_by(
            AuditEntry.xid, AuditEntry.seq
        )
    )


def unnumbered(session: Session, since: datetime | None, until: datetime, most: int) -> list[UUID]:
    """Ids of entries of that stretch of time that nobody can come before, and that have no number."""
    query = select(AuditEntry.id).where(AuditEntry.at < until, ~_NUMBERED).limit(most)
    if _on_postgresql(session):
        query = query.where(or_(AuditEntry.xid < _HORIZON, ~_NATIVE))
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    return list(session.scalars(query))


def _beyond(reached: Position) -> ColumnElement[bool]:
    transaction = cast(cast(reached.xid, String), TransactionNumber)
    return tuple_(AuditEntry.xid, AuditEntry.seq) > tuple_(transaction, literal(reached.seq))


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
