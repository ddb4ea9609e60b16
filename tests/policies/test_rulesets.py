"""The rule sets that come with the software: every case, and that no rule can be changed unseen."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import groupby

import cedarpy
import pytest

from policies.engine import RuleSet, _about, _policy_set, _Remembered, is_about
from policies.facts import Action
from policies.rules import BUILT_IN, Effect, Obligation, parse_rules
from policies.scenes import FACTS
from tests.policies.cases import answer, cases, shared_cases, sharing
from tests.policies.mutants import mutants
from tests.policies.world import FOLDER, MUNICIPALITIES, Case, rule_set, texts

SCHEMA = cedarpy.Schema.from_str(texts("shared")["schema.cedarschema"])
PUBLISHED = [municipality for municipality in MUNICIPALITIES if municipality != "voorbeeldstad"]
FILES = ("cases.csv", "matrix.csv", "rules.cedar", "terms.toml")


def test_every_folder_is_whole() -> None:
    assert len(PUBLISHED) == 13
    for municipality in MUNICIPALITIES:
        assert sorted(path.name for path in (FOLDER / municipality).iterdir()) == list(FILES)


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_cases(municipality: str) -> None:
    assert list(_differing(rule_set(municipality), cases(municipality))) == []


def test_cases_of_the_shared_rules() -> None:
    assert list(_differing(sharing(), shared_cases())) == []


def _differing(rules: RuleSet, listed: Iterable[Case]) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    for title, situation, expected in listed:
        decision = rules.decide(situation)
        if answer(decision) != expected or decision.errors:
            yield title, answer(decision), expected, decision.errors


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_every_rule_of_a_municipality_decides_some_case(municipality: str) -> None:
    rules = rule_set(municipality)
    told = {rule.id for _, situation, _ in cases(municipality) for rule in rules.decide(situation).reasons}
    own = {rule.id for rule in rules.rules.values() if rule.file.startswith(f"{municipality}/")}
    assert own - told == set()


def test_every_shared_rule_decides_some_case() -> None:
    rules = sharing()
    told = {rule.id for _, situation, _ in shared_cases() for rule in rules.decide(situation).reasons}
    shared = {rule.id for rule in rules.rules.values() if rule.file.startswith("shared/")}
    assert shared - told == set()


# --- no rule can be changed unseen -------------------------------------------------------------------------


def _by_rule(text: str) -> dict[str, list[tuple[str, str | None]]]:
    found = groupby(mutants(text), key=lambda mutant: mutant[0])
    return {name: [(what, changed) for _, what, changed in listed] for name, listed in found}


MUNICIPAL = {municipality: _by_rule(texts(municipality)["rules.cedar"]) for municipality in MUNICIPALITIES}
SHARED = _by_rule(texts("shared")["shared.cedar"])


@pytest.mark.parametrize(
    ("municipality", "name"),
    [
        pytest.param(municipality, name, id=f"{municipality}-{name}")
        for municipality, listed in MUNICIPAL.items()
        for name in listed
    ],
)
def test_a_rule_cannot_be_changed_unseen(municipality: str, name: str) -> None:
    rules, listed = rule_set(municipality), cases(municipality)
    assert [what for what, text in MUNICIPAL[municipality][name] if not seen(rules, listed, name, text)] == []


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_rule_cannot_be_changed_unseen(name: str) -> None:
    assert [what for what, text in SHARED[name] if not seen(sharing(), shared_cases(), name, text)] == []


def seen(rules: RuleSet, listed: list[Case], name: str, text: str | None) -> bool:
    """Whether some case is answered differently with this rule instead of the one of that name, or it is
    refused outright. Cases of actions that neither of the two is about cannot be answered differently."""
    policies, known = dict(rules.policies), dict(rules.rules)
    scopes = [policies[name]["action"]]
    if text is None:
        del policies[name], known[name]
    else:
        found, problems = parse_rules(known[name].file, text, SCHEMA)
        if problems:
            return True
        [(known[name], policies[name])] = found
        scopes.append(policies[name]["action"])
    changed = replace(
        rules,
        rules=known,
        policies=policies,
        # Nothing that was remembered of the rules as they are.
        _policies=lru_cache(None)(lambda action: _policy_set(_about(policies, action))),
        _remembered=lru_cache(None)(_Remembered),
    )
    about = {action for action in Action if any(is_about(scope, action) for scope in scopes)}
    # Those that the rule decides now come first: they are the likeliest to differ.
    near = sorted((case for case in listed if case[1].action in about), key=lambda case: name not in case[2])
    return any(answer(changed.decide(situation)) != told for _, situation, told in near)


# --- what each of them says --------------------------------------------------------------------------------


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_every_offered_purpose_can_be_permitted(municipality: str) -> None:
    rules = rule_set(municipality)
    asked = {s.purpose for _, s, told in cases(municipality) if s.action == "ask" and told.startswith("yes")}
    assert asked == set(rules.terms.purposes)


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_every_rule_can_be_shown(municipality: str) -> None:
    for rule in [*rule_set(municipality).rules.values(), *BUILT_IN.values()]:
        assert rule.title_nl.endswith(".")
        assert rule.title_en.endswith(".")
        assert rule.title_nl != rule.title_en
        assert rule.basis
        for remedy in filter(None, (rule.remedy_nl, rule.remedy_en)):
            assert remedy.endswith(".")
        assert rule.remedy_nl is None or rule.remedy_nl != rule.remedy_en


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_a_lacking_prerequisite_says_how_to_get_it(municipality: str) -> None:
    rules = [rule for rule in rule_set(municipality).rules.values() if not rule.file.startswith("shared/")]
    needs = [rule for rule in rules if rule.id.startswith("needs-")]
    assert needs
    assert [rule.id for rule in needs if rule.remedy_nl is None] == []


@pytest.mark.parametrize("municipality", PUBLISHED)
def test_where_the_public_rule_is_silent_somebody_else_decides(municipality: str) -> None:
    asks = [rule for rule in rule_set(municipality).rules.values() if rule.obligations]
    assert asks
    for rule in asks:
        assert rule.effect is Effect.PERMIT
        assert Obligation.DECIDER in rule.obligations


@pytest.mark.parametrize("municipality", PUBLISHED)
def test_it_names_its_public_source(municipality: str) -> None:
    source = rule_set(municipality).terms.source
    assert source.url is not None
    assert source.consulted.year >= 2026


TERMS = {
    "alphen-aan-den-rijn": (28, 3652, ["criminal-complaint", "complaint", "access-request"]),
    "beverwijk": (28, 28, ["access-request", "demand"]),
    "cuijk": (28, 28, []),
    "den-haag": (28, 28, ["criminal-complaint", "complaint", "integrity-investigation", "incident"]),
    "den-helder": (28, 28, ["legal-reason"]),
    "heerde": (28, 28, ["legal-reason"]),
    "hilversum": (28, 28, ["safety-incident"]),
    "noordwijk": (14, 14, ["viewing-request"]),
    "rijswijk": (28, 28, ["complaint", "demand"]),
    "soest": (28, 28, ["legal-reason"]),
    "voorbeeldstad": (28, 28, ["complaint", "criminal-complaint"]),
    "waalwijk": (28, 28, ["legal-reason"]),
    "winterswijk": (10, 10, ["legal-reason"]),
    "zwolle": (28, 28, []),
}
"""Days under AVG and Wpg, and what makes footage stay longer."""


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_terms(municipality: str) -> None:
    terms = rule_set(municipality).terms
    said = (terms.term_of("avg"), terms.term_of("wpg"), [hold.trigger.value for hold in terms.holds])
    assert said == TERMS[municipality]


PLACED = {
    "alphen-aan-den-rijn": {
        "criminal-complaint": ((), ("criminal-complaint-filed",)),
        "complaint": ((), ("complaint-filed",)),
        "access-request": (("inzageverzoek",), ()),
    },
    "beverwijk": {"access-request": (("inzageverzoek",), ()), "demand": ((), ("demand-received",))},
    "den-haag": {
        "criminal-complaint": ((), ("criminal-complaint-filed",)),
        "complaint": ((), ("complaint-filed",)),
        "integrity-investigation": ((), ("integrity-investigation",)),
        "incident": (("evaluatie",), ()),
    },
    "hilversum": {"safety-incident": ((), ("safety-incident",))},
    "noordwijk": {"viewing-request": (("incidentafhandeling", "aangifte", "inzageverzoek", "opsporing"), ())},
    "rijswijk": {"complaint": ((), ("complaint-filed",)), "demand": ((), ("demand-received",))},
    "voorbeeldstad": {
        "complaint": ((), ("complaint-filed",)),
        "criminal-complaint": ((), ("criminal-complaint-filed",)),
    },
}
"""What requests place by themselves: for which purposes, or with which prerequisites."""


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_what_requests_place_by_themselves(municipality: str) -> None:
    holds = rule_set(municipality).terms.holds
    said = {
        hold.trigger.value: (hold.placed_by.purposes, hold.placed_by.prerequisites)
        for hold in holds
        if hold.placed_by
    }
    assert said == PLACED.get(municipality, {})


def test_any_request_to_view_holds_where_that_is_the_rule() -> None:
    terms = rule_set("noordwijk").terms
    assert all(terms.placed_by(purpose, ()) == terms.holds for purpose in terms.purposes)


def test_every_fact_of_a_request_decides_somewhere() -> None:
    """What rules can look at, some municipality's case depends on, for and against."""
    told = {title: s for m in MUNICIPALITIES for title, s, _ in cases(m) if s.action == "ask" and s.request}
    for fact in FACTS:
        assert {getattr(situation.request, fact) for situation in told.values()} == {True, False}
