"""The docks' door: resumable uploads by tus 1.0.0 (core, creation, checksum, termination, expiration).

Who sends is checked from the headers, before a byte of the body is asked for. The routes are async because
bytes stream through them; everything that waits for database or store does so in a thread.
"""

import asyncio
import base64
import re
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ingest import announcement, problems
from ingest.announcement import AnnouncementRefused
from ingest.docks import DockIdentity, TokenRefused, identify
from ingest.door import Door
from ingest.intake import NoArrivingKey
from ingest.reaper import abandon
from ingest.receiving import (
    ArrivalEnded,
    ChecksumMismatch,
    OffsetConflict,
    TooMuch,
    Upload,
    durable_offset,
)
from vault.audit import Actor
from vault.ids import RecordingId
from vault.objects import StoreFull, StoreUnavailable
from vault.sealing import DataKey
from vault.tables import Arrival, Recording, State
from vault.web.problem import Problem, Refused

T = TypeVar("T")

VERSION = "1.0.0"
EXTENSIONS = "creation,checksum,termination,expiration"
CHECKSUMS = ("sha256", "sha1", "md5")
PASS_OVER_SECONDS = 3600.0
BODY_TYPE = "application/offset+octet-stream"
_COUNT = re.compile(r"\d{1,18}")

REFUSALS: dict[type[Exception], Problem] = {
    OffsetConflict: problems.CONFLICT,
    ArrivalEnded: problems.GONE,
    TooMuch: problems.TOO_MUCH,
    ChecksumMismatch: problems.CHECKSUM,
    StoreUnavailable: problems.STORE_AWAY,
    StoreFull: problems.STORE_FULL,
}


def routes(door: Door) -> APIRouter:
    """The tus routes over one intake."""
    uploads = _Uploads(door)
    router = APIRouter()
    for path in ("/uploads", "/uploads/{upload}"):
        router.add_api_route(path, uploads.offer, methods=["OPTIONS"])
    router.add_api_route("/uploads", uploads.create, methods=["POST"])
    router.add_api_route("/uploads/{upload}", uploads.offset, methods=["HEAD"])
    router.add_api_route("/uploads/{upload}", uploads.append, methods=["PATCH"])
    router.add_api_route("/uploads/{upload}", uploads.terminate, methods=["DELETE"])
    router.add_api_route("/uploads/{upload}/receipt", uploads.receipt, methods=["GET"])
    router.add_api_route("/uploads/{upload}/proof", uploads.proof, methods=["GET"])
    return router


class _Uploads:
    """What a dock can do, one method a tus request."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def offer(self) -> Response:
        """What this door can do (tus OPTIONS)."""
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(announcement.LARGEST),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        }
        return Response(status_code=204, headers=headers)

    async def create(self, request: Request) -> Response:
        """Announce a recording (tus creation)."""
        door = self._door
        dock = await _dock(door, request)
        length = _count(request, "upload-length")
        try:
            said = announcement.read(_metadata(request), length)
            recording = await run_in_threadpool(
                announcement.announce, door.intake, dock, said, now=door.clock()
            )
        except AnnouncementRefused as error:
            raise problems.refused(error.problem, error.records) from error
        location = f"{str(door.intake.settings.ingest_url).rstrip('/')}/uploads/{recording}"
        return Response(status_code=201, headers={"Location": location, **_expiry(_end(door))})

    async def offset(self, upload: UUID, request: Request) -> Response:
        """How far an upload is (tus HEAD)."""
        dock = await _dock(self._door, request)
        found = await run_in_threadpool(_find, self._door, dock, upload)
        headers = {"Upload-Offset": str(found.offset), "Upload-Length": str(found.recording.length)}
        if found.recording.state == State.ARRIVING:
            headers |= _expiry(found.expires_at)
        return Response(status_code=200, headers=headers)

    async def append(self, upload: UUID, request: Request) -> Response:
        """Take bytes (tus PATCH)."""
        door = self._door
        dock = await _dock(door, request)
        if request.headers.get("content-type") != BODY_TYPE:
            raise Refused(problems.CONTENT_TYPE)
        claimed, checksum = _count(request, "upload-offset"), _checksum(request)
        found = await run_in_threadpool(_find, door, dock, upload)
        recording, at = found.recording, found.offset
        if recording.state == State.DUPLICATE:
            await _pass_over(request, recording.length)
            return Response(status_code=204, headers={"Upload-Offset": str(at)})
        if claimed != at:
            raise Refused(problems.CONFLICT, headers={"Upload-Offset": str(at)})
        _refuse_excess(request, at, recording.length)
        if recording.state != State.ARRIVING:
            raise Refused(problems.COMPLETE)
        key = await _guarded(run_in_threadpool(_arriving_key, door, recording))
        state = Upload(RecordingId(upload), key, recording.length, at, found.parts)
        durable = await _guarded(door.receive(state, request.stream(), checksum))
        return Response(status_code=204, headers={"Upload-Offset": str(durable), **_expiry(_end(door))})

    async def terminate(self, upload: UUID, request: Request) -> Response:
        """Withdraw an upload that is not complete (tus termination)."""
        door = self._door
        dock = await _dock(door, request)
        await run_in_threadpool(_find, door, dock, upload)
        ended = await run_in_threadpool(
            abandon,
            door.intake,
            RecordingId(upload),
            Actor("dock", str(dock.id), dock.name),
            now=door.clock(),
        )
        if not ended:
            # What is complete is ours to keep: a dock may end an upload, never erase a recording.
            raise Refused(problems.COMPLETE)
        return Response(status_code=204)

    async def receipt(self, upload: UUID, request: Request) -> Response:
        """Whether the camera may be wiped. Not of tus: ours."""
        dock = await _dock(self._door, request)
        await run_in_threadpool(_find, self._door, dock, upload)
        return await run_in_threadpool(self._door.receipt, RecordingId(upload))

    async def proof(self, upload: UUID, request: Request) -> Response:
        """That the entry which the receipt names is in the log. Not of tus: ours."""
        dock = await _dock(self._door, request)
        await run_in_threadpool(_find, self._door, dock, upload)
        return await run_in_threadpool(self._door.proof, RecordingId(upload))


async def _dock(door: Door, request: Request) -> DockIdentity:
    """The dock that sent this, judged by headers alone."""
    if request.method != "GET" and request.headers.get("tus-resumable") != VERSION:
        raise Refused(problems.VERSION, headers={"Tus-Version": VERSION})
    check = partial(
        identify,
        door.intake.database,
        request.headers.get("authorization"),
        audience=str(door.intake.settings.ingest_url),
        now=door.clock(),
    )
    try:
        return await run_in_threadpool(check)
    except TokenRefused as error:
        raise Refused(problems.TOKEN_REFUSED, headers={"WWW-Authenticate": "Bearer"}) from error


@dataclass(frozen=True)
class _Found:
    """An upload as it stands."""

    recording: Recording
    offset: int
    parts: int
    expires_at: datetime


def _find(door: Door, dock: DockIdentity, upload: UUID) -> _Found:
    """The upload, how much of it is durable and in how many parts; another dock's does not exist."""
    with door.intake.database.reading() as session:
        recording = session.get(Recording, upload)
        arrival = session.get(Arrival, upload)
        if recording is None or arrival is None or arrival.dock_id != dock.id:
            raise Refused(problems.NOT_FOUND)
        if recording.state == State.ABANDONED:
            raise Refused(problems.GONE)
        if recording.state != State.ARRIVING:
            return _Found(recording, recording.length, 0, arrival.expires_at)
        if arrival.expires_at <= door.clock():
            raise Refused(problems.GONE)
        offset, parts = durable_offset(session, RecordingId(upload))
        return _Found(recording, offset, parts, arrival.expires_at)


def _arriving_key(door: Door, recording: Recording) -> DataKey:
    """The key under which its parts are sealed. Raises OffsetConflict when it ended just now."""
    with door.intake.database.reading() as session:
        arrival = session.get_one(Arrival, recording.id)
    try:
        return door.intake.arriving_key(arrival, recording.municipality_id)
    except NoArrivingKey:
        raise OffsetConflict from None


async def _guarded(receiving: Awaitable[T]) -> T:
    """What a transfer runs into, as the problem that tells the dock what to do."""
    try:
        return await receiving
    except tuple(REFUSALS) as error:
        problem = next(problem for kind, problem in REFUSALS.items() if isinstance(error, kind))
        raise Refused(problem) from error


async def _pass_over(request: Request, length: int) -> None:
    """Let the bytes of what is kept already go by: its sender does not know yet, and they add nothing."""
    taken = 0
    with suppress(ClientDisconnect, TimeoutError):
        async with asyncio.timeout(PASS_OVER_SECONDS):
            async for chunk in request.stream():
                taken += len(chunk)
                if taken > length:
                    raise Refused(problems.TOO_MUCH)


def _end(door: Door) -> datetime:
    """When an upload ends that was heard of just now."""
    return door.clock() + door.intake.settings.upload_expires


def _expiry(ends: datetime) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(ends.astimezone(UTC), usegmt=True)}


def _refuse_excess(request: Request, at: int, length: int) -> None:
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and at + int(announced) > length:
        raise Refused(problems.TOO_MUCH)


def _count(request: Request, header: str) -> int:
    value = request.headers.get(header, "")
    if not _COUNT.fullmatch(value):
        raise Refused(problems.HEADER_MALFORMED)
    return int(value)


def _metadata(request: Request) -> dict[str, str]:
    """``Upload-Metadata``: pairs of a key and a base64 value, separated by commas (tus 1.0, creation)."""
    pairs = (pair.strip().partition(" ") for pair in request.headers.get("upload-metadata", "").split(","))
    try:
        return {key: base64.b64decode(value, validate=True).decode() for key, _, value in pairs if key}
    except ValueError:
        raise Refused(problems.HEADER_MALFORMED) from None


def _checksum(request: Request) -> tuple[str, bytes] | None:
    """``Upload-Checksum``: an algorithm and a base64 digest (tus 1.0, checksum)."""
    header = request.headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        raise Refused(problems.HEADER_MALFORMED) from None
    if algorithm not in CHECKSUMS:
        raise Refused(problems.HEADER_MALFORMED)
    return algorithm, digest
