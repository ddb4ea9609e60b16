"""An answer that is remembered is the answer that would be found anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import moments
from policies.engine import RuleSet
from policies.facts import Action, Situation
from tests.policies.world import MOMENT, MUNICIPALITIES, NOW, World, rule_set, texts

WORLD = World("voorbeeldstad")
RULES = rule_set("voorbeeldstad")
WATCHED = WORLD.watch(WORLD.grant(valid_from=NOW, valid_until=NOW + timedelta(hours=1)))
# So close together that each tells of another stretch, or of the same.
NEAR = st.sampled_from([timedelta(), MOMENT, -MOMENT, MOMENT / 4, -MOMENT / 4, timedelta(hours=5)])
MARKS = st.sampled_from([NOW, NOW + timedelta(hours=1), WORLD.recording.recorded_at])


def with_rule(condition: str) -> RuleSet:
    more = (
        '@id("more") @title_nl("Meer.") @title_en("More.") @basis("x") '
        f'forbid (principal, action == Action::"watch", resource) when {{ {condition} }};'
    )
    return RuleSet.parse("voorbeeldstad", texts("voorbeeldstad") | {"more.cedar": more}, texts("shared"))


def evaluated(rules: RuleSet, situation: Situation) -> tuple[bool, list[str]]:
    decision = rules._evaluate(situation)
    return decision.permitted, [rule.id for rule in decision.reasons]


@settings(max_examples=300, deadline=None)
@given(MARKS, st.lists(NEAR, min_size=1, max_size=4), st.booleans())
def test_what_is_remembered_is_what_would_be_decided(
    mark: datetime, steps: list[timedelta], revoked: bool
) -> None:
    assert WATCHED.grant is not None
    for step in steps:
        zone = timezone(timedelta(hours=len(steps)))
        grant = replace(WATCHED.grant, revoked=revoked)
        asked = replace(WATCHED, now=(mark + step).astimezone(zone), grant=grant)
        decision = RULES.decide(asked)
        assert decision.situation is asked
        assert (decision.permitted, [rule.id for rule in decision.reasons]) == evaluated(RULES, asked)


def test_the_end_of_a_grant_is_seen_to_the_millisecond() -> None:
    assert WATCHED.grant is not None
    end = WATCHED.grant.valid_until
    answers = [
        RULES.decide(replace(WATCHED, now=now)).permitted
        for now in (NOW, end - MOMENT, end, end + MOMENT, NOW)
    ]
    assert answers == [True, True, False, False, True]


def test_other_facts_are_another_question() -> None:
    assert WATCHED.grant is not None
    assert RULES.decide(WATCHED).permitted
    others: dict[str, Any] = {
        "person": replace(WATCHED.person, active=False),
        "resource": replace(WORLD.recording, state="disposed"),
        "grant": replace(WATCHED.grant, revoked=True),
        "purpose": "klacht",
    }
    for name, value in others.items():
        assert not RULES.decide(replace(WATCHED, **{name: value})).permitted, name


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    """Python takes its halves for equal when they are told in Amsterdam's time."""
    assert WATCHED.grant is not None
    until = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))
    now = until.astimezone(UTC) + timedelta(minutes=30)
    recording = replace(WORLD.recording, dispose_after=now + timedelta(days=1))
    answers = [
        RULES.decide(
            replace(WATCHED, now=now, resource=recording, grant=replace(WATCHED.grant, valid_until=end))
        ).permitted
        for end in (until.replace(fold=1), until)
    ]
    assert answers == [True, False]


def test_a_failure_is_not_remembered() -> None:
    fresh = with_rule("false")
    wrong = replace(WATCHED, person=replace(WATCHED.person, active=cast(bool, 1)))
    assert fresh.decide(wrong).errors
    assert fresh.decide(WATCHED).permitted


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_who_watches_is_answered_from_memory(municipality: str) -> None:
    """If not, the rules still hold, but each range costs more."""
    assert rule_set(municipality)._settled(Action.WATCH)


@pytest.mark.parametrize(
    ("condition", "settled"),
    [
        ("context.now > resource.recordedAt", True),
        ('resource.state == "lost" || resource.disposeAfter <= context.now', True),
        ('context.now > datetime("2027-01-01")', False),
        ('context.now.durationSince(resource.recordedAt) > duration("1d")', False),
        ('context.now > resource.recordedAt.offset(duration("1d"))', False),
        ('context.now.toTime() > duration("22h")', False),
        ("context.now == context.now", False),
        ("[context.now].contains(resource.recordedAt)", False),
        ('(if principal.active then context else context).now > datetime("2027-01-01")', False),
        ("context has grant && context.now > context.grant.validFrom", True),
        ("if context.now > resource.recordedAt then false else context.now > resource.disposeAfter", True),
    ],
)
def test_rules_that_reckon_with_now_are_asked_each_time(condition: str, *, settled: bool) -> None:
    rules = with_rule(condition)
    assert rules._settled(Action.WATCH) == settled
    at = [rules.decide(replace(WATCHED, now=NOW + timedelta(hours=hours))) for hours in range(25)]
    assert [(each.permitted, [rule.id for rule in each.reasons]) for each in at] == [
        evaluated(rules, each.situation) for each in at
    ]


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        moments.stretch(NOW.replace(tzinfo=None), ())
