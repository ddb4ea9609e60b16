"""What a certificate of disposal states (verklaring van vernietiging), and whether it can be true by itself.

Its moments are in order, and nothing was gone before its term was over. It names nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TERM_OVER = "term-over"
GROUNDS = (TERM_OVER, "wrongly-recorded", "inside-dwelling", "objection-granted")
"""Why a recording is disposed of: all but the first before its term is over."""


class StatementUntrue(Exception):
    """A statement that contradicts itself: its moments are out of order, or something went too early."""


@dataclass(frozen=True)
class Held:
    """A hold (bewaarplicht) that was on the recording."""

    trigger: str
    placed_at: datetime
    released_at: datetime | None
    """None only for one that came too late: a standing hold keeps the footage."""
    days_after: int
    """How long footage stays after the release."""


@dataclass(frozen=True)
class Process:
    """What disposed of it: no person does."""

    name: str
    software: str


@dataclass(frozen=True)
class Statement:
    """What a certificate of disposal says."""

    recording: str
    municipality: str
    regime: str
    recorded_on: date
    """The day in Amsterdam."""
    length: int
    """Bytes of footage."""
    sha256: str
    """Of the footage, hexadecimal; empty where it could not be read."""
    ground: str
    rule_set: str
    term_from: date
    """The day in Amsterdam from which its term runs: of recording, or of arrival into quarantine."""
    term_days: int
    holds: tuple[Held, ...]
    due: datetime
    begun: datetime
    begun_in: str
    """The audit entry of it."""
    key_destroyed: datetime
    """When the wrapped data key was gone from the database: from then on nothing opened the footage."""
    key_id: str | None
    """Under which key it was wrapped, also in backups."""
    key_expires: date | None
    """The day in Amsterdam after which that one is destroyed too."""
    locked_until: datetime | None
    objects: int
    bytes: int
    """As they were stored, sealed."""
    objects_discarded: datetime
    process: Process

    @property
    def early(self) -> bool:
        """Whether it was erased before its term was over, on somebody's decision."""
        return self.ground != TERM_OVER


def check(statement: Statement) -> None:
    """Whether a statement can be true by itself. Raises StatementUntrue."""
    for earlier, later in _orders(statement):
        (first, at), (second, then) = earlier, later
        if at > then:
            raise StatementUntrue(f"{second} {then} is before {first} {at}")
    try:
        # Both are said of it later on.
        least_due(statement)
        statement.due.astimezone(AMSTERDAM)
        lasting = [(hold, why) for hold in statement.holds if (why := _held(hold, statement.due))]
    except OverflowError:
        raise StatementUntrue("a term ends on a day that is in no calendar") from None
    for hold, why in lasting:
        raise StatementUntrue(f"the hold of {hold.placed_at} ({hold.trigger}) {why}")


def least_due(statement: Statement) -> date:
    """The first day in Amsterdam on which its term can be over, by the rule set that it names, holds apart.

    It was due before that day in one case only: other rules held then, and longer terms came into force
    when it was due already, for what is due does not come back.
    """
    return statement.term_from + timedelta(days=statement.term_days)


def _orders(told: Statement) -> Iterator[tuple[tuple[str, datetime], tuple[str, datetime]]]:
    """What must not come before what."""
    begun, destroyed = ("begun", told.begun), ("keyDestroyed", told.key_destroyed)
    discarded = ("objectsDiscarded", told.objects_discarded)
    if not told.early:
        yield ("due", told.due), begun
    yield begun, destroyed
    yield destroyed, discarded
    if told.locked_until:
        yield ("lockedUntil", told.locked_until), discarded
    for hold in told.holds:
        if hold.released_at:
            yield ("placedAt", hold.placed_at), ("releasedAt", hold.released_at)


def _held(hold: Held, due: datetime) -> str | None:
    """Why a hold still held what was due at `due`; None when it did not, or came too late to hold."""
    if hold.placed_at >= due:
        return None
    if hold.released_at is None:
        return "was never released"
    until = _days_later(hold.released_at, hold.days_after)
    return f"lasts until {until}, and it was due {due}" if until > due else None


def _days_later(moment: datetime, days: int) -> datetime:
    """So many calendar days in Amsterdam later, by its clock (the first such time, where it comes twice)."""
    if not days:
        return moment
    local = moment.astimezone(AMSTERDAM) + timedelta(days=days)
    return local.replace(fold=0).astimezone(UTC)
