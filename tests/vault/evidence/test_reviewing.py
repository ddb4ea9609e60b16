"""The list of rights by name: for who reviews them, and in the trail."""

import json
from datetime import UTC, datetime

import pytest

from console.demo import town
from tests.installation import MAKER, Installation
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.evidence.reviewing import Right, review
from vault.registry import Registrar
from vault.rulesets import RuleSetMissing


def test_who_holds_what_is_listed_by_name(whole: Installation) -> None:
    now = datetime.now(UTC)
    registrar = Registrar(whole.vault.database, whole.vault.ring, MAKER)
    registrar.deactivate_person(whole.town.people[town.OFFICER.subject], now=now)
    found = review(whole.vault, MAKER, town.SLUG, now=now)
    assert found[0] == Right("Fem Visser", "f.visser", "functional-administrator", "", True)
    assert found[1] == Right("Bo Jansen", "b.jansen", "officer", town.TEAM, False)
    assert [right.role for right in found[2:]] == ["privacy-officer", "supervisor"]
    [entry] = entries(whole, Event.RIGHTS_REVIEWED)
    assert json.loads(entry.leaf)["facts"] == {"listed": 4}
    assert payload_of(whole, entry)["actor"]["name"] == MAKER.name


def test_of_nowhere_there_is_no_list(whole: Installation) -> None:
    with pytest.raises(RuleSetMissing):
        review(whole.vault, MAKER, "nergenshuizen", now=datetime.now(UTC))
    assert entries(whole, Event.RIGHTS_REVIEWED) == []
