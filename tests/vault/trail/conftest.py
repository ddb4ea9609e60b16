"""A history to look through: two recordings, an ordinary Monday, and a Saturday night."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from console.demo import town
from policies.retention import AMSTERDAM
from tests.installation import MAKER, Installation, at_scale, embedded
from tests.watching import PART, choosing, footage, keep, wish
from vault.completions import Completions
from vault.ids import RecordingId
from vault.invariants import check_all
from vault.registry import Registrar
from vault.requests import ask, decide
from vault.searches import Wanted, find, open_search
from vault.trail import Page, Question, read
from vault.viewing import Viewing, Watching

OVERSIGHT = "toezicht-inzagelog"
OTHER_CAMERA = "VB-0043"
APPRAISAL = "functioneringsgesprek"


@dataclass
class History:
    """An installation in which these things happened, in this order; and its trail, which can be asked."""

    made: Installation
    first: RecordingId
    """Of Voorbeeldstad's camera; asked for, approved, watched twice, once without a completion."""
    second: RecordingId
    """Of the other camera; asked for by the officer themself, and on Saturday night for the police."""
    monday: datetime
    saturday: datetime

    def ask(self, **asked: Any) -> Page:
        """A page of the trail, at the end of the history."""
        self.made.settle()
        question = Question(**{"municipality": town.SLUG, "purpose": OVERSIGHT, "most": 200, **asked})
        caller = self.made.caller(town.PRIVACY_OFFICER)
        return read(self.made.vault, caller, question, now=self.saturday + timedelta(days=2))

    def events(self, **asked: Any) -> list[str]:
        """The events that are found, without those of who reads the trail."""
        told = [line.leaf["type"] for line in self.ask(**asked).lines]
        return [event for event in told if not event.startswith("trail.")]


@pytest.fixture(scope="module", params=["embedded", "at-scale"])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """The history, shared by a file's tests: they only read. After them the world must be whole."""
    home = tmp_path_factory.mktemp("history")
    if request.param == "embedded":
        made = embedded(home)
    else:
        server = request.getfixturevalue("postgres")
        made = at_scale(home, server.fresh(), request.getfixturevalue("radosgw"))
    yield happened(made)
    made.settle()
    findings = check_all(made.vault, now=datetime.now(UTC))
    made.vault.database.close()
    made.intake.database.close()
    assert findings == []


def happened(made: Installation) -> History:
    """Let it all happen, from the next Monday on."""
    vault = made.vault
    supervisor, officer = made.caller(town.SUPERVISOR), made.caller(town.OFFICER)
    decider = made.caller(town.PRIVACY_OFFICER)
    registrar = Registrar(vault.database, vault.ring, MAKER)
    registrar.camera(town.SLUG, OTHER_CAMERA, now=datetime.now(UTC))
    first = keep(made, footage(PART))
    second = keep(made, footage(PART, seed=2), camera=OTHER_CAMERA)
    today = datetime.now(AMSTERDAM).date()
    day = today + timedelta(days=7 - today.weekday())
    monday = datetime.combine(day, time(10), AMSTERDAM).astimezone(UTC)
    saturday = datetime.combine(day + timedelta(days=5), time(23), AMSTERDAM).astimezone(UTC)

    asked = ask(vault, supervisor, wish(first), now=monday)
    granted = decide(vault, decider, asked.request, approve=True, reason="Evenredig.", now=monday)
    assert granted.grant
    for minutes, completed in ((5, True), (6, False)):
        at = monday + timedelta(minutes=minutes)
        viewing = Watching(vault).watch(supervisor, granted.grant, choosing(10, 19), now=at)
        assert isinstance(viewing, Viewing)
        if completed:
            done = Completions(vault)
            done.add(viewing, 10, at)
            done.close()
    at = monday + timedelta(minutes=10)
    appraisal = wish(first, APPRAISAL, reason="Voor het jaarlijkse gesprek.", case_reference="HR-4")
    ask(vault, supervisor, appraisal, now=at)
    ask(vault, officer, wish(second, "zelfevaluatie", case_reference=None), now=at)
    happened_then = datetime.now(UTC) - timedelta(hours=3)
    looked = Wanted(
        town.SLUG,
        "incidentafhandeling",
        "Iemand werd geduwd bij het café.",
        "VB-2026-0200",
        happened_then - timedelta(hours=1),
        happened_then + timedelta(hours=1),
    )
    search = open_search(vault, supervisor, looked, now=monday + timedelta(minutes=20)).search
    assert search
    find(vault, supervisor, search, now=monday + timedelta(minutes=21))

    demanded = wish(
        second,
        "opsporing",
        reason="Vordering wegens openlijke geweldpleging.",
        case_reference="PL 0300/77",
        prerequisites=["demand-received"],
        recipient="politie",
    )
    demand = ask(vault, decider, demanded, now=saturday)
    decide(vault, decider, demand.request, approve=True, reason="Van mezelf.", now=saturday)
    return History(made, first, second, monday, saturday)
