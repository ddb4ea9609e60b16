"""Rules as lists: refused when read, if no list can be made by them; and why a list has nothing in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from policies.conditions import NEVER
from policies.engine import RuleSet
from policies.facts import Action, Search, Situation
from policies.lists import LISTED
from policies.problems import RuleSetInvalid
from policies.residuals import GRANT, RECORDING, REQUEST, ROWS
from tests.policies.world import NOW, RECORDED, World, id_of, rule_set, texts

MUNICIPALITY = "voorbeeldstad"
WORLD = World(MUNICIPALITY)
PURPOSE = "incidentafhandeling"


def with_rule(action: str, condition: str, scope: str = "principal, {}, resource") -> RuleSet:
    head = scope.format(f'action == Action::"{action}"')
    rule = f'@id("more") @title_nl("n") @title_en("e") @basis("b") forbid ({head}) when {{ {condition} }};'
    return RuleSet.parse(MUNICIPALITY, texts(MUNICIPALITY) | {"more.cedar": rule}, texts("shared"))


@pytest.mark.parametrize(
    ("action", "condition"),
    [
        ("find", "resource.maker.active"),
        ("find", "resource.maker has active"),
        ("find", 'resource.state like "k*"'),
        ("find", "resource.recordedAt < resource.disposeAfter"),
        ("find", 'resource.recordedAt.toTime() < duration("6h")'),
        ("find", "resource.depicted == [principal]"),
        ("find", "principal.teams.isEmpty() && resource.depicted == [principal]"),
        ("find", "(if principal.active then principal else resource.maker) == principal"),
        ("find", 'Recording::"x".state == "kept"'),
        ("find", 'resource.maker in Role::"officer" && resource.maker.active'),
        ("read-request", "context.request.daysAfterRecording > 21"),
        ("read-request", "context.request.otherViewers > 1"),
        ("read-request", "context.request.requester.active"),
        ("read-grant", "context.grant.validFrom < context.grant.validUntil"),
        ("revoke", "context.grant.holder.active"),
    ],
)
def test_a_rule_that_no_list_can_be_made_by_is_refused(action: str, condition: str) -> None:
    with pytest.raises(RuleSetInvalid) as refused:
        with_rule(action, condition)
    [problem] = refused.value.problems
    assert (problem.file, problem.rule) == (f"{MUNICIPALITY}/more.cedar", "more")
    assert f"no list can be made by it ({action})" in problem.text


@pytest.mark.parametrize("action", ["ask", "decide"])
def test_other_actions_may_count_and_compare(action: str) -> None:
    with_rule(action, "context.request.daysAfterRecording > 21 && context.request.otherViewers > 1")
    with_rule(action, "resource.recordedAt < resource.disposeAfter")


def test_what_the_schema_knows_of_rows_is_known_here_or_refused() -> None:
    """An attribute that is added to the schema must not be forgotten: it is refused until it has a column."""
    counted = {"daysAfterRecording", "otherViewers", "municipality"}
    schema = texts("shared")["schema.cedarschema"]
    for kind, known in ROWS.items():
        body = schema.split(f"entity {kind} = {{")[1].split("};")[0]
        lines = (line.split("//")[0] for line in body.splitlines())
        named = {line.split(":")[0].strip().rstrip("?") for line in lines if ":" in line}
        assert named - counted == set(known)
    assert {fact.kind for fact in (RECORDING, REQUEST, GRANT)} == set(ROWS)


def search(**changed: object) -> Search:
    made = Search(
        id_of("search"), id_of("supervisor"), PURPOSE, RECORDED, RECORDED + timedelta(hours=24),
        NOW + timedelta(hours=1), True,
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]  # by name, of any type


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"until": RECORDED + timedelta(hours=24, milliseconds=1)}, ["search-too-wide"]),
        ({"has_case_reference": False}, ["search-needs-case"]),
        ({"open_until": NOW}, ["search-closed"]),
        ({"requester": id_of("another")}, ["search-of-another"]),
        ({"purpose": "klacht"}, ["search-for-another-purpose"]),
        ({"purpose": "nergens-voor"}, ["cannot-be-evaluated"]),
    ],
)
def test_why_a_search_finds_nothing(changed: dict[str, object], why: list[str]) -> None:
    rules, person = rule_set(MUNICIPALITY), WORLD.person("supervisor")
    left = rules.remaining(person, Action.FIND, now=NOW, purpose=PURPOSE, search=search(**changed))
    assert left.nothing
    assert [rule.id for rule in left.reasons] == why
    assert left.rule_set == rules.digest
    whole = rules.remaining(person, Action.FIND, now=NOW, purpose=PURPOSE, search=search())
    assert [rule.id for rule in whole.reasons] == ["found-within-search"]
    assert not whole.nothing


def test_a_search_in_the_hour_that_comes_twice_is_not_taken_for_the_other() -> None:
    """To Python the two are equal, as long as both are told in the zone where they are."""
    rules, person = rule_set(MUNICIPALITY), WORLD.person("supervisor")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))
    second, length = first.replace(fold=1), timedelta(minutes=10)
    recording = replace(WORLD.recording, recorded_at=datetime(2026, 10, 25, 0, 35, tzinfo=UTC))
    conditions, found = [], []
    for since in (first, second):
        asked = search(since=since, until=since + length)
        left = rules.remaining(person, Action.FIND, now=NOW, purpose=PURPOSE, search=asked)
        conditions.append(left.condition)
        situation = Situation(person, Action.FIND, recording, PURPOSE, NOW, search=asked)
        found.append([rule.id for rule in rules.decide(situation).reasons])
    assert conditions[0] != conditions[1]
    assert found == [["found-within-search"], ["outside-search"]]


def test_a_purpose_or_a_role_that_is_on_no_list() -> None:
    rules = rule_set(MUNICIPALITY)
    left = rules.remaining(WORLD.person("supervisor"), Action.FIND, now=NOW, purpose="x")
    assert [rule.id for rule in left.reasons] == ["purpose-unknown"]
    for action in LISTED:
        found = rules.remaining(WORLD.person("ghost"), action, now=NOW, purpose=PURPOSE)
        assert (found.condition, [rule.id for rule in found.reasons]) == (NEVER, ["cannot-be-evaluated"])


def test_rows_are_decided_on_together_as_one_by_one() -> None:
    rules = rule_set(MUNICIPALITY)
    recordings = [replace(WORLD.recording, id=id_of(str(number)), team=team) for number, team in
                  enumerate(("centrum", None, "haven"))]  # fmt: skip
    recordings.append(replace(WORLD.recording, id=id_of("gone"), state="disposed"))
    situation = replace(WORLD.watch(None), action=Action.FIND, purpose=PURPOSE, search=search())
    situations = [replace(situation, resource=recording) for recording in recordings]
    broken = replace(situation, resource=replace(recordings[0], recorded_at=NOW.replace(tzinfo=None)))
    for several in (situations, [*situations, broken], situations[:1], [], [*situations, WORLD.watch(None)]):
        assert rules.decide_each(several) == [rules.decide(each) for each in several]
