"""The table of holds. Each column stands in docs/data.md with its purpose and term."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from vault.base import Base


class Hold(Base):
    """Why one recording stays longer (bewaarplicht): what began it, what ends it, the term that follows."""

    __tablename__ = "hold"
    __table_args__ = (
        Index(
            "ix_hold_standing",
            "municipality_id",
            "reviewed_at",
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        CheckConstraint("(lifted_at IS NULL) = (lift_reason IS NULL)", name="lifted_with_reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"))
    trigger: Mapped[str] = mapped_column(String(32))
    """A `policies.terms.Trigger`."""
    released_by: Mapped[str] = mapped_column(String(32))
    """The event that ends it, a `policies.terms.Release`, as the terms said when it was placed."""
    days_after: Mapped[int]
    """Days that footage stays after the release, as the terms said when it was placed."""
    basis: Mapped[str] = mapped_column(String(500))
    """The legal basis (grondslag), in words."""
    reason: Mapped[str] = mapped_column(String(2000))
    case_reference: Mapped[str | None] = mapped_column(String(100))
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("request.id"), index=True)
    """The request that placed it by itself; None when a person did."""
    placed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """None for an operator at the command line."""
    placed_at: Mapped[datetime]
    reviewed_at: Mapped[datetime]
    """When somebody last looked whether it must still stand; at first when it was placed."""
    lifted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    lifted_at: Mapped[datetime | None]
    """When the event that ends it came. The term that follows runs from here."""
    ended_by: Mapped[str | None] = mapped_column(String(32))
    """The event that really ended it: a `policies.terms.Release`."""
    lift_reason: Mapped[str | None] = mapped_column(String(2000))
