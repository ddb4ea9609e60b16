"""The vault's list of problems: each has an id of its own and says in two languages what to do."""

import pytest

from policies.rules import NO_RULE_PERMITS, Obligation
from policies.words import OBLIGATIONS
from vault.viewing import CARRIED_OUT
from vault.web import problems
from vault.web.app import PROBLEMS
from vault.web.problem import Problem, Text, in_language

ALL = [value for value in vars(problems).values() if isinstance(value, Problem)]


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.id)
def test_each_says_something_in_both_languages(problem: Problem) -> None:
    for text in (problem.title, problem.detail):
        assert text.nl
        assert text.en
        assert text.nl != text.en
    assert problem.detail.nl.endswith(".")
    assert 400 <= problem.status < 600


def test_no_two_share_an_id() -> None:
    assert len({problem.id for problem in ALL}) == len(ALL)


def test_what_is_not_foreseen_says_nothing_of_itself() -> None:
    assert PROBLEMS[Exception] is problems.FAILED


def test_a_denial_names_its_rules() -> None:
    found = problems.denied([NO_RULE_PERMITS], requestId="7")
    assert in_language(found.extra, "en") == {
        "reasons": [
            {"id": "no-rule-permits", "title": "No rule permits this.", "basis": NO_RULE_PERMITS.basis}
        ],
        "requestId": "7",
    }


@pytest.mark.parametrize("obligation", sorted(set(Obligation) - CARRIED_OUT))
def test_every_obligation_that_can_be_unmet_has_its_text(obligation: Obligation) -> None:
    [listed] = problems.unmet([obligation]).extra["obligations"]
    assert listed["id"] == obligation.value
    assert isinstance(listed["title"], Text)
    assert listed["title"].nl != obligation.value


def test_whatever_is_unmet_is_named_in_the_detail() -> None:
    refused = problems.unmet(Obligation)
    for words in OBLIGATIONS.values():
        assert words.nl in refused.problem.detail.nl
        assert words.en in refused.problem.detail.en
    assert refused.problem.id == problems.OBLIGATION_UNMET.id
