"""Operational logs: one JSON object a line, for machines that run the service, never about people.

What someone did with footage belongs in the audit trail. Here only names from an allow-list get through, and
an exception is told by its type and its place, without its message, because messages quote what they choked
on. docs/data.md lists what remains.
"""

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "process", "method", "route", "status", "milliseconds", "trace_id",
        "recording", "why", "error", "where", "count", "listen", "chore", "check", "ok", "logger",
    }
)  # fmt: skip

_ENCODER = json.JSONEncoder(default=repr)


def configure(process: str) -> None:
    """Send this process's logs, and those of the libraries it uses, to standard error as JSON."""
    structlog.contextvars.bind_contextvars(process=process)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_error_by_type,
        drop_unknown,
    ]
    structlog.configure(
        processors=[*shared, _as_json],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _as_json,
            ],
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)


def _as_json(_logger: object, _method: str, line: MutableMapping[str, Any]) -> str:
    # structlog's own renderer makes an encoder for each line.
    return _ENCODER.encode(line)


def drop_unknown(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep the names on the allow-list only. Names that start with an underscore are structlog's own."""
    return {name: value for name, value in line.items() if name in ALLOWED or name.startswith("_")}


def tell_error_by_type(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace an exception by its type and the places it went through."""
    info = line.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        line["error"] = type(error).__name__
        line["where"] = [
            f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)[-8:]
        ]
    return line
