"""Bytes come in: hashed, sealed and stored part by part, acknowledged when durable.

Three things go on at once for one upload: a part is received and sealed, what came just now is hashed, and
the part before is stored. At most one part is under way to the store, so parts are committed in order and the
offset we acknowledge never runs ahead of what is durable (docs/design.md, step 2). Measured against other
ways to divide the work: docs/decisions/serving.md.

Two clients may send the same upload at once (a dock that lost its connection and came back before we
noticed). There is no lock: whoever commits a part at an offset first wins, the other gets OffsetConflict and
asks for the offset again.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVarTuple

from cryptography.utils import Buffer
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from ingest.intake import Intake
from vault.base import table_of
from vault.footage import PartAt
from vault.ids import RecordingId
from vault.sealing import HEADER_LENGTH, DataKey, PartContext, Sealer, sealed_length
from vault.statements import Statements
from vault.tables import Arrival, Part, Recording, State

Args = TypeVarTuple("Args")

BLOCK = 1024 * 1024
"""Bytes that are hashed and sealed in one call: a thread that calls too often waits for the others."""
CHUNKS_APART = 1024
"""Chunks that wait to become a block: of very small ones, each takes many times its own bytes."""
HASHED_AT_ONCE = 2
"""Blocks that a thread is asked to hash at a time; twice as many may be in memory."""
SILENCE = timedelta(seconds=60)
"""How long a sender may say nothing before we keep what came and let it come back."""

# A part is committed every 8 MiB: by statements that are put together once, at a fraction of the price.
_RECORDING, _PART, _ARRIVAL = table_of(Recording), table_of(Part), table_of(Arrival)
_LOCK = (
    select(_RECORDING.c.state, _RECORDING.c.length)
    .where(_RECORDING.c.id == bindparam("of"))
    .with_for_update()
)
_LAST_PART = (
    select(_PART.c.first + _PART.c.length, _PART.c.index + 1)
    .where(_PART.c.recording_id == bindparam("of"))
    .order_by(_PART.c.index.desc())
    .limit(1)
)
_ADD_PARTS = insert(_PART).inline()
_RENEW = update(_ARRIVAL).where(_ARRIVAL.c.recording_id == bindparam("of"))
_COMPLETE = update(_RECORDING).where(_RECORDING.c.id == bindparam("of")).values(state=State.RECEIVED)


class OffsetConflict(Exception):
    """The upload is not at the offset the sender thinks; ask for the offset and go on from there."""


class ArrivalEnded(Exception):
    """The recording does not arrive any more: it is complete, terminated or reaped."""


class TooMuch(Exception):
    """More bytes came than were announced."""


class ChecksumMismatch(Exception):
    """The bytes of this request are not those the sender computed its checksum of; none of them were kept."""


class Hash(Protocol):
    """A running hash of :mod:`hashlib`."""

    def update(self, data: Buffer, /) -> None: ...
    def hexdigest(self) -> str: ...
    def digest(self) -> bytes: ...
    def copy(self) -> "Hash": ...


@dataclass(frozen=True)
class Upload:
    """An arriving recording as it stands before a request adds to it."""

    recording: RecordingId
    key: DataKey
    length: int
    offset: int
    next_part: int


class PartBuilder:
    """One part in the making, sealed into `room` as it comes."""

    def __init__(self, upload: Upload, index: int, first: int, room: bytearray) -> None:
        self.length = 0
        self._recording = upload.recording
        self._index = index
        self._first = first
        self._sealer = Sealer(upload.key, PartContext(upload.recording, index))
        self._room = memoryview(room)
        self._sealed = 0

    def add(self, block: Buffer) -> None:
        """Put `block` at the end of the part. Raises ValueError when the room is too small for it."""
        self._sealed += self._sealer.update_into(block, self._room[self._sealed :])
        self.length += len(block)

    def finish(self) -> tuple[PartAt, memoryview]:
        """The part, and the object it owns, which stands in the room until that is used again.

        The name's random half keeps two writers apart.
        """
        sealed = self._room[: sealed_length(self.length)]
        sealed[self._sealed :] = self._sealer.finish()
        name = f"{self._recording}/{self._index:06d}-{secrets.token_hex(8)}"
        header = bytes(sealed[:HEADER_LENGTH])
        return PartAt(self._index, self._first, self.length, name, header), sealed


class Receiving:
    """One request's bytes on their way into one upload."""

    def __init__(
        self,
        intake: Intake,
        upload: Upload,
        digest: Hash | None,
        threads: Executor,
        clock: Callable[[], datetime],
    ) -> None:
        self._intake = intake
        self._upload = upload
        self._digest = digest
        self._threads = threads
        self._clock = clock
        self._part: PartBuilder | None = None
        self._received = upload.offset
        self._next_index = upload.next_part
        self._unhashed: list[bytes] = []
        self._hashing: asyncio.Future[None] | None = None
        self._storing: asyncio.Future[None] | None = None
        # Parts are made one after another while the one before is stored, so they take turns in two.
        self._rooms = [bytearray(), bytearray()]
        self._held: list[PartAt] | None = None
        self._checksum: Hash | None = None

    async def take(self, body: AsyncIterator[bytes]) -> int:
        """Take all of `body`; what came before a broken or silent connection is kept too.

        Returns the offset that is durable now. Raises TooMuch, OffsetConflict, ArrivalEnded and the
        store's errors; what was committed before stays.
        """
        try:
            async for block in _blocks(body):
                await self._add(block)
            await self._send_off()
            await self._have_hashed()
            for under_way in filter(None, (self._storing, self._hashing)):
                await under_way
        finally:
            left = filter(None, (self._storing, self._hashing))
            await asyncio.gather(*left, return_exceptions=True)
        return self._received

    async def take_checked(self, body: AsyncIterator[bytes], algorithm: str, expected: bytes) -> int:
        """As `take`, but nothing is committed unless the body's checksum is `expected` (tus checksum).

        Raises ChecksumMismatch and forgets the bytes.
        """
        self._checksum = hashlib.new(algorithm, usedforsecurity=False)
        self._held = []
        try:
            offset = await self.take(body)
            if self._checksum.digest() != expected:
                raise ChecksumMismatch
        except BaseException:
            for part in self._held:
                await self._in_thread(self._intake.store.discard, part.object_name)
            raise
        if self._held:
            await self._in_thread(self._commit_held, self._held, self._clock())
        return offset

    def _commit_held(self, held: list[PartAt], now: datetime) -> None:
        try:
            commit_parts(self._intake, self._upload.recording, held, now)
        except (OffsetConflict, ArrivalEnded):
            # Only then: after any other error they may have been committed all the same.
            for part in held:
                self._intake.store.discard(part.object_name)
            raise

    async def _add(self, block: bytes) -> None:
        """Put `block` into the part in the making; into two, where one ends within it."""
        if self._received + len(block) > self._upload.length:
            raise TooMuch
        self._unhashed.append(block)
        if len(self._unhashed) == HASHED_AT_ONCE:
            await self._have_hashed()
        rest = memoryview(block)
        while rest:
            # Only the last block of a body is short: then this is all that the part will have.
            part = self._part or self._begin_part(len(rest) if len(block) < BLOCK else self._upload.length)
            room = self._intake.settings.part_bytes - part.length
            part.add(rest[:room])
            self._received += len(rest[:room])
            rest = rest[room:]
            if part.length == self._intake.settings.part_bytes:
                await self._send_off()

    def _begin_part(self, most: int) -> PartBuilder:
        upload, turn = self._upload, self._next_index % 2
        longest = min(most, self._intake.settings.part_bytes, upload.length - self._received)
        if len(self._rooms[turn]) < sealed_length(longest):
            self._rooms[turn] = bytearray(sealed_length(longest))
        self._part = PartBuilder(upload, self._next_index, self._received, self._rooms[turn])
        self._next_index += 1
        return self._part

    async def _send_off(self) -> None:
        """Have the part in the making stored, after the one before it is durable."""
        part, self._part = self._part, None
        if part is None:
            return
        if self._storing:
            await self._storing
        self._storing = self._in_thread(self._make_durable, *part.finish(), self._clock())

    async def _have_hashed(self) -> None:
        """Have what came just now hashed, after what came before."""
        blocks, self._unhashed = self._unhashed, []
        if self._hashing:
            await self._hashing
        self._hashing = self._in_thread(self._hash, blocks)

    def _hash(self, blocks: list[bytes]) -> None:
        for digest in filter(None, (self._digest, self._checksum)):
            for block in blocks:
                digest.update(block)

    def _make_durable(self, stored: PartAt, sealed: memoryview, now: datetime) -> None:
        # 1. the object; 2. the row that owns it. Dying between the two leaves an object without a row,
        # which the reaper finds; never a row without its object.
        self._intake.store.put(stored.object_name, sealed)
        if self._held is not None:
            self._held.append(stored)
            return
        try:
            commit_parts(self._intake, self._upload.recording, [stored], now)
        except (OffsetConflict, ArrivalEnded):
            self._intake.store.discard(stored.object_name)
            raise

    def _in_thread(self, function: Callable[[*Args], None], *args: *Args) -> asyncio.Future[None]:
        return asyncio.get_running_loop().run_in_executor(self._threads, function, *args)


async def _blocks(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """`body` in blocks; ends early, without an error, when the sender goes away or says nothing for long."""
    clock = asyncio.get_running_loop().time
    longest = SILENCE.total_seconds()
    ended = False
    while not ended:
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(longest) as silence:
                renewed = clock()
                while size < BLOCK:
                    chunk = await anext(body)
                    chunks.append(chunk)
                    size += len(chunk)
                    if len(chunks) == CHUNKS_APART:
                        chunks = [b"".join(chunks)]
                    # Not after every chunk: a fast sender has thousands of them a second.
                    if (now := clock()) - renewed > longest / 64:
                        silence.reschedule(now + longest)
                        renewed = now
        except (StopAsyncIteration, ClientDisconnect, TimeoutError):
            ended = True
        yield b"".join(chunks)


def commit_parts(intake: Intake, recording: RecordingId, parts: list[PartAt], now: datetime) -> None:
    """Make stored parts count: from here on the upload's offset includes them.

    Raises ArrivalEnded or OffsetConflict, and then changes nothing.
    """
    with intake.database.statements() as within:
        # Locked first and the offset asked after, so that of two writers the second sees the first's parts.
        [(state, length)] = within.execute(_LOCK, {"of": recording})
        if state != State.ARRIVING:
            raise ArrivalEnded
        if parts[0].first != durable_offset(within, recording)[0]:
            raise OffsetConflict
        within.execute(_ADD_PARTS, [{"recording_id": recording, **vars(part)} for part in parts])
        within.execute(_RENEW, {"of": recording, "expires_at": now + intake.settings.upload_expires})
        if parts[-1].first + parts[-1].length == length:
            within.execute(_COMPLETE, {"of": recording})


def durable_offset(within: Session | Statements, recording: RecordingId) -> tuple[int, int]:
    """How many bytes of an upload are durable, and in how many parts."""
    last = list(within.execute(_LAST_PART, {"of": recording}))
    return (last[0][0], last[0][1]) if last else (0, 0)
