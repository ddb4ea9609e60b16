"""What stands in the store beside what the rows say of it, recording by recording.

Both sides come in the same order and a little at a time, so that memory holds one recording's worth however
many there are. They are looked at one after the other, and not at one moment: whatever is found missing or
without an owner is asked about again before anybody acts on it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from sqlalchemy import select

from vault.db import Database
from vault.objects import NAME, ObjectStore, StoredObject
from vault.sealing import sealed_length
from vault.tables import Part, Recording, State

AT_ONCE = 200
"""Recordings whose parts are read with one question to the database."""
MUST_BE_THERE = (State.ARRIVING, State.RECEIVED, State.KEPT, State.QUARANTINED)
"""States in which every part has its object; in others objects go before their rows."""


@dataclass(frozen=True)
class Owned:
    """What a part's row says of its object."""

    name: str
    size: int
    """Bytes, sealed."""
    state: State


@dataclass(frozen=True)
class Shelf:
    """One recording: what is stored under its name, and what its parts own."""

    recording: UUID
    stored: Sequence[StoredObject]
    owned: Sequence[Owned]

    def without_owner(self) -> Iterator[StoredObject]:
        """Objects that no part owns."""
        names = {each.name for each in self.owned}
        return (each for each in self.stored if each.name not in names)

    def amiss(self) -> Iterator[tuple[Owned, bool]]:
        """Parts whose object must be there and is not as it was sealed, each with whether it is there."""
        stored = {each.name: each.size for each in self.stored}
        for each in self.owned:
            if each.state in MUST_BE_THERE and stored.get(each.name) != each.size:
                yield each, each.name in stored


def shelves(database: Database, store: ObjectStore) -> Iterator[Shelf]:
    """Every recording that has a part or an object, by id. Raises the store's errors."""
    stored, owned = _stored(store), _owned(database)
    one, other = next(stored, None), next(owned, None)
    while one or other:
        recording = min(each[0] for each in (one, other) if each)
        objects: Sequence[StoredObject] = ()
        parts: Sequence[Owned] = ()
        if one and one[0] == recording:
            objects, one = one[1], next(stored, None)
        if other and other[0] == recording:
            parts, other = other[1], next(owned, None)
        yield Shelf(recording, objects, parts)


def amiss_still(database: Database, store: ObjectStore, part: Owned) -> bool:
    """Whether a part's object is still not as it was sealed, asked of both sides anew."""
    with database.reading() as session:
        query = select(Recording.id, Recording.state).join(Part, Part.recording_id == Recording.id)
        row = session.execute(query.where(Part.object_name == part.name)).one_or_none()
    if row is None or row.state not in MUST_BE_THERE:
        return False
    # A row may name what cannot be a name, or what is another recording's: then no object is its.
    own = NAME.fullmatch(part.name) and part.name.startswith(f"{row.id}/")
    found = store.list(part.name) if own else ()
    return part.size not in [each.size for each in found]


def _stored(store: ObjectStore) -> Iterator[tuple[UUID, Sequence[StoredObject]]]:
    for recording, objects in groupby(store.list(""), lambda each: each.name.partition("/")[0]):
        yield UUID(recording), list(objects)


def _owned(database: Database) -> Iterator[tuple[UUID, Sequence[Owned]]]:
    """The parts of each recording, in the order of ids: both databases keep them in that of their text."""
    after: UUID | None = None
    while True:
        # A look of its own for each: nobody's work waits while the store is read.
        with database.reading() as session:
            some = select(Part.recording_id).distinct().order_by(Part.recording_id).limit(AT_ONCE)
            ids = session.scalars(some.where(Part.recording_id > after) if after else some).all()
            rows = session.execute(
                select(Part.recording_id, Part.object_name, Part.length, Recording.state)
                .join(Recording, Recording.id == Part.recording_id)
                .where(Part.recording_id.in_(ids))
                .order_by(Part.recording_id)
            ).all()
        for recording, parts in groupby(rows, lambda row: row.recording_id):
            yield (
                recording,
                [Owned(row.object_name, sealed_length(row.length), State(row.state)) for row in parts],
            )
        if len(ids) < AT_ONCE:
            return
        after = ids[-1]
