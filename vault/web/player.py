"""Footage on its way to a player. The entry that accounts for it is committed before this file is reached."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vault.completions import Completions
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


class FootageRoute(APIRoute):
    """A route that is asked for with every seek.

    FastAPI describes it, but costs a tenth of all there is to do; so its parameters are read here.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        as_usual = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                grant = UUID(request.path_params["grantId"])
            except ValueError:
                return await as_usual(request)  # It knows how to say what is wrong.
            caller = await caller_of(request)
            answer: Response = await run_in_threadpool(self.endpoint, grant, caller, request)
            return answer

        return handle


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
        sent = 0
        first, last = self._viewing.span
        start = {"type": "http.response.start", "status": self.status_code, "headers": self._own_headers.raw}
        renewed_at = time.monotonic()
        gone = asyncio.ensure_future(_disconnected(receive))
        ahead: asyncio.Future[memoryview] | None = None
        try:
            await send(start)
            piece = self._first
            while True:
                more = sent + len(piece) <= last - first
                # The next piece is opened while this one is on its way.
                ahead = asyncio.ensure_future(run_in_threadpool(next, self._pieces)) if more else None
                await send({"type": "http.response.body", "body": piece, "more_body": more})
                if gone.done():
                    return
                sent += len(piece)
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
            self._completions.add(self._viewing, sent, self._clock())


async def _disconnected(receive: Receive) -> None:
    """Returns when the player hangs up: the server itself would go on swallowing pieces."""
    while (await receive())["type"] != "http.disconnect":
        pass
