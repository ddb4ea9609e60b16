"""Certificates of disposal through the door: a document that verifies, a PDF, and a list."""

import json
from typing import Any
from uuid import uuid4

import pytest
import requests
from sqlalchemy import update

from auditor.certificates import verify
from console.demo import town
from tests.disposing import kept, swept
from tests.vault.documents.reading import text
from tests.watching import House, problem
from vault.disposal.tables import Disposal
from vault.ids import RecordingId


@pytest.fixture(scope="module")
def gone(house: House) -> list[RecordingId]:
    """Three recordings that were disposed of, in the log."""
    recordings = sorted(kept(house.installation, seed) for seed in (11, 12, 13))
    assert swept(house.installation).disposed == 3
    house.installation.settle()
    return recordings


def certificate(
    house: House, recording: object, who: town.Resident = town.PRIVACY_OFFICER, **headers: str
) -> requests.Response:
    return house.desk(who).get(f"/recordings/{recording}/certificate", **headers)


def listed(
    house: House, who: town.Resident = town.PRIVACY_OFFICER, where: str = town.SLUG, **more: Any
) -> requests.Response:
    return house.desk(who).post("/certificates/_search", {"municipality": where, **more})


def test_what_comes_over_the_wire_verifies(house: House, gone: list[RecordingId]) -> None:
    answer = certificate(house, gone[0], Accept="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    shown = verify(answer.content, house.installation.vault.ring.log_keys[0])
    assert shown.statement.recording == str(gone[0])
    assert certificate(house, gone[0], Accept="*/*").headers["Content-Type"] == "application/json"


def test_on_paper_in_the_readers_language(house: House, gone: list[RecordingId]) -> None:
    answer = certificate(house, gone[0], Accept="application/pdf, application/json;q=0.5")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"].endswith(f'"vernietiging-{gone[0]}.pdf"')
    assert answer.headers["Content-Language"] == "en"
    assert str(gone[0]) in text(answer.content)


def test_before_there_is_one(house: House) -> None:
    problem(certificate(house, house.recording), 404, "not-disposed")
    problem(certificate(house, uuid4()), 404, "not-found")
    recording = kept(house.installation, 14)
    assert swept(house.installation).disposed == 1
    answer = certificate(house, recording)
    problem(answer, 409, "not-in-log-yet")
    assert answer.headers["Retry-After"] == "5"
    house.installation.settle()
    assert certificate(house, recording).status_code == 200


def test_when_it_was_altered_or_its_entry_is_out_of_the_log(small_house: House) -> None:
    recording = kept(small_house.installation, 11)
    assert swept(small_house.installation).disposed == 1
    small_house.installation.settle()
    with small_house.installation.vault.database.transaction() as session:
        session.execute(update(Disposal).values(certificate=b"{}"))
    problem(certificate(small_house, recording), 500, "certificate-altered")
    with small_house.installation.vault.database.transaction() as session:
        session.execute(update(Disposal).values(disposed_in=uuid4()))
    problem(certificate(small_house, recording), 410, "certificate-gone")


def test_who_may_not(house: House, gone: list[RecordingId]) -> None:
    for who in (town.OFFICER, town.SUPERVISOR):
        for answer in (certificate(house, gone[0], who), listed(house, who)):
            body: dict[str, Any] = problem(answer, 403, "denied")
            assert "retention-for-oversight-only" in {reason["id"] for reason in body["reasons"]}
            assert str(gone[0]) not in json.dumps(body)


def test_a_list_page_by_page(house: House, gone: list[RecordingId]) -> None:
    first = listed(house, limit=2).json()
    assert [line["recordingId"] for line in first["certificates"]] == [str(each) for each in gone[:2]]
    assert first["certificates"][0].keys() == {
        "recordingId",
        "ground",
        "due",
        "begunAt",
        "keyDestroyedAt",
        "disposedAt",
    }
    second = listed(house, limit=2, after=first["nextAfter"]).json()
    assert second["certificates"][0]["recordingId"] == str(gone[2])
    assert second["nextAfter"] is None
    assert listed(house, where="noordwijk").status_code == 403
    problem(listed(house, where="atlantis"), 404, "not-found")
    for wrong in ({"limit": 0}, {"limit": 101}, {"after": "x"}, {"purpose": "klacht"}):
        problem(listed(house, **wrong), 400, "invalid-input")
