"""Signals through the real door: listed, read, settled, counted, in Dutch and English."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import requests

from console.demo import town
from tests.installation import MAKER
from tests.vault.signals.days import OVERSIGHT, approved_at_once, look, now
from tests.watching import House, ids, problem
from vault.registry import Registrar

NOTE = "Discussed by telephone before it was asked for."
COLLEAGUE = town.Resident("n.colleague", "Noor Colleague", (("privacy-officer", ""),))


def listed(house: House, who: town.Resident = town.PRIVACY_OFFICER, **more: Any) -> requests.Response:
    body = {"municipality": town.SLUG, "purpose": OVERSIGHT, **more}
    return house.desk(who).post("/signals/_search", body)


def signal(house: House) -> str:
    """The id of a fresh signal about the supervisor and the privacy officer."""
    approved_at_once(house.installation, after=3)
    look(house.installation)
    found = listed(house).json()["signals"]
    return next(str(each["id"]) for each in found if each["kind"] == "approved-within-seconds")


def read(house: House, signal_id: str, language: str = "en") -> dict[str, Any]:
    desk = house.desk(town.PRIVACY_OFFICER, language)
    answer = desk.post(f"/signals/{signal_id}/_read", {"purpose": OVERSIGHT})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def settle(house: House, signal_id: str, who: town.Resident, purpose: str = OVERSIGHT) -> requests.Response:
    return house.desk(who).post(f"/signals/{signal_id}/settlements", {"purpose": purpose, "note": NOTE})


@pytest.fixture(scope="module", autouse=True)
def _colleague(house: House) -> None:
    """Another privacy officer signs in."""
    made = house.installation
    registrar = Registrar(made.vault.database, made.vault.ring, MAKER)
    person = registrar.person(str(made.settings.oidc_issuer), COLLEAGUE.subject, COLLEAGUE.name, now=now())
    registrar.assign(person, town.SLUG, "privacy-officer", now=now())


def test_a_signal_explains_itself_in_both_languages(house: House) -> None:
    made = signal(house)
    dutch, english = read(house, made, "nl"), read(house, made)
    assert dutch["title"] == "Binnen enkele seconden goedgekeurd"
    assert english["title"] == "Approved within seconds"
    assert "after it was made. This signal is raised up to 10 seconds." in english["explanation"]
    assert dutch["doesNotMean"].startswith("Niet dat er niet is nagedacht")
    assert [each["payload"]["actor"]["name"] for each in english["entries"]] == [
        town.SUPERVISOR.name,
        town.PRIVACY_OFFICER.name,
    ]
    assert (english["state"], english["settledAt"], english["note"]) == ("open", None, None)


def test_a_list_tells_of_nobody(house: House) -> None:
    signal(house)
    answer = listed(house)
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.text
    assert not any(name in told for name in (town.SUPERVISOR.name, town.PRIVACY_OFFICER.name))
    assert not any(str(person) in told for person in house.installation.town.people.values())


def test_it_is_settled_by_another_and_stays_so(house: House) -> None:
    made = signal(house)
    refused = problem(settle(house, made, town.PRIVACY_OFFICER), 403, "denied")
    assert ids(refused) == ["signal-about-oneself"]
    assert refused["reasons"][0]["remedy"] == "Let another privacy officer look at the signal and settle it."
    assert settle(house, made, COLLEAGUE).status_code == 204
    found = read(house, made)
    assert (found["state"], found["settledBy"], found["note"]) == ("settled", COLLEAGUE.name, NOTE)
    problem(settle(house, made, COLLEAGUE), 409, "signal-settled")
    assert made not in [each["id"] for each in listed(house).json()["signals"]]
    assert made in [each["id"] for each in listed(house, state="settled").json()["signals"]]


def test_pages(house: House) -> None:
    signal(house)
    signal(house)
    everything = [each["id"] for each in listed(house, state="all", limit=200).json()["signals"]]
    found, after = [], None
    while True:
        body = listed(house, state="all", limit=1, after=after).json()
        found += [each["id"] for each in body["signals"]]
        after = body["nextAfter"]
        if after is None:
            break
    assert found == everything
    assert len(found) >= 2


def test_nobody_else_and_for_nothing_else(house: House) -> None:
    made = signal(house)
    assert ids(problem(listed(house, town.SUPERVISOR), 403, "denied")) == ["no-rule-permits"]
    wrong = problem(listed(house, purpose="functioneringsgesprek"), 403, "denied")
    assert ids(wrong) == ["works-council", "trail-for-oversight-only"]
    body = {"purpose": OVERSIGHT}
    problem(house.desk(town.SUPERVISOR).post(f"/signals/{made}/_read", body), 403, "denied")
    problem(settle(house, made, town.SUPERVISOR), 403, "denied")
    digest = {**body, "municipality": town.SLUG, "week": "2026-W48"}
    problem(house.desk(town.SUPERVISOR).post("/signal-digests/_read", digest), 403, "denied")


@pytest.mark.parametrize("path", ["_read", "settlements"])
def test_what_is_not_there(house: House, path: str) -> None:
    body = {"purpose": OVERSIGHT} | ({"note": NOTE} if path == "settlements" else {})
    problem(house.desk(town.PRIVACY_OFFICER).post(f"/signals/{uuid4()}/{path}", body), 404, "not-found")


def test_a_week_in_both_languages(house: House) -> None:
    signal(house)
    year, number, _ = datetime.now(UTC).isocalendar()
    body = {"municipality": town.SLUG, "purpose": OVERSIGHT, "week": f"{year}-W{number:02}"}
    for language, title in (("nl", "Veel kijkers bij één opname"), ("en", "Many viewers of one recording")):
        answer = house.desk(town.PRIVACY_OFFICER, language).post("/signal-digests/_read", body)
        assert answer.status_code == 200
        found = answer.json()
        assert [each["title"] for each in found["kinds"] if each["kind"] == "many-viewers"] == [title]
        assert found["total"]["raised"] >= 1
        assert town.SUPERVISOR.name not in answer.text


@pytest.mark.parametrize("week", ["2026-48", "2026-W60", "last", 48])
def test_a_week_that_is_none(house: House, week: object) -> None:
    body = {"municipality": town.SLUG, "purpose": OVERSIGHT, "week": week}
    wrong = problem(
        house.desk(town.PRIVACY_OFFICER).post("/signal-digests/_read", body), 400, "invalid-input"
    )
    assert [each["field"] for each in wrong["errors"]] == ["week"]
