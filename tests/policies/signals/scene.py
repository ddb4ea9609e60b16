"""What tests of signals share: happenings told in a line, and the shared signals run over them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5

from policies.hours import OfficeHours, Weekday
from policies.signals.happening import Happening
from policies.signals.reading import Signal, read_signals
from policies.signals.sightings import Match, Memory
from policies.signals.watching import fall_due, keys, observe
from tests.policies.world import texts

NOON = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
"""A Wednesday, noon in Amsterdam."""
HOURS = OfficeHours.model_validate({"days": list(Weekday), "from": time(6), "until": time(23)})
READ = read_signals({"shared/signals.toml": texts("shared")["signals.toml"]}, "dorp", [])
SHARED = {name: signal.with_hours(HOURS) for name, signal in READ.items()}
"""Of a municipality with these office hours."""


def entry(number: int) -> UUID:
    return uuid5(UUID(int=0), str(number))


def happening(event: str, at: timedelta = timedelta(), /, **told: Any) -> Happening:
    """One of "dorp", so long after NOON; which entry it is, `numbered` says."""
    moment = NOON + at
    return Happening(entry=entry(0), at=moment, event=event, municipality="dorp", **told)


def numbered(happenings: Iterable[Happening]) -> list[Happening]:
    """The same, each an entry of its own, in this order."""
    return [replace(each, entry=entry(number)) for number, each in enumerate(happenings)]


def run(
    happenings: Sequence[Happening],
    signals: Iterable[Signal] = SHARED.values(),
    *,
    until: datetime | None = None,
    batches: Sequence[int] = (),
    forget: bool = True,
) -> list[Match]:
    """The matches in these happenings, read in batches of these sizes, as the keeper does it; what is due
    until then too."""
    memory: Memory = {}
    known = {signal.id: signal for signal in signals}
    found: list[Match] = []
    cut = list(batches) or [len(happenings)]
    rest = list(happenings)
    while rest:
        batch, rest = rest[: cut[0]], rest[cut[0] :]
        cut = cut[1:] or cut
        for each in batch:
            found += [match for signal in known.values() if (match := _seen(signal, each, memory))]
        # Of what was read so far, nothing later is known.
        found += _due(known, memory, batch[-1].at if rest else until or batch[-1].at)
        if forget:
            _forget(memory, batch[-1].at)
    return found


def _seen(signal: Signal, each: Happening, memory: Memory) -> Match | None:
    return observe(signal, each, memory) if keys(signal, each) else None


def _due(known: dict[str, Signal], memory: Memory, now: datetime) -> list[Match]:
    due = [(seen.due, seen) for listed in memory.values() for seen in listed if seen.due and seen.due <= now]
    ordered = sorted(due, key=lambda each: (each[0], each[1].entry))
    return [match for _, seen in ordered if (match := fall_due(known[seen.signal], seen, memory))]


def _forget(memory: Memory, now: datetime) -> None:
    for key, listed in memory.items():
        memory[key] = [seen for seen in listed if seen.until >= now or (seen.due and seen.due <= now)]
