"""Lists that obey the rules: which questions can be asked about every row at once, and what answers them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from policies.conditions import ALWAYS, NEVER, Among, Condition, Fact, every
from policies.facts import ABOUT_FOOTAGE, ABOUT_GRANT, ABOUT_REQUEST, Action, Person, Search
from policies.problems import Problem
from policies.residuals import GRANT, RECORDING, REQUEST, ROWS, Asked, Est, Found, permitted
from policies.retention import years_before
from policies.rules import CANNOT_BE_EVALUATED, NO_RULE_PERMITS, Effect, Rule
from policies.symbols import NotListable, Record, Value
from policies.terms import Terms
from policies.values import OPEN, Ref, moment, ref

LISTED = (Action.FIND, Action.READ_REQUEST, Action.READ_GRANT, Action.REVOKE)
"""What lists are made by. A rule about one of these that no list can be made by is refused when read."""


_YEARS = {"oneYearAgo": 1, "fiveYearsAgo": 5, "tenYearsAgo": 10}
"""Of the context of what uses footage: the moment so many years before now."""


class Written(NamedTuple):
    """A rule, and what Cedar reads of it."""

    rule: Rule
    policy: Est
    steady: bool
    """It does not look at the clock, so it says the same page after page."""


def written(rule: Rule, policy: Est) -> Written:
    """The rule, and whether it looks at the clock."""
    text = json.dumps(policy["conditions"])
    return Written(rule, policy, not any(f'"attr": "{name}"' in text for name in ("now", *_YEARS)))


@dataclass(frozen=True, slots=True)
class Residual:
    """What is left of the rules for one person, one action and one moment: which rows it is permitted for."""

    condition: Condition
    reasons: tuple[Rule, ...]
    """When it is permitted for no row whatever: why. Else the permits of which one must hold."""
    rule_set: str
    """Digest of the rule set that was asked."""

    @property
    def nothing(self) -> bool:
        """Whether it is clear already that no row can be permitted."""
        return self.condition is NEVER


@dataclass(frozen=True, slots=True)
class Question:
    """For which rows may this person do this? A purpose and a search are for FIND; else each row has its own
    purpose."""

    person: Person
    action: Action
    now: datetime
    purpose: str
    search: Search | None


def unlistable(rules: Iterable[Written], action: Action) -> Iterator[Problem]:
    """The rules about this action that no list can be made by, whoever asks and whatever for."""
    asked = _open(action)
    for rule, policy, _ in rules:
        try:
            asked.read(policy)
        except NotListable as error:
            yield Problem(rule.file, rule.id, f"no list can be made by it ({action.value}): it asks {error}")


def steady(rules: Iterable[Written], question: Question, terms: Terms) -> dict[str, Found]:
    """What is left of those of these rules that say the same whatever the moment, by their ids.

    Raises NotListable for what `unlistable` tells.
    """
    asked = _asked(question, terms)
    return {rule.id: asked.read(policy) for rule, policy, same in rules if same}


def remaining(
    rules: Iterable[Written],
    question: Question,
    terms: Terms,
    purposes: frozenset[str],
    rule_set: str,
    known: Mapping[str, Found],
) -> Residual:
    """What is left of these rules; `known` is what `steady` says of them.

    Every row is one of the municipality of `terms`.
    """
    asked = _asked(question, terms)
    found = [
        (rule, known[rule.id] if says_the_same else asked.read(policy))
        for rule, policy, says_the_same in rules
    ]
    permits = [(rule, each) for rule, each in found if rule.effect is Effect.PERMIT]
    forbids = [(rule, each) for rule, each in found if rule.effect is Effect.FORBID]
    condition = permitted((each for _, each in permits), (each for _, each in forbids))
    own = _own_purpose(question.action)
    if own is not None:
        # A purpose that is on no list is refused before any rule is looked at.
        condition = every(Among(own, frozenset(purposes)), condition)
    if condition is not NEVER:
        return Residual(condition, tuple(rule for rule, each in permits if each.holds is not NEVER), rule_set)
    reasons = [rule for rule, each in forbids if each.holds is ALWAYS]
    if any(each.error is ALWAYS for _, each in found):
        reasons.append(CANNOT_BE_EVALUATED)
    return Residual(NEVER, tuple(reasons or [NO_RULE_PERMITS]), rule_set)


def _own_purpose(action: Action) -> Fact | None:
    """The purpose that each row has of its own: what is done to a request or a grant is done for that."""
    if action in ABOUT_REQUEST:
        return ROWS["Request"]["purpose"]
    return ROWS["Grant"]["purpose"] if action in ABOUT_GRANT else None


def _open(action: Action) -> Asked:
    """A question of which everything is known as soon as it is asked."""
    about = _about(action) or {"search": OPEN, **dict.fromkeys(_YEARS, OPEN)}
    context = {"now": OPEN, "purpose": _own_purpose(action) or OPEN, **about}
    return Asked(_variables(OPEN, action, OPEN, context), {})


def _about(action: Action) -> dict[str, Value]:
    if action in ABOUT_REQUEST:
        return {"request": REQUEST}
    return {"grant": GRANT} if action in ABOUT_GRANT else {}


def _variables(
    principal: Value, action: Action, municipality: Value, context: dict[str, Value]
) -> dict[str, Value]:
    return {
        "principal": principal,
        "action": ref("Action", action.value),
        "resource": RECORDING,
        "context": Record({"municipality": municipality, **context}),
        "municipality": municipality,
    }


def _asked(question: Question, terms: Terms) -> Asked:
    person, action, search = question.person, question.action, question.search
    here, who = ref("Municipality", terms.municipality), ref("Person", person.id)
    context: dict[str, Value] = {"now": moment(question.now), **_about(action)}
    context["purpose"] = _own_purpose(action) or ref("Purpose", question.purpose)
    entities: dict[Ref, dict[str, Value]] = {
        here: {
            "purposes": frozenset(ref("Purpose", each) for each in terms.purposes),
            "recipients": frozenset(ref("Recipient", each) for each in terms.recipients),
            "sharesWith": frozenset(ref("Municipality", each) for each in terms.shares_with),
            **({} if terms.most_viewers is None else {"mostViewers": terms.most_viewers}),
        },
        who: {
            "municipality": ref("Municipality", person.municipality),
            "teams": frozenset(ref("Team", each) for each in person.teams),
            "active": person.active,
        },
    }
    if action in ABOUT_FOOTAGE:
        context |= {name: moment(years_before(question.now, years)) for name, years in _YEARS.items()}
    if search is not None and action is Action.FIND:
        context["search"] = ref("Search", search.id)
        entities[ref("Search", search.id)] = {
            "requester": ref("Person", search.requester),
            "purpose": ref("Purpose", search.purpose),
            "since": moment(search.since),
            "until": moment(search.until),
            "openUntil": moment(search.open_until),
            "hasCaseReference": search.has_case_reference,
        }
    variables = _variables(who, action, here, context)
    return Asked(variables, entities, frozenset(ref("Role", role) for role in person.roles))
