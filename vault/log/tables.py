"""The tables of the log: what number an entry has, the hashes over it, and what was signed.

A row here is of nobody: docs/data.md. The entries themselves stand in `vault.tables`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from vault.base import BIG, Base


class LogEntry(Base):
    """Which number an audit entry has in the log (volgnummer): given once, by the sequencer, without gaps."""

    __tablename__ = "log_entry"

    index: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    entry_id: Mapped[UUID] = mapped_column(unique=True)
    """Of `audit_entry`; not a reference, for an entry may be pruned when its term is over."""


class LogTile(Base):
    """256 hashes of the log's tree (c2sp.org/tlog-tiles); the last ones of a level are still growing."""

    __tablename__ = "log_tile"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)
    """Joined. A partial tile is the beginning of it."""


class LogCheckpoint(Base):
    """What the log signed (c2sp.org/tlog-checkpoint): so many entries, under this root."""

    __tablename__ = "log_checkpoint"

    size: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    """The signed note, with the log's own signature."""
    signed_at: Mapped[datetime]


class LogCosignature(Base):
    """That a witness (getuige) saw a checkpoint, and that it continues what they saw before."""

    __tablename__ = "log_cosignature"

    size: Mapped[int] = mapped_column(ForeignKey("log_checkpoint.size"), primary_key=True)
    witness: Mapped[str] = mapped_column(String(255), primary_key=True)
    """Name of the witness's key: of an organisation, not of a person."""
    line: Mapped[str] = mapped_column(Text)
    """The signature line below the note (c2sp.org/tlog-cosignature)."""
    received_at: Mapped[datetime]


class LogPosition(Base):
    """How far the sequencer is, in one row: the last entry it gave a number, and how many it gave."""

    __tablename__ = "log_position"

    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Always 1."""
    size: Mapped[int] = mapped_column(BIG)
    xid: Mapped[int] = mapped_column(BIG)
    """Transaction of the last entry, as PostgreSQL numbers them; 0 on SQLite."""
    seq: Mapped[int] = mapped_column(BIG)
    minimum: Mapped[int] = mapped_column(BIG)
    """Entries below this index are pruned (tlog-tiles, Pruning): their hashes stay."""


class LogReader(Base):
    """How far somebody who reads the log on from where they were has come: the index of the next entry."""

    __tablename__ = "log_reader"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    index: Mapped[int] = mapped_column(BIG)


class TrailTerm(Base):
    """By what an entry in the log is found: derived from entry and payload, and can be derived again.

    A term is a pseudonym of a municipality, a kind (person, recording, purpose, word …) and a value.
    """

    __tablename__ = "trail_term"

    term: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    index: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)


class TrailBlock(Base):
    """Between which moments the entries of a stretch of numbers are, so that a period is found
    without looking at all of them, also where some machine's clock was wrong."""

    __tablename__ = "trail_block"

    block: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    """Number of the stretch; each is as long as the next (`vault.trail.blocks`)."""
    earliest: Mapped[datetime]
    latest: Mapped[datetime]
    """Both included."""
