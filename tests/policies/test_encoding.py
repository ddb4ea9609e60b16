import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from policies import encoding
from tests.policies.world import World, id_of, rule_set

WORLD = World("noordwijk")
TERMS = rule_set("noordwijk").terms


def now_as_told(now: datetime) -> object:
    question = encoding.question(replace(WORLD.watch(None), now=now), "noordwijk")
    return json.loads(question["context"])["now"]


def test_moments_are_utc_and_whole_milliseconds() -> None:
    there = datetime(2026, 3, 10, 13, 0, 0, 1999, tzinfo=timezone(timedelta(hours=1)))
    assert now_as_told(there) == "2026-03-10T12:00:00.001Z"
    assert now_as_told(datetime(2026, 3, 10, tzinfo=UTC)) == "2026-03-10T00:00:00.000Z"


def test_years_ago_are_told_of_what_uses_footage_where_the_schema_knows_them() -> None:
    asked = replace(WORLD.watch(WORLD.grant()), now=datetime(2027, 3, 28, 10, tzinfo=UTC))
    told = json.loads(encoding.question(asked, "noordwijk")["context"])
    # Noon in Amsterdam, a year ago still in winter time.
    assert (told["oneYearAgo"], told["fiveYearsAgo"], told["tenYearsAgo"]) == (
        "2026-03-28T11:00:00.000Z",
        "2022-03-28T10:00:00.000Z",
        "2017-03-28T10:00:00.000Z",
    )
    without = json.loads(encoding.question(asked, "noordwijk", years=False)["context"])
    assert told.keys() - without.keys() == {"oneYearAgo", "fiveYearsAgo", "tenYearsAgo"}
    other = encoding.question(WORLD.revoke("decider"), "noordwijk")
    assert "oneYearAgo" not in json.loads(other["context"])


def test_a_moment_without_zone_is_refused() -> None:
    grant = WORLD.grant(valid_until=datetime(2026, 3, 10))  # noqa: DTZ001 - a time without zone is the point
    with pytest.raises(ValueError, match="time zone"):
        encoding.entities(TERMS, WORLD.person("supervisor"), WORLD.recording, grant)


def test_only_what_is_asked_about_is_told() -> None:
    grant = WORLD.grant()
    told = json.loads(encoding.entities(TERMS, WORLD.person("supervisor"), WORLD.recording, grant))
    assert [entity["uid"] for entity in told] == [
        {"type": "Municipality", "id": "noordwijk"},
        {"type": "Person", "id": str(id_of("supervisor"))},
        {"type": "Recording", "id": str(id_of("recording"))},
        {"type": "Grant", "id": str(grant.id)},
    ]
    assert len(json.loads(encoding.entities(TERMS, WORLD.person("supervisor"), WORLD.recording, None))) == 3


def test_a_question_points_at_what_it_is_about() -> None:
    grant = WORLD.grant()
    asked = encoding.question(WORLD.watch(grant), "noordwijk")
    context = json.loads(asked["context"])
    assert context["grant"] == {"type": "Grant", "id": str(grant.id)}
    assert "request" not in context
    assert "grant" not in json.loads(encoding.question(WORLD.watch(None), "noordwijk")["context"])


def test_what_the_terms_say_is_told() -> None:
    [municipality, *_] = json.loads(encoding.entities(TERMS, WORLD.person("decider"), WORLD.recording, None))
    told = municipality["attrs"]
    assert {purpose["id"] for purpose in told["purposes"]} == set(TERMS.purposes)
    assert {recipient["id"] for recipient in told["recipients"]} == set(TERMS.recipients)
    assert told["sharesWith"] == []
    assert "mostViewers" not in told


def request_as_told(**changes: Any) -> Any:
    situation = WORLD.ask("supervisor", "opsporing")
    assert situation.request is not None
    request = replace(situation.request, **changes)
    return json.loads(encoding.entities(TERMS, situation.person, WORLD.recording, request))[3]["attrs"]


def test_days_after_recording_are_days_of_the_calendar() -> None:
    """Recorded on 7 March at 13:00 in Amsterdam: the next day begins there at 23:00 UTC."""
    recorded = WORLD.recording.recorded_at
    assert recorded == datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
    assert request_as_told(asked_at=datetime(2026, 3, 7, 22, 59, tzinfo=UTC))["daysAfterRecording"] == 0
    assert request_as_told(asked_at=datetime(2026, 3, 7, 23, 0, tzinfo=UTC))["daysAfterRecording"] == 1
    assert request_as_told(asked_at=datetime(2026, 3, 30, 22, 0, tzinfo=UTC))["daysAfterRecording"] == 24


def test_a_recipient_is_told_only_when_there_is_one() -> None:
    assert request_as_told(recipient="om")["recipient"] == {"type": "Recipient", "id": "om"}
    assert "recipient" not in request_as_told()


def test_a_team_is_told_only_when_there_is_one() -> None:
    person = WORLD.person("supervisor")
    assert '"team"' in encoding.entities(TERMS, person, WORLD.recording, None)
    assert '"team"' not in encoding.entities(TERMS, person, replace(WORLD.recording, team=None), None)


def test_strange_names_stay_names() -> None:
    name = 'x" || true // \n\u2028'
    person = WORLD.person("maker", teams=frozenset({name}))
    told = json.loads(encoding.entities(TERMS, person, WORLD.recording, None))
    assert told[1]["attrs"]["teams"] == [{"type": "Team", "id": name}]
