import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import cedarpy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policies import encoding
from policies.engine import Decision, RuleSet
from policies.facts import (
    ABOUT_RULES,
    ABOUT_TRAIL,
    WITHOUT_PURPOSE,
    Action,
    Grant,
    Person,
    Recording,
    Request,
    Resource,
    RuleBook,
    Search,
    Situation,
    Trail,
)
from policies.rules import BUILT_IN, CANNOT_BE_EVALUATED, NO_RULE_PERMITS, Effect, Obligation
from tests.policies.world import MUNICIPALITIES, NOW, World, id_of, rule_set, texts

WORLD = World("voorbeeldstad")
RULES = rule_set("voorbeeldstad")

ERRING = """
@id("erring") @title_nl("Faalt.") @title_en("Fails.") @basis("x")
forbid (principal, action, resource)
when { context.now.offset(duration("9223372036854775807ms")) > context.now };
"""


def with_rules(more: str) -> RuleSet:
    return RuleSet.parse("voorbeeldstad", texts("voorbeeldstad") | {"more.cedar": more}, texts("shared"))


# --- proof -------------------------------------------------------------------------------------------------


def test_a_decision_is_made_by_deciding_only() -> None:
    with pytest.raises(TypeError, match=r"RuleSet\.decide only"):
        Decision(WORLD.watch(None), True, (), frozenset(), "", (), object())
    made = RULES.decide(WORLD.watch(None))
    with pytest.raises((TypeError, ValueError)):
        replace(made, permitted=True)  # type: ignore[call-arg] # what mypy refuses is refused at run time too
    with pytest.raises(AttributeError):
        made.permitted = True  # type: ignore[misc] # what mypy refuses is refused at run time too


def test_a_decision_says_what_it_is_about() -> None:
    situation = WORLD.watch(WORLD.grant())
    decision = RULES.decide(situation)
    assert decision.situation is situation
    assert decision.rule_set == RULES.digest


# --- errors deny -------------------------------------------------------------------------------------------


def test_cedar_alone_would_allow_when_a_forbid_fails() -> None:
    rules, situation = with_rules(ERRING), WORLD.watch(WORLD.grant())
    answer = cedarpy.is_authorized(
        encoding.question(situation, "voorbeeldstad"),
        rules._policies(situation.action),
        cedarpy.Entities.from_json_str(
            encoding.entities(rules.terms, situation.person, situation.resource, situation.grant),
            rules._schema,
        ),
        rules._schema,
    )
    assert answer.decision is cedarpy.Decision.Allow
    assert "overflows" in answer.diagnostics.errors[0]

    decision = rules.decide(situation)
    assert not decision.permitted
    assert decision.reasons == (CANNOT_BE_EVALUATED,)
    assert decision.obligations == frozenset()
    assert "overflows" in decision.errors[0]


def test_an_error_hides_no_forbid() -> None:
    decision = with_rules(ERRING).decide(WORLD.watch(None))
    assert [rule.id for rule in decision.reasons] == ["needs-grant", "cannot-be-evaluated"]


def test_a_permit_that_fails_denies_too() -> None:
    erring = ERRING.replace("forbid (principal, action,", 'permit (principal, action == Action::"watch",')
    assert RULES.decide(WORLD.watch(WORLD.grant())).permitted
    assert with_rules(erring).decide(WORLD.watch(WORLD.grant())).reasons == (CANNOT_BE_EVALUATED,)


BROKEN: list[tuple[str, Callable[[World], Situation]]] = [
    ("a role nobody knows", lambda w: w.ask(w.person("supervisor", "emperor"), "incidentafhandeling")),
    ("active is not a boolean", lambda w: w.ask(w.person("supervisor", active="yes"), "incidentafhandeling")),
    ("a surrogate in a name", lambda w: w.ask(w.person("supervisor", municipality="\ud800"), "klacht")),
    ("no maker", lambda w: _about(w, maker=None)),
    ("no id", lambda w: replace(w.watch(w.grant(holder=None)), person=w.person("supervisor", id=None))),
    ("an id that is no id", lambda w: _about(w, maker=NOW)),
    ("no holder", lambda w: w.watch(w.grant(holder=None))),
    ("a regime nobody knows", lambda w: _about(w, regime="eu")),
    ("no term", lambda w: _about(w, dispose_after=None)),
    ("a time without zone", lambda w: _about(w, recorded_at=datetime(2026, 3, 1))),  # noqa: DTZ001 - the point
    ("the grant is no grant", lambda w: w.watch(w.grant(valid_until="tomorrow"))),
    ("the grant's purpose is unknown", lambda w: w.watch(w.grant(purpose="vermaak"))),
    ("revoked is not a boolean", lambda w: w.watch(w.grant(revoked=None))),
]


def _about(w: World, **changes: Any) -> Situation:
    return replace(w.watch(w.grant()), resource=replace(w.recording, **changes))


@pytest.mark.parametrize("broken", [pytest.param(make, id=what) for what, make in BROKEN])
def test_broken_facts_deny(broken: Callable[[World], Situation]) -> None:
    decision = RULES.decide(broken(WORLD))
    assert not decision.permitted
    assert decision.reasons == (CANNOT_BE_EVALUATED,)
    assert decision.errors


def test_unknown_obligation_of_a_grant_denies() -> None:
    decision = RULES.decide(WORLD.watch(WORLD.grant(obligations=frozenset({"whisper", "no-copy"}))))
    assert not decision.permitted
    assert [rule.id for rule in decision.reasons] == ["obligation-unknown"]
    assert not decision.obligations


# --- combining ---------------------------------------------------------------------------------------------


def test_obligations_are_those_of_every_permit_that_holds() -> None:
    more = """
    @id("supervisor-hurries") @title_nl("Haast.") @title_en("Haste.") @basis("x") @obligations("watermark")
    permit (principal in Role::"supervisor", action == Action::"ask", resource);
    """
    decision = with_rules(more).decide(WORLD.ask("supervisor", "incidentafhandeling"))
    assert [rule.id for rule in decision.reasons] == ["supervisor-hurries", "supervisor-asks-for-own-team"]
    assert decision.obligations == {Obligation.WATERMARK, Obligation.DECIDER, Obligation.NO_COPY}


def test_a_rule_set_cannot_set_a_shared_rule_aside() -> None:
    everything = """
    @id("anything-goes") @title_nl("Alles mag.") @title_en("Anything goes.") @basis("x")
    permit (principal, action in [Action::"ask", Action::"decide", Action::"watch", Action::"revoke",
      Action::"read-audit"], resource);
    """
    rules = with_rules(everything)
    for situation, reason in [
        (WORLD.ask("supervisor", "functioneringsgesprek"), "works-council"),
        (WORLD.decide("decider", requester="decider"), "own-request"),
        (WORLD.watch(None), "needs-grant"),
        (WORLD.watch(WORLD.grant(revoked=True)), "grant-revoked"),
        (WORLD.watch(WORLD.grant(), person="functional-administrator"), "not-the-holder"),
        (replace(WORLD.watch(WORLD.grant()), now=NOW + timedelta(days=90)), "term-is-over"),
        (WORLD.read_audit("supervisor", "klacht"), "trail-for-oversight-only"),
    ]:
        decision = rules.decide(situation)
        assert not decision.permitted
        assert reason in [rule.id for rule in decision.reasons]


def test_default_denial_has_a_reason() -> None:
    assert RULES.decide(WORLD.revoke("stranger")).reasons == (NO_RULE_PERMITS,)


# --- whatever the facts ------------------------------------------------------------------------------------

PEOPLE = ("maker", "partner", "supervisor", "decider")
PURPOSES = sorted(RULES.purposes)
ROLES = ["officer", "supervisor", "decider", "privacy-officer", "functional-administrator", "auditor"]
ids = st.sampled_from([id_of(name) for name in PEOPLE])
moments = st.integers(-40, 40).map(lambda days: NOW + timedelta(days=days))
places = st.sampled_from(["voorbeeldstad", "elders"])
purposes = st.sampled_from(PURPOSES)
persons = st.builds(
    Person,
    id=ids,
    roles=st.frozensets(st.sampled_from(ROLES)),
    municipality=places,
    teams=st.frozensets(st.sampled_from(["centrum", "haven"])),
    active=st.booleans(),
)
recordings = st.builds(
    Recording,
    id=st.just(WORLD.recording.id),
    municipality=places,
    maker=ids,
    depicted=st.frozensets(ids),
    team=st.sampled_from(["centrum", "haven", None]),
    regime=st.sampled_from(["avg", "wpg"]),
    recorded_at=moments,
    dispose_after=moments,
    state=st.sampled_from(["kept", "disposed", "quarantine"]),
)
requests = st.builds(
    Request, id=st.just(id_of("request")), requester=ids, purpose=purposes, asked_at=moments,
    has_case_reference=st.booleans(), complaint_filed=st.booleans(), criminal_complaint_filed=st.booleans(),
    demand_received=st.booleans(), subject_depicted=st.booleans(), demonstrable_interest=st.booleans(),
    at_officers_request=st.booleans(),
)  # fmt: skip
grants = st.builds(
    Grant,
    id=st.just(id_of("grant")),
    holder=ids,
    recording=st.sampled_from([WORLD.recording.id, id_of("other")]),
    purpose=purposes,
    valid_from=moments,
    valid_until=moments,
    revoked=st.booleans(),
    obligations=st.frozensets(st.sampled_from([*Obligation, "whisper"])),
)
actions = st.sampled_from(list(Action))


searches = st.none() | st.builds(
    Search, ids, ids, purposes, moments, moments, moments, has_case_reference=st.booleans()
)


@st.composite
def situations(draw: st.DrawFn, purpose: str | None = None) -> Situation:
    action = draw(actions)
    kinds: dict[Action, st.SearchStrategy[Resource]] = dict.fromkeys(ABOUT_TRAIL, places.map(Trail))
    kinds |= dict.fromkeys(ABOUT_RULES, places.map(RuleBook))
    resource = draw(kinds.get(action, recordings))
    return Situation(
        draw(persons),
        action,
        resource,
        purpose or draw(purposes),
        draw(moments),
        draw(requests),
        draw(grants),
        draw(searches),
        id_of("subject"),
    )


@settings(max_examples=400)
@given(st.sampled_from(MUNICIPALITIES), situations(purpose="functioneringsgesprek"))
def test_nobody_is_appraised_whatever_the_facts(municipality: str, situation: Situation) -> None:
    assume(situation.action not in WITHOUT_PURPOSE)  # these show no footage, and have no purpose
    decision = rule_set(municipality).decide(situation)
    assert not decision.permitted
    assert "works-council" in [rule.id for rule in decision.reasons] or decision.errors


@settings(max_examples=400)
@given(st.sampled_from(MUNICIPALITIES), situations())
def test_nobody_decides_on_a_request_of_their_own(municipality: str, situation: Situation) -> None:
    assert situation.request is not None
    own = replace(situation.request, requester=situation.person.id)
    decision = rule_set(municipality).decide(
        replace(situation, action=Action.DECIDE, request=own, resource=WORLD.recording)
    )
    assert not decision.permitted
    assert "own-request" in [rule.id for rule in decision.reasons]


@settings(max_examples=800)
@given(situations())
def test_whatever_is_decided_stands_on_its_feet(situation: Situation) -> None:
    decision = RULES.decide(situation)
    known = {**RULES.rules, **BUILT_IN}
    assert decision.reasons
    assert all(known[rule.id] is rule for rule in decision.reasons)
    assert {rule.effect for rule in decision.reasons} == {
        Effect.PERMIT if decision.permitted else Effect.FORBID
    }
    assert not decision.errors
    if not decision.permitted:
        assert not decision.obligations
        return
    assert situation.person.active
    assert situation.person.municipality == situation.resource.municipality == "voorbeeldstad"
    if situation.action is Action.WATCH:
        assert _may_watch(situation)
        assert situation.grant is not None
        assert decision.obligations == situation.grant.obligations
    # Reading a request or a grant, and ending one, shows no footage: neither term nor state matters.
    if situation.action in (Action.ASK, Action.DECIDE, Action.WATCH):
        assert isinstance(situation.resource, Recording)
        assert situation.resource.state == "kept"
        assert situation.now < situation.resource.dispose_after


def _may_watch(situation: Situation) -> bool:
    """The conditions of watching, said once more in Python."""
    grant, resource = situation.grant, situation.resource
    return (
        isinstance(resource, Recording)
        and grant is not None
        and grant.holder == situation.person.id
        and grant.recording == resource.id
        and grant.purpose == situation.purpose
        and grant.valid_from <= situation.now < grant.valid_until
        and not grant.revoked
    )


@settings(max_examples=100)
@given(persons, st.sampled_from(MUNICIPALITIES), purposes)
def test_no_footage_by_virtue_of_administering(person: Person, municipality: str, purpose: str) -> None:
    world = World(municipality)
    administrator = replace(person, roles=frozenset({"functional-administrator"}), municipality=municipality)
    facts = {field.name: True for field in fields(Request) if field.default is False}
    for situation in (
        world.ask(administrator, purpose, **facts),
        replace(world.watch(None), person=administrator, purpose=purpose),
        replace(world.decide("decider"), person=administrator),
        replace(world.read_audit("auditor", purpose), person=administrator),
    ):
        assert not rule_set(municipality).decide(situation).permitted


# --- each action with its own policies ---


@pytest.mark.parametrize(
    ("scope", "actions"),
    [
        ("action", set(Action)),
        ('action == Action::"watch"', {Action.WATCH}),
        ('action in [Action::"watch", Action::"ask"]', {Action.WATCH, Action.ASK}),
        ('action in Action::"watch"', {Action.WATCH}),
    ],
)
def test_a_policy_is_asked_for_the_actions_it_names(scope: str, actions: set[Action]) -> None:
    forbid = f'@id("stop") @title_nl("x") @title_en("x") @basis("x") forbid (principal, {scope}, resource);'
    rules = with_rules(forbid)
    assert {action for action in Action if "stop" in str(rules._policies(action).to_pst())} == actions


# --- rule sets that were stored before ---------------------------------------------------------------------


def before_years() -> RuleSet:
    """As the shared rules were before they could look at years gone by."""
    shared = texts("shared")
    years = re.compile(r"    \w+YearsAgo: datetime,\n|    oneYearAgo: datetime,\n")
    schema = years.sub("", shared["schema.cedarschema"])
    blocks = shared["shared.cedar"].split("\n\n")
    rules = "\n\n".join(block for block in blocks if "YearAgo" not in block and "YearsAgo" not in block)
    older = {"schema.cedarschema": schema, "shared.cedar": rules}
    assert not re.search(r"Ago(:| )", schema.split("action ask")[1] + rules)
    return RuleSet.parse("voorbeeldstad", texts("voorbeeldstad"), shared | older)


def test_a_schema_that_knows_no_years_is_not_told_of_them() -> None:
    """What it does not know it refuses, and then it would permit nothing at all."""
    older = before_years()
    old = replace(WORLD.recording, regime="wpg", recorded_at=NOW - timedelta(days=800))
    for situation in (
        WORLD.watch(WORLD.grant()),
        WORLD.ask("supervisor", "incidentafhandeling"),
        WORLD.find("maker"),
        WORLD.decide("decider"),
    ):
        decision = older.decide(situation)
        assert (decision.permitted, decision.errors) == (True, ())
        assert [rule.id for rule in decision.reasons] == [rule.id for rule in RULES.decide(situation).reasons]
    found = WORLD.find("maker", resource=old, purpose="zelfevaluatie")
    assert older.decide(found).permitted
    assert [rule.id for rule in RULES.decide(found).reasons] == ["police-data-after-a-year"]
    left = older.remaining(found.person, Action.FIND, now=NOW, purpose="zelfevaluatie")
    assert not left.nothing


def test_a_moment_before_the_calendar_has_ten_years_denies() -> None:
    early = datetime(5, 1, 1, tzinfo=UTC)
    decision = RULES.decide(WORLD.find("maker", now=early))
    assert decision.reasons == (CANNOT_BE_EVALUATED,)
    left = RULES.remaining(WORLD.person("maker"), Action.FIND, now=early, purpose="zelfevaluatie")
    assert (left.nothing, left.reasons) == (True, (CANNOT_BE_EVALUATED,))
