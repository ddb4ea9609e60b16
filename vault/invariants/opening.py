"""Whether footage opens: at its first and last chunk and at one between, or all of it.

Every recording is looked at on its own, with what the database says of it at that moment: a check of all
takes hours, in which recordings come, move to another key and go. So what does not open is asked about once
more.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vault.finding import Finding
from vault.footage import Footage, PartAt
from vault.ids import RecordingId
from vault.invariants.depth import Depth, Tell
from vault.keys import KeyRingError, WrappedKey
from vault.objects import NameRefused, ObjectMissing
from vault.sealing import SealBroken
from vault.tables import Part, Recording, SealedKey, State
from vault.vault import Vault

EACH_NIGHT = 20_000
"""Recordings that are opened in one night: some minutes. Of more, each night another part has its turn."""
AT_ONCE = 100
"""Recordings that are read with one question to the database."""
_THERE = (State.KEPT, State.QUARANTINED)


@dataclass(frozen=True)
class Sealed:
    """A recording as its rows tell of it."""

    id: UUID
    municipality: str
    sha256: str
    wrapped: WrappedKey
    parts: Sequence[PartAt]


def check(vault: Vault, *, now: datetime, depth: Depth, tell: Tell) -> Iterator[Finding]:
    """What does not open, or with `Depth.DEEP` is not what its digest says. Raises the store's errors.

    What other checks tell is not told again: parts that do not add up, an object that is missing, a key that
    the ring does not open.
    """
    with vault.database.reading() as session:
        total = session.scalar(select(func.count()).where(Recording.state.in_(_THERE))) or 0
    every = max(1, total // EACH_NIGHT) if depth is Depth.NIGHT else 1
    for number, sealed in enumerate(_turns(vault, now.toordinal() % every, every)):
        tell("opened", number + 1, total // every)
        if not _wrong(vault, sealed, now, depth):
            continue
        again = _as_it_is(vault, sealed.id)
        if again and (finding := _wrong(vault, again, now, depth)):
            yield finding


def _wrong(vault: Vault, sealed: Sealed, now: datetime, depth: Depth) -> Finding | None:
    """What is wrong with this recording's footage."""
    try:
        key = vault.ring.unwrap(sealed.wrapped, recording=sealed.id, municipality=sealed.municipality)
        footage = Footage(vault.store, sealed.id, key, sealed.parts)
        if depth is Depth.DEEP:
            digest = hashlib.sha256()
            for piece in footage.read(0, footage.length - 1):
                digest.update(piece)
            same = digest.hexdigest() == sealed.sha256
            return None if same else Finding("footage-differs", str(sealed.id))
        for place in (0, _between(sealed.id, footage.length, now), footage.length - 1):
            # One byte: its whole chunk is opened for it.
            for _ in footage.read(place, place):
                pass
    except (KeyRingError, ObjectMissing, NameRefused):
        return None
    except SealBroken:
        return Finding("footage-does-not-open", str(sealed.id))
    return None


def _between(recording: UUID, length: int, now: datetime) -> int:
    """Another place each day, which nobody can choose."""
    seed = hashlib.sha256(recording.bytes + now.date().isoformat().encode()).digest()
    return int.from_bytes(seed) % length


def _turns(vault: Vault, first: int, every: int) -> Iterator[Sealed]:
    """Every so many of the recordings that must open, from that one on, by id."""
    after, count = None, 0
    while True:
        with vault.database.reading() as session:
            query = select(Recording.id).where(Recording.state.in_(_THERE)).order_by(Recording.id)
            query = query.where(Recording.id > after) if after else query
            ids = session.scalars(query.limit(AT_ONCE * every)).all()
            mine = [each for number, each in enumerate(ids, count) if number % every == first]
            found = list(_read(session, mine))
        yield from found
        if len(ids) < AT_ONCE * every:
            return
        after, count = ids[-1], count + len(ids)


def _as_it_is(vault: Vault, recording: UUID) -> Sealed | None:
    with vault.database.reading() as session:
        return next(_read(session, [recording]), None)


def _read(session: Session, recordings: Sequence[UUID]) -> Iterator[Sealed]:
    """Those of the recordings that must open: of what is damaged since it came no digest is known."""
    parts: dict[UUID, list[PartAt]] = {}
    query = select(Part).where(Part.recording_id.in_(recordings)).order_by(Part.recording_id, Part.index)
    for part in session.scalars(query):
        at = PartAt(part.index, part.first, part.length, part.object_name, part.header)
        parts.setdefault(part.recording_id, []).append(at)
    rows = session.execute(
        select(Recording.id, Recording.municipality_id, Recording.sha256, SealedKey.key_id, SealedKey.sealed)
        .join(SealedKey, SealedKey.recording_id == Recording.id)
        .where(Recording.id.in_(recordings), Recording.state.in_(_THERE))
        .order_by(Recording.id)
    )
    for recording, municipality, sha256, key_id, wrapped in rows:
        found = parts.get(recording, [])
        if sha256 and found and _add_up(found):
            yield Sealed(RecordingId(recording), municipality, sha256, WrappedKey(key_id, wrapped), found)


def _add_up(parts: Sequence[PartAt]) -> bool:
    ends = [0, *(part.first + part.length for part in parts)]
    return all(part.first == end for part, end in zip(parts, ends, strict=False))
