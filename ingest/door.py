"""What stands behind the docks' door: bytes to the store, then to the examination, then a receipt."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog
from prometheus_client import Counter
from starlette.responses import JSONResponse, Response

from ingest import problems, proofs, receipts
from ingest.examination import examine, waiting
from ingest.intake import Intake
from ingest.probe import ProbeAway
from ingest.receiving import Hash, OffsetConflict, Receiving, Upload
from vault import tracing
from vault.ids import RecordingId
from vault.objects import StoreFull, StoreUnavailable
from vault.tables import Arrival, Recording
from vault.web.problem import Refused

log = structlog.get_logger()

RECEIVED = Counter("ingest_bytes_total", "Bytes of footage that became durable.")
THREADS = 16
HASHES_REMEMBERED = 256
"""Running hashes of interrupted uploads; a forgotten one costs re-reading what is stored."""


class Door:
    """One ingest process at work: its threads, and running hashes of uploads it saw from the start."""

    def __init__(self, intake: Intake, clock: Callable[[], datetime]) -> None:
        self.intake = intake
        self.clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="seal")
        self._examining = ThreadPoolExecutor(2, thread_name_prefix="examine")
        self._places = asyncio.Semaphore(intake.settings.uploads_at_once)
        self._receiving: dict[RecordingId, asyncio.Task[object]] = {}
        self._pending: set[RecordingId] = set()
        self._hashes: OrderedDict[RecordingId, tuple[int, Hash]] = OrderedDict()

    async def receive(
        self, upload: Upload, body: AsyncIterator[bytes], checksum: tuple[str, bytes] | None
    ) -> int:
        """Take a request's body into `upload`; start the examination when that completes it.

        Waits for a place when many are at it, so that memory has an end. A dock that comes back to an upload
        has given up the request before, whatever its connection still looks like: that one is ended.
        """
        stalled = self._receiving.pop(upload.recording, None)
        if stalled:
            stalled.cancel()
        task = asyncio.current_task()
        if task:
            self._receiving[upload.recording] = task
        try:
            async with self._places:
                return await self._receive(upload, body, checksum)
        except asyncio.CancelledError:
            if self._receiving.get(upload.recording) is task:
                raise
            raise OffsetConflict from None
        finally:
            if self._receiving.get(upload.recording) is task:
                del self._receiving[upload.recording]

    async def _receive(
        self, upload: Upload, body: AsyncIterator[bytes], checksum: tuple[str, bytes] | None
    ) -> int:
        digest = self._running_hash(upload)
        receiving = Receiving(self.intake, upload, digest, self._threads, self.clock)
        if checksum:
            before = digest.copy() if digest else None
            durable = await self._checked(receiving, upload, body, checksum, before)
        else:
            durable = await receiving.take(body)
        if digest and durable < upload.length:
            self._remember(upload.recording, durable, digest)
        RECEIVED.inc(durable - upload.offset)
        if durable == upload.length:
            self.begin_examination(upload.recording, digest.hexdigest() if digest else None)
        return durable

    async def _checked(
        self,
        receiving: Receiving,
        upload: Upload,
        body: AsyncIterator[bytes],
        checksum: tuple[str, bytes],
        before: Hash | None,
    ) -> int:
        try:
            return await receiving.take_checked(body, *checksum)
        except BaseException:
            if before:
                self._remember(upload.recording, upload.offset, before)
            raise

    def _running_hash(self, upload: Upload) -> Hash | None:
        """The hash of everything before `upload.offset`, if this process has it: its state cannot travel."""
        if upload.offset == 0:
            return hashlib.sha256()
        offset, digest = self._hashes.pop(upload.recording, (None, None))
        return digest if offset == upload.offset else None

    def _remember(self, recording: RecordingId, offset: int, digest: Hash) -> None:
        self._hashes[recording] = (offset, digest)
        while len(self._hashes) > HASHES_REMEMBERED:
            self._hashes.popitem(last=False)

    def begin_examination(self, recording: RecordingId, sha256: str | None) -> None:
        """Examine a complete recording in the background; what fails for now is tried again later."""
        if recording not in self._pending:
            self._pending.add(recording)
            self._examining.submit(self._examine, recording, sha256)

    def _examine(self, recording: RecordingId, sha256: str | None) -> None:
        tracing.begin()
        try:
            examine(self.intake, recording, sha256, now=self.clock())
        except (StoreUnavailable, StoreFull, ProbeAway) as error:
            log.warning("examination.postponed", recording=str(recording), why=type(error).__name__)
        except Exception:
            log.exception("examination.failed", recording=str(recording))
        finally:
            self._pending.discard(recording)

    async def keep_examining(self, every_seconds: float) -> None:
        """Take over, again and again, what other processes left unexamined."""
        while True:
            await asyncio.sleep(every_seconds)
            loop = asyncio.get_running_loop()
            try:
                found = await loop.run_in_executor(None, lambda: waiting(self.intake, now=self.clock()))
            except Exception:
                # The database is away: what waits is taken over when it is back.
                log.exception("chore.failed", chore="take-over")
                continue
            for recording in found:
                self.begin_examination(recording, None)

    def receipt(self, recording_id: RecordingId) -> Response:
        """What a dock may know of a recording it sent: a signed statement, or that there is none yet."""
        headers = {"Cache-Control": "no-store"}
        with self.intake.database.reading() as session:
            # Both in one look: the commit point may pass between two.
            recording = session.get_one(Recording, recording_id)
            arrival = session.get_one(Arrival, recording_id)
        if arrival.receipt is None:
            body = {"state": recording.state, "wipe": False}
            return JSONResponse(body, 202, headers | {"Retry-After": "1"})
        # As it was promised: of a duplicate it is that one's, and what is disposed of since was kept then.
        claims = receipts.claims_of(arrival.receipt)
        body = {name: claims[name] for name in ("state", "wipe", "reason")} | {"receipt": arrival.receipt}
        return JSONResponse(body, 200, headers)

    def proof(self, recording_id: RecordingId) -> Response:
        """A recording's receipt with the proof that its entry is in the log, to be checked offline."""
        headers = {"Cache-Control": "no-store"}
        try:
            return JSONResponse(proofs.prove(self.intake, recording_id), 200, headers)
        except proofs.NotYet:
            raise Refused(problems.PROOF_NOT_YET, headers=headers | {"Retry-After": "1"}) from None
        except proofs.Pruned:
            raise Refused(problems.PROOF_GONE, headers=headers) from None

    def close(self) -> None:
        """Finish what is under way."""
        self._threads.shutdown()
        self._examining.shutdown(cancel_futures=True)
