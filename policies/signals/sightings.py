"""What was seen and may become part of a pattern: kept by key, of people digests only, and not for long."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from policies.signals.happening import Happening, Trait
from policies.signals.reading import Signal

_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that was seen and may become part of a pattern. Of people it holds digests only."""

    signal: str
    key: str
    value: str
    entry: UUID
    at: datetime
    until: datetime
    """Forgotten after this."""
    due: datetime | None = None
    """When it becomes a match, unless it was taken away before."""


Memory: TypeAlias = dict[str, list[Sighting]]
"""Sightings by key, oldest first."""


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern that was found: in which entries, in the log's order, and the figures that explain it."""

    signal: str
    entries: tuple[UUID, ...]
    at: datetime
    figures: Mapping[str, int | str] = field(hash=False)


def once(signal: Signal, found: Match, quiet: str, entry: UUID, memory: Memory) -> Match | None:
    """`found`, unless the same was found so short a time ago that it would be no news."""
    if any(found.at < seen.until for seen in memory.get(quiet, [])):
        return None
    memory[quiet] = [Sighting(signal.id, quiet, "", entry, found.at, found.at + signal.quiet_for)]
    return found


def quiet_key(signal: Signal, happening: Happening) -> str | None:
    """Under which it is remembered that this was raised; None where that cannot be told."""
    return key_of(signal, happening, "quiet", signal.once_per)


def key_of(signal: Signal, happening: Happening, part: str, traits: Iterable[Trait]) -> str | None:
    """The key of what happened with these values; None without them. Each signal has keys of its own."""
    traits = tuple(traits)
    values = happening.told(traits)
    if not values:
        return None
    # Of two persons, whichever of the two did it.
    pair = {Trait.PERSON, Trait.COUNTERPART} <= set(traits)
    return digest_of((signal.id, part, happening.municipality, *(sorted(values) if pair else values)))


def digest_of(values: tuple[str, ...]) -> str:
    """A short name for these values, equal only for equal ones."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:_KEY_LENGTH]
