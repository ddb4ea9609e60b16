"""What looks alike is answered alike: an answer that is remembered is the one that would be found anew."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import encoding
from policies.engine import RuleSet
from policies.facts import ABOUT_TERM, Action, Recording, Situation, Trail
from policies.likeness import DAYS, MEMBERS
from tests.policies.test_engine import ids, moments, purposes, situations
from tests.policies.world import MOMENT, MUNICIPALITIES, NOW, World, id_of, rule_set, texts

WORLD = World("voorbeeldstad")
RULES = rule_set("voorbeeldstad")
WATCHED = WORLD.watch(WORLD.grant(valid_from=NOW, valid_until=NOW + timedelta(hours=1)))
EACH = [
    WORLD.ask("supervisor", "incidentafhandeling"),
    WORLD.decide("decider"),
    WORLD.find("supervisor", WORLD.search()),
    WORLD.find("maker"),
    WATCHED,
    WORLD.revoke("decider"),
    replace(WORLD.decide("decider"), action=Action.READ_REQUEST),
    replace(WORLD.revoke("decider"), action=Action.READ_GRANT),
    WORLD.read_audit("auditor", "audit"),
    WORLD.read_log("auditor"),
    WORLD.settle_signal("privacy-officer", "toezicht-inzagelog", "supervisor"),
    WORLD.evaluate("maker"),
    *(WORLD.term(action, "privacy-officer", "decider") for action in sorted(ABOUT_TERM)),
    WORLD.read_retention("auditor"),
    *(
        WORLD.rules(action, "privacy-officer", "decider")
        for action in (Action.PROPOSE_RULES, Action.ACTIVATE_RULES, Action.READ_RULES, Action.EXAMINE_RULES)
    ),
]
"""One of each action, permitted as far as it can be."""


def with_rule(condition: str, action: Action = Action.WATCH, scope: str = "resource") -> RuleSet:
    more = (
        '@id("more") @title_nl("Meer.") @title_en("More.") @basis("x") '
        f'forbid (principal, action == Action::"{action.value}", {scope}) when {{ {condition} }};'
    )
    return RuleSet.parse("voorbeeldstad", texts("voorbeeldstad") | {"more.cedar": more}, texts("shared"))


def is_as_evaluated(rules: RuleSet, situation: Situation) -> bool:
    """Whether the answer is the one that Cedar gives; asserts so."""
    decision = rules.decide(situation)
    assert decision == rules._evaluate(situation)
    assert decision.situation is situation
    return decision.permitted


def alike(rules: RuleSet, one: Situation, other: Situation) -> bool:
    """Whether the other is answered as the one was, without Cedar being asked."""
    return rules._before(one) is rules._before(other)


# --- the same answers --------------------------------------------------------------------------------------

A_LITTLE = st.sampled_from([timedelta(), MOMENT, -MOMENT, MOMENT / 4, -MOMENT / 4, timedelta(hours=5)])


@st.composite
def twins(draw: st.DrawFn, situation: Situation) -> Situation:
    """Another one that often looks the same to the rules, and often just does not."""

    def changed(facts: Any) -> Any:
        changes: dict[str, Any] = {}
        for member in fields(facts):
            value = getattr(facts, member.name)
            if member.name == "id" and draw(st.booleans()):
                changes["id"] = uuid4()
            elif isinstance(value, datetime) and draw(st.booleans()):
                changes[member.name] = (value + draw(A_LITTLE)).astimezone(timezone(timedelta(hours=2)))
            elif isinstance(value, UUID) and draw(st.integers(0, 3)) == 0:
                changes[member.name] = draw(ids | st.builds(uuid4))
            elif isinstance(value, bool) and draw(st.integers(0, 7)) == 0:
                changes[member.name] = not value
            elif isinstance(value, frozenset) and member.name == "depicted" and draw(st.booleans()):
                changes[member.name] = draw(st.frozensets(ids))
        return replace(facts, **changes)

    things = ((name, getattr(situation, name)) for name in ("resource", "request", "grant", "search"))
    known = {name: changed(thing) for name, thing in things if thing is not None}
    return replace(situation, now=situation.now + draw(A_LITTLE), **known)


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(MUNICIPALITIES), st.data())
def test_what_is_remembered_is_what_would_be_decided(municipality: str, data: st.DataObject) -> None:
    rules = rule_set(municipality)
    world = World(municipality)
    [*here] = (world.find("supervisor", world.search()), world.ask("supervisor", "klacht"),
               world.watch(world.grant()), world.decide("decider"))  # fmt: skip
    situation = data.draw(situations() | st.sampled_from(here))
    for asked in (situation, data.draw(twins(situation)), data.draw(twins(situation))):
        is_as_evaluated(rules, asked)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MUNICIPALITIES), st.data())
def test_of_rows_each_is_answered_as_by_itself(municipality: str, data: st.DataObject) -> None:
    rules, world = rule_set(municipality), World(municipality)
    first = world.find(
        data.draw(st.sampled_from(["supervisor", "maker"])), data.draw(st.just(world.search()))
    )
    rows = data.draw(st.lists(twins(first).map(lambda each: cast(Recording, each.resource)), max_size=9))
    several = [replace(first, resource=replace(row, id=uuid4())) for row in rows]
    assert rules.decide_each(several) == [rules._evaluate(each) for each in several]


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
@pytest.mark.parametrize("action", list(Action))
def test_every_rule_is_understood(municipality: str, action: Action) -> None:
    """If not, the rules still hold, but each decision costs more."""
    assert rule_set(municipality)._likeness(action)


def test_other_rows_of_a_list_are_answered_from_memory() -> None:
    """Other recordings of other officers, at other moments of the same search."""
    since = WORLD.recording.recorded_at - timedelta(minutes=1)
    first = WORLD.find("supervisor", WORLD.search(since=since, until=since + timedelta(hours=24)))
    later = WORLD.recording.recorded_at + timedelta(hours=1)
    other = replace(
        WORLD.recording,
        id=uuid4(),
        maker=uuid4(),
        depicted=frozenset({uuid4()}),
        team="haven",
        recorded_at=later,
        dispose_after=later + timedelta(days=9),
    )
    assert alike(rule_set("voorbeeldstad"), first, replace(first, resource=other, now=NOW - MOMENT))
    assert is_as_evaluated(RULES, replace(first, resource=other))
    # Of police data it matters how old it is.
    assert not alike(RULES, first, replace(first, resource=replace(other, regime="wpg")))
    outside = replace(other, recorded_at=since - MOMENT)
    assert not alike(RULES, first, replace(first, resource=outside))
    assert not is_as_evaluated(RULES, replace(first, resource=outside))


# --- facts that are none -----------------------------------------------------------------------------------

WRONG: list[object] = [
    None, 1, 0, True, "x", "", "\ud800", 2**63, 1.0, NOW, NOW.replace(tzinfo=None), uuid4(), frozenset({1}),
    frozenset({"\ud800"}), datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-3))), [], {},
]  # fmt: skip


@pytest.mark.parametrize("good", EACH, ids=lambda each: each.action)
def test_memory_answers_for_no_broken_facts(good: Situation) -> None:
    """Cedar refuses what is of the wrong shape, also where no rule looks."""
    for name in ("person", "resource", "request", "grant", "search"):
        facts = getattr(good, name)
        for member in fields(facts) if facts is not None else ():
            # What a grant obliges to is never told to Cedar.
            for wrong in WRONG if member.name != "obligations" else ():
                RULES.decide(good)
                broken = replace(facts, **{member.name: wrong})
                assert is_as_evaluated(RULES, replace(good, **{name: broken})) is not None, (
                    name,
                    member.name,
                    wrong,
                )


@pytest.mark.parametrize("good", EACH, ids=lambda each: each.action)
def test_one_is_not_true_though_python_holds_them_equal(good: Situation) -> None:
    """Asked alone it is refused; so it is after its double was answered."""
    for name, member in (("person", "active"), ("search", "has_case_reference")):
        facts = getattr(good, name)
        if facts is None:
            continue
        assert RULES.decide(good).permitted
        broken = replace(good, **{name: replace(facts, **{member: 1})})
        assert RULES.decide(broken).errors, (name, member)
        assert RULES.decide(good).permitted


def test_a_failure_is_not_remembered() -> None:
    fresh = with_rule("false")
    wrong = replace(WATCHED, person=replace(WATCHED.person, active=cast(bool, 1)))
    assert fresh.decide(wrong).errors
    assert fresh.decide(WATCHED).permitted


# --- moments -----------------------------------------------------------------------------------------------


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


def test_others_of_whom_it_is_asked_are_another_question() -> None:
    for asked, other in (
        (WORLD.evaluate("maker"), {"subject": id_of("partner")}),
        (WORLD.rules(Action.ACTIVATE_RULES, "decider", "stranger"), {"proposer": id_of("decider")}),
        (WORLD.term(Action.DECIDE_ERASURE, "decider", "stranger"), {"proposer": id_of("decider")}),
        (
            WORLD.settle_signal("privacy-officer", "toezicht-inzagelog", "supervisor"),
            {"concerned": frozenset({id_of("privacy-officer")})},
        ),
    ):
        assert is_as_evaluated(RULES, asked)
        assert not is_as_evaluated(RULES, replace(asked, **cast(Any, other)))


def test_a_trail_is_not_taken_for_a_recording() -> None:
    """Not everything is forbidden for both."""
    rules = with_rule("resource is Trail", Action.EVALUATE)
    recording = WORLD.evaluate("maker")
    trail = replace(recording, resource=Trail("voorbeeldstad"))
    assert [is_as_evaluated(rules, each) for each in (recording, trail, recording)] == [True, False, True]


def test_obligations_are_those_of_the_grant() -> None:
    assert WATCHED.grant is not None
    for name, permitted in (("no-copy", True), ("watermark", True), ("whisper", False)):
        grant = replace(WATCHED.grant, obligations=frozenset({name}))
        assert is_as_evaluated(RULES, replace(WATCHED, grant=grant)) == permitted


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


# --- what rules may look at --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "understood"),
    [
        ("context.now > resource.recordedAt", True),
        ('resource.state == "lost" || resource.disposeAfter <= context.now', True),
        ("context.grant.holder == resource.maker", True),
        ("resource.recordedAt <= context.oneYearAgo", True),
        ("context.fiveYearsAgo < resource.recordedAt && context.tenYearsAgo < context.now", True),
        ('context.oneYearAgo > resource.recordedAt.offset(duration("1d"))', False),
        ("context.grant.recording != resource", True),
        ("resource != context.grant.recording", True),
        ("principal in resource.depicted && resource.maker.active", True),
        ("resource.depicted.containsAny([principal, resource.maker])", True),
        ('resource.recordedAt.offset(duration("1d")) < resource.disposeAfter', True),
        ("context.municipality has mostViewers || context.now > context.grant.validFrom", True),
        ("if context.now > resource.recordedAt then false else context.now > resource.disposeAfter", True),
        ("{ Value: resource.recordedAt }.Value == context.grant.validFrom", True),
        ("resource is Recording && context.grant is Grant && context.municipality has mostViewers", True),
        ('context.now > datetime("2027-01-01")', False),
        ('context.now.durationSince(resource.recordedAt) > duration("1d")', False),
        ('context.now > resource.recordedAt.offset(duration("1d"))', False),
        ('context.now.toTime() > duration("22h")', False),
        ("[context.now].contains(resource.recordedAt)", False),
        ('{ Value: context.now }.Value > resource.recordedAt.offset(duration("0h"))', False),
        ('{ Var: context.now }.Var > resource.recordedAt.offset(duration("0h"))', False),
        ('(if principal.active then context else context).now > datetime("2027-01-01")', False),
        ('(if principal.active then resource else resource).state == "kept"', False),
        ('context.grant.recording.state == "kept"', False),
        ('context.grant.recording == Recording::"x"', False),
        ("[resource].contains(context.grant.recording)", False),
        ("(if resource == context.grant.recording then context.grant else context.grant).revoked", False),
        (f'Recording::"{WORLD.recording.id}".state == "kept"', False),
        (f'resource in [Recording::"{WORLD.recording.id}"]', False),
        (f'resource == Recording::"{WORLD.recording.id}"', False),
    ],
)
def test_what_is_not_understood_is_asked_each_time(condition: str, *, understood: bool) -> None:
    rules = with_rule(f"context has grant && ({condition})")
    assert (rules._likeness(Action.WATCH) is not None) == understood
    assert WATCHED.grant is not None
    for hours in (0, 1, 25, -80, -71):
        for other in (WATCHED.resource, replace(WORLD.recording, state="lost", id=uuid4(), maker=uuid4())):
            for grant in (WATCHED.grant, replace(WATCHED.grant, recording=cast(Recording, other).id)):
                for now in (NOW, NOW + timedelta(hours=hours)):
                    is_as_evaluated(rules, replace(WATCHED, now=now, resource=other, grant=grant))


@pytest.mark.parametrize(
    "scope",
    [f'resource == Recording::"{WORLD.recording.id}"', f'resource in Recording::"{WORLD.recording.id}"'],
)
def test_a_rule_about_one_recording_is_not_understood(scope: str) -> None:
    rules = with_rule("true", scope=scope)
    assert rules._likeness(Action.WATCH) is None
    assert with_rule("true", scope="resource is Recording")._likeness(Action.WATCH)


@settings(max_examples=300, deadline=None)
@given(st.integers(-3, 30), moments, purposes)
def test_days_after_recording_are_counted_as_cedar_is_told(
    days: int, asked_at: datetime, purpose: str
) -> None:
    rules = _counting()
    asked = WORLD.ask("supervisor", purpose)
    assert asked.request is not None
    recorded = asked_at - timedelta(days=days, hours=days)
    recording = replace(WORLD.recording, recorded_at=recorded, id=uuid4())
    is_as_evaluated(
        rules, replace(asked, resource=recording, request=replace(asked.request, asked_at=asked_at))
    )


_COUNTING: list[RuleSet] = []


def _counting() -> RuleSet:
    if not _COUNTING:
        _COUNTING.append(with_rule("context.request.daysAfterRecording > 7", Action.ASK))
        assert _COUNTING[0]._likeness(Action.ASK)
    return _COUNTING[0]


def test_every_attribute_that_cedar_is_told_is_known() -> None:
    """One that is not would have no likeness; one that is called otherwise would be another."""
    request = WORLD.ask("supervisor", "opsporing", recipient="om").request
    told = {
        "request": encoding._request(cast(Any, request), WORLD.recording),
        "grant": encoding._grant(WORLD.grant()),
        "search": encoding._search(WORLD.search()),
        "resource": encoding._recording(WORLD.recording),
    }
    ours = {(path.thing, path.name) for path in MEMBERS if path.thing != "context"}
    assert ours == {(thing, name) for thing, attributes in told.items() for name in attributes}
    assert DAYS in MEMBERS


def test_no_other_person_is_meant_by_the_asker() -> None:
    maker = WORLD.find("maker")
    other = replace(WORLD.recording, maker=id_of("stranger"), depicted=frozenset())
    assert is_as_evaluated(RULES, maker)
    assert not is_as_evaluated(RULES, replace(maker, resource=other))
