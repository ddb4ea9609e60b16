"""Bytes come in: hashed, sealed and stored part by part, acknowledged when durable.

Three things go on at once for one upload: the next part is received, the last part is hashed, and it is
sealed and stored. At most one part is under way to the store, so parts are committed in order and the offset
we acknowledge never runs ahead of what is durable (docs/design.md, step 2). Measured against other ways to
divide the work: docs/decisions/serving.md.

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
from uuid import UUID

from cryptography.utils import Buffer
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from ingest.intake import Intake
from vault.footage import PartAt
from vault.ids import RecordingId
from vault.sealing import HEADER_LENGTH, DataKey, PartContext, Sealer, sealed_length
from vault.tables import Arrival, Part, Recording, State, table_of

Args = TypeVarTuple("Args")

BLOCK = 1024 * 1024
"""Bytes that are hashed and sealed in one call: a thread that calls too often waits for the others."""
SILENCE = timedelta(seconds=60)
"""How long a sender may say nothing before we keep what came and let it come back."""

# A part is committed every 8 MiB. Tables instead of their classes, and statements that are put together once,
# make that a third of the work.
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
_ADD_PARTS = insert(_PART)
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
    """One part in the making: plaintext in memory until all of it is sealed."""

    def __init__(self, key: DataKey, recording: UUID, index: int, first: int) -> None:
        self.index = index
        self.first = first
        self.length = 0
        self._key = key
        self._recording = recording
        self.blocks: list[Buffer] = []

    def add(self, block: Buffer) -> None:
        """Put `block` at the end of the part."""
        self.blocks.append(block)
        self.length += len(block)

    def finish(self, room: bytearray) -> tuple[PartAt, memoryview]:
        """The part, and the object it owns, which stands in `room` until that is used again.

        The name's random half keeps two writers apart. Raises ValueError when `room` is too small.
        """
        sealed = self._seal(memoryview(room)[: sealed_length(self.length)])
        name = f"{self._recording}/{self.index:06d}-{secrets.token_hex(8)}"
        header = bytes(sealed[:HEADER_LENGTH])
        return PartAt(self.index, self.first, self.length, name, header), sealed

    def _seal(self, sealed: memoryview) -> memoryview:
        sealer = Sealer(self._key, PartContext(self._recording, self.index))
        at = 0
        for block in self.blocks:
            at += sealer.update_into(block, sealed[at:])
        sealed[at:] = sealer.finish()
        return sealed


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
        self._under_way: list[asyncio.Future[None]] = []
        self._room = bytearray()
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
            await self._arrived()
        finally:
            await asyncio.gather(*self._under_way, return_exceptions=True)
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
        rest = memoryview(block)
        while rest:
            part = self._part or self._begin_part()
            room = self._intake.settings.part_bytes - part.length
            part.add(rest[:room])
            self._received += len(rest[:room])
            rest = rest[room:]
            if part.length == self._intake.settings.part_bytes:
                await self._send_off()

    def _begin_part(self) -> PartBuilder:
        upload = self._upload
        self._part = PartBuilder(upload.key, upload.recording, self._next_index, self._received)
        self._next_index += 1
        return self._part

    async def _send_off(self) -> None:
        """Have the part in the making hashed and stored, after the one before it is durable."""
        part, self._part = self._part, None
        if part is None:
            return
        await self._arrived()
        self._under_way = [
            self._in_thread(self._hash, part),
            self._in_thread(self._make_durable, part, self._clock()),
        ]

    async def _arrived(self) -> None:
        """Wait until what is under way is hashed and durable."""
        for future in self._under_way:
            await future
        self._under_way = []

    def _hash(self, part: PartBuilder) -> None:
        for digest in filter(None, (self._digest, self._checksum)):
            for block in part.blocks:
                digest.update(block)

    def _make_durable(self, part: PartBuilder, now: datetime) -> None:
        # Parts are made one after another, so they take turns in one piece of memory.
        if len(self._room) < sealed_length(part.length):
            self._room = bytearray(sealed_length(part.length))
        stored, sealed = part.finish(self._room)
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
    with intake.database.transaction() as session:
        # Locked first and the offset asked after, so that of two writers the second sees the first's parts.
        state, length = session.execute(_LOCK, {"of": recording}).one()
        if state != State.ARRIVING:
            raise ArrivalEnded
        if parts[0].first != durable_offset(session, recording)[0]:
            raise OffsetConflict
        session.execute(_ADD_PARTS, [{"recording_id": recording, **vars(part)} for part in parts])
        session.execute(_RENEW, {"of": recording, "expires_at": now + intake.settings.upload_expires})
        if parts[-1].first + parts[-1].length == length:
            session.execute(_COMPLETE, {"of": recording})


def durable_offset(session: Session, recording: RecordingId) -> tuple[int, int]:
    """How many bytes of an upload are durable, and in how many parts."""
    last = session.execute(_LAST_PART, {"of": recording}).first()
    return (last[0], last[1]) if last else (0, 0)
