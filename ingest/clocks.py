"""The camera's clock, corrected by the dock's: what each said when the dock looked at both.

A camera whose battery was empty wakes up in 1970, and another is an hour off since the clocks went back. The
dock's clock is kept by the network. So a recording began as long before the dock's moment as before the
camera's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime


class ClocksMalformed(Exception):
    """One of the two is missing, cannot be read, or leads out of the calendar."""


@dataclass(frozen=True)
class Clocks:
    """What both clocks said at one moment, in UTC."""

    camera: datetime
    dock: datetime

    def corrected(self, moment: datetime) -> datetime:
        """A moment by the camera's clock, as the dock's would have told it. Raises ClocksMalformed."""
        try:
            # By way of UTC everywhere: the calendar's first and last day have none.
            return (moment + (self.dock - self.camera)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ClocksMalformed from None


def read(metadata: Mapping[str, str]) -> Clocks | None:
    """Both clocks, where the dock says them; None when it says neither. Raises ClocksMalformed."""
    said = [metadata.get(name) or None for name in ("cameraClock", "dockClock")]
    if said == [None, None]:
        return None
    camera, dock = (_moment(each) for each in said)
    return Clocks(camera, dock)


def _moment(said: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(said or "")
        if moment.tzinfo is None:
            raise ClocksMalformed
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ClocksMalformed from None
