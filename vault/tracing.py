"""The trace a piece of work belongs to (W3C Trace Context), so that logs, entries and records can be joined.

What came in goes out again with every request of ours: the trace id unchanged, the caller's flags and
`tracestate` unchanged, and a span of our own as the parent of whatever the next one does.
"""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, replace

_TRACEPARENT = re.compile(
    # Of a later version we read what version 00 has too (Trace Context, 3.2.4); ff is none.
    r"(?!ff)(?P<version>[0-9a-f]{2})"
    r"-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-[ -~]*)?"
)
_MEMBER = re.compile(r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]")
_MOST_MEMBERS = 32
_LONGEST_STATE = 512
"""Characters of `tracestate` that everyone must pass on (3.3.1.5); a longer one is not passed on at all."""
_KNOWN_FLAGS = 0x03
"""`sampled`, and `random` of Level 2: what else is set means nothing yet, and goes out as zero."""


@dataclass(frozen=True)
class Trace:
    """One span: `trace_id` joins what belongs together, `span_id` is one share of it."""

    trace_id: str
    span_id: str
    parent: str | None = None
    """Span of the caller, when one told us."""
    flags: str = "00"
    """As the caller sent them. What we account for does not depend on `sampled`."""
    state: str = ""
    """`tracestate`, as the caller sent it: other makers' words, passed on and not read."""


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(traceparent: str | None = None, tracestate: str = "") -> Trace:
    """Start this context's span: within the caller's trace when `traceparent` is well-formed, else a new one.

    The ids come from the system's secure random source and say nothing of a user (Trace Context, 3.2).
    """
    trace = _fresh(traceparent, tracestate)
    _current.set(trace)
    return trace


def current() -> Trace:
    """The span of this context; a fresh one, each time, when none was begun (a command)."""
    return _current.get() or _fresh(None)


def step() -> Trace:
    """A span for one step of this context's work: beside the others, under the same caller.

    Each entry of the trail has one, so that (trace id, span id) names a single entry, and a single record
    of it elsewhere.
    """
    return replace(current(), span_id=secrets.token_hex(8))


def headers() -> dict[str, str]:
    """What goes with one request to somebody else: a span of its own in this context's trace."""
    trace = current()
    sent = {"traceparent": f"00-{trace.trace_id}-{secrets.token_hex(8)}-{trace.flags}"}
    return sent | ({"tracestate": trace.state} if trace.state else {})


def _fresh(traceparent: str | None, tracestate: str = "") -> Trace:
    match = _TRACEPARENT.fullmatch(traceparent or "")
    # Version 00 ends with its flags.
    if match is None or (match["more"] and match["version"] == "00"):
        return Trace(secrets.token_hex(16), secrets.token_hex(8))
    flags = f"{int(match['flags'], 16) & _KNOWN_FLAGS:02x}"
    return Trace(match["trace"], secrets.token_hex(8), match["span"], flags, _passed_on(tracestate))


def _passed_on(tracestate: str) -> str:
    """`tracestate` as it came, or nothing when it is not one: then it may not go on (3.3.1)."""
    members = [member for each in tracestate.split(",") if (member := each.strip(" \t"))]
    names = {member.partition("=")[0] for member in members}
    well_formed = all(map(_MEMBER.fullmatch, members)) and len(names) == len(members) <= _MOST_MEMBERS
    return tracestate.strip(" \t") if members and well_formed and len(tracestate) <= _LONGEST_STATE else ""
