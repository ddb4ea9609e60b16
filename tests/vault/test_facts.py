"""Facts: what a rule may rest on, loaded as one municipality knows it."""

from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, update

from console.demo import town
from ingest.probe import NotFootage
from policies.facts import Request
from policies.terms import PREREQUISITES
from tests.installation import MAKER, Installation
from tests.watching import CASE, PURPOSE, footage, granted, keep, row_of, wish
from vault import facts
from vault.ids import GrantId, RecordingId, RequestId, new_id
from vault.registry import Registrar
from vault.requests import ask
from vault.tables import Assignment, Person, Recording, SealedKey, State


class RolledBack(Exception):
    """Ends a transaction that must leave nothing."""


def test_a_person_as_their_municipality_knows_them(installation: Installation) -> None:
    registrar = Registrar(installation.vault.database, installation.vault.ring, MAKER)
    now = datetime.now(UTC)
    person = installation.town.people[town.SUPERVISOR.subject]
    registrar.municipality("noordwijk", "Noordwijk", now=now)
    registrar.assign(person, "noordwijk", "auditor", now=now)
    registrar.assign(person, town.SLUG, "supervisor", team="haven", now=now)
    with installation.vault.database.reading() as session:
        here = facts.person(session, person, town.SLUG)
        there = facts.person(session, person, "noordwijk")
        nowhere = facts.person(session, person, "den-helder")
    assert (here.roles, here.teams) == (frozenset({"supervisor"}), frozenset({"centrum", "haven"}))
    assert (there.roles, there.teams) == (frozenset({"auditor"}), frozenset())
    assert (nowhere.roles, nowhere.teams, nowhere.active) == (frozenset(), frozenset(), True)
    assert (here.municipality, there.municipality, nowhere.municipality) == (town.SLUG, "noordwijk", "")


def test_who_is_not_active_is_so_in_the_facts(small: Installation) -> None:
    person = small.town.people[town.OFFICER.subject]
    with small.vault.database.transaction() as session:
        session.execute(update(Person).values(active=False))
    with small.vault.database.reading() as session:
        assert not facts.person(session, person, town.SLUG).active
        with pytest.raises(facts.Unknown):
            facts.person(session, new_id(), town.SLUG)


def test_a_recording_as_rules_see_it(small: Installation) -> None:
    recording = keep(small, footage(1000))
    row = row_of(small, recording)
    with small.vault.database.reading() as session:
        found = facts.recording(session, recording)
    assert (found.id, found.municipality, found.maker) == (recording, town.SLUG, row.officer_id)
    assert (found.team, found.regime, found.state) == (town.TEAM, "avg", "kept")
    assert (found.recorded_at, found.dispose_after) == (row.recorded_at, row.dispose_after)
    assert found.depicted == frozenset()


def test_a_recording_before_its_commit_point_is_unknown(small: Installation) -> None:
    recording = keep(small, footage(1000))
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(state=State.ARRIVING, dispose_after=None))
    with small.vault.database.reading() as session:
        for unknown in (recording, RecordingId(new_id())):
            with pytest.raises(facts.Unknown):
                facts.recording(session, unknown)


def test_a_recording_in_quarantine_has_its_state(small: Installation) -> None:
    recording = keep(small, footage(1000), seen=NotFootage("not-footage"))
    with small.vault.database.reading() as session:
        assert facts.recording(session, recording).state == State.QUARANTINED


def test_what_waits_for_its_objects_to_go_is_disposed_of(small: Installation) -> None:
    recording = keep(small, footage())
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(state=State.DISPOSING))
        assert facts.recording(session, recording).state == "disposed"
    assert [facts.shown_state(each) for each in (State.KEPT, State.DISPOSED)] == ["kept", "disposed"]


def test_what_is_declared_becomes_a_fact_and_nothing_else_does(small: Installation) -> None:
    recording = keep(small, footage(1000))
    for name, fact in facts.PREREQUISITES.items():
        answer = ask(
            small.vault,
            small.caller(town.SUPERVISOR),
            wish(recording, prerequisites=[name]),
            now=datetime.now(UTC),
        )
        with small.vault.database.reading() as session:
            found = facts.as_request(facts.request_row(session, answer.request))
        declared = {field.name for field in fields(Request) if getattr(found, field.name) is True}
        assert declared == {"has_case_reference", fact}
        assert (found.purpose, found.requester) == (PURPOSE, small.town.people[town.SUPERVISOR.subject])


def test_terms_know_what_can_be_declared() -> None:
    assert set(facts.PREREQUISITES) == PREREQUISITES


@pytest.mark.parametrize(("case", "has"), [(CASE, True), ("", False), (None, False)])
def test_an_empty_case_reference_is_none(small: Installation, case: str | None, has: bool) -> None:
    recording = keep(small, footage(1000))
    answer = ask(
        small.vault,
        small.caller(town.SUPERVISOR),
        wish(recording, case_reference=case),
        now=datetime.now(UTC),
    )
    with small.vault.database.reading() as session:
        assert facts.as_request(facts.request_row(session, answer.request)).has_case_reference is has
        with pytest.raises(facts.Unknown):
            facts.request_row(session, RequestId(new_id()))


def test_a_grant_as_rules_see_it(small: Installation) -> None:
    grant = granted(small, keep(small, footage(1000)))
    with small.vault.database.reading() as session:
        row = facts.grant_row(session, grant)
        found = facts.as_grant(row)
    assert (found.id, found.holder, found.recording) == (row.id, row.holder_id, row.recording_id)
    assert (found.valid_from, found.valid_until, found.revoked) == (row.valid_from, row.valid_until, False)
    assert found.obligations == {"decider", "no-copy"}


def test_without_a_team_there_is_none(small: Installation) -> None:
    with small.vault.database.transaction() as session:
        session.execute(update(Assignment).values(team=""))
    recording = keep(small, footage(1000))
    with small.vault.database.reading() as session:
        assert facts.recording(session, recording).team is None


def test_all_that_a_range_is_decided_on_comes_at_once(installation: Installation) -> None:
    """One question to the database, and the same facts as one by one."""
    vault = installation.vault
    recording = keep(installation, footage(1000))
    grant = granted(installation, recording)
    registrar = Registrar(vault.database, vault.ring, MAKER)
    supervisor, officer = (installation.town.people[who.subject] for who in (town.SUPERVISOR, town.OFFICER))
    now = datetime.now(UTC)
    registrar.assign(supervisor, town.SLUG, "officer", team="haven", now=now)
    for depicted in (supervisor, officer):
        registrar.depict(recording, depicted, now=now)
    with vault.database.reading() as session:
        person = facts.person(session, supervisor, town.SLUG)
        kept = facts.recording(session, recording)
        row = facts.grant_row(session, grant)
        key = session.get_one(SealedKey, recording)
    with suppress(RolledBack), vault.database.statements() as connection:
        found = facts.behind(connection, grant, supervisor)
        assert (found.person, found.recording, found.grant) == (person, kept, facts.as_grant(row))
        assert found.recording.depicted == {supervisor, officer}
        assert found.key == (key.key_id, key.sealed)
        assert (found.length, found.media) == (1000, row_of(installation, recording).media)
        outsider = facts.behind(connection, grant, installation.town.people[town.ADMINISTRATOR.subject])
        assert outsider.person.roles == {"functional-administrator"}
        with pytest.raises(facts.Unknown):
            facts.behind(connection, GrantId(new_id()), supervisor)
        connection.execute(delete(SealedKey).where(SealedKey.recording_id == recording), {})
        with pytest.raises(facts.Unknown):
            facts.behind(connection, grant, supervisor)
        raise RolledBack


def test_who_else_saw_a_recording_is_counted_for_many_requests_as_for_one(installation: Installation) -> None:
    recording, other = (keep(installation, footage(1000, seed)) for seed in (1, 2))
    granted(installation, recording)
    granted(installation, recording)
    now, wanted = datetime.now(UTC), []
    for who, what in ((town.SUPERVISOR, recording), (town.PRIVACY_OFFICER, recording),
                      (town.PRIVACY_OFFICER, other)):  # fmt: skip
        wanted.append(ask(installation.vault, installation.caller(who), wish(what), now=now).request)
    with installation.vault.database.reading() as session:
        rows = [facts.request_row(session, each) for each in wanted]
        counted = facts.other_viewers_of(session, rows)
        assert [counted[row.id] for row in rows] == [0, 1, 0]
        assert [facts.other_viewers(session, row) for row in rows] == [0, 1, 0]
        assert facts.other_viewers_of(session, []) == {}
