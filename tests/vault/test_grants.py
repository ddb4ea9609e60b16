"""Grants: who reads them, who ends them, and that ending twice changes nothing."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from console.demo import town
from tests.installation import Installation
from tests.watching import entries, footage, granted, keep, payload_of
from vault import facts
from vault.audit import Event
from vault.grants import look, revoke
from vault.ids import GrantId, new_id
from vault.tables import Grant


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def grant(small: Installation) -> GrantId:
    return granted(small, keep(small, footage(1000)))


@pytest.mark.parametrize("who", [town.SUPERVISOR, town.PRIVACY_OFFICER])
def test_the_holder_and_a_decider_can_end_it(small: Installation, grant: GrantId, who: town.Resident) -> None:
    moment = now()
    assert revoke(small.vault, small.caller(who), grant, reason="Seen enough.", now=moment).permitted
    later = moment + timedelta(minutes=5)
    assert revoke(small.vault, small.caller(who), grant, reason="Once more.", now=later).permitted
    with small.vault.database.reading() as session:
        assert session.get_one(Grant, grant).revoked_at == moment
    first, _ = entries(small, Event.GRANT_REVOKED)
    details = payload_of(small, first)["details"]
    assert details["reason"] == "Seen enough."
    assert details["holder"] == str(small.town.people[town.SUPERVISOR.subject])


@pytest.mark.parametrize("who", [town.OFFICER, town.ADMINISTRATOR])
def test_others_cannot(small: Installation, grant: GrantId, who: town.Resident) -> None:
    assert not revoke(small.vault, small.caller(who), grant, reason="I say so.", now=now()).permitted
    with small.vault.database.reading() as session:
        assert session.get_one(Grant, grant).revoked_at is None


def test_it_can_be_ended_when_it_shows_nothing_any_more(small: Installation, grant: GrantId) -> None:
    long_after = now() + timedelta(days=300)
    assert revoke(
        small.vault, small.caller(town.PRIVACY_OFFICER), grant, reason="Tidying up.", now=long_after
    ).permitted


def test_a_reading_is_an_entry(small: Installation, grant: GrantId) -> None:
    found = look(small.vault, small.caller(town.SUPERVISOR), grant, now=now())
    assert found.decision.permitted
    assert found.recording.length == 1000
    assert not look(small.vault, small.caller(town.OFFICER), grant, now=now()).decision.permitted
    told = [json.loads(entry.leaf)["dec"] for entry in entries(small, Event.GRANT_READ)]
    assert told == ["allow", "deny"]


def test_what_is_not_there_is_unknown(small: Installation) -> None:
    with pytest.raises(facts.Unknown):
        look(small.vault, small.caller(town.SUPERVISOR), GrantId(new_id()), now=now())
    with pytest.raises(facts.Unknown):
        revoke(small.vault, small.caller(town.SUPERVISOR), GrantId(new_id()), reason="?", now=now())
