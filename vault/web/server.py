"""Running a door: uvicorn with uvloop and httptools, as measured (docs/decisions/serving.md)."""

import ctypes
import platform
from typing import Any

import uvicorn

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
MIB = 1024 * 1024


def serve(app: Any, listen: str, *, workers_end: float | None = None) -> None:
    """Serve `app` on ``host:port`` until asked to stop; transfers under way are finished first.

    `workers_end` bounds how many seconds that may take; without it, as long as they need.
    """
    tune_allocator()
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        app,
        host=host.strip("[]"),
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=None if workers_end is None else int(workers_end),
    )
    uvicorn.Server(config).run()


def tune_allocator() -> None:
    """Keep buffers of up to 32 MiB in glibc's heap. Mapping each anew made range reads four times slower."""
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_THRESHOLD, 32 * MIB)
    mallopt(_M_TRIM_THRESHOLD, 128 * MIB)
