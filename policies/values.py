"""Cedar's values as far as rules can be read without Cedar: what they are, and what can be made of them.

Only of what is known; `policies.residuals` reads the rules.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TypeAlias
from uuid import UUID


class Overflow(Exception):
    """The number does not fit, so Cedar refuses to go on."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An entity."""

    type: str
    id: str


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A datetime: whole milliseconds since 1970."""

    ms: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A duration."""

    ms: int


class Later(Enum):
    """Stands for a value that is known as soon as it is asked, while rules are only checked."""

    OPEN = "open"


OPEN = Later.OPEN
Known: TypeAlias = bool | int | str | Ref | Moment | Span | frozenset["Known"] | Later

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LARGEST = 2**63 - 1
_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000
_SPAN = re.compile(r"(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")


def ref(kind: str, id_: str | UUID) -> Ref:
    """The entity of this type and id."""
    return Ref(kind, str(id_))


def moment(at: datetime) -> Moment:
    """As Cedar counts: what is less than a millisecond is cut off."""
    return Moment((at - _EPOCH) // _MILLISECOND)


def as_datetime(at: Moment) -> datetime:
    """The moment as a datetime. Raises OverflowError outside of the years that it can have."""
    return _EPOCH + at.ms * _MILLISECOND


def fitting(number: int) -> int:
    """The number. Raises Overflow when Cedar has no room for it."""
    if not -_LARGEST - 1 <= number <= _LARGEST:
        raise Overflow
    return number


def read_datetime(text: str) -> Moment:
    """A datetime as rules write it out; Cedar has found it well-formed."""
    return moment(datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00Z"))


def read_duration(text: str) -> Span:
    """A duration as rules write it out; Cedar has found it well-formed."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration")
    sign, *counts = found.groups()
    parts = zip(counts, (_DAY, _HOUR, _MINUTE, _SECOND, 1), strict=True)
    length = sum(int(count or 0) * unit for count, unit in parts)
    return Span(-length if sign else length)


def whole(unit: int) -> Callable[[Span], int]:
    """How many whole units are in a duration; what is left over is cut off towards zero."""

    def count(span: Span) -> int:
        return span.ms // unit if span.ms >= 0 else -(-span.ms // unit)

    return count


PARTS: Mapping[str, Callable[[Span], int]] = {
    "toMilliseconds": whole(1),
    "toSeconds": whole(_SECOND),
    "toMinutes": whole(_MINUTE),
    "toHours": whole(_HOUR),
    "toDays": whole(_DAY),
}
"""What rules can count a duration in."""


def day_of(at: Moment) -> Moment:
    """Its midnight, in UTC. Raises Overflow."""
    return Moment(fitting(at.ms // _DAY * _DAY))


def time_of(at: Moment) -> Span:
    """How long after midnight, in UTC."""
    return Span(at.ms % _DAY)
