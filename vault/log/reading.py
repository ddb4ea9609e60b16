"""Reading the log: its newest checkpoint, its tiles, its entries, and proofs of them.

For whoever shows it, exports it or reads it on. Every function looks through a session that is open already,
so that what it gives belongs together; rows that are not there yet are no error, rows that are gone are.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auditor import proofs
from auditor.merkle import HashAt
from auditor.proofs import Proof
from auditor.tiles import hashes_in
from vault.log.tables import LogCheckpoint, LogCosignature, LogEntry, LogPosition, LogTile
from vault.tables import AuditEntry


class NotNumbered(Exception):
    """The entry is not in the log yet, or never will be: ask again in a few seconds."""


class Numbered(NamedTuple):
    """An entry in its place in the log."""

    number: int
    entry_id: UUID
    leaf: bytes


def checkpoint(session: Session) -> LogCheckpoint | None:
    """The newest checkpoint; None while the log is empty, for an empty log signs nothing."""
    return session.scalar(select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1))


def cosigned_checkpoint(session: Session, witness: str | None = None) -> LogCheckpoint | None:
    """The newest checkpoint that a witness, or the one of that name, cosigned; None when there is none.

    None too when entries beyond it are pruned: nobody could verify it any more.
    """
    newest = select(func.max(LogCosignature.size))
    if witness is not None:
        newest = newest.where(LogCosignature.witness == witness)
    found = session.scalar(select(LogCheckpoint).where(LogCheckpoint.size == newest.scalar_subquery()))
    return found if found and found.size >= minimum(session) else None


def size(session: Session) -> int:
    """How many entries have a number."""
    return session.scalar(select(LogPosition.size)) or 0


def minimum(session: Session) -> int:
    """The index below which entries are pruned (tlog-tiles, Pruning)."""
    return session.scalar(select(LogPosition.minimum)) or 0


def tile(session: Session, level: int, n: int) -> bytes:
    """The hashes of tile `n` of `level`, as far as it has come; empty when there is none.

    A partial tile of width w is its first w hashes.
    """
    query = select(LogTile.hashes).where(LogTile.level == level, LogTile.n == n)
    return session.scalar(query) or b""


def tree(session: Session) -> HashAt:
    """The log's tree, as its tiles have it; the last ones stay at hand. Raises LookupError for a lost one."""

    @lru_cache(maxsize=256)
    def tile_of(level: int, n: int) -> bytes:
        return tile(session, level, n)

    return hashes_in(tile_of)


def entries(session: Session, first: int, last: int) -> list[Numbered]:
    """The entries with the numbers `first` to `last`, both included, in order.

    Those that are pruned, or that are not there yet, are left out.
    """
    query = (
        select(LogEntry.index, AuditEntry.id, AuditEntry.leaf)
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .where(LogEntry.index.between(first, last))
        .order_by(LogEntry.index)
    )
    return [Numbered(*row) for row in session.execute(query)]


def index_of(session: Session, entry_id: UUID) -> int:
    """The number of an entry. Raises NotNumbered."""
    found = session.scalar(select(LogEntry.index).where(LogEntry.entry_id == entry_id))
    if found is None:
        raise NotNumbered(str(entry_id))
    return found


def cosigned(session: Session, signed: LogCheckpoint) -> bytes:
    """A checkpoint's note, with the lines of the witnesses that saw it below the log's own."""
    lines: Sequence[str] = session.scalars(
        select(LogCosignature.line)
        .where(LogCosignature.size == signed.size)
        .order_by(LogCosignature.received_at, LogCosignature.witness)
    ).all()
    return (signed.note + "".join(lines)).encode()


def proof_of(session: Session, entry_id: UUID) -> Proof:
    """That an entry is in the log, under its newest checkpoint; it verifies offline. Raises NotNumbered.

    Raises LookupError when a tile it needs is lost.
    """
    index = index_of(session, entry_id)
    signed = checkpoint(session)
    if signed is None or signed.size <= index:
        raise NotNumbered(str(entry_id))
    return proofs.make(tree(session), index, signed.size, cosigned(session, signed))
