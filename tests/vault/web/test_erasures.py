"""Early erasure through the real door, on both pairs of parts."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from sqlalchemy import delete

from console.demo import town
from policies.retention import UNTIL_RELEASED
from tests.foreseeing import held
from tests.watching import House, footage, ids, keep, problem, row_of
from vault.disposal.sweeping import sweep
from vault.holds.tables import Hold
from vault.ids import RecordingId
from vault.retention import due_of
from vault.signals.raising import KEEPER
from vault.tables import Recording, State

WHY = "Recorded in the hallway of a dwelling."
NOBODY = str(uuid.uuid4())


@pytest.fixture
def recording(house: House, request: pytest.FixtureRequest) -> str:
    """Footage that one test may erase."""
    return str(keep(house.installation, footage(1000, seed=abs(hash(request.node.name)))))


def ask(
    house: House, recording: str, who: town.Resident = town.SUPERVISOR, **changed: Any
) -> requests.Response:
    body = {"ground": "inside-dwelling", "reason": WHY, **changed}
    return house.desk(who).post(f"/recordings/{recording}/erasures", body)


def decide(
    house: House, erasure: str, who: town.Resident = town.PRIVACY_OFFICER, **changed: Any
) -> requests.Response:
    body = {"outcome": "approve", "reason": "It should not be there.", "irreversible": True, **changed}
    return house.desk(who).post(f"/erasures/{erasure}/decisions", body)


def withdraw(house: House, erasure: str, who: town.Resident = town.SUPERVISOR) -> requests.Response:
    return house.desk(who).post(f"/erasures/{erasure}/withdrawals", {"reason": "Asked by mistake."})


def waiting(house: House, **more: Any) -> dict[str, Any]:
    body = {"municipality": town.SLUG, **more}
    answer = house.desk(town.PRIVACY_OFFICER).post("/erasures/_search", body)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_asked_and_approved(house: House, recording: str) -> None:
    asked = ask(house, recording)
    assert asked.status_code == 201
    told = asked.json()
    assert (told["state"], told["ground"], told["reason"]) == ("waiting", "inside-dwelling", WHY)
    assert "There is no undo." in told["notice"]
    assert told["askedBy"] == f"person:{house.installation.town.people[town.SUPERVISOR.subject]}"
    assert told["id"] in [each["id"] for each in waiting(house)["erasures"]]
    read = house.desk(town.PRIVACY_OFFICER, "nl").get(f"/erasures/{told['id']}").json()
    assert "Er is geen weg terug." in read["notice"]
    decided = decide(house, told["id"])
    assert (decided.status_code, decided.json()["state"]) == (201, "approved")
    problem(house.ask(recordingId=recording), 403, "denied")
    made = house.installation
    assert sweep(made.vault, KEEPER, now=datetime.now(UTC)).disposed == 1
    assert row_of(made, RecordingId(uuid.UUID(recording))).state == State.DISPOSED
    assert told["id"] not in [each["id"] for each in waiting(house)["erasures"]]
    assert told["id"] in [each["id"] for each in waiting(house, which="all")["erasures"]]


def test_who_does_not_say_that_they_know_approves_nothing(house: House, recording: str) -> None:
    erasure = ask(house, recording).json()["id"]
    for unsaid in (False, None):
        changed = {} if unsaid is None else {"irreversible": unsaid}
        body = {"outcome": "approve", "reason": "It should not be there.", **changed}
        answer = house.desk(town.PRIVACY_OFFICER).post(f"/erasures/{erasure}/decisions", body)
        assert "'irreversible': true" in problem(answer, 422, "erasure-unconfirmed")["detail"]
    assert row_of(house.installation, RecordingId(uuid.UUID(recording))).state == State.KEPT
    # To refuse, nobody need say so.
    refused = decide(house, erasure, outcome="refuse", irreversible=False)
    assert refused.json()["state"] == "refused"
    problem(decide(house, erasure), 409, "erasure-closed")
    problem(withdraw(house, erasure), 409, "erasure-closed")


def test_what_is_held_is_told_to_be_lifted_first(house: House, recording: str) -> None:
    made, which = house.installation, uuid.UUID(recording)
    erasure = ask(house, recording).json()["id"]
    hold = held(made, which, datetime.now(UTC), trigger="demand")
    _bring_in_step(house, which)
    found = problem(decide(house, erasure), 409, "erasure-held")
    assert found["triggers"] == ["demand"]
    assert row_of(made, RecordingId(which)).dispose_after == UNTIL_RELEASED
    problem(ask(house, recording), 409, "erasure-held")
    with made.vault.database.transaction() as session:
        session.execute(delete(Hold).where(Hold.id == hold))
    _bring_in_step(house, which)
    assert withdraw(house, erasure).json()["state"] == "withdrawn"


def _bring_in_step(house: House, recording: uuid.UUID) -> None:
    vault = house.installation.vault
    with vault.database.transaction() as session:
        row = session.get_one(Recording, recording)
        row.dispose_after = due_of(session, row, vault.rule_sets.of(town.SLUG).terms)


def test_ones_own_is_for_another_to_decide(house: House, recording: str) -> None:
    erasure = ask(house, recording, town.PRIVACY_OFFICER).json()["id"]
    problem(ask(house, recording), 409, "erasure-waiting")
    denied = problem(decide(house, erasure), 403, "denied")
    assert ids(denied) == ["own-erasure"]
    assert denied["reasons"][0]["remedy"] == "Let somebody else decide whether the footage is erased early."
    problem(withdraw(house, erasure), 409, "erasure-not-yours")
    assert withdraw(house, erasure, town.PRIVACY_OFFICER).status_code == 201


def test_who_may_not(house: House, recording: str) -> None:
    assert ids(problem(ask(house, recording, town.ADMINISTRATOR), 403, "denied")) == [
        "erasure-asked-by-staff"
    ]
    erasure = ask(house, recording).json()["id"]
    officer = house.desk(town.OFFICER)
    for answer in (decide(house, erasure, town.OFFICER), officer.get(f"/erasures/{erasure}")):
        assert "erasure-decided-by-oversight" in ids(problem(answer, 403, "denied"))
        assert WHY not in answer.text
    listing = officer.post("/erasures/_search", {"municipality": town.SLUG})
    assert ids(problem(listing, 403, "denied")) == ["retention-for-oversight-only"]
    # Who asked reads what became of it.
    assert house.desk(town.SUPERVISOR).get(f"/erasures/{erasure}").json()["state"] == "waiting"
    withdraw(house, erasure)


def test_page_after_page(house: House) -> None:
    made = house.installation
    for seed in (901, 902, 903):
        ask(house, str(keep(made, footage(1000, seed=seed))))
    whole = waiting(house)
    found, after = [], None
    for _ in whole["erasures"]:
        page = waiting(house, limit=1, after=after)
        found += page["erasures"]
        after = page["nextAfter"]
    assert (found, after) == (whole["erasures"], None)
    assert "reason" not in found[0]
    for each in found:
        withdraw(house, each["id"])


@pytest.mark.parametrize(
    "changed", [{"ground": "term-over"}, {"ground": "other"}, {"reason": "short"}, {"more": 1}], ids=str
)
def test_what_does_not_fit_is_refused(house: House, recording: str, changed: dict[str, Any]) -> None:
    problem(ask(house, recording, **changed), 400, "invalid-input")


def test_what_is_not_there(house: House) -> None:
    for answer in (
        ask(house, NOBODY),
        decide(house, NOBODY),
        withdraw(house, NOBODY),
        house.desk(town.PRIVACY_OFFICER).get(f"/erasures/{NOBODY}"),
        house.desk(town.PRIVACY_OFFICER).post("/erasures/_search", {"municipality": "atlantis"}),
    ):
        problem(answer, 404, "not-found")
