"""Problems: in which language, and with what in them."""

import json
from typing import Any

import pytest
from starlette.requests import Request

from vault.web.problem import Problem, Refused, Text, in_language, language_of, problem_response

TEXT = Text("ja", "yes")
FULL = Problem("full", 507, Text("Vol", "Full"), Text("Er is geen ruimte.", "There is no room."))


def asking(language: str | None) -> Request:
    headers = [(b"accept-language", language.encode("latin-1"))] if language is not None else []
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, "nl"),
        ("", "nl"),
        ("nl", "nl"),
        ("en", "en"),
        ("EN", "en"),
        ("en-GB", "en"),
        ("nl-BE, en", "nl"),
        ("en-GB, nl;q=0.5", "en"),
        ("nl;q=0.1, en;q=0.2", "en"),
        ("en;q=0, *", "nl"),
        ("fr, de;q=0.9", "nl"),
        ("fr, en;q=0.1", "en"),
        ("*", "nl"),
        (";;;,,,q=", "nl"),
        ("é" * 50, "nl"),
    ],
)
def test_the_language_a_caller_gets(asked: str | None, given: str) -> None:
    assert language_of(asking(asked)) == given


def test_texts_are_translated_wherever_they_are() -> None:
    value: Any = {"a": TEXT, "b": [TEXT, {"c": (TEXT, 1)}], "d": "plain", "e": None}
    assert in_language(value, "en") == {"a": "yes", "b": ["yes", {"c": ["yes", 1]}], "d": "plain", "e": None}
    assert in_language(value, "nl")["b"][1]["c"] == ["ja", 1]


def test_a_problem_as_the_standard_has_it() -> None:
    refused = Refused(FULL, extra={"hint": TEXT}, headers={"Retry-After": "60"})
    answer = problem_response(asking("en"), refused)
    assert answer.status_code == 507
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Content-Language"] == "en"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Retry-After"] == "60"
    assert json.loads(bytes(answer.body)) == {
        "type": "urn:bodycam-vault:problem:full",
        "title": "Full",
        "status": 507,
        "detail": "There is no room.",
        "hint": "yes",
    }
