"""Logs: JSON, only known names, and of an exception its type and place only."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from vault.logs import ALLOWED, drop_unknown, tell_error_by_type

PROGRAM = """
import logging, structlog
from vault import logs
logs.configure("vault")
log = structlog.get_logger()
log.info("answered", route="/x", status=200, person="Sam de Vries", token="hunter2")
structlog.get_logger().warning("check.failed", check="store", detail={"a": "hunter2"})
try:
    raise ValueError("hunter2 of Sam de Vries")
except ValueError:
    log.exception("chore.failed", chore="reap")
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
logging.getLogger("sqlalchemy.engine").info("SELECT hunter2")
logging.getLogger("apscheduler").warning("late", extra={"person": "hunter2"})
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == ""
    assert "hunter2" not in ran.stderr
    assert "Sam" not in ran.stderr
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_every_line_is_json_with_known_names(lines: list[dict[str, Any]]) -> None:
    assert len(lines) == 5
    for line in lines:
        assert set(line) <= ALLOWED
        assert line["process"] == "vault"
        assert line["timestamp"].endswith("Z")
        assert line["level"]


def test_what_is_known_gets_through(lines: list[dict[str, Any]]) -> None:
    assert {name: lines[0][name] for name in ("event", "route", "status")} == {
        "event": "answered",
        "route": "/x",
        "status": 200,
    }


def test_an_exception_is_told_by_type_and_place(lines: list[dict[str, Any]]) -> None:
    for line in lines[2:4]:
        assert line["error"] == "ValueError"
        assert line["where"] == ["<string>:9"]


def test_a_librarys_own_chatter_is_left_out(lines: list[dict[str, Any]]) -> None:
    assert "SELECT" not in str(lines)
    assert lines[4]["event"] == "late"


def test_the_process_of_structlog_stays_whole() -> None:
    assert drop_unknown(None, "info", {"_record": 1, "event": "x", "name": "Sam"}) == {
        "_record": 1,
        "event": "x",
    }


@pytest.mark.parametrize("given", [True, ValueError("hunter2"), None, False])
def test_without_an_exception_there_is_nothing_to_tell(given: object) -> None:
    told = tell_error_by_type(None, "error", {"event": "x", "exc_info": given})
    assert "hunter2" not in str(told)
    assert ("error" in told) == isinstance(given, ValueError)


def test_this_test_run_is_let_be() -> None:
    assert logging.root.level != logging.NOTSET
