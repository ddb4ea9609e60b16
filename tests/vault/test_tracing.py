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
    assert (trace.parent, trace.flags) == ("00f067aa0ba902b7", "01")


def test_of_a_later_version_is_read_what_is_known() -> None:
    for more in ("", "-what-will-be", "-"):
        trace = tracing.begin(GOOD.replace("00-", "cc-", 1) + more)
        assert (trace.trace_id[:4], trace.parent) == ("4bf9", "00f067aa0ba902b7")


def test_flags_nobody_knows_do_not_go_on() -> None:
    assert tracing.begin(GOOD[:-2] + "ff").flags == "03"
    assert tracing.headers()["traceparent"].endswith("-03")


def test_each_step_and_each_request_is_a_span_of_its_own() -> None:
    trace = tracing.begin(GOOD, "congo=t61rcWkgMzE,rojo=1")
    step = tracing.step()
    sent = [tracing.headers() for _ in range(2)]
    assert (step.trace_id, step.parent) == (trace.trace_id, trace.parent)
    assert [each["traceparent"][:36] for each in sent] == [GOOD[:36]] * 2
    assert [each["traceparent"][-3:] for each in sent] == ["-01"] * 2
    spans = [each["traceparent"][36:52] for each in sent]
    assert len({trace.span_id, step.span_id, trace.parent, *spans}) == 5
    assert [each["tracestate"] for each in sent] == ["congo=t61rcWkgMzE,rojo=1"] * 2


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ("a=1, b=2\t", "a=1, b=2"),
        ("", ""),
        ("a=1,a=2", ""),
        ("A=1", ""),
        ("a", ""),
        ("a=x\r\nset-cookie: b=1", ""),
        ("a=é", ""),
        (",".join(f"k{n}=v" for n in range(33)), ""),
        (",".join(f"k{n}={'v' * 12}" for n in range(32)), ""),
    ],
)
def test_only_a_well_formed_tracestate_goes_on(given: str, passed_on: str) -> None:
    tracing.begin(GOOD, given)
    assert tracing.headers().get("tracestate", "") == passed_on


def test_the_state_of_a_trace_that_is_not_joined_does_not_go_on() -> None:
    tracing.begin("nonsense", "a=1")
    assert set(tracing.headers()) == {"traceparent"}


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
