"""What a rule set lets whom do, for all situations at once: who asks for what, and what stands in the way."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from policies.engine import RuleSet
from policies.facts import ABOUT_TRAIL, WITHOUT_PURPOSE, Action
from policies.outlook import Known, Outlook, is_about, is_about_everything, outlooks, roles_in
from policies.rules import Effect, Est, Rule
from policies.words import ROLES

NOT_LISTED = "\0"
"""Stands for every recipient that the terms do not list; none can be called so."""


@dataclass(frozen=True)
class Permission:
    """A permit, and to whom it can give something."""

    rule: Rule
    roles: tuple[str, ...]
    """None where it does not look at roles: then it is for everybody."""
    looks_at: frozenset[str]
    """What it depends on besides role and purpose: names of attributes in the schema."""


@dataclass(frozen=True)
class Offer:
    """One purpose that footage can be asked for: by nobody, where there are no permissions."""

    purpose: str
    permissions: tuple[Permission, ...]
    conditions: tuple[Rule, ...]
    """The forbids that can stand in the way of whoever has a permission."""
    recipients: tuple[str, ...]
    """To whom the footage may go."""


@dataclass(frozen=True)
class _Way:
    """One role that asks, for one recipient: the rules that can hold then."""

    role: str | None
    recipient: str | None
    rules: Mapping[Rule, Outlook]

    @cached_property
    def permits(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.effect is Effect.PERMIT)

    @cached_property
    def is_open(self) -> bool:
        closed = (rule.effect is Effect.FORBID and found.holds for rule, found in self.rules.items())
        return bool(self.permits) and not any(closed)


class Permissions:
    """One reading of a rule set, rule by rule: `policies.outlook` tells whether one can hold."""

    def __init__(self, rule_set: RuleSet) -> None:
        self._rule_set = rule_set
        spoken_of = roles_in(rule_set.policies)
        self._roles = [role for role in ROLES if role in spoken_of] + sorted(spoken_of - ROLES.keys())
        self._about = lru_cache(None)(
            lambda action: [rule for rule in self._rules() if is_about(self._policy(rule), action)]
        )
        self._ways = lru_cache(None)(self._look)

    @cached_property
    def offers(self) -> tuple[Offer, ...]:
        """What one can ask footage for, in the order of the terms."""
        return tuple(self._offer(purpose) for purpose in self._rule_set.terms.purposes)

    @cached_property
    def general_conditions(self) -> tuple[Rule, ...]:
        """The forbids that can stand in the way whatever one asks footage for."""
        lists = [offer.conditions for offer in self.offers if offer.permissions]
        return tuple(rule for rule in self._rules() if lists and all(rule in each for each in lists))

    @cached_property
    def never(self) -> tuple[Rule, ...]:
        """The forbids that no action escapes."""
        return tuple(rule for rule in self._rules() if is_about_everything(self._policy(rule)))

    def permissions(self, action: Action) -> tuple[Permission, ...]:
        """Who may do this, for any purpose that it can have."""
        return tuple(_permissions(self._ways_of(action)))

    def conditions(self, action: Action) -> tuple[Rule, ...]:
        """The forbids that can stand in the way of this, but for those that no action escapes."""
        return self._standing(self._ways_of(action))

    def purposes_of(self, permission: Permission, action: Action) -> tuple[str, ...]:
        """For which of the purposes that this action can have it holds."""
        return tuple(
            purpose
            for purpose in self._purposes(action)
            if purpose and any(permission.rule in way.permits for way in self._ways(action, purpose))
        )

    def refusing(self, purpose: str) -> tuple[Rule, ...]:
        """The rules by which nobody can ask footage for this purpose, whoever they are."""
        ways = self._ways(Action.ASK, purpose)
        always = (rule for rule in self._standing(ways) if all(_surely(rule, way) for way in ways))
        return tuple(always)

    def _offer(self, purpose: str) -> Offer:
        named = self._rule_set.terms.recipients
        ways = self._ways(Action.ASK, purpose, (None, *named, NOT_LISTED))
        open_ways = [way for way in ways if way.is_open]
        roles, recipients = {way.role for way in open_ways}, {way.recipient for way in open_ways}
        return Offer(
            purpose,
            tuple(_permissions(open_ways)),
            self._standing(way for way in ways if way.role in roles),
            tuple(recipient for recipient in named if recipient in recipients),
        )

    def _standing(self, ways: Iterable[_Way]) -> tuple[Rule, ...]:
        found = {rule for way in ways for rule in way.rules if rule.effect is Effect.FORBID}
        return tuple(rule for rule in self._rules() if rule in found - {*self.never})

    def _purposes(self, action: Action) -> Iterable[str | None]:
        if action in WITHOUT_PURPOSE:
            return (None,)
        return sorted(self._rule_set.purposes) if action in ABOUT_TRAIL else self._rule_set.terms.purposes

    def _ways_of(self, action: Action) -> list[_Way]:
        return [way for purpose in self._purposes(action) for way in self._ways(action, purpose)]

    def _look(
        self, action: Action, purpose: str | None, recipients: tuple[str | None, ...] = (None,)
    ) -> list[_Way]:
        return [
            _Way(role, recipient, dict(self._holding(Known(action, purpose, role, recipient))))
            for recipient in recipients
            for role in (*self._roles, None)
        ]

    def _holding(self, known: Known) -> Iterator[tuple[Rule, Outlook]]:
        rules = self._about(known.action)
        found = outlooks(map(self._policy, rules), known, self._rule_set.terms)
        return ((rule, each) for rule, each in zip(rules, found, strict=True) if each.holds is not False)

    def _rules(self) -> Iterable[Rule]:
        return self._rule_set.rules.values()

    def _policy(self, rule: Rule) -> Est:
        return self._rule_set.policies[rule.id]


def _surely(rule: Rule, way: _Way) -> bool:
    return rule in way.rules and way.rules[rule].holds is True


def _permissions(ways: Iterable[_Way]) -> Iterator[Permission]:
    """The permits that can hold on an open way, with the roles they are for."""
    found: dict[Rule, dict[str | None, Outlook]] = {}
    for way in ways:
        for rule in way.permits if way.is_open else ():
            found.setdefault(rule, {})[way.role] = way.rules[rule]
    for rule, by_role in found.items():
        roles = tuple(role for role in by_role if role is not None)
        looks_at = frozenset[str]().union(*(each.looks_at for each in by_role.values()))
        yield Permission(rule, () if None in by_role else roles, looks_at)
