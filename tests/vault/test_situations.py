"""Situations as they are stored: all of them comes back, nothing unknown is passed over, nobody is named."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.facts import Action, Request, Situation
from tests.policies.world import NOW, World
from vault.situations import SituationUnreadable, as_json, fingerprint, in_words, of_json

WORLD = World("voorbeeldstad")
DECLARED = [member.name for member in fields(Request) if member.type == "bool" or member.type is bool]


def stored(situation: Situation) -> dict[str, Any]:
    """As it comes back from a database."""
    found: dict[str, Any] = json.loads(json.dumps(as_json(situation)))
    return found


@given(
    declared=st.sets(st.sampled_from(DECLARED)),
    others=st.integers(0, 50),
    recipient=st.none() | st.sampled_from(["politie", "om"]),
    roles=st.frozensets(st.sampled_from(["officer", "supervisor", "decider"])),
    deciding=st.booleans(),
)
def test_what_goes_in_comes_out(
    declared: set[str], others: int, recipient: str | None, roles: frozenset[str], deciding: bool
) -> None:
    situation = WORLD.decide("decider") if deciding else WORLD.ask("supervisor", "klacht")
    assert situation.request is not None
    said: dict[str, Any] = {**dict.fromkeys(declared, True), "recipient": recipient}
    request = replace(situation.request, other_viewers=others, **said)
    situation = replace(situation, request=request, person=replace(situation.person, roles=roles))
    assert of_json(stored(situation)) == situation


def test_microseconds_and_zone_stay() -> None:
    situation = replace(WORLD.ask("officer", "klacht"), now=NOW.replace(microsecond=123457))
    assert of_json(stored(situation)).now == situation.now


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"weather": "rain"},
        {"action": "sing"},
        {"now": "yesterday"},
        {"now": "2026-11-24T10:00:00"},
        {"request": None},
        {"person": {}},
    ],
    ids=str,
)
def test_what_cannot_be_read_is_not_guessed(change: dict[str, Any]) -> None:
    with pytest.raises(SituationUnreadable):
        of_json({**stored(WORLD.ask("supervisor", "klacht")), **change})


@pytest.mark.parametrize("moment", ["2026-11-24T10:00:00", "9999-12-31T23:30:00Z"])
@pytest.mark.parametrize("at", ["resource.recorded_at", "resource.dispose_after", "request.asked_at", "now"])
def test_nor_a_moment_that_nobody_can_count_from(at: str, moment: str) -> None:
    found = stored(WORLD.ask("supervisor", "klacht"))
    *place, name = at.split(".")
    (found[place[0]] if place else found)[name] = moment
    with pytest.raises(SituationUnreadable):
        of_json(found)


@pytest.mark.parametrize("found", [None, [], "no", 7, {}])
def test_nor_what_is_no_situation_at_all(found: object) -> None:
    with pytest.raises(SituationUnreadable):
        of_json(found)


def test_a_fact_that_is_unknown_here_is_not_passed_over() -> None:
    found = stored(WORLD.ask("supervisor", "klacht"))
    found["request"]["moonPhase"] = "full"
    with pytest.raises(SituationUnreadable):
        of_json(found)


def test_a_fact_that_came_later_counts_as_not_so() -> None:
    found = stored(WORLD.ask("supervisor", "klacht", safety_incident=True))
    del found["request"]["safety_incident"]
    request = of_json(found).request
    assert request is not None
    assert request.safety_incident is False


def test_a_fingerprint_is_of_every_fact() -> None:
    found = stored(WORLD.ask("supervisor", "klacht"))
    assert fingerprint(found) == fingerprint(json.loads(json.dumps(found)))
    other = stored(WORLD.ask("supervisor", "klacht"))
    other["request"]["complaint_filed"] = not other["request"]["complaint_filed"]
    assert fingerprint(found) != fingerprint(other)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_in_words_every_fact_is_told(language: str) -> None:
    request = dict.fromkeys(DECLARED, True) | {"recipient": "politie", "other_viewers": 3}
    situation = WORLD.ask("supervisor", "klacht", **request)
    text = "\n".join(in_words(situation, language))
    assert str(situation.person.id) in text
    assert "supervisor" in text
    assert "klacht" in text
    assert "politie" in text
    assert ": 3" in text
    plain = "\n".join(in_words(WORLD.ask("supervisor", "klacht", has_case_reference=False), language))
    assert len(text.split(";")) - len(plain.split(";")) == len(DECLARED) + 1


def test_the_two_languages_differ() -> None:
    for situation in (WORLD.ask("supervisor", "klacht"), WORLD.decide("decider")):
        dutch, english = (list(in_words(situation, language)) for language in ("nl", "en"))
        assert len(dutch) == len(english)
        assert dutch != english


def test_deciding_on_ones_own_request_is_told() -> None:
    own = WORLD.decide("decider", requester="decider")
    assert own.action is Action.DECIDE
    assert "own request" in "\n".join(in_words(own, "en"))
    assert "own request" not in "\n".join(in_words(WORLD.decide("decider"), "en"))
