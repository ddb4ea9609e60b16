"""Rules changed, examined and explained through the real door, on both pairs of parts."""

import uuid
from typing import Any

import pytest
import requests

from console.demo import town
from tests.ruling import NO_SUPERVISOR, REASON, SHORTER, texts
from tests.watching import House, ids, problem

NOBODY = str(uuid.uuid4())


def propose(
    house: House, *edits: dict[str, str], who: town.Resident = town.ADMINISTRATOR, **changed: Any
) -> requests.Response:
    body = {"municipality": town.SLUG, "texts": texts(*edits), "reason": REASON, **changed}
    return house.desk(who).post("/rule-set-proposals", body)


def withdrawn(house: House, change: str) -> requests.Response:
    return house.desk(town.ADMINISTRATOR).post(
        f"/rule-set-proposals/{change}/withdrawals", {"reason": REASON}
    )


def listed(house: House) -> dict[str, Any]:
    answer = house.desk(town.PRIVACY_OFFICER).post("/rule-sets/_search", {"municipality": town.SLUG})
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_one_proposes_and_another_activates(house: House) -> None:
    # Back and forth, so that the house's other tests find the rules they know.
    for edits, days in (((SHORTER,), 14), ((), 28)):
        proposed = propose(house, *edits)
        assert proposed.status_code == 201
        change = proposed.json()
        assert (change["state"], change["activatedBy"]) == ("proposed", None)
        path = f"/rule-set-proposals/{change['id']}"
        denied = house.desk(town.ADMINISTRATOR).post(f"{path}/activations", {})
        assert "rules-activated-by-decider" in ids(problem(denied, 403, "denied"))
        activated = house.desk(town.PRIVACY_OFFICER).post(f"{path}/activations", {})
        assert (activated.status_code, activated.json()["state"]) == (201, "in-force")
        assert house.installation.vault.rule_sets.of(town.SLUG).terms.term_days == days
        assert activated.json()["digest"] == house.installation.vault.rule_sets.of(town.SLUG).digest
        again = house.desk(town.PRIVACY_OFFICER).post(f"{path}/activations", {})
        problem(again, 409, "proposal-closed")
        read = house.desk(town.PRIVACY_OFFICER).get(path).json()
        assert read["texts"] == texts(*edits)
    found = listed(house)
    assert [change["state"] for change in found["changes"]].count("in-force") == 1
    assert found["folderDiffers"] is False


def test_ones_own_proposal_tells_what_to_do(house: House) -> None:
    change = propose(house, SHORTER, who=town.PRIVACY_OFFICER).json()["id"]
    denied = house.desk(town.PRIVACY_OFFICER).post(f"/rule-set-proposals/{change}/activations", {})
    [reason] = problem(denied, 403, "denied")["reasons"]
    assert reason["id"] == "own-proposal"
    assert reason["remedy"] == "Let somebody else look at the proposal and activate it."
    assert withdrawn(house, change).json()["state"] == "withdrawn"
    problem(withdrawn(house, change), 409, "proposal-closed")


def test_what_is_wrong_is_told_per_file(house: House) -> None:
    wrong = {**texts(), "rules.cedar": "permit everything;"}
    [found] = problem(propose(house, texts=wrong), 400, "rules-invalid")["problems"]
    assert found["file"] == f"{town.SLUG}/rules.cedar"
    problem(propose(house), 409, "rules-unchanged")


@pytest.mark.parametrize(
    "changed",
    [
        {"texts": {}},
        {"texts": {"../shared/shared.cedar": ""}},
        {"texts": {"shared.cedarschema": ""}},
        {"texts": {"rules.cedar": "a\x00b"}},
        {"reason": "short"},
        {"municipality": "../x"},
        {"more": 1},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(house: House, changed: dict[str, Any]) -> None:
    problem(propose(house, **changed), 400, "invalid-input")


def test_who_may_not_changes_and_sees_nothing(house: House) -> None:
    change = propose(house, SHORTER).json()["id"]
    path = f"/rule-set-proposals/{change}"
    officer = house.desk(town.OFFICER)
    answers = [
        propose(house, SHORTER, who=town.OFFICER),
        officer.get(path),
        officer.post(f"{path}/activations", {}),
        officer.post(f"{path}/withdrawals", {"reason": REASON}),
        officer.post(f"{path}/what-ifs", {"part": "decisions"}),
        officer.post("/rule-sets/_search", {"municipality": town.SLUG}),
    ]
    for answer in answers:
        assert problem(answer, 403, "denied")["reasons"]
        assert "texts" not in answer.text
    withdrawn(house, change)


def test_what_is_not_there(house: House) -> None:
    desk = house.desk(town.PRIVACY_OFFICER)
    path = f"/rule-set-proposals/{NOBODY}"
    for answer in (
        desk.get(path),
        desk.post(f"{path}/activations", {}),
        desk.post(f"{path}/what-ifs", {"part": "grants"}),
        desk.get(f"/decisions/{NOBODY}/explanation"),
        desk.post("/rule-sets/_search", {"municipality": "atlantis"}),
    ):
        problem(answer, 404, "not-found")


def test_what_a_proposal_would_change(house: House) -> None:
    asked = house.ask().json()["id"]
    grant = house.decide(asked).json()["grantId"]
    change = propose(house, NO_SUPERVISOR, SHORTER).json()
    desk = house.desk(town.PRIVACY_OFFICER)

    def part(name: str) -> dict[str, Any]:
        answer = desk.post(f"/rule-set-proposals/{change['id']}/what-ifs", {"part": name})
        assert answer.status_code == 200
        page: dict[str, Any] = answer.json()
        assert (page["ruleSet"], page["nextAfter"]) == (change["digest"], None)
        assert page["looked"] == page["total"]
        return page

    [flip] = [found for found in part("decisions")["decisions"] if found["requestId"] == asked]
    assert (flip["before"], flip["after"]) == ("waiting", "refused")
    assert ids(flip) == ["no-rule-permits"]
    moved = part("recordings")["recordings"]
    assert str(house.recording) in [found["recordingId"] for found in moved]
    assert all(found["disposeAfter"] < found["disposeAfterBefore"] for found in moved)
    page = part("recordings")
    shift, due = page["shift"], page["due"]
    assert (shift["earlier"], shift["later"], shift["lockedLonger"]) == (len(moved), 0, 0)
    assert sum(day["leaving"] for day in shift["days"]) == len(moved)
    assert sum(day["arriving"] for day in shift["days"]) == len(moved)
    assert sum(day["recordings"] for day in due["days"]) >= len(moved)
    assert (due["held"], due["overdue"], part("grants")["due"]) == (0, 0, None)
    [ending] = [found for found in part("grants")["grants"] if found["grantId"] == grant]
    assert ending["fate"] == "stays-though-refused"
    assert house.watch(grant, "0-9").status_code == 206
    withdrawn(house, change["id"])


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_decision_is_explained(house: House, language: str) -> None:
    asked = house.ask().json()["id"]
    house.decide(asked)
    desk = house.desk(town.SUPERVISOR, language)
    first, second = desk.get(f"/requests/{asked}").json()["decisionIds"]
    found = desk.get(f"/decisions/{first}/explanation").json()
    assert (found["finding"], found["witnessed"], found["byPerson"]) == ("same", True, False)
    assert ids(found) == found["rules"] == ["supervisor-asks-for-own-team"]
    assert found["again"]["permitted"] is True
    assert found["today"]["ruleSet"] == found["ruleSet"]
    said = "From the rules" if language == "en" else "Met de regels"
    assert found["findingText"].startswith(said)
    assert any("incidentafhandeling" in line for line in found["facts"])
    assert desk.get(f"/decisions/{second}/explanation").json()["byPerson"] is True
    problem(house.desk(town.OFFICER).get(f"/decisions/{first}/explanation"), 403, "denied")


def test_a_refusal_is_explained_with_what_would_help(house: House) -> None:
    refused = problem(house.ask(caseReference=None, recipient="politie"), 403, "denied")
    desk = house.desk(town.SUPERVISOR)
    request = desk.get(f"/requests/{refused['requestId']}").json()
    assert request["recipient"] == "politie"
    [decision] = request["decisionIds"]
    found = desk.get(f"/decisions/{decision}/explanation").json()
    assert (found["outcome"], found["finding"]) == ("refused", "same")
    assert found["reasons"] == found["again"]["reasons"]
    assert ids(found) == ids(refused)
