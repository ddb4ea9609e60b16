"""What a pattern may look at of one entry in the log. Who reads the log makes these; see `vault.signals`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, get_args
from uuid import UUID

from policies.retention import AMSTERDAM

Watched = Literal[
    "request.submitted",
    "request.allowed",
    "request.refused",
    "request.approved",
    "request.rejected",
    "request.read",
    "decision.denied",
    "grant.read",
    "grant.revoked",
    "revocation.denied",
    "viewing.served",
    "viewing.denied",
    "viewing.completed",
    "search.opened",
    "search.denied",
    "trail.read",
    "trail.denied",
]
"""The events that patterns can be made of: access to footage and to the trail. What an officer recorded, and
when they docked it, is not among them: signals watch over access, not over work in the street."""
WATCHED: frozenset[str] = frozenset(get_args(Watched))


class Trait(StrEnum):
    """By what two happenings can belong together."""

    PERSON = "person"
    """Who did it."""
    COUNTERPART = "counterpart"
    """Whose request was decided on, whose grant was ended."""
    RECORDING = "recording"
    REQUEST = "request"
    GRANT = "grant"
    VIEWING = "viewing"
    """One range: that it was served, and what was really sent of it."""
    PURPOSE = "purpose"
    DAY = "day"
    """The calendar day in Amsterdam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One entry, opened. What it does not tell is None, and never equal to anything."""

    entry: UUID
    at: datetime
    event: str
    municipality: str
    decision: str | None = None
    """allow or deny."""
    person: str | None = None
    counterpart: str | None = None
    recording: str | None = None
    request: str | None = None
    grant: str | None = None
    viewing: str | None = None
    purpose: str | None = None
    dispose_after: datetime | None = None
    """When the recording it is about is due for disposal."""
    grant_ends: datetime | None = None
    """Until when the grant that came of it lasts."""

    def told(self, traits: Iterable[Trait]) -> tuple[str, ...] | None:
        """The values of these traits; None when one of them is not known."""
        values = tuple(self._value(trait) for trait in traits)
        known = tuple(value for value in values if value is not None)
        return known if len(known) == len(values) else None

    def _value(self, trait: Trait) -> str | None:
        if trait is Trait.DAY:
            return self.at.astimezone(AMSTERDAM).date().isoformat()
        value: str | None = getattr(self, trait.value)
        return value
