"""The tables of signals: what was raised, and what was seen and may become part of a pattern."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from vault.base import Base


class RaisedSignal(Base):
    """A signal that was raised for a municipality: of what kind, with which figures, settled or not."""

    __tablename__ = "signal"
    __table_args__ = (
        CheckConstraint("(settled_at IS NULL) = (settled_in IS NULL)", name="settled"),
        Index(None, "municipality_id", "id"),
        # What is open is asked for most, and is little of all there is.
        Index(
            "ix_signal_open",
            "municipality_id",
            "id",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"))
    kind: Mapped[str] = mapped_column(String(64))
    """The signal's name in signals.toml."""
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    """Of kind and entries: the same thing is raised once."""
    figures: Mapped[dict[str, Any]]
    """What its explanation is filled in with: counts and lengths of time, never of one person's work."""
    happened_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    raised_in: Mapped[UUID]
    """The entry that says so; not a reference, for entries may be pruned."""
    settled_at: Mapped[datetime | None]
    settled_in: Mapped[UUID | None]
    """The entry that says so: by whom, and with which note."""


class SignalEntry(Base):
    """An entry of the trail that a signal is about."""

    __tablename__ = "signal_entry"

    signal_id: Mapped[UUID] = mapped_column(ForeignKey("signal.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """In the order of the log."""
    entry_id: Mapped[UUID]


class SignalSighting(Base):
    """Something that was seen and may become part of a pattern (`policies.signals.sightings`)."""

    __tablename__ = "signal_sighting"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    municipality_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64))
    value: Mapped[str] = mapped_column(String(32))
    """What must differ, or under what it is quiet: a digest, like the key."""
    entry_id: Mapped[UUID]
    seen_at: Mapped[datetime]
    forgotten_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
