from dataclasses import replace
from datetime import timedelta

import pytest

from policies.facts import Action, Recording, Request
from policies.retention import days_between
from policies.scenes import CONDITIONS, FACTS, HELD, RECORDED, STRANGE, WPG, Relation, Scene
from tests.policies.world import rule_set

TERMS = rule_set("alphen-aan-den-rijn").terms
SHARING = rule_set("cuijk").terms
ASK = Scene(Action.ASK, frozenset({"decider"}), frozenset(), "klacht", 3, frozenset())


def recording(scene: Scene) -> Recording:
    resource = scene.situation(TERMS).resource
    assert isinstance(resource, Recording)
    return resource


def request(scene: Scene) -> Request:
    found = scene.situation(TERMS).request
    assert found is not None
    return found


@pytest.mark.parametrize("day", [0, 1, 27, 28, 100, 3651])
def test_a_day_is_the_number_of_days_since_the_recording(day: int) -> None:
    scene = replace(ASK, day=day)
    assert days_between(RECORDED, scene.situation(TERMS).now) == day
    assert request(scene).asked_at == scene.situation(TERMS).now


def test_nothing_is_so_that_is_not_said() -> None:
    plain = request(ASK)
    assert {getattr(plain, fact) for fact in FACTS} == {False}
    assert (plain.recipient, plain.other_viewers) == (None, 0)
    assert recording(ASK).regime == "avg"


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_what_is_said_is_so(fact: str) -> None:
    asked = request(replace(ASK, conditions=frozenset({fact})))
    assert {name for name in FACTS if getattr(asked, name)} == {fact}


def test_each_regime_has_its_term() -> None:
    wpg = replace(ASK, conditions=frozenset({WPG}))
    assert (recording(wpg).dispose_after - RECORDED).days == 3652
    assert (recording(ASK).dispose_after - RECORDED).days == 28
    assert recording(wpg).regime == "wpg"


def test_what_is_held_is_there_still() -> None:
    late = replace(ASK, day=90, conditions=frozenset({HELD}))
    assert recording(late).dispose_after > late.situation(TERMS).now
    early = replace(ASK, conditions=frozenset({HELD}))
    assert recording(early).dispose_after == recording(ASK).dispose_after


def test_relations() -> None:
    def scene(relation: Relation) -> Scene:
        return replace(ASK, relations=frozenset({relation}))

    person = ASK.situation(TERMS).person
    assert person.id not in {recording(ASK).maker, *recording(ASK).depicted}
    assert recording(ASK).team in person.teams
    assert recording(scene(Relation.MAKER)).maker == person.id
    assert recording(scene(Relation.DEPICTED)).depicted == {person.id}
    assert recording(scene(Relation.NO_TEAM)).team is None
    other_team = scene(Relation.OTHER_TEAM).situation(TERMS).person
    assert other_team.teams.isdisjoint({recording(ASK).team})
    assert not scene(Relation.INACTIVE).situation(TERMS).person.active
    assert scene(Relation.OTHER_MUNICIPALITY).situation(SHARING).person.municipality == SHARING.shares_with[0]
    assert scene(Relation.OTHER_MUNICIPALITY).situation(TERMS).person.municipality == STRANGE
    assert scene(Relation.STRANGE_MUNICIPALITY).situation(SHARING).person.municipality == STRANGE


def test_one_asks_oneself_and_decides_on_others() -> None:
    person = ASK.situation(TERMS).person.id
    decide = replace(ASK, action=Action.DECIDE)
    assert request(ASK).requester == person
    assert request(decide).requester != person
    assert request(replace(decide, relations=frozenset({Relation.OWN_REQUEST}))).requester == person


def test_a_grant_and_a_search_that_hold() -> None:
    situation = replace(ASK, conditions=frozenset({"has_case_reference"})).situation(TERMS)
    grant, search = situation.grant, situation.search
    assert grant is not None
    assert search is not None
    assert grant.holder == search.requester == situation.person.id
    assert grant.valid_from <= situation.now < grant.valid_until
    assert search.since <= RECORDED < search.until <= search.since + timedelta(hours=24)
    assert situation.now < search.open_until
    assert search.has_case_reference


def test_the_conditions_are_the_facts_of_a_request_and_two_of_a_recording() -> None:
    assert {WPG, HELD} == CONDITIONS - FACTS
    assert len(FACTS) == 9
