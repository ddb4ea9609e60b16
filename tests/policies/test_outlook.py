"""A rule's outlook agrees with the engine on every situation; and what is not known stays unknown."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.engine import RuleSet
from policies.facts import Action, Situation
from policies.outlook import Known, Outlook, is_about_everything, outlook, roles_in
from policies.rules import Effect
from tests.policies.test_engine import grants, moments, persons, purposes, recordings, requests, searches
from tests.policies.world import rule_set, texts

RULES = rule_set("voorbeeldstad")
SAID = '@id("tried") @title_nl("x") @title_en("x") @basis("x")'
ASK = 'action == Action::"ask"'


def tried(rule: str, known: Known) -> Outlook:
    """The outlook of one more rule."""
    files = texts("voorbeeldstad") | {"more.cedar": f"{SAID}\n{rule}"}
    made = RuleSet.parse(
        "voorbeeldstad", {n: t for n, t in files.items() if not n.endswith(".csv")}, texts("shared")
    )
    return outlook(made.policies["tried"], known, made.terms)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Situation, str | None]:
    """Anything that is done to footage, and to whom it would go."""
    action = draw(st.sampled_from([Action.ASK, Action.DECIDE, Action.FIND, Action.WATCH, Action.REVOKE]))
    recipient, purpose = draw(st.sampled_from([None, *RULES.terms.recipients, "krant"])), draw(purposes)
    request = replace(draw(requests), purpose=purpose, recipient=recipient)
    person, recording, now, grant = draw(persons), draw(recordings), draw(moments), draw(grants)
    return Situation(person, action, recording, purpose, now, request, grant, draw(searches)), recipient


@settings(max_examples=500, deadline=None)
@given(situations())
def test_no_rule_that_decides_is_passed_over(drawn: tuple[Situation, str | None]) -> None:
    """What decides could hold, and a forbid that holds in all situations does decide."""
    situation, recipient = drawn
    answer = RULES.decide(situation)
    decided = {rule.id for rule in answer.reasons}
    for id_, rule in RULES.rules.items():
        found = {
            outlook(
                RULES.policies[id_], Known(situation.action, situation.purpose, role, recipient), RULES.terms
            ).holds
            for role in (*sorted(situation.person.roles), None)
        }
        assert id_ not in decided or found != {False}, id_
        if rule.effect is Effect.FORBID and found == {True}:
            assert id_ in decided, id_


@pytest.mark.parametrize(
    ("condition", "holds", "looks_at"),
    [
        ('context.purpose == Purpose::"klacht"', True, set()),
        ('context.purpose != Purpose::"klacht"', False, set()),
        ('[Purpose::"aangifte", Purpose::"klacht"].contains(context.purpose)', True, set()),
        ('[Purpose::"aangifte"].contains(context.purpose)', False, set()),
        ('context.purpose == Purpose::"aangifte" && context.request.complaintFiled', False, set()),
        ('context.purpose == Purpose::"klacht" && context.request.complaintFiled', None, {"complaintFiled"}),
        ('context.request.complaintFiled && context.purpose == Purpose::"aangifte"', False, set()),
        ('context.purpose == Purpose::"klacht" || context.request.complaintFiled', True, set()),
        ('context.request.complaintFiled || context.purpose == Purpose::"klacht"', True, set()),
        ("!context.request.complaintFiled", None, {"complaintFiled"}),
        ('principal in Role::"officer"', True, set()),
        ('principal in [Role::"supervisor", Role::"decider"]', False, set()),
        ("context.request has recipient", True, set()),
        ('context.request has recipient && context.request.recipient == Recipient::"om"', True, set()),
        (
            "context.request has recipient && "
            "context.municipality.recipients.contains(context.request.recipient)",
            True,
            set(),
        ),
        ('context.municipality == Municipality::"elders"', False, set()),
        ("context.municipality has mostViewers", False, set()),
        ("resource has team", None, {"team"}),
        ("resource.maker == principal", None, {"maker"}),
        ("resource.depicted.contains(principal)", None, {"depicted"}),
        ("context.request.requester == principal", None, {"requester"}),
        ('principal == Person::"somebody"', None, set()),
        ('principal in Person::"somebody"', None, set()),
        ('[Person::"somebody"].contains(principal)', None, set()),
        ("context.request.daysAfterRecording > 21", None, {"daysAfterRecording"}),
        ("1 < 2 && 2 <= 2", True, set()),
        ("1 > 2 || 1 >= 2", False, set()),
        ('if principal in Role::"officer" then resource has team else true', None, {"team"}),
        ("if resource has team then false else false", False, set()),
        ('[Role::"officer"].containsAll([Role::"officer"])', True, set()),
        ('context.municipality.recipients.containsAny([Recipient::"krant"])', False, set()),
        ("context.municipality.sharesWith.isEmpty()", True, set()),
        ("principal.teams.isEmpty()", None, {"teams"}),
        ('context.now < datetime("2026-01-01")', None, {"now"}),
    ],
)
def test_a_condition_is_known_or_it_is_not(condition: str, holds: bool | None, looks_at: set[str]) -> None:
    known = Known(Action.ASK, "klacht", "officer", "om")
    found = tried(f"permit (principal, {ASK}, resource) when {{ {condition} }};", known)
    assert (found.holds, set(found.looks_at)) == (holds, looks_at)
    turned = tried(f"forbid (principal, {ASK}, resource) unless {{ {condition} }};", known)
    assert turned.holds == (None if holds is None else not holds)


@pytest.mark.parametrize(
    ("scope", "holds"),
    [
        (f'principal in Role::"officer", {ASK}, resource', True),
        (f'principal in Role::"decider", {ASK}, resource', False),
        (f'principal is Person in Role::"decider", {ASK}, resource', False),
        (f'principal == Person::"somebody", {ASK}, resource', None),
        (f'principal, {ASK}, resource == Recording::"one"', None),
        ('principal, action in [Action::"ask", Action::"watch"], resource', True),
        ('principal, action in [Action::"decide"], resource', False),
        ('principal, action == Action::"watch", resource', False),
    ],
)
def test_a_scope_lets_through_or_it_does_not(scope: str, holds: bool | None) -> None:
    assert tried(f"permit ({scope});", Known(Action.ASK, "klacht", "officer")).holds is holds


def test_without_a_recipient_there_is_none() -> None:
    rule = f"forbid (principal, {ASK}, resource) unless {{ context.request has recipient }};"
    assert tried(rule, Known(Action.ASK, "klacht", "officer")).holds is True
    assert tried(rule, Known(Action.ASK, "klacht", "officer", "om")).holds is False


def test_without_a_purpose_none_is_known() -> None:
    rule = f'permit (principal, {ASK}, resource) when {{ context.purpose == Purpose::"klacht" }};'
    assert tried(rule, Known(Action.ASK)).holds is None


def test_the_roles_that_rules_speak_of() -> None:
    assert roles_in({"one": RULES.policies["decided-by-decider"]}) == {"decider", "privacy-officer"}
    assert roles_in({"one": RULES.policies["needs-demand"]}) == frozenset()


def test_what_no_action_escapes() -> None:
    everywhere = {id_ for id_, policy in RULES.policies.items() if is_about_everything(policy)}
    assert everywhere == {"works-council", "person-inactive", "other-municipality"}
