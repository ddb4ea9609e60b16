"""The trail through the door: asked in a body, answered with the checkpoint, exported for a spreadsheet."""

import base64
import csv
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
import requests

from auditor.checkpoints import open_checkpoint
from auditor.merkle import leaf_hash
from console.demo import town
from tests.vault.documents.reading import pages, text
from tests.watching import CASE, REASON, House, entries, payload_of, problem
from vault.audit import Event
from vault.canonical import canonical
from vault.trail import exporting

QUESTION = {"municipality": town.SLUG, "purpose": "toezicht-inzagelog"}


def search(house: House, **asked: Any) -> requests.Response:
    house.installation.settle()
    return house.desk(town.PRIVACY_OFFICER).post("/audit-entries/_search", {**QUESTION, **asked})


def exported(house: House, language: str = "nl", **asked: Any) -> requests.Response:
    house.installation.settle()
    return house.desk(town.PRIVACY_OFFICER, language).post("/audit-exports", {**QUESTION, **asked})


def table(answer: requests.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True))


@pytest.fixture(scope="module")
def grant(house: House) -> str:
    grant = house.grant()
    house.watch(grant, "0-9")
    return grant


def test_every_filter_can_be_asked_at_once(house: House, grant: str) -> None:
    people = house.installation.town.people
    asked = {
        "recordingId": str(house.recording),
        "event": "viewing.served",
        "personId": str(people[town.SUPERVISOR.subject]),
        "accessesOf": str(people[town.SUPERVISOR.subject]),
        "officerId": str(people[town.OFFICER.subject]),
        "camera": town.CAMERA,
        "caseReference": CASE,
        "forPurpose": "incidentafhandeling",
        "decision": "allow",
        "rule": "watch-under-grant",
        "regime": "avg",
        "approverId": str(people[town.PRIVACY_OFFICER.subject]),
        "since": "2020-01-01T00:00:00Z",
        "until": "2099-01-01T00:00:00Z",
        "newestFirst": True,
        "limit": 200,
    }
    page = search(house, **asked).json()
    assert [line["leaf"]["type"] for line in page["entries"]] == ["viewing.served"]
    assert page["entries"][0]["payload"]["details"]["grant"] == grant
    assert search(house, **{**asked, "recipient": "politie"}).json()["entries"] == []
    told = payload_of(house.installation, entries(house.installation, Event.TRAIL_READ)[-1])["details"]
    assert told["filters"]["approver"] == asked["approverId"]
    assert told["filters"]["recipient"] == "politie"


def test_a_page_tells_the_checkpoint_it_was_made_under(house: House) -> None:
    page = search(house, limit=3).json()
    signed = page["checkpoint"]
    [key, *_] = house.installation.vault.ring.log_keys
    checkpoint = open_checkpoint(signed["note"].encode(), key).checkpoint
    assert (checkpoint.size, base64.b64encode(checkpoint.root).decode()) == (signed["size"], signed["root"])
    assert page["completeTo"] == signed["size"]
    assert all(line["index"] < signed["size"] for line in page["entries"])
    assert page["nextAfter"] == str(page["entries"][-1]["index"])


def test_the_trail_is_closed_to_appraisal(house: House) -> None:
    for who, purpose in [
        (town.PRIVACY_OFFICER, "functioneringsgesprek"),
        (town.PRIVACY_OFFICER, "incidentafhandeling"),
        (town.PRIVACY_OFFICER, "unheard-of"),
        (town.SUPERVISOR, "toezicht-inzagelog"),
        (town.OFFICER, "toezicht-inzagelog"),
    ]:
        question = {**QUESTION, "purpose": purpose}
        for path in ("/audit-entries/_search", "/audit-exports"):
            body = problem(house.desk(who).post(path, question), 403, "denied")
            assert "entries" not in body
            if purpose == "functioneringsgesprek":
                assert "works-council" in [reason["id"] for reason in body["reasons"]]
            assert entries(house.installation)[-1].event == Event.TRAIL_DENIED


def test_a_trail_of_nowhere_is_not_found(house: House) -> None:
    question = {**QUESTION, "municipality": "atlantis"}
    for path in ("/audit-entries/_search", "/audit-exports"):
        problem(house.desk(town.PRIVACY_OFFICER).post(path, question), 404, "not-found")


@pytest.mark.parametrize(
    "changed",
    [
        {"after": "-1"},
        {"after": "1.1"},
        {"after": f"{10**30}"},
        {"limit": 0},
        {"limit": 201},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"since": "2026-11-24T10:00:00"},
        {"event": "viewing"},
        {"recordingId": "x"},
        {"personId": town.SUPERVISOR.name},
        {"decision": "maybe"},
        {"regime": "gdpr"},
        {"camera": ""},
        {"words": "a" * 201},
        {"words": "a\x00bc"},
        {"municipality": "../etc"},
        {"order": "down"},
    ],
)
def test_a_question_to_the_trail_is_checked(house: House, changed: dict[str, Any]) -> None:
    problem(search(house, **changed), 400, "invalid-input")


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_the_ends_of_time_can_be_asked_for(house: House, edge: str) -> None:
    assert search(house, since=edge).status_code == 200
    assert search(house, until=edge).status_code == 200


@pytest.mark.parametrize("changed", [{"words": "de het"}, {"caseReference": "--"}, {"camera": "/"}])
def test_nothing_to_look_for_is_said(house: House, changed: dict[str, Any]) -> None:
    body = problem(search(house, **changed), 400, "nothing-to-find")
    assert "word" in body["detail"]


def test_an_export_is_all_that_is_found_and_its_own_entry(house: House, grant: str) -> None:
    assert grant
    page = search(house, recordingId=str(house.recording), limit=200).json()
    answer = exported(house, recordingId=str(house.recording))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    name = answer.headers["Content-Disposition"]
    assert name.startswith(f'attachment; filename="inzagelog-{town.SLUG}-')
    assert str(house.recording) not in str(answer.headers)
    itself, *rows = table(answer)
    assert [row["Volgnummer"] for row in rows] == [str(line["index"]) for line in page["entries"]]
    for row, line in zip(rows, page["entries"], strict=True):
        hashed = base64.b64encode(leaf_hash(canonical(line["leaf"]))).decode()
        assert row["Bladhash (RFC 6962)"] == hashed
        assert row["Wie"] == line["payload"]["actor"]["name"]
    assert itself["Wie"] == town.PRIVACY_OFFICER.name
    assert itself["Doel"] == QUESTION["purpose"]
    [key, *_] = house.installation.vault.ring.log_keys
    checkpoint = open_checkpoint(itself["Onder checkpoint"].encode(), key).checkpoint
    assert checkpoint.size > int(rows[-1]["Volgnummer"])
    [*_, entry] = entries(house.installation, Event.TRAIL_EXPORTED)
    assert itself["Regel (id)"] == str(entry.id)
    told = payload_of(house.installation, entry)["details"]
    assert (told["lines"], told["form"]) == (len(rows), "csv")
    assert told["filters"] == {"recording": str(house.recording)}


def test_a_printed_export_is_the_same_with_its_checkpoint_on_every_page(house: House, grant: str) -> None:
    asked = {"recordingId": str(house.recording), "form": "pdf"}
    answer = exported(house, **asked)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"].endswith('.pdf"')
    told = text(answer.content)
    page = search(house, recordingId=str(house.recording), limit=200).json()
    assert f"{len(page['entries'])} regels" in told
    for said in ("Inzagelog van Voorbeeldstad", town.PRIVACY_OFFICER.name, QUESTION["purpose"], CASE, REASON):
        assert said in told
    [*_, entry] = entries(house.installation, Event.TRAIL_EXPORTED)
    assert payload_of(house.installation, entry)["details"]["form"] == "pdf"
    assert str(entry.id) in told
    assert all("Checkpoint:" in each for each in pages(answer.content))
    [key, *_] = house.installation.vault.ring.log_keys
    assert f"— {key.name} " in told
    english = text(exported(house, "en", **asked).content)
    assert "Audit trail of Voorbeeldstad" in english
    assert "Request approved" in english
    assert grant


def test_an_export_speaks_the_language_of_who_asks(house: House) -> None:
    dutch, english = (
        exported(house, event="request.approved"),
        exported(house, "en", event="request.approved"),
    )
    assert table(dutch)[1]["Wat"] == "Verzoek goedgekeurd"
    assert table(english)[1]["What"] == "Request approved"
    assert (dutch.headers["Content-Language"], english.headers["Content-Language"]) == ("nl", "en")


def test_what_a_spreadsheet_would_calculate_is_text(house: House) -> None:
    reason = '=HYPERLINK("http://evil.example";"bekijk")'
    house.ask(reason=reason, caseReference="+31-0117")
    [row] = [
        row for row in table(exported(house, words="hyperlink")) if row["Gebeurtenis"] != "trail.exported"
    ]
    assert row["Reden"] == "'" + reason
    assert row["Zaaknummer"] == "'+31-0117"


def test_more_than_an_export_holds_is_refused_and_entered(house: House) -> None:
    with patch.dict(exporting.MOST, pdf=2):
        problem(exported(house, form="pdf"), 400, "too-many")
        assert exported(house, form="csv").status_code == 200
        problem(exported(house, form="pdf"), 400, "too-many")
    [*_, entry] = entries(house.installation, Event.TRAIL_EXPORTED)
    assert payload_of(house.installation, entry)["details"]["lines"] == 0


def test_an_export_comes_a_few_at_a_time(house: House) -> None:
    everything = table(exported(house))
    with patch.object(exporting, "_AT_ONCE", 3):
        again = table(exported(house))
    assert [row["Regel (id)"] for row in again[1 : len(everything)]] == [
        row["Regel (id)"] for row in everything[1:]
    ]
