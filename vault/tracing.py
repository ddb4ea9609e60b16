"""The trace a piece of work belongs to (W3C Trace Context), so that logs and audit entries can be joined."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True)
class Trace:
    """One span: `trace_id` joins what belongs together, `span_id` is this process's share of it."""

    trace_id: str
    span_id: str


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(traceparent: str | None = None) -> Trace:
    """Start this context's span: within the caller's trace when `traceparent` is well-formed, else a new one.

    The ids come from the system's secure random source and say nothing of a user (Trace Context, 3.2).
    """
    trace = _fresh(traceparent)
    _current.set(trace)
    return trace


def current() -> Trace:
    """The span of this context; a fresh one, each time, when none was begun (a command)."""
    return _current.get() or _fresh(None)


def _fresh(traceparent: str | None) -> Trace:
    match = _TRACEPARENT.fullmatch(traceparent or "")
    return Trace(match[1] if match else secrets.token_hex(16), secrets.token_hex(8))
