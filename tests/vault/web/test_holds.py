"""Holds and regime through the real door: placed, read, lifted, reminded of; refusals that say what to do."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests

from console.demo import town
from tests.vault.holds.holding import kept
from tests.watching import House, ids, problem
from vault.ids import RecordingId

REASON = "A complaint was filed at the desk."
NEW = {"trigger": "complaint", "reason": REASON, "basis": "Awb art. 9:11", "caseReference": "KL-2026-3"}


@pytest.fixture
def recording(house: House) -> RecordingId:
    """A recording of this test's own."""
    return kept(house.installation, seed=uuid4().int)


def place(
    house: House, recording: RecordingId, who: town.Resident = town.PRIVACY_OFFICER, **more: Any
) -> requests.Response:
    body = {name: value for name, value in {**NEW, **more}.items() if value is not None}
    return house.desk(who).post(f"/recordings/{recording}/holds", body)


def lift(
    house: House, hold: str, event: str = "settled", who: town.Resident = town.PRIVACY_OFFICER
) -> requests.Response:
    return house.desk(who).post(
        f"/holds/{hold}/lifts", {"event": event, "reason": "It was settled by letter."}
    )


def search(
    house: House, path: str, who: town.Resident = town.PRIVACY_OFFICER, **more: Any
) -> requests.Response:
    return house.desk(who).post(path, {"municipality": town.SLUG, **more})


def test_a_hold_from_beginning_to_end(house: House, recording: RecordingId) -> None:
    placed = place(house, recording)
    assert placed.status_code == 201, placed.text
    hold = placed.json()
    assert hold["recording"] == {
        "recordingId": str(recording),
        "regime": "avg",
        "held": True,
        "disposeAfter": None,
    }
    assert (hold["releasedBy"], hold["daysAfter"], hold["liftedAt"]) == ("settled", 14, None)
    assert hold["placedBy"] == str(house.installation.town.people[town.PRIVACY_OFFICER.subject])
    assert "8999" not in placed.text
    desk = house.desk(town.PRIVACY_OFFICER)
    read = desk.get(f"/recordings/{recording}/holds").json()["holds"]
    assert [(each["id"], each["reason"]) for each in read] == [(hold["id"], REASON)]
    reviewed = desk.post(f"/holds/{hold['id']}/reviews", {"reason": "The committee has not spoken yet."})
    assert reviewed.status_code == 201
    assert reviewed.json()["reviewedAt"] > hold["reviewedAt"]
    lifted = lift(house, hold["id"])
    assert lifted.status_code == 201
    assert (lifted.json()["endedBy"], lifted.json()["recording"]["held"]) == ("settled", False)
    assert lifted.json()["recording"]["disposeAfter"].endswith("Z")


def test_pages(house: House, recording: RecordingId) -> None:
    made = [place(house, recording).json()["id"] for _ in range(3)]
    first = search(house, "/holds/_search", limit=2).json()
    assert [each["id"] for each in first["holds"]] == [made[2], made[1]]
    rest = search(house, "/holds/_search", limit=2, after=first["nextAfter"]).json()
    assert rest["holds"][0]["id"] == made[0]
    lift(house, made[0])
    lifted = search(house, "/holds/_search", which="lifted", limit=1).json()
    assert [each["id"] for each in lifted["holds"]] == [made[0]]


def test_reminders_are_of_what_nobody_looked_at(house: House, recording: RecordingId) -> None:
    made = {place(house, recording).json()["id"] for _ in range(3)}
    fresh = search(house, "/hold-reminders/_search").json()
    assert not made & {each["id"] for each in fresh["holds"]}
    house.clock.ahead = timedelta(days=31)
    try:
        found, after = [], None
        while True:
            page = search(
                house, "/hold-reminders/_search", limit=2, **({"after": after} if after else {})
            ).json()
            found += page["holds"]
            if not (after := page["nextAfter"]):
                break
    finally:
        house.clock.ahead = timedelta()
    assert made <= {each["id"] for each in found}
    order = [each["reviewedAt"] for each in found]
    assert order == sorted(order)
    assert len({each["id"] for each in found}) == len(found)


def test_what_refuses_says_what_would_not(house: House, recording: RecordingId) -> None:
    unknown = problem(place(house, recording, trigger="demand"), 400, "trigger-unknown")
    assert unknown["known"] == ["complaint", "criminal-complaint"]
    hold = place(house, recording).json()["id"]
    wrong = problem(lift(house, hold, "judgment-final"), 400, "not-its-release")
    assert wrong["known"] == ["settled", "reason-lapsed"]
    assert lift(house, hold).status_code == 201
    problem(lift(house, hold), 409, "hold-lifted")
    problem(place(house, recording, trigger="whim"), 400, "invalid-input")
    problem(place(house, recording, basis=None), 400, "invalid-input")
    problem(place(house, RecordingId(uuid4())), 404, "not-found")
    problem(lift(house, str(uuid4())), 404, "not-found")


def test_a_complaint_that_comes_too_late(house: House) -> None:
    recording = kept(house.installation, days_ago=27.9, seed=uuid4().int)
    place(house, recording, trigger="criminal-complaint")
    house.clock.ahead = timedelta(days=2)
    try:
        late = problem(place(house, recording), 409, "trigger-too-late")
    finally:
        house.clock.ahead = timedelta()
    assert late["days"] == 28


def test_what_is_due_is_not_held(house: House, recording: RecordingId) -> None:
    house.clock.ahead = timedelta(days=40)
    try:
        body = problem(place(house, recording, trigger="criminal-complaint"), 403, "denied")
    finally:
        house.clock.ahead = timedelta()
    assert "term-is-over" in ids(body)


@pytest.mark.parametrize("who", [town.OFFICER, town.SUPERVISOR, town.ADMINISTRATOR])
def test_who_may_not(house: House, recording: RecordingId, who: town.Resident) -> None:
    problem(place(house, recording, who), 403, "denied")
    hold = place(house, recording).json()["id"]
    problem(lift(house, hold, who=who), 403, "denied")
    desk = house.desk(who)
    problem(desk.post(f"/holds/{hold}/reviews", {"reason": "It must still stand."}), 403, "denied")
    problem(
        desk.post(f"/recordings/{recording}/regime-changes", {"regime": "wpg", "reason": REASON}),
        403,
        "denied",
    )
    if who is not town.ADMINISTRATOR:
        problem(search(house, "/holds/_search", who), 403, "denied")
        problem(search(house, "/hold-reminders/_search", who), 403, "denied")
        problem(desk.get(f"/recordings/{recording}/holds"), 403, "denied")


def test_the_regime_changes_once(house: House, recording: RecordingId) -> None:
    desk, path = house.desk(town.PRIVACY_OFFICER), f"/recordings/{recording}/regime-changes"
    problem(desk.post(path, {"regime": "avg", "reason": REASON}), 409, "regime-unchanged")
    changed = desk.post(path, {"regime": "wpg", "reason": REASON})
    assert changed.status_code == 201
    assert (changed.json()["regime"], changed.json()["held"]) == ("wpg", False)
    problem(desk.post(path, {"regime": "avg", "reason": REASON}), 409, "regime-fixed")
    problem(desk.post(path, {"regime": "other", "reason": REASON}), 400, "invalid-input")


def test_in_dutch(house: House, recording: RecordingId) -> None:
    desk = house.desk(town.PRIVACY_OFFICER, "nl")
    answer = desk.post(f"/recordings/{recording}/holds", {**NEW, "trigger": "demand"})
    assert problem(answer, 400, "trigger-unknown")["title"] == "Geen reden om te bewaren"
