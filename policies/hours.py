"""Office hours (kantooruren): when an access is an ordinary one, and when it is out of hours.

Being out of hours forbids nothing and says nothing of anybody: shifts end late. It is one of the things by
which the trail can be looked through.
"""

import tomllib
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class Weekday(StrEnum):
    """A day of the week, in the order of `datetime.weekday`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_DAYS = tuple(Weekday)


class OfficeHours(BaseModel):
    """The table ``[office_hours]`` of a municipality's terms.toml."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    days: Annotated[tuple[Annotated[Weekday, Field(strict=False)], ...], Field(min_length=1, strict=False)]
    begin: Annotated[time, Field(alias="from")]
    """By the clock in Amsterdam, winter and summer."""
    until: time
    """Exclusive."""

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.begin.tzinfo or self.until.tzinfo:
            raise ValueError("office hours are by the clock in Amsterdam, without a zone")
        if self.until <= self.begin:
            raise ValueError("until must come after from, on the same day")
        return self

    def outside(self, moment: datetime) -> bool:
        """Whether `moment` is out of hours (buiten kantooruren). Raises ValueError for one without a zone."""
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        local = moment.astimezone(_AMSTERDAM)
        return _DAYS[local.weekday()] not in self.days or not self.begin <= local.time() < self.until


def parse_hours(text: str) -> OfficeHours:
    """The hours in a file that is nothing but them. Raises ValueError."""
    return OfficeHours.model_validate(tomllib.loads(text))
