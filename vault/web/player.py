"""Footage on its way to a player. The entry that accounts for it is committed before this file is reached."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from vault.completions import Completions
from vault.vault import Caller
from vault.viewing import Viewing
from vault.web.guard import caller_of

MEDIA_TYPES = {
    "mov,mp4,m4a,3gp,3g2,mj2": "video/mp4",
    "matroska,webm": "video/x-matroska",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
}


RENEW_SECONDS = 2.0
"""How long an answer may go on before the grant is decided on anew."""


def media_type(media: dict[str, Any] | None) -> str:
    """The media type of a recording, by the container that ffprobe saw."""
    return MEDIA_TYPES.get((media or {}).get("container", ""), "application/octet-stream")


class Seeking:
    """The way to the footage past FastAPI, for it is gone with every seek.

    FastAPI describes the route, and answers whatever is wrong with a request for it; but all it does for a
    route costs as much as the decision.
    """

    path = "/grants/{grantId}/footage"
    """What the API calls it, and so do logs and figures."""

    def __init__(self, watch: Callable[[UUID, Caller, Request], Response]) -> None:
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self
        request = Request(scope)
        grant = request.path_params["grantId"]
        answer = await run_in_threadpool(self._watch, grant, await caller_of(request), request)
        await answer(scope, receive, send)

    def route(self, path: str) -> Route:
        """Where it is found: exactly there, by GET. Anything else is for the routes behind it."""
        route = Route(path, self, include_in_schema=False)
        route.methods = {"GET"}
        return route


class BrokenOff(Exception):
    """The grant ended while its footage was on its way; the connection is cut."""


class FootageResponse(Response):
    """One viewing's bytes. The first piece is opened before the status is sent.

    So damage is an error and not half an answer. When a later piece fails, the connection breaks off short
    of its Content-Length, which every client takes for an error.
    """

    media_type = "video/*"

    def __init__(
        self,
        viewing: Viewing,
        renew: Callable[[], bool],
        completions: Completions,
        clock: Callable[[], datetime],
    ) -> None:
        self._viewing = viewing
        self._renew = renew
        self._completions = completions
        self._clock = clock
        self._pieces = viewing.pieces()
        self._first = next(self._pieces)
        first, last = viewing.span
        headers = {
            "Accept-Ranges": "bytes",
            "Cache-Control": "no-store, private",
            "Content-Length": str(last - first + 1),
            "Content-Type": media_type(viewing.media),
        }
        if viewing.partial:
            headers["Content-Range"] = f"bytes {first}-{last}/{viewing.footage.length}"
        self._own_headers = Headers(headers)
        # No body: ours is streamed. The base class keeps what FastAPI may add, such as a background task.
        super().__init__(status_code=206 if viewing.partial else 200)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        first, last = self._viewing.span
        length = last - first + 1
        start = {"type": "http.response.start", "status": self.status_code, "headers": self._own_headers.raw}
        # Counts what was handed over also when that breaks off.
        sent: list[int] = []
        try:
            await send(start)
            if len(self._first) == length:
                await send({"type": "http.response.body", "body": self._first})
                sent.append(length)
            else:
                await self._send_all(length, receive, send, sent)
        finally:
            self._completions.add(self._viewing, sum(sent), self._clock())

    async def _send_all(self, length: int, receive: Receive, send: Send, sent: list[int]) -> None:
        """Piece by piece; the next one is opened while this one is on its way."""
        renewed_at = time.monotonic()
        gone = asyncio.ensure_future(_disconnected(receive))
        ahead: asyncio.Future[memoryview] | None = None
        piece = self._first
        left = length
        try:
            while True:
                left -= len(piece)
                ahead = asyncio.ensure_future(run_in_threadpool(next, self._pieces)) if left else None
                await send({"type": "http.response.body", "body": piece, "more_body": bool(left)})
                if gone.done():
                    return
                sent.append(len(piece))
                if ahead is None:
                    return
                if time.monotonic() - renewed_at > RENEW_SECONDS:
                    if not await run_in_threadpool(self._renew):
                        raise BrokenOff
                    renewed_at = time.monotonic()
                piece = await ahead
        finally:
            gone.cancel()
            if ahead is not None and not ahead.cancel():
                ahead.exception()  # Whatever it was, nobody waits for that piece any more.


async def _disconnected(receive: Receive) -> None:
    """Returns when the player hangs up: the server itself would go on swallowing pieces."""
    while (await receive())["type"] != "http.disconnect":
        pass
