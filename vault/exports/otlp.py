"""Records and lines as the OpenTelemetry Protocol carries them (OTLP 1.x, protobuf), and what is answered.

ADL records go as log records, LDV lines as spans: there the fields of the standards have places of their own.
Two of the ADL's have none in a log record, `parent_span_id` and `status`: they are attributes of that name.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from vault.exports.decisions import Record
from vault.exports.processings import Line

Answer = TypeVar("Answer", bound=Message)
CONTENT_TYPE = "application/x-protobuf"
_NANOSECONDS = 1_000_000
"""In a millisecond."""
_STATUS = {
    "Unset": Status.STATUS_CODE_UNSET,
    "Ok": Status.STATUS_CODE_OK,
    "Error": Status.STATUS_CODE_ERROR,
}


class AnswerUnreadable(Exception):
    """What answered says something else than OTLP does."""


def of_records(records: Sequence[Record]) -> bytes:
    """A request that exports these records."""
    grouped = groupby(sorted(records, key=_producer), lambda record: record.resource)
    return ExportLogsServiceRequest(
        resource_logs=[
            ResourceLogs(
                resource=Resource(attributes=_pairs(resource)),
                scope_logs=[ScopeLogs(scope=_scope("adl"), log_records=map(_record, found))],
            )
            for resource, found in grouped
        ]
    ).SerializeToString()


def of_lines(lines: Sequence[Line]) -> bytes:
    """A request that exports these lines."""
    grouped = groupby(sorted(lines, key=_producer), lambda line: line.resource)
    return ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=Resource(attributes=_pairs(resource)),
                scope_spans=[ScopeSpans(scope=_scope("ldv"), spans=map(_span, found))],
            )
            for resource, found in grouped
        ]
    ).SerializeToString()


def refused_records(answer: bytes) -> int:
    """How many records the collector did not take. Raises AnswerUnreadable."""
    return _parsed(ExportLogsServiceResponse(), answer).partial_success.rejected_log_records


def refused_lines(answer: bytes) -> int:
    """How many lines the collector did not take. Raises AnswerUnreadable."""
    return _parsed(ExportTraceServiceResponse(), answer).partial_success.rejected_spans


def _record(record: Record) -> LogRecord:
    attributes = {**record.attributes, "status": record.status}
    if record.parent_span_id:
        attributes["parent_span_id"] = record.parent_span_id
    error = record.status == "Error"
    return LogRecord(
        time_unix_nano=record.timestamp * _NANOSECONDS,
        observed_time_unix_nano=record.timestamp * _NANOSECONDS,
        severity_number=(
            SeverityNumber.SEVERITY_NUMBER_ERROR if error else SeverityNumber.SEVERITY_NUMBER_INFO
        ),
        event_name=record.event_name,
        body=_value(record.body),
        attributes=_pairs(attributes),
        trace_id=bytes.fromhex(record.trace_id),
        span_id=bytes.fromhex(record.span_id),
    )


def _span(line: Line) -> Span:
    return Span(
        trace_id=bytes.fromhex(line.trace_id),
        span_id=bytes.fromhex(line.span_id),
        parent_span_id=bytes.fromhex(line.parent_span_id or ""),
        name=line.name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=line.start_time * _NANOSECONDS,
        end_time_unix_nano=line.end_time * _NANOSECONDS,
        attributes=_pairs(line.attributes),
        status=Status(code=_STATUS[line.status]),
    )


def _producer(told: Record | Line) -> list[tuple[str, str]]:
    return sorted(told.resource.items())


def _scope(stream: str) -> InstrumentationScope:
    return InstrumentationScope(name=f"bodycam-vault/{stream}")


def _pairs(members: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in members.items()]


def _value(value: object) -> AnyValue:
    match value:
        # Before int: a bool is one.
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case str():
            return AnyValue(string_value=value)
        case Mapping():
            return AnyValue(kvlist_value=KeyValueList(values=_pairs(value)))
        case Iterable():
            return AnyValue(array_value=ArrayValue(values=map(_value, value)))
    raise TypeError(f"OTLP has no {type(value).__name__}")


def _parsed(into: Answer, answer: bytes) -> Answer:
    try:
        into.ParseFromString(answer)
    except DecodeError as error:
        raise AnswerUnreadable from error
    return into
