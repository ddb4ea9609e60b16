"""Bytes come in: hashed and sealed as they come, stored part by part, acknowledged when durable.

Three things go on at once for one upload: the next block is received, the last block is hashed and sealed,
and the last full part is stored. At most one part is under way to the store, so parts are committed in
order and the offset we acknowledge never runs ahead of what is durable (docs/design.md, step 2).

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

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from ingest.intake import Intake
from vault.ids import RecordingId
from vault.sealing import HEADER_LENGTH, DataKey, PartContext, Sealer
from vault.tables import Arrival, Part, Recording, State

Args = TypeVarTuple("Args")

BLOCK = 1024 * 1024
"""Bytes that are handed to a thread at once: enough to be worth the handing over."""
SILENCE = timedelta(seconds=60)
"""How long a sender may say nothing before we keep what came and let it come back."""


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

    def update(self, data: bytes, /) -> None: ...
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
    """One part in the making: plaintext in, sealed bytes kept until the part is stored."""

    def __init__(self, key: DataKey, recording: UUID, index: int, first: int) -> None:
        self.index = index
        self.first = first
        self.length = 0
        self._recording = recording
        self._sealer = Sealer(key, PartContext(recording, index))
        self._sealed: list[bytes] = []

    def add(self, block: bytes) -> None:
        """Seal `block` onto the end of the part."""
        self._sealed.append(self._sealer.update(block))

    def finish(self) -> tuple[Part, bytes]:
        """The part's row and the object it owns. The name's random half keeps two writers apart."""
        self._sealed.append(self._sealer.finish())
        sealed = b"".join(self._sealed)
        name = f"{self._recording}/{self.index:06d}-{secrets.token_hex(8)}"
        row = Part(
            recording_id=self._recording,
            index=self.index,
            first=self.first,
            length=self.length,
            object_name=name,
            header=sealed[:HEADER_LENGTH],
        )
        return row, sealed


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
        self._working: list[asyncio.Future[None]] = []
        self._storing: asyncio.Future[None] | None = None
        self._held: list[Part] | None = None
        self._checksum: Hash | None = None

    async def take(self, body: AsyncIterator[bytes]) -> int:
        """Take all of `body`; what came before a broken or silent connection is kept too.

        Returns the offset that is durable now. Raises TooMuch, OffsetConflict, ArrivalEnded and the
        store's errors; what was committed before stays.
        """
        waiting: list[bytes] = []
        size = 0
        try:
            async for chunk in _until_silent(body):
                waiting.append(chunk)
                size += len(chunk)
                if size >= BLOCK:
                    await self._work_on(b"".join(waiting))
                    waiting, size = [], 0
            await self._work_on(b"".join(waiting))
            await self._store_part()
            await self._stored()
        finally:
            await asyncio.gather(*self._working, *filter(None, [self._storing]), return_exceptions=True)
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
            await self._in_thread(
                commit_parts, self._intake, self._upload.recording, self._held, self._clock()
            )
        return offset

    async def _work_on(self, data: bytes) -> None:
        """Hash and seal `data`, splitting it where a part ends."""
        if self._received + len(data) > self._upload.length:
            raise TooMuch
        view = memoryview(data)
        while view:
            part = self._part or self._begin_part()
            room = self._intake.settings.part_bytes - part.length
            block = bytes(view[:room]) if len(view) > room else bytes(view) if len(view) < len(data) else data
            view = view[len(block) :]
            await self._worked()
            part.length += len(block)
            self._received += len(block)
            self._working.append(self._in_thread(part.add, block))
            if self._digest:
                self._working.append(self._in_thread(self._digest.update, block))
            if self._checksum:
                self._working.append(self._in_thread(self._checksum.update, block))
            if part.length == self._intake.settings.part_bytes:
                await self._store_part()

    def _begin_part(self) -> PartBuilder:
        upload = self._upload
        self._part = PartBuilder(upload.key, upload.recording, self._next_index, self._received)
        self._next_index += 1
        return self._part

    async def _store_part(self) -> None:
        """Send the part in the making to the store, after the one before it is durable."""
        await self._worked()
        part, self._part = self._part, None
        if part is None:
            return
        await self._stored()
        self._storing = self._in_thread(self._make_durable, part, self._clock())

    def _make_durable(self, part: PartBuilder, now: datetime) -> None:
        row, sealed = part.finish()
        # 1. the object; 2. the row that owns it. Dying between the two leaves an object without a row,
        # which the reaper finds; never a row without its object.
        self._intake.store.put(row.object_name, sealed)
        if self._held is not None:
            self._held.append(row)
            return
        try:
            commit_parts(self._intake, self._upload.recording, [row], now)
        except (OffsetConflict, ArrivalEnded):
            self._intake.store.discard(row.object_name)
            raise

    async def _worked(self) -> None:
        working, self._working = self._working, []
        for future in working:
            await future

    async def _stored(self) -> None:
        storing, self._storing = self._storing, None
        if storing:
            await storing

    def _in_thread(self, function: Callable[[*Args], None], *args: *Args) -> asyncio.Future[None]:
        return asyncio.get_running_loop().run_in_executor(self._threads, function, *args)


async def _until_silent(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body's chunks; ends early, without an error, when the sender goes away or says nothing for long."""
    while True:
        try:
            async with asyncio.timeout(SILENCE.total_seconds()):
                chunk = await anext(body)
        except (StopAsyncIteration, ClientDisconnect, TimeoutError):
            return
        yield chunk


def commit_parts(intake: Intake, recording: RecordingId, parts: list[Part], now: datetime) -> None:
    """Make stored parts count: from here on the upload's offset includes them.

    Raises ArrivalEnded or OffsetConflict, and then changes nothing.
    """
    with intake.database.transaction() as session:
        row = session.get_one(Recording, recording, with_for_update=True)
        if row.state != State.ARRIVING:
            raise ArrivalEnded
        if parts[0].first != durable_offset(session, recording)[0]:
            raise OffsetConflict
        session.add_all(parts)
        arrival = session.get_one(Arrival, recording)
        arrival.expires_at = now + intake.settings.upload_expires
        if parts[-1].first + parts[-1].length == row.length:
            row.state = State.RECEIVED


def durable_offset(session: Session, recording: RecordingId) -> tuple[int, int]:
    """How many bytes of an upload are durable, and in how many parts."""
    end, count = session.execute(
        select(func.coalesce(func.max(Part.first + Part.length), 0), func.count()).where(
            Part.recording_id == recording
        )
    ).one()
    return int(end), int(count)
