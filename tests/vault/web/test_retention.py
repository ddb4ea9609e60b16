"""Terms to come through the real door, on both pairs of parts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from console.demo import town
from policies.retention import UNTIL_RELEASED, days_later
from tests.foreseeing import held, recorded
from tests.installation import Installation
from tests.watching import House, ids, problem
from vault.disposal.timetable import day_of, midnight
from vault.holds.tables import Hold
from vault.tables import Recording

PATH = f"/municipalities/{town.SLUG}/retention"
COMING = f"{PATH}/coming/_search"
DAY = timedelta(days=1)


@pytest.fixture
def rows(house: House) -> Any:
    """Rows without footage, taken away again: the house must be whole at its end."""
    made = house.installation
    began = datetime.now(UTC) - 28 * DAY + timedelta(minutes=5)
    due, stays = recorded(made, began), recorded(made, began, due=UNTIL_RELEASED)
    hold = held(made, stays, began + DAY)
    yield due, stays, hold
    forget(made, due, stays)


def forget(made: Installation, *recordings: Any) -> None:
    with made.vault.database.transaction() as session:
        for recording in recordings:
            session.execute(delete(Hold).where(Hold.recording_id == recording))
            session.delete(session.get_one(Recording, recording))


@pytest.mark.usefixtures("rows")
def test_the_overview(house: House) -> None:
    answer = house.desk(town.PRIVACY_OFFICER).get(PATH)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["municipality"], told["name"], told["termDays"]) == (town.SLUG, "Voorbeeldstad", 28)
    assert (told["overdue"], told["later"], told["heldRecordings"]) == (0, 0, 1)
    today = day_of(datetime.now(UTC) + timedelta(minutes=5))
    assert {"day": today.isoformat(), "recordings": 1} in told["days"]
    assert sum(day["recordings"] for day in told["days"]) == 2
    [reason] = told["held"]
    assert (reason["trigger"], reason["holds"], reason["recordings"]) == ("complaint", 1, 1)
    assert told["unfinished"] == {"number": 0, "locked": 0, "lockedUntil": None}
    assert told["erasuresWaiting"] == 0


def test_the_dry_run(house: House, rows: Any) -> None:
    due, stays, hold = map(str, rows)
    desk = house.desk(town.PRIVACY_OFFICER)
    taken = desk.post(COMING, {"part": "due"}).json()
    tomorrow = midnight(day_of(datetime.now(UTC)) + 2 * DAY) - timedelta.resolution
    assert datetime.fromisoformat(taken["until"]) == tomorrow
    [row] = taken["recordings"]
    assert (row["recordingId"], row["because"], row["taken"]) == (due, "term-over", True)
    assert (row["termDays"], row["regime"], row["holds"]) == (28, "avg", [])
    kept = desk.post(COMING, {"part": "held"}).json()
    [row] = kept["recordings"]
    assert (row["recordingId"], row["due"], row["because"], row["taken"]) == (stays, None, "held", False)
    assert [each["id"] for each in row["holds"]] == [hold]
    assert "8999" not in str(kept) + str(taken)
    assert desk.post(COMING, {"part": "unfinished"}).json()["unfinished"] == []


def test_page_after_page(house: House, rows: Any) -> None:
    desk = house.desk(town.PRIVACY_OFFICER)
    far = days_later(datetime.now(UTC), 60).isoformat()
    first = desk.post(COMING, {"part": "due", "until": far, "limit": 1}).json()
    rest = desk.post(COMING, {"part": "due", "until": far, "limit": 1, "after": first["nextAfter"]}).json()
    found = [row["recordingId"] for page in (first, rest) for row in page["recordings"]]
    assert found == [str(rows[0]), str(house.recording)]
    assert rest["nextAfter"] is None


def test_who_may_not(house: House) -> None:
    for who in (town.OFFICER, town.SUPERVISOR):
        desk = house.desk(who)
        for answer in (desk.get(PATH), desk.post(COMING, {"part": "due"})):
            assert ids(problem(answer, 403, "denied")) == ["retention-for-oversight-only"]


def test_what_is_not_there_and_what_does_not_fit(house: House) -> None:
    desk = house.desk(town.PRIVACY_OFFICER)
    problem(desk.get("/municipalities/atlantis/retention"), 404, "not-found")
    problem(desk.get("/municipalities/../retention"), 404, "not-found")
    problem(desk.get("/municipalities/Atlantis/retention"), 400, "invalid-input")
    for wrong in ({}, {"part": "all"}, {"part": "due", "until": "2026-11-24"}, {"part": "due", "after": "1"}):
        problem(desk.post(COMING, wrong), 400, "invalid-input")
