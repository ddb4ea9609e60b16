"""OTLP: every field arrives where the protocol has it, as OpenTelemetry's own classes read it."""

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.servers.collector import plain, value
from vault.exports import otlp
from vault.exports.decisions import Record
from vault.exports.otlp import AnswerUnreadable
from vault.exports.processings import Line

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


def record(municipality: str = "x", **changed: object) -> Record:
    members: dict[str, object] = {
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": None,
        "event_name": "adl.access_evaluation",
        "timestamp": 1795512615123,
        "status": "Unset",
        "resource": {"service.namespace": municipality},
    }
    return Record(**{**members, **changed})  # type: ignore[arg-type]


def line(**changed: object) -> Line:
    members: dict[str, object] = {
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": None,
        "name": "Beelden bekeken",
        "start_time": 1795512615123,
        "end_time": 1795512615124,
        "attributes": {"dpl.core.processing_activity_id": "urn:x"},
        "resource": {"service.name": "bodycam-vault"},
    }
    return Line(**{**members, **changed})  # type: ignore[arg-type]


def test_a_record_is_a_log_record() -> None:
    body = {"adl.core.response": {"decision": False, "context": {"reasons": [{"id": "a"}], "n": 3}}}
    sent = record(body=body, parent_span_id="ab" * 8, attributes={"adl.core.policies": {"x": "c0"}})
    [group] = ExportLogsServiceRequest.FromString(otlp.of_records([sent])).resource_logs
    assert plain(group.resource.attributes) == {"service.namespace": "x"}
    [scope] = group.scope_logs
    assert scope.scope.name == "bodycam-vault/adl"
    [told] = scope.log_records
    assert (told.trace_id.hex(), told.span_id.hex()) == (TRACE, SPAN)
    assert told.event_name == "adl.access_evaluation"
    assert told.time_unix_nano == told.observed_time_unix_nano == 1795512615123_000_000
    assert value(told.body) == body
    assert plain(told.attributes) == {
        "adl.core.policies": {"x": "c0"},
        "status": "Unset",
        "parent_span_id": "ab" * 8,
    }
    assert told.severity_number == 9


def test_a_failure_to_decide_stands_out() -> None:
    [group] = ExportLogsServiceRequest.FromString(otlp.of_records([record(status="Error")])).resource_logs
    assert group.scope_logs[0].log_records[0].severity_number == 17


def test_each_producer_has_its_own_group() -> None:
    sent = [record("b"), record("a"), record("b")]
    groups = ExportLogsServiceRequest.FromString(otlp.of_records(sent)).resource_logs
    found = [
        (plain(g.resource.attributes)["service.namespace"], len(g.scope_logs[0].log_records)) for g in groups
    ]
    assert found == [("a", 1), ("b", 2)]


def test_a_line_is_a_span() -> None:
    sent = [line(), line(parent_span_id="cd" * 8, status="Error")]
    [group] = ExportTraceServiceRequest.FromString(otlp.of_lines(sent)).resource_spans
    [scope] = group.scope_spans
    assert scope.scope.name == "bodycam-vault/ldv"
    first, second = scope.spans
    assert (first.trace_id.hex(), first.span_id.hex(), first.parent_span_id) == (TRACE, SPAN, b"")
    assert (first.name, first.kind) == ("Beelden bekeken", 1)
    assert (first.start_time_unix_nano, first.end_time_unix_nano) == (
        1795512615123_000_000,
        1795512615124_000_000,
    )
    assert plain(first.attributes) == {"dpl.core.processing_activity_id": "urn:x"}
    assert (first.status.code, second.status.code) == (0, 2)
    assert second.parent_span_id.hex() == "cd" * 8


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        otlp.of_records([record(body={"x": 1.5})])


def test_an_answer_tells_how_many_were_refused() -> None:
    logs = ExportLogsServiceResponse(partial_success=ExportLogsPartialSuccess(rejected_log_records=3))
    spans = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=2))
    assert otlp.refused_records(logs.SerializeToString()) == 3
    assert otlp.refused_lines(spans.SerializeToString()) == 2
    assert otlp.refused_records(b"") == otlp.refused_lines(b"") == 0
    # A word of warning is no refusal.
    warned = ExportLogsServiceResponse(partial_success=ExportLogsPartialSuccess(error_message="slow down"))
    assert otlp.refused_records(warned.SerializeToString()) == 0
    with pytest.raises(AnswerUnreadable):
        otlp.refused_records(b"<html>")
