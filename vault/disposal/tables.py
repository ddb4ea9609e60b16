"""The tables of disposal. Each column stands in docs/data.md with its purpose and term."""

import enum
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from vault.base import Base


class Ground(enum.StrEnum):
    """Why a recording is disposed of."""

    TERM_OVER = "term-over"
    """Its term is over and nothing holds it (AVG art. 5 lid 1 onder e)."""
    WRONGLY_RECORDED = "wrongly-recorded"
    """It should not have been recorded (AVG art. 17 lid 1 onder d)."""
    INSIDE_DWELLING = "inside-dwelling"
    """Recorded inside a dwelling, where no camera should have been on."""
    OBJECTION_GRANTED = "objection-granted"
    """A data subject's objection was granted (AVG art. 17 lid 1 onder c, 21)."""


class Disposal(Base):
    """How far the disposal of one recording is, and at its end the proof of it (vernietiging)."""

    __tablename__ = "disposal"
    __table_args__ = (
        Index(
            "ix_disposal_unfinished",
            "locked_until",
            "recording_id",
            sqlite_where=text("disposed_at IS NULL"),
            postgresql_where=text("disposed_at IS NULL"),
        ),
        Index(None, "municipality_id", "disposed_at", "recording_id"),
    )

    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"))
    ground: Mapped[str] = mapped_column(String(32))
    due: Mapped[datetime]
    """The end of its term, as it was when the disposal began."""
    rule_set: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the rule set whose term it is."""
    term_days: Mapped[int]
    """Days of that term, for its regime."""
    begun_at: Mapped[datetime]
    begun_in: Mapped[UUID]
    """The audit entry that says so; not a reference, for an entry may be pruned."""
    key_id: Mapped[str | None] = mapped_column(String(64))
    """Under which key its data key was wrapped."""
    key_destroyed_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]
    """The store does not let its objects go before; None when it does."""
    discarded_at: Mapped[datetime | None]
    """When the last of its objects had gone."""
    certificate: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The statement (verklaring van vernietiging), canonical JSON, whose digest the entry names."""
    disposed_at: Mapped[datetime | None]
    disposed_in: Mapped[UUID | None]
    """The audit entry that says so."""


class EarlyErasure(Base):
    """That somebody asked to erase a recording before its term is over, and what became of it."""

    __tablename__ = "early_erasure"
    __table_args__ = (
        # One at a time.
        Index(
            "uq_early_erasure_recording_id_waiting",
            "recording_id",
            unique=True,
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
        CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="two_persons"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"))
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"), index=True)
    ground: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(2000))
    asked_by: Mapped[str] = mapped_column(String(300))
    """`person:` and their id, or `operator:` and the name of a system account."""
    asked_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(16))
    """approved, refused or withdrawn."""
    decided_by: Mapped[str | None] = mapped_column(String(300))
    """Who approved or refused, never who asked; None when it was withdrawn."""
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None] = mapped_column(String(2000))


class DisposalKey(Base):
    """A key that expires: data keys of what is due on one day, in one municipality, are wrapped under it."""

    __tablename__ = "disposal_key"
    __table_args__ = (
        Index(None, "municipality_id", "day"),
        # Those that are there; of every day that was, one is not.
        Index(
            "ix_disposal_key_standing",
            "day",
            sqlite_where=text("destroyed_at IS NULL"),
            postgresql_where=text("destroyed_at IS NULL"),
        ),
    )

    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"))
    day: Mapped[date]
    """The calendar day in Amsterdam that it expires with."""
    made_at: Mapped[datetime]
    spoiled_at: Mapped[datetime | None]
    """What was wrapped under it had to go before that day: the others move to another key at once."""
    closes: Mapped[date | None]
    """Something under it came due on this earlier day: nothing more comes under it, the others move to
    another key, and it is destroyed when this day is over."""
    destroyed_at: Mapped[datetime | None]


class IntakeKey(Base):
    """A key that what comes in is wrapped for, as the keeper met it in a ring: replaced each week."""

    __tablename__ = "intake_key"

    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    municipality: Mapped[str | None] = mapped_column(String(64), index=True)
    """Whose sealing key it is; None for an arrival key. Not a reference: a ring may have more."""
    seen_at: Mapped[datetime]
    """When the keeper first met it."""
    used_at: Mapped[datetime | None]
    """When the keeper last met something wrapped for it."""
    replaced_at: Mapped[datetime | None]
    """When the keeper first met another one as the current one."""
    destroyed_at: Mapped[datetime | None]


class KeyDestruction(Base):
    """That all keys of a municipality are to be destroyed: proposed by one, carried out by another."""

    __tablename__ = "key_destruction"
    __table_args__ = (CheckConstraint("done_by IS NULL OR done_by <> proposed_by", name="two_persons"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(64), index=True)
    reason: Mapped[str] = mapped_column(String(2000))
    proposed_by: Mapped[str] = mapped_column(String(300))
    """`operator:` and the name of a system account."""
    proposed_at: Mapped[datetime]
    done_by: Mapped[str | None] = mapped_column(String(300))
    done_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    keys: Mapped[int | None]
    """How many were destroyed."""
