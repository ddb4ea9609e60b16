"""The table of audit epochs: which there were, from when to when, and by which keys."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from vault.base import Base


class AuditEpoch(Base):
    """An epoch of the trail (tijdvak) together with a payload key that was used in it.

    Derived from the log, but for `destroyed_at`; kept because the rows it is derived from go first.
    """

    __tablename__ = "audit_epoch"

    epoch: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Id of its pseudonym secret, as in the leaf."""
    payload_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Id of the payload key; empty for entries whose payload was gone before they were looked at."""
    first_at: Mapped[datetime]
    """When its first entry was made."""
    last_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]
    """When its keys were destroyed."""
