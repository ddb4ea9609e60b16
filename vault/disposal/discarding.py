"""The objects of recordings whose key is gone: discarded, every version, as soon as the store lets them.

Nothing here says that a recording is disposed of, only whether the store has nothing of it any more.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from vault.objects import ObjectError, ObjectRetained, ObjectStore, StoreError, StoreFull, StoreUnavailable

THREADS = 8
"""Recordings at once where each step waits for a network."""
LOOKS = 3
"""Times that a recording's objects are listed before a store that goes on listing them counts as failing."""


@dataclass
class Outcome:
    """What became of the objects of some recordings; of each one thing."""

    gone: list[UUID] = field(default_factory=list)
    locked: dict[UUID, datetime] = field(default_factory=dict)
    """Until when the store keeps the first of those that are left."""
    failed: dict[UUID, ObjectError] = field(default_factory=dict)
    away: ObjectError | None = None
    """The store does not answer: what is in none of the others was not tried."""


def discard_all(store: ObjectStore, names: Mapping[UUID, Sequence[str]]) -> Outcome:
    """Discard all objects of these recordings; `names` are those that rows own, the store may have more."""
    if away := _silence(store):
        return Outcome(away=away)
    outcome, lock = Outcome(), threading.Lock()
    each = partial(_one, store, outcome, lock)
    if store.at_hand:
        for recording, owned in names.items():
            each(recording, owned)
        return outcome
    with ThreadPoolExecutor(THREADS, "discard") as pool:
        list(pool.map(each, names, names.values()))
    return outcome


def _one(
    store: ObjectStore, outcome: Outcome, lock: threading.Lock, recording: UUID, names: Sequence[str]
) -> None:
    if outcome.away:
        # Its silence takes seconds for each object: no more of that than need be.
        return
    until: datetime | None = None
    failed = away = None
    try:
        until = _discard(store, recording, names)
    except ObjectError as error:
        failed = error
        away = _silence(store) if isinstance(error, StoreError) else None
    with lock:
        if failed:
            outcome.failed[recording] = failed
            outcome.away = outcome.away or away
        elif until:
            outcome.locked[recording] = until
        else:
            outcome.gone.append(recording)


def _discard(store: ObjectStore, recording: UUID, names: Sequence[str]) -> datetime | None:
    """Discard what rows own, then what the store has besides; until when the first is kept that is left."""
    left = names
    for _ in range(LOOKS):
        if kept := [until for name in left if (until := _gone(store, name))]:
            return min(kept)
        # A put that nobody finished, or an earlier try. Only a look that finds nothing is the proof.
        left = [each.name for each in store.list(f"{recording}/")]
        if not left:
            return None
    raise StoreUnavailable(f"{recording}: what was discarded is still listed")


def _gone(store: ObjectStore, name: str) -> datetime | None:
    """Discard an object; None when it is gone, else until when it is kept."""
    try:
        store.discard(name)
    except ObjectRetained as error:
        if error.until is not None:
            return error.until
        # A hold on the object that nobody has lifted yet: on the recording there was none when this began.
        store.hold(name, False)
        return _again(store, name)
    return None


def _again(store: ObjectStore, name: str) -> datetime | None:
    """Discard an object that was held a moment ago: its term may keep it still."""
    try:
        store.discard(name)
    except ObjectRetained as error:
        if error.until is None:
            raise
        return error.until
    return None


def _silence(store: ObjectStore) -> ObjectError | None:
    """Why the store as a whole does not answer; None when it does, so that only an object is at fault.

    A full one answers: what is discarded makes room in it.
    """
    try:
        store.check()
    except StoreFull:
        return None
    except StoreError as error:
        return error
    return None
