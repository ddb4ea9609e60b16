"""Running a door: uvicorn with uvloop and httptools, as measured (docs/decisions/serving.md)."""

import asyncio
import ctypes
import gc
import platform
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
MIB = 1024 * 1024
HEAD_BYTES = 64 * 1024
"""Most bytes of a request's line and headers, or of what comes in a body and is none: trailers."""
HEAD_SECONDS = 30.0
"""How long they may take to come."""


def serve(app: Any, listen: str, *, stop_seconds: int) -> None:
    """Serve `app` on ``host:port`` until asked to stop; transfers under way get `stop_seconds` to finish."""
    tune_allocator()
    # What is there at the start stays: no use in looking through it for garbage.
    gc.collect()
    gc.freeze()
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        app,
        host=host.strip("[]"),
        port=int(port),
        loop="uvloop",
        http=BoundedHead,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nothing here goes by who a proxy says that it speaks for.
        proxy_headers=False,
        timeout_graceful_shutdown=stop_seconds,
    )
    uvicorn.Server(config).run()


class BoundedHead(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with an end to a request's head.

    By itself it takes a header of any size, for as long as it comes: memory that strangers fill before
    anyone asks who they are. Whoever does that is hung up on.
    """

    _head = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._begin_head()

    def data_received(self, data: bytes) -> None:
        # Counts until something comes of it: a head that is complete, or a piece of a body.
        self._head += len(data)
        super().data_received(data)
        if self._head > HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head = 0
        if not self.cycle.body:
            # uvicorn gathers the body in a bytearray and copies it out again. Bytes that are added to no
            # bytes, and read out as bytes, are not copied at all.
            self.cycle.body = b""  # type: ignore[assignment]  # does all that a bytearray is used for there
        super().on_body(body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def _begin_head(self) -> None:
        self._end_head()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _end_head(self) -> None:
        self._head = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def tune_allocator() -> None:
    """Keep buffers of up to 32 MiB in glibc's heap. Mapping each anew made range reads four times slower."""
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_THRESHOLD, 32 * MIB)
    mallopt(_M_TRIM_THRESHOLD, 128 * MIB)
