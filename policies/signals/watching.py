"""Finding patterns: one happening after another, in the order of the log, with what was seen before.

    needed = keys(signal, happening)       which sightings to bring
    match  = observe(signal, happening, memory)
    match  = fall_due(signal, sighting, memory)   when its moment came and nothing had followed

`memory` is by key, and is changed: what is in it afterwards is to be kept, each sighting until its `until`.
The same happenings in the same order find the same, however they are cut into batches.
"""

from datetime import timedelta

from policies.retention import AMSTERDAM
from policies.signals.happening import Happening, Trait
from policies.signals.patterns import (
    ManyDifferent,
    MissingAfter,
    Mutual,
    OutsideHours,
    ShortlyBefore,
    ThenWithin,
    steps,
)
from policies.signals.reading import Signal
from policies.signals.sightings import Match, Memory, Sighting, digest_of, key_of, once, quiet_key


def keys(signal: Signal, happening: Happening) -> set[str]:
    """The keys of the sightings that `observe` looks at for this happening; none when it is no step of it."""
    if not any(step.fits(happening) for step in steps(signal.pattern)):
        return set()
    found = {key_of(signal, happening, "seen", _together(signal)), quiet_key(signal, happening)}
    return {key for key in found if key}


def observe(signal: Signal, happening: Happening, memory: Memory) -> Match | None:
    """What this happening completes, when it does."""
    pattern = signal.pattern
    match pattern:
        case ThenWithin():
            found = _then_within(signal, pattern, happening, memory)
        case ManyDifferent():
            found = _many_different(signal, pattern, happening, memory)
        case Mutual():
            found = _mutual(signal, pattern, happening, memory)
        case MissingAfter():
            _await(signal, pattern, happening, memory)
            return None
        case OutsideHours():
            found = _outside_hours(signal, pattern, happening)
        case ShortlyBefore():
            found = _shortly_before(signal, pattern, happening)
    quiet = quiet_key(signal, happening)
    if found is None or quiet is None:
        return None
    return once(signal, found, quiet, happening.entry, memory)


def fall_due(signal: Signal, sighting: Sighting, memory: Memory) -> Match | None:
    """The match that a sighting becomes at its `due`; it is taken out of memory."""
    left = [each for each in memory.get(sighting.key, []) if each != sighting]
    memory[sighting.key] = left
    if not isinstance(signal.pattern, MissingAfter) or sighting.due is None:
        return None
    waited = _seconds(sighting.due - sighting.at)
    found = Match(signal.id, (sighting.entry,), sighting.due, {"within": waited})
    return once(signal, found, sighting.value, sighting.entry, memory)


def _then_within(signal: Signal, pattern: ThenWithin, happening: Happening, memory: Memory) -> Match | None:
    key = key_of(signal, happening, "seen", pattern.same)
    other = happening.told(pattern.different)
    if key is None or other is None:
        return None
    found, value = None, digest_of(other)
    if pattern.then.fits(happening):
        before = [
            seen
            for seen in memory.get(key, [])
            if happening.at - seen.at <= pattern.within and (not other or seen.value != value)
        ]
        if before:
            after = _seconds(happening.at - before[-1].at)
            figures = {"after": after, "within": _seconds(pattern.within)}
            found = Match(signal.id, (before[-1].entry, happening.entry), happening.at, figures)
    if pattern.first.fits(happening):
        seen = Sighting(signal.id, key, value, happening.entry, happening.at, happening.at + pattern.within)
        memory.setdefault(key, []).append(seen)
    return found


def _many_different(
    signal: Signal, pattern: ManyDifferent, happening: Happening, memory: Memory
) -> Match | None:
    key = key_of(signal, happening, "seen", (Trait(pattern.per),))
    who = happening.told((Trait(pattern.different),))
    if key is None or who is None or not pattern.of.fits(happening):
        return None
    value = digest_of(who)
    others = [seen for seen in memory.get(key, []) if seen.value != value]
    seen = Sighting(signal.id, key, value, happening.entry, happening.at, happening.at + pattern.within)
    memory[key] = [*others, seen]
    within = [seen for seen in memory[key] if happening.at - seen.at <= pattern.within]
    if len(within) < pattern.at_least:
        return None
    figures = {
        "persons": len(within),
        "at_least": pattern.at_least,
        "within": _seconds(pattern.within),
    }
    return Match(signal.id, tuple(seen.entry for seen in within), happening.at, figures)


def _mutual(signal: Signal, pattern: Mutual, happening: Happening, memory: Memory) -> Match | None:
    key = key_of(signal, happening, "seen", (Trait.PERSON, Trait.COUNTERPART))
    if key is None or not pattern.of.fits(happening):
        return None
    value = digest_of((str(happening.person),))
    seen = Sighting(signal.id, key, value, happening.entry, happening.at, happening.at + pattern.within)
    memory.setdefault(key, []).append(seen)
    within = [seen for seen in memory[key] if happening.at - seen.at <= pattern.within]
    there = [seen for seen in within if seen.value == value]
    back = [seen for seen in within if seen.value != value]
    if min(len(there), len(back)) < pattern.times:
        return None
    # Enough of each to be looked at; how many there were stands in the figures.
    shown = {seen.entry for seen in (*there[-pattern.times :], *back[-pattern.times :])}
    figures = {
        "there": len(there),
        "back": len(back),
        "times": pattern.times,
        "within": _seconds(pattern.within),
    }
    entries = tuple(seen.entry for seen in within if seen.entry in shown)
    return Match(signal.id, entries, happening.at, figures)


def _await(signal: Signal, pattern: MissingAfter, happening: Happening, memory: Memory) -> None:
    key = key_of(signal, happening, "seen", pattern.same)
    quiet = quiet_key(signal, happening)
    if key is None:
        return
    if pattern.then.fits(happening):
        # What came too late does not undo what was missing: so it does not matter when that is looked at.
        missed = [seen for seen in memory.get(key, []) if seen.due and seen.due <= happening.at]
        memory[key] = missed
    elif pattern.first.fits(happening) and quiet is not None:
        due = happening.at + pattern.within if pattern.within else happening.grant_ends
        if due is not None:
            # What it would be quiet about is only known now; it stands in place of a value.
            memory.setdefault(key, []).append(
                Sighting(signal.id, key, quiet, happening.entry, happening.at, due, due)
            )


def _outside_hours(signal: Signal, pattern: OutsideHours, happening: Happening) -> Match | None:
    hours = pattern.hours
    # Without hours (`Signal.with_hours`) nothing is out of them.
    if hours is None or not pattern.of.fits(happening) or not hours.outside(happening.at):
        return None
    figures = {
        "clock": f"{happening.at.astimezone(AMSTERDAM):%H:%M}",
        "begin": f"{hours.begin:%H:%M}",
        "until": f"{hours.until:%H:%M}",
    }
    return Match(signal.id, (happening.entry,), happening.at, figures)


def _shortly_before(signal: Signal, pattern: ShortlyBefore, happening: Happening) -> Match | None:
    if happening.dispose_after is None or not pattern.of.fits(happening):
        return None
    left = happening.dispose_after - happening.at
    if not timedelta() <= left <= pattern.within:
        return None
    figures = {"left": _seconds(left), "within": _seconds(pattern.within)}
    return Match(signal.id, (happening.entry,), happening.at, figures)


def _together(signal: Signal) -> tuple[Trait, ...]:
    """What the sightings of a pattern are kept under; none where it needs no memory."""
    match signal.pattern:
        case ThenWithin() | MissingAfter():
            return signal.pattern.same
        case ManyDifferent():
            return (Trait(signal.pattern.per),)
        case Mutual():
            return (Trait.PERSON, Trait.COUNTERPART)
        case OutsideHours() | ShortlyBefore():
            return ()


def _seconds(length: timedelta) -> int:
    return max(0, int(length.total_seconds()))
