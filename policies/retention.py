"""When the term of a recording (bewaartermijn) is over. Day counts run from the moment of recording."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
UNTIL_RELEASED = datetime(8999, 12, 31, tzinfo=UTC)
"""Instead of the end of a term while something holds the footage: no end is known, no clock reaches this."""


class BaseTerm(Protocol):
    """What a municipality's terms say of how long footage is kept when nothing holds it."""

    def term_of(self, regime: str) -> int:
        """Days under this regime, "avg" or "wpg"."""


class Window(Protocol):
    """What a municipality's terms say of when the trigger of a hold must come."""

    @property
    def asked_within_days(self) -> int | None:
        """Within so many calendar days of the recording; None: whenever."""


@dataclass(frozen=True, slots=True)
class Held:
    """A hold (bewaarplicht) that is or was on a recording. It came in time: what `is_over` is not held."""

    placed_at: datetime
    released_at: datetime | None
    """When the event that ends it came; None while it stands."""
    days_after: int
    """Days that footage stays after the release."""


def dispose_after(begins: datetime, regime: str, terms: BaseTerm, holds: Iterable[Held] = ()) -> datetime:
    """The moment, in UTC, from which a recording is due; `UNTIL_RELEASED` while something holds it.

    `begins` is the moment of recording. A released hold lets footage stay `days_after` days from its release,
    and never less than it would have stayed without. In which order the holds came does not matter, and it is
    not asked again whether each came in time: that was so by the regime and the terms of its day, and no
    other regime or terms since may let go what is held. Raises ValueError as `days_later`.
    """
    ends = days_later(begins, terms.term_of(regime))
    for hold in holds:
        if hold.released_at is None:
            return UNTIL_RELEASED
        ends = max(ends, _followed(hold.released_at, hold.days_after))
    return ends


def is_over(due: datetime, now: datetime) -> bool:
    """Whether the term is over: then the footage goes, and nothing that comes yet lets it stay: no hold, no
    other regime, no other terms."""
    return now >= due


def renewed(due: datetime, anew: datetime, now: datetime) -> datetime:
    """When footage that was due at `due` is, now that something changed by which it would be `anew`."""
    return due if is_over(due, now) else anew


def known_at(holds: Iterable[Held], now: datetime) -> tuple[Held, ...]:
    """The holds as they were at this moment: what came later was not there, what was released later stood."""
    return tuple(
        replace(hold, released_at=None) if hold.released_at and hold.released_at > now else hold
        for hold in holds
        if hold.placed_at <= now
    )


def counts(window: Window, recorded_at: datetime, at: datetime) -> bool:
    """Whether what triggers a hold, and came at this moment, came within the days that the terms leave it.

    Raises ValueError for a time without zone.
    """
    within = window.asked_within_days
    return within is None or days_between(recorded_at, at) <= within


def _followed(released_at: datetime, days: int) -> datetime:
    if released_at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return days_later(released_at, days) if days else released_at.astimezone(UTC)


def days_later(moment: datetime, days: int) -> datetime:
    """The end of a term of `days` days, in UTC: the same clock time in Amsterdam, so many days later.

    A calendar day is not always 24 hours. When that clock time is skipped (clock forward) it is the
    moment one hour of clock later, when the term's last hour has really passed (RFC 5545, 3.3.5); when it
    comes twice (clock back) it is the first, since a published term is a maximum.
    Raises ValueError for a time without zone and for a term shorter than a day.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    if days < 1:
        raise ValueError("a term lasts at least one day")
    local = moment.astimezone(AMSTERDAM) + timedelta(days=days)
    return local.replace(fold=0).astimezone(UTC)


def days_between(earlier: datetime, later: datetime) -> int:
    """Calendar days in Amsterdam from one moment to another; the same day is 0. For windows in which a
    request must come: "within 21 days" counts days, not hours. Raises ValueError for a time without zone."""
    if earlier.tzinfo is None or later.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return (later.astimezone(AMSTERDAM).date() - earlier.astimezone(AMSTERDAM).date()).days


def years_before(moment: datetime, years: int) -> datetime:
    """The moment, in UTC, with the same date and clock time in Amsterdam, so many calendar years earlier.

    What is no younger has lasted that long. A 29 February that there was not is the 28th: of what was made on
    that day a term of years is over a day later, never a day early. Raises ValueError for a time without
    zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    local = moment.astimezone(AMSTERDAM)
    try:
        earlier = local.replace(year=local.year - years, fold=0)
    except ValueError:
        earlier = local.replace(year=local.year - years, day=28, fold=0)
    return earlier.astimezone(UTC)


def years_after(moment: datetime, years: int) -> datetime:
    """The first moment, in UTC, at which a term of so many calendar years from `moment` is over: as
    `years_before` counts. Raises ValueError for a time without zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    local = moment.astimezone(AMSTERDAM)
    try:
        later = local.replace(year=local.year + years, fold=0)
    except ValueError:
        later = local.replace(year=local.year + years, month=3, day=1, fold=0)
    return later.astimezone(UTC)
