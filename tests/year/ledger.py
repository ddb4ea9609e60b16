"""What should become of each recording, reckoned apart from the software: in clock time, by hand.

Nothing here is asked of `policies.retention` or of a rule set: the terms are those that the municipalities
publish, and days are counted on an Amsterdam calendar.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TERMS = {
    "noordwijk": 14,
    "winterswijk": 10,
    "rijswijk": 28,
    "alphen-aan-den-rijn": 28,
    "voorbeeldstad": 28,
}
"""Days, as published; what a change of rules makes of them is told to the ledger."""
WPG_DAYS = {"alphen-aan-den-rijn": 3652}


@dataclass
class Held:
    """One hold, as it was seen to be placed and lifted."""

    placed_at: datetime
    days_after: int
    lifted_at: datetime | None = None


@dataclass
class Expected:
    """One recording that is to be disposed of at a moment that follows from what is known of it."""

    municipality: str
    begins: datetime
    kept_at: datetime
    days: int
    holds: dict[UUID, Held] = field(default_factory=dict)
    erased_at: datetime | None = None
    """When its early erasure was approved."""
    not_before: datetime | None = None
    """When a shorter term came into force for it."""

    def due(self) -> datetime | None:
        """When it must go; None while something holds it."""
        if self.erased_at:
            return self.erased_at
        ends = later(self.begins, self.days)
        ends = max(ends, self.not_before) if self.not_before else ends
        for hold in sorted(self.holds.values(), key=lambda each: each.placed_at):
            if hold.lifted_at is None:
                return None
            followed = later(hold.lifted_at, hold.days_after) if hold.days_after else hold.lifted_at
            ends = max(ends, followed)
        return ends


def later(moment: datetime, days: int) -> datetime:
    """The same time on the clock in Amsterdam, so many days later on the calendar."""
    wall = moment.astimezone(AMSTERDAM).replace(tzinfo=None, fold=0) + timedelta(days=days)
    return wall.replace(tzinfo=AMSTERDAM).astimezone(UTC)
