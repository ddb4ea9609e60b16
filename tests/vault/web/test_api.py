"""Requests, decisions, grants and the trail through the real door, on both pairs of parts."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from console.demo import town
from ingest.probe import NotFootage
from tests.watching import CASE, REASON, House, footage, ids, keep, problem
from vault.audit import Event
from vault.ids import GrantId
from vault.tables import Grant, Person, Request

NOBODY = "01980000-0000-7000-8000-00000000000f"


def events_of(house: House, event: str) -> int:
    """How often something stands in the trail of the house's recording."""
    question = {
        "municipality": town.SLUG,
        "purpose": "toezicht-inzagelog",
        "recordingId": str(house.recording),
        "event": event,
        "limit": 200,
    }
    house.installation.settle()
    page = house.desk(town.PRIVACY_OFFICER).post("/audit-entries/_search", question).json()
    assert page["nextAfter"] is None
    return len(page["entries"])


def test_a_request_waits_for_a_decider(house: House) -> None:
    answer = house.ask()
    body = answer.json()
    assert answer.status_code == 201
    assert body["state"] == "waiting"
    assert body["grantId"] is None
    assert set(body["obligations"]) == {"decider", "no-copy"}
    assert ids(body) == ["supervisor-asks-for-own-team"]
    detail = house.desk(town.SUPERVISOR).get(f"/requests/{body['id']}").json()
    assert detail["reason"] == REASON
    assert detail["caseReference"] == CASE
    assert detail["state"] == "waiting"
    assert detail["askedAt"].endswith("Z")


def test_an_officer_sees_their_own_footage_at_once(house: House) -> None:
    answer = house.ask(town.OFFICER, purpose="zelfevaluatie", caseReference=None).json()
    assert answer["state"] == "granted"
    assert answer["obligations"] == ["no-copy"]
    assert house.watch(answer["grantId"], "5-9", town.OFFICER).content == house.plain[5:10]


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("nl", "Beelden en inzagelog worden nooit gebruikt om medewerkers te beoordelen."),
        ("en", "Footage and audit trail are never used to appraise staff."),
        ("en-GB, nl;q=0.5", "Footage and audit trail are never used to appraise staff."),
        ("fr", "Beelden en inzagelog worden nooit gebruikt om medewerkers te beoordelen."),
    ],
)
def test_a_refusal_tells_why_in_the_readers_language(house: House, language: str, title: str) -> None:
    body = {
        "recordingId": str(house.recording),
        "purpose": "functioneringsgesprek",
        "reason": REASON,
        "caseReference": CASE,
    }
    answer = house.desk(town.SUPERVISOR, language).post("/requests", body)
    found = problem(answer, 403, "denied")
    assert answer.headers["Content-Language"] == language[:2].replace("fr", "nl")
    assert "works-council" in ids(found)
    [reason] = [reason for reason in found["reasons"] if reason["id"] == "works-council"]
    assert reason == {
        "id": "works-council",
        "title": title,
        "basis": "WOR art. 27 lid 1 onder k en l",
    }


def test_a_refused_request_can_be_read_back(house: House) -> None:
    refused = problem(house.ask(purpose="klacht"), 403, "denied")["requestId"]
    detail = house.desk(town.SUPERVISOR).get(f"/requests/{refused}").json()
    assert detail["state"] == "refused"
    assert detail["purpose"] == "klacht"
    assert detail["grantId"] is None


def test_every_refusal_is_recorded(house: House) -> None:
    before = events_of(house, Event.REQUEST_REFUSED)
    for changed in ({"purpose": "functioneringsgesprek"}, {"purpose": "unheard-of"}, {"caseReference": None}):
        problem(house.ask(**changed), 403, "denied")
    assert events_of(house, Event.REQUEST_REFUSED) == before + 3


def test_a_purpose_on_no_list_is_refused(house: House) -> None:
    assert ids(problem(house.ask(purpose="unheard-of"), 403, "denied")) == ["purpose-unknown"]


def test_a_purpose_not_offered_here_is_refused(house: House) -> None:
    assert "purpose-not-offered" in ids(problem(house.ask(purpose="audit"), 403, "denied"))


def test_who_has_no_role_gets_nothing(house: House) -> None:
    for who in (town.ADMINISTRATOR, town.OFFICER):
        assert ids(problem(house.ask(who), 403, "denied")) in (["no-rule-permits"], ["own-team-only"])


def test_prerequisites_are_asked_for(house: House) -> None:
    assert ids(problem(house.ask(purpose="klacht"), 403, "denied")) == ["needs-complaint"]
    answer = house.ask(purpose="klacht", prerequisites=["complaint-filed", "complaint-filed"])
    assert answer.json()["state"] == "waiting"


@pytest.mark.parametrize("recording", [NOBODY, "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_recording_is_not_found(house: House, recording: str) -> None:
    problem(house.ask(recordingId=recording), 404, "not-found")


def test_footage_in_quarantine_is_not_to_be_seen(house: House) -> None:
    apart = keep(house.installation, footage(1000, seed=9), seen=NotFootage("not-footage"))
    answer = house.ask(recordingId=str(apart))
    assert ids(problem(answer, 403, "denied")) == ["footage-not-kept"]


INVALID: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"reason": "short"}, {("reason", "string_too_short")}),
    ({"reason": "         x         "}, {("reason", "string_too_short")}),
    ({"reason": "x" * 2001}, {("reason", "string_too_long")}),
    ({"reason": "nothing\0 in here"}, {("reason", "string_pattern_mismatch")}),
    ({"reason": "half of a pair \ud800"}, {("reason", "string_unicode")}),
    ({"reason": None, "purpose": None}, {("reason", "missing"), ("purpose", "missing")}),
    ({"purpose": "Secret Text"}, {("purpose", "string_pattern_mismatch")}),
    ({"recordingId": "Secret Text"}, {("recordingId", "uuid_parsing")}),
    ({"caseReference": ""}, {("caseReference", "string_too_short")}),
    ({"caseReference": "a\0b"}, {("caseReference", "string_pattern_mismatch")}),
    ({"caseReference": "x" * 101}, {("caseReference", "string_too_long")}),
    ({"prerequisites": ["Secret Text"]}, {("prerequisites.0", "literal_error")}),
    ({"recording_id": "Secret Text", "Secret Name": 1}, {("", "extra_forbidden")}),
    (
        {"reason": 7, "purpose": ["Secret Text"], "recordingId": {}},
        {("reason", "string_type"), ("purpose", "string_type"), ("recordingId", "uuid_type")},
    ),
]


@pytest.mark.parametrize(("changed", "expected"), INVALID)
def test_everything_wrong_is_told_at_once_and_nothing_repeated(
    house: House, changed: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    answer = house.ask(**changed)
    body = problem(answer, 400, "invalid-input")
    assert {(error["field"], error["code"]) for error in body["errors"]} == expected
    assert {error["in"] for error in body["errors"]} == {"body"}
    assert "Secret" not in answer.text


@pytest.mark.parametrize("sent", [b"", b"{", b"\xff\xfe{", b"[]", b'"Secret Text"', b"NaN", b"7" * 5000])
def test_what_is_no_json_is_invalid(house: House, sent: bytes) -> None:
    headers = {
        "Authorization": f"Bearer {house.provider.token(town.SUPERVISOR.subject)}",
        "Content-Type": "application/json",
    }
    answer = requests.post(f"{house.url}/api/v1/requests", data=sent, headers=headers, timeout=10)
    assert problem(answer, 400, "invalid-input")["errors"]
    assert "Secret" not in answer.text


def test_an_id_that_is_none_is_invalid(house: House) -> None:
    body = problem(house.desk(town.SUPERVISOR).get("/requests/Secret-Text"), 400, "invalid-input")
    assert body["errors"] == [{"in": "path", "field": "requestId", "code": "uuid_parsing"}]


def test_an_address_is_one_address(house: House) -> None:
    answer = house.desk(town.SUPERVISOR).post("/requests/", {})
    problem(answer, 404, "not-found")


def test_nobody_decides_on_their_own_request(house: House) -> None:
    asked = house.ask(
        town.PRIVACY_OFFICER,
        purpose="inzageverzoek",
        prerequisites=["subject-depicted"],
    ).json()
    assert asked["state"] == "waiting"
    before = events_of(house, Event.DECISION_DENIED)
    assert "own-request" in ids(problem(house.decide(asked["id"]), 403, "denied"))
    assert events_of(house, Event.DECISION_DENIED) == before + 1
    detail = house.desk(town.PRIVACY_OFFICER).get(f"/requests/{asked['id']}").json()
    assert detail["state"] == "waiting"


def test_whoever_may_not_decide_changes_nothing(house: House) -> None:
    request = house.ask().json()["id"]
    before = events_of(house, Event.DECISION_DENIED)
    for who in (town.OFFICER, town.ADMINISTRATOR, town.SUPERVISOR):
        problem(house.decide(request, who), 403, "denied")
    assert events_of(house, Event.DECISION_DENIED) == before + 3
    assert house.decide(request).json()["state"] == "granted"
    # And afterwards they are not told whether it was decided.
    problem(house.decide(request, town.OFFICER), 403, "denied")


def test_a_request_is_decided_once(house: House) -> None:
    request = house.ask().json()["id"]
    assert house.decide(request).status_code == 201
    problem(house.decide(request), 409, "request-closed")
    problem(house.decide(request, outcome="refuse"), 409, "request-closed")


def test_a_request_that_was_refused_stays_so(house: House) -> None:
    request = house.ask().json()["id"]
    answer = house.decide(request, outcome="refuse")
    assert answer.status_code == 201
    assert answer.json()["state"] == "refused"
    assert answer.json()["grantId"] is None
    problem(house.decide(request), 409, "request-closed")
    refused = problem(house.ask(purpose="functioneringsgesprek"), 403, "denied")["requestId"]
    answer = house.decide(refused)
    assert answer.status_code in (403, 409)


def test_of_many_deciders_at_once_one_decides(house: House) -> None:
    request = house.ask().json()["id"]
    many = 8
    together = Barrier(many)

    def decide(_: int) -> int:
        desk = house.desk(town.PRIVACY_OFFICER)
        together.wait()
        body = {"outcome": "approve", "reason": "Proportionate: one incident."}
        return desk.post(f"/requests/{request}/decisions", body).status_code

    with ThreadPoolExecutor(many) as pool:
        answers = sorted(pool.map(decide, range(many)))
    assert answers == [201] + [409] * (many - 1)
    with house.installation.vault.database.reading() as session:
        wanted = select(func.count()).select_from(Grant).where(Grant.request_id == uuid.UUID(request))
        assert session.scalar(wanted) == 1


def test_a_grant_ends_when_the_decider_says(house: House) -> None:
    until = datetime.now(UTC) + timedelta(hours=2)
    grant = house.grant(validUntil=until.astimezone().isoformat())
    found = house.desk(town.SUPERVISOR).get(f"/grants/{grant}").json()
    assert datetime.fromisoformat(found["validUntil"]) == until
    assert found["length"] == len(house.plain)
    assert found["mediaType"] == "video/mp4"
    assert found["revokedAt"] is None
    assert "decider" in found["obligations"]


def test_a_grant_lasts_as_long_as_the_rules_allow(house: House) -> None:
    grant = house.desk(town.SUPERVISOR).get(f"/grants/{house.grant()}").json()
    lasts = datetime.fromisoformat(grant["validUntil"]) - datetime.fromisoformat(grant["validFrom"])
    assert lasts == timedelta(hours=72)


@pytest.mark.parametrize("hours", [-1, 0, 73, 24 * 365])
def test_no_grant_in_the_past_or_past_the_rules(house: House, hours: int) -> None:
    request = house.ask().json()["id"]
    until = house.clock() + timedelta(hours=hours)
    problem(house.decide(request, validUntil=until.isoformat()), 400, "grant-too-long")
    assert house.decide(request).status_code == 201


def test_no_grant_outlasts_the_footage(house: House) -> None:
    started = datetime.now(UTC) - timedelta(days=27)
    old = keep(house.installation, footage(1000, seed=3), started_at=started)
    grant = house.decide(house.ask(recordingId=str(old)).json()["id"]).json()["grantId"]
    found = house.desk(town.SUPERVISOR).get(f"/grants/{grant}").json()
    lasts = datetime.fromisoformat(found["validUntil"]) - datetime.now(UTC)
    assert lasts < timedelta(hours=48)


@pytest.mark.parametrize("until", ["2026-11-24T10:00:00", "tomorrow", 0, "0001-01-01T00:00:00+14:00"])
def test_a_moment_needs_a_zone(house: House, until: Any) -> None:
    request = house.ask().json()["id"]
    answer = house.decide(request, validUntil=until)
    if until == 0:
        problem(answer, 400, "grant-too-long")
    else:
        problem(answer, 400, "invalid-input")


def test_what_others_asked_is_not_for_everyone(house: House) -> None:
    request = house.ask().json()["id"]
    grant = house.decide(request).json()["grantId"]
    for path in (f"/requests/{request}", f"/grants/{grant}"):
        assert house.desk(town.SUPERVISOR).get(path).status_code == 200
        assert house.desk(town.PRIVACY_OFFICER).get(path).status_code == 200
        problem(house.desk(town.OFFICER).get(path), 403, "denied")
        problem(house.desk(town.ADMINISTRATOR).get(path), 403, "denied")


@pytest.mark.parametrize("path", ["/requests/{}", "/grants/{}", "/grants/{}/footage"])
def test_what_is_not_there_is_not_found(house: House, path: str) -> None:
    problem(house.desk(town.PRIVACY_OFFICER).get(path.format(NOBODY)), 404, "not-found")
    problem(house.decide(NOBODY), 404, "not-found")


def test_who_may_revoke(house: House) -> None:
    grant = house.grant()
    desk = house.desk(town.OFFICER)
    before = events_of(house, Event.REVOCATION_DENIED)
    body = {"reason": "Not needed any more."}
    problem(desk.post(f"/grants/{grant}/revocations", body), 403, "denied")
    assert events_of(house, Event.REVOCATION_DENIED) == before + 1
    assert house.watch(grant, "0-0").status_code == 206
    for _ in range(2):
        assert house.desk(town.PRIVACY_OFFICER).post(f"/grants/{grant}/revocations", body).status_code == 204
    with house.installation.vault.database.reading() as session:
        assert session.get_one(Grant, GrantId(uuid.UUID(grant))).revoked_at
    own = house.grant()
    assert house.desk(town.SUPERVISOR).post(f"/grants/{own}/revocations", body).status_code == 204


def test_who_asked_is_who_the_token_names(house: House) -> None:
    request = house.ask().json()["id"]
    with house.installation.vault.database.reading() as session:
        row = session.get_one(Request, uuid.UUID(request))
        assert session.get_one(Person, row.requester_id).subject == town.SUPERVISOR.subject
