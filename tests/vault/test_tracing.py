"""Traces: a well-formed one is joined, anything else starts anew."""

import contextvars

import pytest

from vault import tracing

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_caller_trace_is_joined_with_a_span_of_our_own() -> None:
    trace = tracing.begin(GOOD)
    assert trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert trace.span_id != "00f067aa0ba902b7"
    assert int(trace.span_id, 16)
    assert tracing.current() is trace


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        GOOD.upper(),
        GOOD + "-more",
        GOOD.replace("00-", "ff-", 1),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        GOOD + "\n",
        "s.devries",
    ],
)
def test_anything_else_starts_anew(given: str | None) -> None:
    trace = tracing.begin(given)
    assert len(trace.trace_id) == 32
    assert int(trace.trace_id, 16)
    assert trace.trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"


def test_without_a_beginning_there_is_one_still() -> None:
    first = contextvars.Context().run(tracing.current)
    assert len(first.trace_id) == 32
    assert contextvars.Context().run(tracing.current) != first
