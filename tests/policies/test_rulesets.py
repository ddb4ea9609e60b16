"""The rule sets that come with the software: every case, and that no rule can be weakened unseen."""

from datetime import timedelta

import pytest

from policies.engine import RuleSet
from policies.problems import RuleSetInvalid
from policies.rules import BUILT_IN, Effect, Obligation
from tests.policies.cases import answer, cases
from tests.policies.municipal_cases import Case
from tests.policies.mutants import mutants
from tests.policies.world import FOLDER, MUNICIPALITIES, rule_set, texts

TABLES = {municipality: cases(municipality) for municipality in MUNICIPALITIES}
CASES = [
    pytest.param(municipality, case, id=f"{municipality}-{index}-{case[0]}")
    for municipality, listed in TABLES.items()
    for index, case in enumerate(listed)
]
MUNICIPAL = [
    (municipality, what, mutant)
    for municipality in MUNICIPALITIES
    for what, mutant in mutants(texts(municipality)["rules.cedar"])
]


def test_every_folder_has_a_table() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {"shared", *MUNICIPALITIES}


@pytest.mark.parametrize(("municipality", "case"), CASES)
def test_case(municipality: str, case: Case) -> None:
    _, situation, expected = case
    decision = rule_set(municipality).decide(situation)
    assert (answer(decision), decision.errors) == (expected, ())


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_every_rule_decides_some_case(municipality: str) -> None:
    rules = rule_set(municipality)
    told = {rule.id for _, situation, _ in TABLES[municipality] for rule in rules.decide(situation).reasons}
    assert rules.rules.keys() - told == set()


@pytest.mark.parametrize(
    ("municipality", "mutant"), [pytest.param(m, text, id=f"{m}-{what}") for m, what, text in MUNICIPAL]
)
def test_a_rule_cannot_be_changed_unseen(municipality: str, mutant: str) -> None:
    assert seen(municipality, mutant, texts("shared")["shared.cedar"])


@pytest.mark.parametrize(
    "mutant", [pytest.param(text, id=what) for what, text in mutants(texts("shared")["shared.cedar"])]
)
def test_a_shared_rule_cannot_be_changed_unseen(mutant: str) -> None:
    assert any(seen(m, texts(m)["rules.cedar"], mutant) for m in MUNICIPALITIES)


def seen(municipality: str, rules: str, shared: str) -> bool:
    """Whether some case answers differently under these texts, or they are refused outright."""
    try:
        changed = RuleSet.parse(
            municipality,
            texts(municipality) | {"rules.cedar": rules},
            texts("shared") | {"shared.cedar": shared},
        )
    except RuleSetInvalid:
        return True
    return any(answer(changed.decide(situation)) != told for _, situation, told in TABLES[municipality])


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_every_offered_purpose_can_be_permitted(municipality: str) -> None:
    rules = rule_set(municipality)
    asked = {s.purpose for _, s, told in TABLES[municipality] if s.action == "ask" and told.startswith("yes")}
    assert asked == set(rules.terms.purposes)


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_every_rule_can_be_shown(municipality: str) -> None:
    for rule in [*rule_set(municipality).rules.values(), *BUILT_IN.values()]:
        assert rule.title_nl.endswith(".")
        assert rule.title_en.endswith(".")
        assert rule.title_nl != rule.title_en
        assert rule.basis


@pytest.mark.parametrize("municipality", ["noordwijk", "den-helder"])
def test_where_the_public_rule_is_silent_somebody_else_decides(municipality: str) -> None:
    asks = [rule for rule in rule_set(municipality).rules.values() if rule.obligations]
    assert asks
    for rule in asks:
        assert rule.effect is Effect.PERMIT
        assert {Obligation.DECIDER, Obligation.NO_COPY} <= rule.obligations


@pytest.mark.parametrize(
    ("municipality", "days", "hours"),
    [("noordwijk", 14, 24), ("den-helder", 28, 24), ("voorbeeldstad", 28, 72)],
)
def test_terms(municipality: str, days: int, hours: int) -> None:
    terms = rule_set(municipality).terms
    assert (terms.municipality, terms.term_days) == (municipality, days)
    assert terms.longest_grant == timedelta(hours=hours)
