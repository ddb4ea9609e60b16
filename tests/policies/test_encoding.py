import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from policies import encoding
from tests.policies.world import World, id_of

WORLD = World("noordwijk")


def now_as_told(now: datetime) -> object:
    question = encoding.question(replace(WORLD.watch(None), now=now), "noordwijk", offered=True)
    return json.loads(question["context"])["now"]


def test_moments_are_utc_and_whole_milliseconds() -> None:
    there = datetime(2026, 3, 10, 13, 0, 0, 1999, tzinfo=timezone(timedelta(hours=1)))
    assert now_as_told(there) == "2026-03-10T12:00:00.001Z"
    assert now_as_told(datetime(2026, 3, 10, tzinfo=UTC)) == "2026-03-10T00:00:00.000Z"


def test_a_moment_without_zone_is_refused() -> None:
    grant = WORLD.grant(valid_until=datetime(2026, 3, 10))  # noqa: DTZ001 - a time without zone is the point
    with pytest.raises(ValueError, match="time zone"):
        encoding.entities(WORLD.person("supervisor"), WORLD.recording, grant)


def test_only_what_is_asked_about_is_told() -> None:
    grant = WORLD.grant()
    told = json.loads(encoding.entities(WORLD.person("supervisor"), WORLD.recording, grant))
    assert [entity["uid"] for entity in told] == [
        {"type": "Person", "id": str(id_of("supervisor"))},
        {"type": "Recording", "id": str(id_of("recording"))},
        {"type": "Grant", "id": str(grant.id)},
    ]
    assert len(json.loads(encoding.entities(WORLD.person("supervisor"), WORLD.recording, None))) == 2


def test_a_question_points_at_what_it_is_about() -> None:
    grant = WORLD.grant()
    asked = encoding.question(WORLD.watch(grant), "noordwijk", offered=True)
    context = json.loads(asked["context"])
    assert context["grant"] == {"type": "Grant", "id": str(grant.id)}
    assert "request" not in context
    assert "grant" not in json.loads(
        encoding.question(WORLD.watch(None), "noordwijk", offered=True)["context"]
    )


def test_a_team_is_told_only_when_there_is_one() -> None:
    person = WORLD.person("supervisor")
    assert '"team"' in encoding.entities(person, WORLD.recording, None)
    assert '"team"' not in encoding.entities(person, replace(WORLD.recording, team=None), None)


def test_strange_names_stay_names() -> None:
    name = 'x" || true // \n\u2028'
    person = WORLD.person("maker", teams=frozenset({name}))
    told = json.loads(encoding.entities(person, WORLD.recording, None))
    assert told[0]["attrs"]["teams"] == [{"type": "Team", "id": name}]
