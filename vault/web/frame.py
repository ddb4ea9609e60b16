"""What every door has around its routes: a trace, security headers, a log line, figures, health."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import structlog
from fastapi import FastAPI
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vault import tracing
from vault.web.problem import Refused, problem_response

log = structlog.get_logger()

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer that does not set them itself (NL API Design Rules, /core/transport/security-headers)."""

REQUESTS = Counter("http_requests_total", "Answers given.", ["door", "method", "route", "status"])
SECONDS = Histogram(
    "http_first_byte_seconds",
    "Time until the answer began.",
    ["door", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
FIGURES_REMEMBERED = 256
READY_SECONDS = 1.0
Check = Callable[[], object]
"""Raises when what it checks does not answer."""


class Frame:
    """The outermost layer of a door, plain ASGI so that it costs little where bytes stream."""

    def __init__(self, app: ASGIApp, door: str, headers: Mapping[str, str]) -> None:
        self._app = app
        self._door = door
        # As they go out: put together once, for they go with every answer.
        self._headers = [
            (name.lower().encode(), value.encode()) for name, value in {**HEADERS, **headers}.items()
        ]
        self._figures = lru_cache(maxsize=FIGURES_REMEMBERED)(self._find_figures)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        trace = _joined(scope)

        async def answer(message: Message) -> None:
            if message["type"] != "http.response.start":
                await send(message)
                return
            told = {name for name, _ in message["headers"]}
            added = [header for header in self._headers if header[0] not in told]
            seconds = time.perf_counter() - began
            await send({**message, "headers": [*message["headers"], *added]})
            # When it has left: nobody waits for what we write down of it.
            account = partial(self._account, scope, message["status"], seconds, trace.trace_id)
            asyncio.get_running_loop().call_soon(account)

        await self._app(scope, receive, answer)

    def _account(self, scope: Scope, status: int, seconds: float, trace_id: str) -> None:
        # The route's pattern, not the path: figures must not tell who asked for what.
        route = getattr(scope.get("route"), "path", "unknown")
        method = scope["method"]
        count, first_byte = self._figures(method, route, status)
        count.inc()
        first_byte.observe(seconds)
        milliseconds = round(seconds * 1000, 2)
        log.info(
            "answered",
            method=method,
            route=route,
            status=status,
            milliseconds=milliseconds,
            trace_id=trace_id,
        )

    def _find_figures(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        return (
            REQUESTS.labels(self._door, method, route, str(status)),
            SECONDS.labels(self._door, route),
        )


def _joined(scope: Scope) -> tracing.Trace:
    """The caller's trace, joined; `tracestate` may come in several lines, `traceparent` only in one (3.3)."""
    parents = [value for name, value in scope["headers"] if name == b"traceparent"]
    states = [value for name, value in scope["headers"] if name == b"tracestate"]
    parent = parents[0].decode("latin-1") if len(parents) == 1 else None
    return tracing.begin(parent, b",".join(states).decode("latin-1"))


def add_health(app: FastAPI, checks: Mapping[str, Check]) -> None:
    """``/health/alive``: the process answers. ``/health/ready``: everything it needs answers too."""

    @app.get("/health/alive", include_in_schema=False)
    async def alive() -> Response:
        # Not in a thread: that all of them wait for a database does not mean that this process is dead.
        return JSONResponse({"status": "alive"})

    asked_at, found = float("-inf"), dict[str, bool]()

    @app.get("/health/ready", include_in_schema=False)
    def ready() -> Response:
        nonlocal asked_at, found
        # Anyone may ask, and each check costs something: not more often than this.
        if time.monotonic() - asked_at > READY_SECONDS:
            found = {name: _answers(name, check) for name, check in checks.items()}
            asked_at = time.monotonic()
        well = all(found.values())
        return JSONResponse(
            {"status": "ready" if well else "not-ready", "checks": found}, 200 if well else 503
        )


def add_refusals(
    app: FastAPI, others: Sequence[tuple[type[Exception], Callable[[Exception], Refused]]]
) -> None:
    """Turn what the rooms below raise into problems, in one place."""

    async def refuse(request: Request, error: Exception) -> Response:
        if not isinstance(error, Refused):
            raise error
        return problem_response(request, error)

    app.add_exception_handler(Refused, refuse)
    for kind, translate in others:
        app.add_exception_handler(kind, _translator(translate))


def _translator(translate: Callable[[Exception], Refused]) -> Any:
    async def handler(request: Request, error: Exception) -> Response:
        return problem_response(request, translate(error))

    return handler


def _answers(name: str, check: Check) -> bool:
    try:
        check()
    except Exception as error:
        log.warning("check.failed", check=name, error=type(error).__name__)
        return False
    return True
