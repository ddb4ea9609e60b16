"""Searches and lists through the real door, on both pairs of parts."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from console.demo import town
from tests.watching import CASE, PURPOSE, REASON, House, ids, problem

NOBODY = str(uuid.uuid4())
RECORDED = {"since": timedelta(hours=4), "until": timedelta(hours=2)}
"""How long ago the house's recording was surely begun."""


def search(house: House, who: town.Resident = town.SUPERVISOR, **changed: Any) -> requests.Response:
    now = datetime.now(UTC)
    body = {
        "municipality": town.SLUG,
        "purpose": PURPOSE,
        "reason": REASON,
        "caseReference": CASE,
        **{name: (now - ago).isoformat() for name, ago in RECORDED.items()},
        **changed,
    }
    return house.desk(who).post("/searches", {name: value for name, value in body.items() if value})


def found(
    house: House, search_id: str, who: town.Resident = town.SUPERVISOR, **more: Any
) -> requests.Response:
    return house.desk(who).post(f"/searches/{search_id}/recordings/_search", more)


def listed(house: House, what: str, who: town.Resident, **more: Any) -> requests.Response:
    return house.desk(who).post(f"/{what}/_search", {"municipality": town.SLUG, **more})


def test_a_search_finds_that_a_recording_exists_and_no_more(house: House) -> None:
    opened = search(house)
    assert opened.status_code == 201
    body = opened.json()
    assert datetime.fromisoformat(body["openUntil"]) > datetime.now(UTC)
    page = found(house, body["id"])
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    [recording] = page.json()["recordings"]
    assert recording["id"] == str(house.recording)
    assert recording.keys() == {"id", "recordedAt", "camera", "team", "length", "seconds"}
    assert (recording["camera"], recording["length"]) == (town.CAMERA, len(house.plain))
    assert recording["seconds"] == 20
    assert page.json()["nextAfter"] is None


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("nl", "Een zoekvraag beslaat ten hoogste een etmaal."),
        ("en", "A search covers a day and a night at most."),
    ],
)
def test_a_search_that_is_too_wide_is_told_so(house: House, language: str, title: str) -> None:
    body = {
        "municipality": town.SLUG,
        "purpose": PURPOSE,
        "reason": REASON,
        "caseReference": CASE,
        "since": "2026-11-01T00:00:00Z",
        "until": "2026-11-03T00:00:00Z",
    }
    answer = house.desk(town.SUPERVISOR, language).post("/searches", body)
    [reason] = problem(answer, 403, "denied")["reasons"]
    assert (reason["id"], reason["title"]) == ("search-too-wide", title)


def test_nobody_trawls(house: House) -> None:
    refused = problem(search(house, town.ADMINISTRATOR), 403, "denied")
    assert ids(refused) == ["no-rule-permits"]
    own = house.desk(town.SUPERVISOR).post(
        "/own-recordings/_search", {"municipality": town.SLUG, "purpose": PURPOSE}
    )
    assert "no-rule-permits" in ids(problem(own, 403, "denied"))
    mine = search(house).json()["id"]
    others = found(house, mine, town.PRIVACY_OFFICER)
    assert ids(problem(others, 403, "denied")) == ["search-of-another"]
    problem(found(house, NOBODY), 404, "not-found")


def test_a_closed_search_finds_nothing(house: House) -> None:
    opened = search(house).json()["id"]
    closures = f"/searches/{opened}/closures"
    problem(house.desk(town.PRIVACY_OFFICER).post(closures, {}), 404, "not-found")
    assert house.desk(town.SUPERVISOR).post(closures, {}).status_code == 204
    assert ids(problem(found(house, opened), 403, "denied")) == ["search-closed"]


def test_an_officer_finds_their_own_recordings(house: House) -> None:
    asked = {"municipality": town.SLUG, "purpose": "zelfevaluatie"}
    page = house.desk(town.OFFICER).post("/own-recordings/_search", asked)
    assert [recording["id"] for recording in page.json()["recordings"]] == [str(house.recording)]
    problem(
        house.desk(town.OFFICER).post("/own-recordings/_search", asked | {"limit": 0}), 400, "invalid-input"
    )
    problem(
        house.desk(town.OFFICER).post("/own-recordings/_search", asked | {"after": "x"}), 400, "invalid-input"
    )
    unknown = house.desk(town.OFFICER).post("/own-recordings/_search", asked | {"municipality": "nergens"})
    problem(unknown, 404, "not-found")


def test_requests_and_grants_are_listed_page_by_page(house: House) -> None:
    grant = house.grant()
    waiting = house.ask().json()["id"]
    first = listed(house, "requests", town.PRIVACY_OFFICER, whose="others", limit=1).json()
    [line] = first["requests"]
    assert (line["id"], line["state"], line["decidable"]) == (waiting, "waiting", True)
    assert line["requester"] == town.SUPERVISOR.name
    rest = listed(house, "requests", town.PRIVACY_OFFICER, whose="others", after=first["nextAfter"]).json()
    assert grant in {line["grantId"] for line in rest["requests"]}
    assert rest["nextAfter"] is None
    mine = listed(house, "requests", town.SUPERVISOR).json()["requests"]
    assert {line["id"] for line in mine} == {line["id"] for line in [*first["requests"], *rest["requests"]]}
    held = listed(house, "grants", town.SUPERVISOR).json()
    assert grant in {line["id"] for line in held["grants"]}
    revocable = listed(house, "grants", town.PRIVACY_OFFICER, whose="others").json()
    assert grant in {line["id"] for line in revocable["grants"]}
    assert listed(house, "grants", town.SUPERVISOR, whose="others").json() == {
        "grants": [],
        "nextAfter": None,
    }


def test_lists_can_be_empty(house: House) -> None:
    empty = listed(house, "requests", town.ADMINISTRATOR)
    assert (empty.status_code, empty.json()) == (200, {"requests": [], "nextAfter": None})
    problem(listed(house, "grants", town.SUPERVISOR, whose="everybody"), 400, "invalid-input")
