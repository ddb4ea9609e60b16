"""Footage on its way to a player. The entry that accounts for it is committed before this file is reached."""

import asyncio
import contextvars
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, TypeVarTuple
from uuid import UUID

from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from vault.completions import Completions
from vault.db import Busy
from vault.vault import Caller
from vault.viewing import Viewing
from vault.web import problems
from vault.web.guard import caller_of
from vault.web.problem import Refused, problem_response

Args = TypeVarTuple("Args")
Result = TypeVar("Result")

MEDIA_TYPES = {
    "mov,mp4,m4a,3gp,3g2,mj2": "video/mp4",
    "matroska,webm": "video/x-matroska",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
}


_FOOTAGE = re.compile("/api/v1/grants/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/footage")
RENEW_SECONDS = 2.0
"""How long an answer may go on before the grant is decided on anew."""
AT_ONCE = 40
"""Players that are answered at once by one process; the others wait their turn."""
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="watch")


async def in_thread(function: Callable[[*Args], Result], *args: *Args) -> Result:
    """Run what waits for database or store where it holds up nobody, in the trace of who asks.

    As Starlette's `run_in_threadpool`, which is made for cancelling and for any event loop, and so takes
    longer to get there and back than a decision takes.
    """
    within = contextvars.copy_context()
    call = partial(within.run, function, *args)
    return await asyncio.get_running_loop().run_in_executor(_threads, call)


def media_type(media: dict[str, Any] | None) -> str:
    """The media type of a recording, by the container that ffprobe saw."""
    return MEDIA_TYPES.get((media or {}).get("container", ""), "application/octet-stream")


class Seeking:
    """The way to the footage past FastAPI, for it is gone with every seek.

    FastAPI, behind it, describes the route, and answers whatever else is asked there; but all it does for a
    route costs as much as the decision.
    """

    path = "/grants/{grantId}/footage"
    """What the API calls it, and so do logs and figures."""

    def __init__(
        self,
        app: ASGIApp,
        watch: Callable[[UUID, Caller, Request, bool], Response],
        refuse: Callable[[Exception], Refused],
        *,
        at_hand: bool,
    ) -> None:
        self._app = app
        self._watch = watch
        self._refuse = refuse
        self._at_hand = at_hand

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _FOOTAGE.fullmatch(scope.get("path", ""))
        if found is None or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        scope["route"] = self
        request = Request(scope)
        try:
            answer = await self._answer(UUID(found[1]), await caller_of(request), request)
        except Exception as error:
            refused = self._refuse(error)
            await problem_response(request, refused)(scope, receive, send)
            if refused.problem is problems.FAILED:
                raise  # for the server to log
            return
        await answer(scope, receive, send)

    async def _answer(self, grant: UUID, caller: Caller, request: Request) -> Response:
        """Found here where everything is at hand: that takes less time than to get to a thread and back."""
        if self._at_hand:
            with suppress(Busy):
                return self._watch(grant, caller, request, False)
        return await in_thread(self._watch, grant, caller, request, True)


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
        *,
        at_hand: bool,
    ) -> None:
        self._viewing = viewing
        self._renew = renew
        self._completions = completions
        self._clock = clock
        self._at_hand = at_hand
        self._pieces = viewing.pieces()
        self._first = next(self._pieces)
        first, last = viewing.span
        self._own_headers = [
            (b"accept-ranges", b"bytes"),
            (b"cache-control", b"no-store, private"),
            (b"content-length", b"%d" % (last - first + 1)),
            (b"content-type", media_type(viewing.media).encode()),
        ]
        if viewing.partial:
            of = b"bytes %d-%d/%d" % (first, last, viewing.footage.length)
            self._own_headers.append((b"content-range", of))
        # No body: ours is streamed. The base class keeps what FastAPI may add, such as a background task.
        super().__init__(status_code=206 if viewing.partial else 200)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        first, last = self._viewing.span
        length = last - first + 1
        start = {"type": "http.response.start", "status": self.status_code, "headers": self._own_headers}
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
                ahead = asyncio.ensure_future(self._next()) if left else None
                await send({"type": "http.response.body", "body": piece, "more_body": bool(left)})
                if gone.done():
                    return
                sent.append(len(piece))
                if ahead is None:
                    return
                if time.monotonic() - renewed_at > RENEW_SECONDS:
                    if not await in_thread(self._renew):
                        raise BrokenOff
                    renewed_at = time.monotonic()
                piece = await ahead
        finally:
            gone.cancel()
            if ahead is not None and not ahead.cancel():
                ahead.exception()  # Whatever it was, nobody waits for that piece any more.

    async def _next(self) -> memoryview:
        return next(self._pieces) if self._at_hand else await in_thread(next, self._pieces)


async def _disconnected(receive: Receive) -> None:
    """Returns when the player hangs up: the server itself would go on swallowing pieces."""
    while (await receive())["type"] != "http.disconnect":
        pass
