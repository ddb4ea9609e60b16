"""The plaintext of one recording, read in ranges across its sealed parts. Nothing here decides who may.

Whoever holds a `Footage` holds the data key: the vault makes one for a viewing under a grant, ingest for
an examination while the recording arrives.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault import objects
from vault.ids import RecordingId
from vault.objects import ObjectStore
from vault.sealing import DataKey, PartContext, PartReader, SealBroken, open_all
from vault.tables import Part

PIECE = 1024 * 1024
"""Most bytes of plaintext in memory at once for one reader."""


class RangeOutside(Exception):
    """The asked range is not within the recording."""


@dataclass(frozen=True)
class PartAt:
    """Where one sealed part stands in its recording and in the store."""

    index: int
    first: int
    length: int
    object_name: str
    header: bytes


def parts_of(session: Session, recording: RecordingId) -> tuple[PartAt, ...]:
    """The durable parts of a recording, in order."""
    rows = session.execute(
        select(Part.index, Part.first, Part.length, Part.object_name, Part.header)
        .where(Part.recording_id == recording)
        .order_by(Part.index)
    )
    return tuple(PartAt(*row) for row in rows)


class Footage:
    """A recording's plaintext, as far as its parts go."""

    def __init__(self, store: ObjectStore, recording: UUID, key: DataKey, parts: Sequence[PartAt]) -> None:
        self._store = store
        self._key = key
        self.recording = recording
        self._parts = parts
        self._firsts = [part.first for part in parts]
        self.length = parts[-1].first + parts[-1].length if parts else 0
        # A seek lands in one part, playing stays in it for a while: deriving its key once is enough.
        self._reader = lru_cache(maxsize=4)(lambda index: self._open(self._parts[index]))

    def read(self, first: int, last: int) -> Iterator[memoryview]:
        """The bytes `first` to `last`, both included, in pieces of at most `PIECE`.

        Raises RangeOutside; SealBroken when what is stored is not what was sealed; the store's errors.
        """
        if not 0 <= first <= last < self.length:
            raise RangeOutside(f"{first}-{last} of {self.length}")
        at = first
        while at <= last:
            number = bisect_right(self._firsts, at) - 1
            part = self._parts[number]
            start = at - part.first
            if start == 0 and part.first + part.length <= last + 1:
                yield from self._all(part)
                at = part.first + part.length
                continue
            end = min(last - part.first, part.length - 1, start + PIECE - 1)
            yield self._reader(number).read(start, end, partial(self._fetch, part.object_name))
            at = part.first + end + 1

    def _all(self, part: PartAt) -> Iterator[memoryview]:
        context, fetch = PartContext(self.recording, part.index), partial(self._fetch, part.object_name)
        return open_all(self._key, context, part.length, part.header, fetch, most=PIECE)

    def _fetch(self, name: str, first: int, last: int) -> bytes:
        try:
            return self._store.fetch(name, first, last)
        except objects.RangeOutside as error:
            # The object is shorter than what was sealed into it.
            raise SealBroken from error

    def _open(self, part: PartAt) -> PartReader:
        return PartReader(self._key, PartContext(self.recording, part.index), part.length, part.header)
