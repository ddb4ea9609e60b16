"""What a matrix asks about: every role of which a rule speaks and one other, every relation, every day on
which an answer can change, every recipient, and every condition that a rule for that purpose looks at."""

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from policies import wpg
from policies.engine import RuleSet, is_about
from policies.facts import Action
from policies.glossary import Glossary, word_for
from policies.mentions import Mentions, can_hold_for, mentions
from policies.reading import SHARED
from policies.retention import days_between, years_after
from policies.rules import Est
from policies.scenes import FACTS, RECORDED, WPG, Relation, Scene

OTHER, NOBODY = "anders", "geen"
STRANGER = "iemand anders"
"""A recipient that no terms name: a key of terms has no space in it."""
SO, NOT_SO = "1", "0"

PERMITTED_HERE = (Action.ASK, Action.DECIDE)
"""What a municipality's own rules permit."""
_NEEDED: defaultdict[Action, frozenset[str]] = defaultdict(
    frozenset, {Action.FIND: frozenset({"has_case_reference"})}
)
"""What the shared rules demand, so that without it there is one answer only."""

MOMENTS = frozenset({"now", "recordedAt", "disposeAfter", "askedAt"})
"""When a rule looks at one of these, its answer can change on any day: it is asked about each."""
MOST_DAYS = 100

_BY_ATTRIBUTE = {
    "maker": (Relation.MAKER,),
    "depicted": (Relation.DEPICTED,),
    "team": (Relation.OTHER_TEAM, Relation.NO_TEAM),
    "teams": (Relation.OTHER_TEAM,),
}


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The values to ask about, for one action and one purpose."""

    action: Action
    purpose: str
    roles: dict[str, frozenset[str]]
    relations: dict[str, frozenset[Relation]]
    days: dict[str, int]
    viewers: dict[str, int]
    recipients: dict[str, str | None]
    conditions: tuple[str, ...]

    def values(self) -> list[list[str]]:
        """By dimension, conditions last, each of which is so or not."""
        named = (self.roles, self.relations, self.days, self.viewers, self.recipients)
        return [*(list(dimension) for dimension in named), *([SO, NOT_SO] for _ in self.conditions)]

    def scene(self, point: tuple[str, ...]) -> Scene:
        """The scene of one value in each dimension."""
        role, relation, day, viewers, recipient, *so = point
        return Scene(
            self.action,
            self.roles[role],
            self.relations[relation],
            self.purpose,
            self.days[day],
            frozenset(name for name, value in zip(self.conditions, so, strict=True) if value == SO),
            self.viewers[viewers],
            self.recipients[recipient],
        )


def dimensions(
    rule_set: RuleSet, words: Glossary, roles: frozenset[str], action: Action, purpose: str
) -> Dimensions:
    """What the municipality's own rules can look at when somebody does this for this purpose; where it is the
    shared rules that permit, also the roles and relations of theirs."""
    own = own_rules(rule_set, action, purpose)
    seen = mentions(own)
    permitting = [] if action in PERMITTED_HERE else _about(rule_set, action, purpose)
    wide = mentions([*own, *permitting])
    terms = rule_set.terms
    stages = _stages(terms.term_of("wpg"))
    looked_at = seen.attributes | (_of_police_data(rule_set, action, purpose) if stages else frozenset())
    facts = [name for name in sorted(FACTS) if _attribute(name) in looked_at or name in _NEEDED[action]]
    regimes = [WPG] if "regime" in seen.attributes or terms.wpg_term_days else []
    recipients: dict[str, str | None] = {NOBODY: None}
    if action is Action.ASK or "recipient" in seen.attributes:
        recipients |= {key: key for key in sorted(terms.recipients)} | {STRANGER: STRANGER}
    return Dimensions(
        action,
        purpose,
        _roles(wide, words, roles),
        _relations(wide, action, words, shared=bool(terms.shares_with)),
        _days(seen, {terms.term_days, terms.term_of("wpg")} | stages),
        _viewers(seen, terms.most_viewers),
        recipients,
        tuple(facts + regimes),
    )


def own_rules(rule_set: RuleSet, action: Action, purpose: str) -> list[Est]:
    """The municipality's own rules that can decide about an action for a purpose."""
    return _about(rule_set, action, purpose, f"{rule_set.municipality}/")


def _of_police_data(rule_set: RuleSet, action: Action, purpose: str) -> frozenset[str]:
    """What the shared rules look at that let police data serve less as it grows older."""
    each = (mentions([policy]) for policy in _about(rule_set, action, purpose, f"{SHARED}/"))
    return frozenset[str]().union(*(seen.attributes for seen in each if "regime" in seen.attributes))


def _about(rule_set: RuleSet, action: Action, purpose: str, file: str = "") -> list[Est]:
    return [
        policy
        for id_, policy in rule_set.policies.items()
        if rule_set.rules[id_].file.startswith(file)
        and is_about(policy["action"], action)
        and can_hold_for(policy, purpose)
    ]


def _roles(seen: Mentions, words: Glossary, roles: frozenset[str]) -> dict[str, frozenset[str]]:
    found = {word_for(words.roles, role): frozenset({role}) for role in sorted(seen.roles)}
    others = sorted(roles - seen.roles)
    return found | {OTHER: frozenset(others[:1])}


def _relations(
    seen: Mentions, action: Action, words: Glossary, *, shared: bool
) -> dict[str, frozenset[Relation]]:
    found = {NOBODY: frozenset[Relation]()}
    relations = [
        relation for name, those in _BY_ATTRIBUTE.items() if name in seen.attributes for relation in those
    ]
    relations += [Relation.OTHER_MUNICIPALITY] if shared else []
    relations += [Relation.OWN_REQUEST] if action is Action.DECIDE else []
    return found | {word_for(words.relations, each): frozenset({each}) for each in relations}


def _days(seen: Mentions, terms: set[int]) -> dict[str, int]:
    """From each day on which an answer can change until the next."""
    changes = {0} | terms
    if "daysAfterRecording" in seen.attributes:
        changes |= _beyond(seen.numbers)
    if seen.attributes & MOMENTS:
        changes |= set(range(min(MOST_DAYS, max(terms)) + 2))
    return _stretches(changes)


def _stages(term: int) -> set[int]:
    """The days on which police data comes to a later stage, as far as its term goes."""
    begins = (days_between(RECORDED, years_after(RECORDED, years)) for years in wpg.YEARS.values())
    return {day for day in begins if day < term}


def _viewers(seen: Mentions, most: int | None) -> dict[str, int]:
    changes = {0} if most is None else {0, most}
    if "otherViewers" in seen.attributes:
        changes |= _beyond(seen.numbers)
    return _stretches(changes)


def _beyond(numbers: frozenset[int]) -> set[int]:
    """A rule that compares with a number can change its mind at that number, or at the next one."""
    return {change for number in numbers for change in (number, number + 1) if number >= 0}


def _stretches(changes: set[int]) -> dict[str, int]:
    """From each change until the next, by name: "0-23", "24", "25-"."""
    ordered = sorted(changes)
    found = {
        f"{first}-{last - 1}" if last - first > 1 else f"{first}": first for first, last in pairwise(ordered)
    }
    return found | {f"{ordered[-1]}-": ordered[-1]}


def _attribute(fact: str) -> str:
    """The name of a fact of a request as rules write it."""
    return re.sub(r"_(.)", lambda found: found[1].upper(), fact)
