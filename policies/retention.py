"""When the term of a recording (bewaartermijn) is over. Day counts run from the moment of recording."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def dispose_after(recorded_at: datetime, term_days: int) -> datetime:
    """The moment, in UTC, from which footage is due: the same clock time in Amsterdam, `term_days` later.

    A calendar day is not always 24 hours. When that clock time is skipped (clock forward) it is the
    moment one hour of clock later, when the term's last hour has really passed (RFC 5545, 3.3.5); when it
    comes twice (clock back) it is the first, since a published term is a maximum.
    Raises ValueError for a time without zone and for a term shorter than a day.
    """
    if recorded_at.tzinfo is None:
        raise ValueError("recorded_at needs a time zone")
    if term_days < 1:
        raise ValueError("a term lasts at least one day")
    local = recorded_at.astimezone(AMSTERDAM) + timedelta(days=term_days)
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
