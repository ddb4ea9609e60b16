"""How lines read: every event in two languages, and cells that leave out what is not known."""

from datetime import UTC, datetime
from typing import Any

import pytest

from vault.audit import Event
from vault.trail.reading import Line
from vault.trail.telling import COLUMNS, EVENTS, cells, event_told, headings, moment_told

AT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
LEAF: dict[str, Any] = {
    "id": "e",
    "type": "request.approved",
    "actor": "aa",
    "obj": "bb",
    "why": ["one", "two"],
}


def line(payload: dict[str, Any] | None = None, *, damaged: bool = False) -> Line:
    return Line(7, AT, LEAF, b"{}", payload, damaged)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_events_have_a_name_of_their_own(language: str) -> None:
    names = [event_told(event, language) for event in EVENTS]
    assert all(names)
    assert len(set(names)) == len(names)
    assert set(EVENTS) == set(Event)


def test_an_event_without_a_name_goes_by_its_own() -> None:
    assert event_told("something.new", "nl") == "something.new"


def test_headings() -> None:
    assert headings("nl")[:2] == ["Volgnummer", "Moment"]
    assert headings("en")[:2] == ["Number", "Moment"]
    assert len(headings("nl")) == len(COLUMNS)


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    assert moment_told(AT) == "2026-10-25 02:30:00.000+02:00"
    assert moment_told(AT.replace(hour=1)) == "2026-10-25 02:30:00.000+01:00"


def test_a_line_is_told() -> None:
    payload = {
        "actor": {"id": "p", "name": "Puck", "roles": ["privacy-officer", "auditor"]},
        "object": {"kind": "recording", "id": "r"},
        "details": {"reason": "Evenredig.", "caseReference": "VB-1", "recipient": None, "purpose": "klacht"},
    }
    told = cells(line(payload), "nl")
    assert set(told) <= set(COLUMNS)
    assert told["what"] == "Verzoek goedgekeurd"
    assert (told["who"], told["who-id"], told["roles"]) == ("Puck", "p", "privacy-officer, auditor")
    assert (told["thing"], told["thing-id"], told["rules"]) == ("recording", "r", "one, two")
    assert (told["reason"], told["case"], told["purpose"]) == ("Evenredig.", "VB-1", "klacht")
    assert "recipient" not in told
    assert "payload" not in told
    # SHA-256 of a zero byte and the leaf's bytes (RFC 6962, 2.1).
    assert told["hash"] == "KKOhj2zWQGsIbp/9ofm4oT289EsPPzLLkDGhH9BTrPk="


@pytest.mark.parametrize(
    ("damaged", "language", "said"),
    [
        (False, "nl", "vernietigd, termijn voorbij"),
        (False, "en", "destroyed, term over"),
        (True, "nl", "beschadigd"),
        (True, "en", "damaged"),
    ],
)
def test_what_cannot_be_opened_says_why(damaged: bool, language: str, said: str) -> None:
    told = cells(line(damaged=damaged), language)
    assert (told["payload"], told["who-id"], told["thing-id"]) == (said, "aa", "bb")
    assert "who" not in told
