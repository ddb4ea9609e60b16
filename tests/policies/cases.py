"""Case tables: situations and the answer expected: deciding rules, and obligations.

A municipality's own cases stand beside its rules (cases.csv), those of the shared rules in `footage_cases`,
`finding_cases`, `staying_cases`, `police_cases` and `office_cases`. `test_rulesets` runs them all, and checks
that no rule can be changed without one of the answers changing.
"""

from collections.abc import Iterable
from functools import cache

from policies.cases import Case as TableCase
from policies.cases import parse_cases
from policies.engine import Decision, RuleSet
from tests.policies import finding_cases, footage_cases, office_cases, police_cases, staying_cases
from tests.policies.footage_cases import MOST_VIEWERS, NEIGHBOUR
from tests.policies.world import FOLDER, Case, World, rule_set, texts, words

SHARING = "voorbeeldstad"


@cache
def sharing() -> RuleSet:
    """A municipality whose terms make every shared rule decide something: it shares a service, and lets three
    people see a recording."""
    terms = f'shares_with = ["{NEIGHBOUR}"]\nmost_viewers = {MOST_VIEWERS}\n' + texts(SHARING)["terms.toml"]
    return RuleSet.parse(SHARING, texts(SHARING) | {"terms.toml": terms}, texts("shared"))


def answer(decision: Decision) -> str:
    return _answer(decision.permitted, (rule.id for rule in decision.reasons), decision.obligations)


def _answer(permitted: bool, rules: Iterable[str], obligations: Iterable[str]) -> str:
    verdict = "yes" if permitted else "no"
    owed = " ".join(sorted(obligations))
    return f"{verdict}: {' '.join(rules)} [{owed}]" if owed else f"{verdict}: {' '.join(rules)}"


def table(municipality: str) -> tuple[TableCase, ...]:
    """The municipality's own cases."""
    text = (FOLDER / municipality / "cases.csv").read_text(encoding="utf-8")
    return parse_cases(text, words(), rule_set(municipality), f"{municipality}/cases.csv")


@cache
def cases(municipality: str) -> list[Case]:
    """Its own, and those of the shared rules about anything but asking: no rule set opens more."""
    offered = [*rule_set(municipality).terms.purposes]
    purpose = "opsporing" if "opsporing" in offered else offered[0]
    another = next(each for each in offered if each != purpose)
    own = [
        (
            case.title,
            case.situation,
            _answer(case.expected.permitted, case.expected.rules, case.expected.obligations),
        )
        for case in table(municipality)
    ]
    return [*own, *_shared(World(municipality, purpose, another))]


@cache
def shared_cases() -> list[Case]:
    """Every shared rule, for and against, where all of them can decide: `sharing()`."""
    world = World(SHARING)
    return [
        *_shared(world),
        *footage_cases.where_shared(world),
        *staying_cases.where_shared(world),
        *police_cases.where_shared(world),
    ]


def _shared(w: World) -> list[Case]:
    return [
        *footage_cases.everywhere(w),
        *finding_cases.everywhere(w),
        *office_cases.everywhere(w),
        *staying_cases.everywhere(w),
        *police_cases.everywhere(w),
    ]
