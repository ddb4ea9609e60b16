"""A collector of OTLP over HTTP: decodes what it gets by OpenTelemetry's own classes, and keeps each id once.

It fails as it is told to: by a status, by dropping the line before or after it took what it got, or by taking
only part of it. `took` has every record it kept, by (path, trace id, span id), `came` how often each came.
"""

import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

Id = tuple[str, str, str]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request. Without a status the line is dropped."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    takes: bool = False
    """Whether it kept what it got all the same."""


@dataclass(frozen=True)
class Kept:
    """One record as it arrived, in plain values."""

    record: dict[str, Any]
    resource: dict[str, Any]


class OtlpCollector:
    """What it kept, what it was asked, and what is to go wrong."""

    def __init__(self) -> None:
        self.url = ""
        self.faults: list[Fault] = []
        self.refuses: Callable[[Kept], bool] = lambda _: False
        self.took: dict[Id, Kept] = {}
        self.came: Counter[Id] = Counter()
        self.asked: list[dict[str, str]] = []
        self.sizes: list[int] = []

    def handle(self, path: str, body: bytes) -> Fault:
        """The answer to one request."""
        fault = self.faults.pop(0) if self.faults else None
        if fault and not fault.takes:
            return fault
        found = list(_logs(body) if path == "/v1/logs" else _spans(body))
        self.sizes.append(len(found))
        refused = 0
        for each in found:
            known = (path, each.record["trace_id"], each.record["span_id"])
            self.came[known] += 1
            if self.refuses(each):
                refused += 1
            else:
                assert self.took.setdefault(known, each) == each, "the same id with something else"
        return fault or Fault(200, (("Content-Type", "application/x-protobuf"),), _answer(path, refused))


@contextmanager
def collecting(context: ssl.SSLContext | None = None) -> Iterator[OtlpCollector]:
    """A collector behind a real server, until the block ends; over TLS when given a context."""
    made = OtlpCollector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/x-protobuf"
            made.asked.append({name.lower(): value for name, value in self.headers.items()})
            answer = made.handle(self.path, body)
            if answer.status is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Nothing: a test is no place for an access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    made.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _logs(body: bytes) -> Iterator[Kept]:
    for group in ExportLogsServiceRequest.FromString(body).resource_logs:
        for scope in group.scope_logs:
            yield from (Kept(_log(each), plain(group.resource.attributes)) for each in scope.log_records)


def _spans(body: bytes) -> Iterator[Kept]:
    for group in ExportTraceServiceRequest.FromString(body).resource_spans:
        for scope in group.scope_spans:
            yield from (Kept(_span(each), plain(group.resource.attributes)) for each in scope.spans)


def _log(record: LogRecord) -> dict[str, Any]:
    return {
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
        "event_name": record.event_name,
        "timestamp": record.time_unix_nano // 1_000_000,
        "severity": record.severity_number,
        "attributes": plain(record.attributes),
        "body": value(record.body),
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_span_id": span.parent_span_id.hex() or None,
        "name": span.name,
        "start_time": span.start_time_unix_nano // 1_000_000,
        "end_time": span.end_time_unix_nano // 1_000_000,
        "status": span.status.code,
        "attributes": plain(span.attributes),
    }


def plain(pairs: Any) -> dict[str, Any]:
    """OTLP's pairs as a dictionary."""
    found: dict[str, Any] = {}
    for pair in pairs:
        assert isinstance(pair, KeyValue)
        assert pair.key not in found
        found[pair.key] = value(pair.value)
    return found


def value(any_value: AnyValue) -> Any:
    """OTLP's value as one of Python."""
    match kind := any_value.WhichOneof("value"):
        case "kvlist_value":
            return plain(any_value.kvlist_value.values)
        case "array_value":
            return [value(each) for each in any_value.array_value.values]
        case None:
            return None
    return getattr(any_value, kind)


def _answer(path: str, refused: int) -> bytes:
    if path == "/v1/logs":
        part = ExportLogsPartialSuccess(rejected_log_records=refused, error_message="no" if refused else "")
        return ExportLogsServiceResponse(partial_success=part if refused else None).SerializeToString()
    spans = ExportTracePartialSuccess(rejected_spans=refused, error_message="no" if refused else "")
    return ExportTraceServiceResponse(partial_success=spans if refused else None).SerializeToString()
