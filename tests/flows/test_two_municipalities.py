"""The trail and the signals of two municipalities in one installation: neither sees the other's.

Both have cases and words of the same names, so that only the municipality tells them apart.
"""

import csv
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from console.demo import town
from console.demo.town import Resident
from ingest.docks import DockIdentity
from tests.installation import MAKER
from tests.provider import public_pem
from tests.vault.signals.days import look
from tests.watching import CASE, House, footage, keep, problem
from vault.audit import Event
from vault.ids import RecordingId
from vault.registry import Registrar

OTHER = "noordwijk"
OVERSIGHT = "toezicht-inzagelog"
THEIRS = {
    "officer": Resident("o.other", "Ot Other", (("officer", town.TEAM),)),
    "supervisor": Resident("v.other", "Vera Other", (("supervisor", town.TEAM),)),
    "privacy-officer": Resident("q.other", "Quin Other", (("privacy-officer", ""),)),
}
DECIDER = Resident("d.other", "Dana Other", (("decider", ""),))
CAMERA = "NW-0001"
WORD = "hetzelfdewoord"


@pytest.fixture(scope="module")
def theirs(house: House) -> RecordingId:
    """The other municipality, in which the same happened as in ours: asked, approved, watched, refused."""
    made, now = house.installation, datetime.now(UTC)
    registrar = Registrar(made.vault.database, made.vault.ring, MAKER)
    registrar.municipality(OTHER, "Noordwijk", now=now)
    for role, who in THEIRS.items():
        person = registrar.person(str(made.settings.oidc_issuer), who.subject, who.name, now=now)
        registrar.assign(person, OTHER, role, team=dict(who.roles)[role], now=now)
    decider = registrar.person(str(made.settings.oidc_issuer), DECIDER.subject, DECIDER.name, now=now)
    registrar.assign(decider, OTHER, "decider", now=now)
    registrar.camera(OTHER, CAMERA, now=now)
    dock = registrar.dock(OTHER, "Dock", public_pem("ec-other-dock"), now=now)
    recording = keep(
        made,
        footage(seed=9),
        officer=THEIRS["officer"].subject,
        camera=CAMERA,
        dock=DockIdentity(dock, OTHER, "Dock"),
    )
    for asks, decides, which in (
        (town.SUPERVISOR, town.PRIVACY_OFFICER, house.recording),
        (THEIRS["officer"], DECIDER, recording),
    ):
        asked = house.ask(asks, recordingId=str(which), reason=f"Vanwege {WORD}.")
        granted = house.decide(asked.json()["id"], decides, reason=f"Akkoord, {WORD}.")
        assert house.watch(granted.json()["grantId"], "0-9", asks).status_code == 206
        refused = house.ask(asks, recordingId=str(which), purpose="functioneringsgesprek", reason=WORD)
        problem(refused, 403, "denied")
    look(made)
    return recording


def found(house: House, who: Resident, municipality: str, **asked: Any) -> list[dict[str, Any]]:
    """All pages, two lines each."""
    lines: list[dict[str, Any]] = []
    after = None
    house.installation.settle()
    while True:
        body = {"municipality": municipality, "purpose": OVERSIGHT, "limit": 20, "after": after, **asked}
        told = {name: value for name, value in body.items() if value is not None}
        answer = house.desk(who).post("/audit-entries/_search", told)
        assert answer.status_code == 200
        page = answer.json()
        lines += page["entries"]
        after = page.get("nextAfter")
        if after is None:
            return lines


def test_every_filter_keeps_to_its_municipality(house: House, theirs: RecordingId) -> None:
    """Values of the other municipality find nothing here, and values that both have find what is ours."""
    people = house.installation.town.people
    ours: dict[str, Any] = {
        "recordingId": str(house.recording),
        "personId": str(people[town.SUPERVISOR.subject]),
        "accessesOf": str(people[town.SUPERVISOR.subject]),
        "officerId": str(people[town.OFFICER.subject]),
        "camera": town.CAMERA,
        "approverId": str(people[town.PRIVACY_OFFICER.subject]),
    }
    both: dict[str, Any] = {
        "caseReference": CASE,
        "forPurpose": "incidentafhandeling",
        "decision": "deny",
        "rule": "works-council",
        "regime": "avg",
        "event": "viewing.served",
        "words": WORD,
        "since": "2020-01-01T00:00:00Z",
    }
    quin = THEIRS["privacy-officer"]
    for name, value in ours.items():
        assert found(house, town.PRIVACY_OFFICER, town.SLUG, **{name: value}), name
        assert found(house, quin, OTHER, **{name: value}) == [], name
    for name, value in both.items():
        for who, municipality in ((town.PRIVACY_OFFICER, town.SLUG), (quin, OTHER)):
            lines = found(house, who, municipality, **{name: value})
            assert lines, (name, municipality)
            assert {line["leaf"]["org"] for line in lines} == {municipality}, name
    assert found(house, quin, OTHER, recordingId=str(theirs))
    assert found(house, town.PRIVACY_OFFICER, town.SLUG, recordingId=str(theirs)) == []


@pytest.mark.usefixtures("theirs")
def test_nobody_reads_the_trail_or_the_signals_of_another(house: House) -> None:
    quin = THEIRS["privacy-officer"]
    asked = {"municipality": town.SLUG, "purpose": OVERSIGHT}
    for path, body in (
        ("/audit-entries/_search", asked),
        ("/audit-exports", asked),
        ("/audit-exports", {**asked, "form": "pdf"}),
        ("/signals/_search", asked),
        ("/signal-digests/_read", {**asked, "week": "2026-W40"}),
    ):
        refused = problem(house.desk(quin).post(path, body), 403, "denied")
        assert set(refused) <= {"type", "title", "status", "detail", "instance", "reasons"}
    denied = found(house, town.PRIVACY_OFFICER, town.SLUG, event=Event.TRAIL_DENIED)
    assert [line["payload"]["actor"]["name"] for line in denied[-3:]] == [quin.name] * 3
    page = house.desk(town.PRIVACY_OFFICER).post("/signals/_search", {**asked, "state": "all"})
    listed = page.json()["signals"]
    for each in listed:
        for path, body in (
            (f"/signals/{each['id']}/_read", {"purpose": OVERSIGHT}),
            (f"/signals/{each['id']}/settlements", {"purpose": OVERSIGHT, "note": "Gezien en besproken."}),
        ):
            problem(house.desk(quin).post(path, body), 403, "denied")
    own = house.desk(quin).post(
        "/signals/_search", {"municipality": OTHER, "purpose": OVERSIGHT, "state": "all"}
    )
    assert listed
    assert own.json()["signals"]
    assert not {each["id"] for each in own.json()["signals"]} & {each["id"] for each in listed}


@pytest.mark.usefixtures("theirs")
def test_an_export_has_its_own_lines_only(house: House) -> None:
    house.installation.settle()
    asked = {"municipality": OTHER, "purpose": OVERSIGHT}
    answer = house.desk(THEIRS["privacy-officer"]).post("/audit-exports", asked)
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text, newline=""), strict=True))
    last = int(rows[-1]["Number"])
    lines = [line for line in found(house, THEIRS["privacy-officer"], OTHER) if line["index"] <= last]
    assert [row["Number"] for row in rows[1:]] == [str(line["index"]) for line in lines]
    for name in (town.SUPERVISOR.name, town.PRIVACY_OFFICER.name, town.OFFICER.name, str(house.recording)):
        assert name not in text
