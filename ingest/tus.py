"""The docks' door: resumable uploads by tus 1.0.0 (core, creation, checksum, termination, expiration).

Who sends is checked from the headers, before a byte of the body is asked for. The routes are async because
bytes stream through them; everything that waits for database or store does so in a thread.
"""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC
from email.utils import format_datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ingest import announcement, problems
from ingest.announcement import AnnouncementRefused
from ingest.docks import DockIdentity, TokenRefused, identify
from ingest.door import Door
from ingest.reaper import abandon
from ingest.receiving import (
    ArrivalEnded,
    ChecksumMismatch,
    OffsetConflict,
    TooMuch,
    Upload,
    durable_offset,
)
from vault.audit import Actor, Event
from vault.ids import RecordingId
from vault.objects import StoreFull, StoreUnavailable
from vault.tables import Arrival, Recording, State
from vault.web.problem import Refused

VERSION = "1.0.0"
EXTENSIONS = "creation,checksum,termination,expiration"
CHECKSUMS = ("sha256", "sha1", "md5")
BODY_TYPE = "application/offset+octet-stream"
_COUNT = re.compile(r"\d{1,18}")
T = TypeVar("T")

REFUSALS = {
    OffsetConflict: problems.CONFLICT,
    ArrivalEnded: problems.GONE,
    TooMuch: problems.TOO_MUCH,
    ChecksumMismatch: problems.CHECKSUM,
    StoreUnavailable: problems.STORE_AWAY,
    StoreFull: problems.STORE_FULL,
}


def routes(door: Door) -> APIRouter:
    """The tus routes over one intake."""
    router = APIRouter()

    @router.options("/uploads")
    @router.options("/uploads/{upload}")
    async def offer() -> Response:
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(announcement.LARGEST),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        }
        return Response(status_code=204, headers=headers)

    @router.post("/uploads")
    async def create(request: Request) -> Response:
        dock = await _dock(door, request)
        length = _count(request, "upload-length")
        try:
            said = announcement.read(_metadata(request), length)
            recording = await run_in_threadpool(
                announcement.announce, door.intake, dock, said, now=door.clock()
            )
        except AnnouncementRefused as error:
            raise Refused(problems.ANNOUNCEMENT[error.problem]) from error
        location = f"{str(door.intake.settings.ingest_url).rstrip('/')}/uploads/{recording}"
        return Response(status_code=201, headers={"Location": location, **_expiry(door)})

    @router.head("/uploads/{upload}")
    async def offset(upload: UUID, request: Request) -> Response:
        dock = await _dock(door, request)
        recording, at, _ = await run_in_threadpool(_find, door, dock, upload)
        headers = {"Upload-Offset": str(at), "Upload-Length": str(recording.length), **_expiry(door)}
        return Response(status_code=200, headers=headers)

    @router.patch("/uploads/{upload}")
    async def append(upload: UUID, request: Request) -> Response:
        dock = await _dock(door, request)
        if request.headers.get("content-type") != BODY_TYPE:
            raise Refused(problems.CONTENT_TYPE)
        claimed, checksum = _count(request, "upload-offset"), _checksum(request)
        recording, at, parts = await run_in_threadpool(_find, door, dock, upload)
        if recording.state != State.ARRIVING:
            # Complete already, or kept before: the sender may not know yet. Its bytes add nothing.
            async for _ in request.stream():
                pass
            return Response(status_code=204, headers={"Upload-Offset": str(at)})
        if claimed != at:
            raise Refused(problems.CONFLICT, headers={"Upload-Offset": str(at)})
        _refuse_excess(request, at, recording.length)
        key = await run_in_threadpool(_arriving_key, door, recording)
        state = Upload(RecordingId(upload), key, recording.length, at, parts)
        durable = await _guarded(door.receive, state, request.stream(), checksum)
        return Response(status_code=204, headers={"Upload-Offset": str(durable), **_expiry(door)})

    @router.delete("/uploads/{upload}")
    async def terminate(upload: UUID, request: Request) -> Response:
        dock = await _dock(door, request)
        await run_in_threadpool(_find, door, dock, upload)
        ended = await run_in_threadpool(
            abandon,
            door.intake,
            RecordingId(upload),
            event=Event.ARRIVAL_TERMINATED,
            actor=Actor("dock", str(dock.id), dock.name),
            now=door.clock(),
        )
        if not ended:
            # What is complete is ours to keep: a dock may end an upload, never erase a recording.
            raise Refused(problems.COMPLETE)
        return Response(status_code=204)

    @router.get("/uploads/{upload}/receipt")
    async def receipt(upload: UUID, request: Request) -> Response:
        dock = await _dock(door, request)
        await run_in_threadpool(_find, door, dock, upload)
        return await run_in_threadpool(door.receipt, RecordingId(upload))

    return router


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


def _find(door: Door, dock: DockIdentity, upload: UUID) -> tuple[Recording, int, int]:
    """The upload, how much of it is durable and in how many parts; another dock's does not exist."""
    with door.intake.database.reading() as session:
        recording = session.get(Recording, upload)
        arrival = session.get(Arrival, upload)
        if recording is None or arrival is None or arrival.dock_id != dock.id:
            raise Refused(problems.NOT_FOUND)
        if recording.state == State.ABANDONED:
            raise Refused(problems.GONE)
        if recording.state != State.ARRIVING:
            return recording, recording.length, 0
        if arrival.expires_at <= door.clock():
            raise Refused(problems.GONE)
        return recording, *durable_offset(session, RecordingId(upload))


def _arriving_key(door: Door, recording: Recording) -> Any:
    with door.intake.database.reading() as session:
        arrival = session.get_one(Arrival, recording.id)
    return door.intake.arriving_key(arrival, recording.municipality_id)


async def _guarded(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return await function(*args)
    except tuple(REFUSALS) as error:
        problem = next(problem for kind, problem in REFUSALS.items() if isinstance(error, kind))
        raise Refused(problem) from error


def _expiry(door: Door) -> dict[str, str]:
    ends = (door.clock() + door.intake.settings.upload_expires).astimezone(UTC)
    return {"Upload-Expires": format_datetime(ends, usegmt=True)}


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
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(problems.HEADER_MALFORMED) from None


def _checksum(request: Request) -> tuple[str, bytes] | None:
    """``Upload-Checksum``: an algorithm and a base64 digest (tus 1.0, checksum)."""
    header = request.headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Refused(problems.HEADER_MALFORMED) from None
    if algorithm not in CHECKSUMS:
        raise Refused(problems.HEADER_MALFORMED)
    return algorithm, digest
