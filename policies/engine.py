"""Decisions: what one municipality's rules say about one situation, with the reasons.

Cedar skips a rule that fails while it is evaluated, also a forbid, and then answers "allow". So here every
error, from any rule, denies. The digest says under which exact texts a decision was made.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias, final

import cedarpy

from policies import encoding, lists, moments
from policies.conditions import NEVER
from policies.facts import WITHOUT_PURPOSE, Action, Person, Resource, Search, Situation, Trail
from policies.likeness import Likeness
from policies.lists import LISTED, Question, Residual, Written
from policies.plain import plain
from policies.problems import RuleSetInvalid
from policies.reading import (
    SHARED,
    declared_purposes,
    digest,
    file_problems,
    knows_years,
    read_rules,
    read_schema,
    read_terms,
)
from policies.residuals import Found
from policies.rules import (
    CANNOT_BE_EVALUATED,
    NO_RULE_PERMITS,
    OBLIGATION_UNKNOWN,
    OBLIGATIONS,
    PURPOSE_UNKNOWN,
    Effect,
    Est,
    Obligation,
    Rule,
)
from policies.signals.reading import Signal, read_signals
from policies.terms import Terms

FACTS_REMEMBERED = 256
"""How many answers a rule set remembers, each to all that look alike."""
_ANY_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
_PROOF = object()
_NO_FACTS = (ValueError, TypeError, AttributeError, OverflowError)
"""What comes of reading what is no fact; the last of a moment that no calendar has."""
_Thing: TypeAlias = tuple[Resource, encoding.About]
"""What it is done to, with the request, grant or search about it."""


@final
@dataclass(frozen=True, slots=True)
class Decision:
    """Proof that a rule set was asked: only `RuleSet.decide` makes one, for the situation it carries.

    Raises TypeError when made elsewhere.
    """

    situation: Situation
    permitted: bool
    reasons: tuple[Rule, ...]
    """Never empty. For a permit the permits that hold, for a denial what stands in the way; in file order."""
    obligations: frozenset[Obligation]
    """What must be done for the permission to hold; none on a denial."""
    rule_set: str
    """Digest of the rule set that was asked."""
    errors: tuple[str, ...]
    """What went wrong, in Cedar's words: may name ids, so for the administrator's eyes only."""
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _PROOF:
            raise TypeError("a Decision is made by RuleSet.decide only")


@final
class _Remembered:
    """What was answered to all that look alike (`policies.likeness`), once that is known."""

    def __init__(self) -> None:
        self.answer: Decision | None = None

    def remember(self, answer: Decision) -> None:
        """Unless it failed: what fails may succeed with other facts that are equal to these."""
        if not answer.errors:
            self.answer = answer


@final
@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """The rules of one municipality under the shared ones, checked. Made by `RuleSet.parse`; safe to share
    between threads."""

    municipality: str
    digest: str
    rules: Mapping[str, Rule]
    """By id: the shared rules first, then the municipality's, in file order."""
    terms: Terms
    signals: Mapping[str, Signal]
    """What is looked for in this municipality's part of the log, by id; nothing is decided by it."""
    purposes: frozenset[str]
    """The schema's closed list, of which `terms.purposes` is what this municipality offers."""
    policies: Mapping[str, Est]
    """The same rules by id, in Cedar's JSON form, for whoever reads them without a situation."""
    _policies: Callable[[Action], cedarpy.PolicySet]
    """The policies whose scope names an action: the others cannot hold, and cost time to look at."""
    _schema: cedarpy.Schema
    _years: bool
    """Whether its schema knows of years."""
    _facts: "_Reading"
    _listed: Mapping[Action, tuple[Written, ...]]
    """The rules that lists are made by."""
    _steady: Callable[[Question, tuple[int, ...]], Mapping[str, Found]]
    """What is left of those that do not look at the clock: whoever pages through a list asks the same."""
    _likeness: Callable[[Action], Likeness | None]
    """What the rules about an action look at, as far as that is understood."""
    _remembered: Callable[[tuple[Action, Hashable]], _Remembered]
    """What was answered before: most rows of a list look alike, and so do most ranges of a recording."""

    @classmethod
    def parse(cls, municipality: str, files: Mapping[str, str], shared: Mapping[str, str]) -> "RuleSet":
        """Read and check a rule set.

        `files`: the municipality's texts by file name (`terms.toml` and `*.cedar`), `shared`: the shared ones
        (`schema.cedarschema` and `*.cedar`); either may have `signals.toml`. Raises
        RuleSetInvalid, which lists every problem found.
        """
        texts = {f"{SHARED}/{name}": text for name, text in shared.items()}
        texts |= {f"{municipality}/{name}": text for name, text in files.items()}
        schema = read_schema(texts)
        purposes = declared_purposes(schema)
        problems = list(file_problems(municipality, files, shared))
        terms = read_terms(municipality, texts, purposes, problems)
        signals = read_signals(texts, municipality, problems)
        rules, policies = read_rules(texts, schema, problems)
        listed = {
            action: tuple(
                lists.written(rules[id_], policy) for id_, policy in _about(policies, action).items()
            )
            for action in LISTED
        }
        for action, written in listed.items():
            problems += lists.unlistable(written, action)
        if terms is None or problems:
            raise RuleSetInvalid(problems)
        return cls(
            municipality,
            digest(texts),
            MappingProxyType(rules),
            terms,
            signals,
            purposes,
            MappingProxyType(policies),
            lru_cache(None)(lambda action: _policy_set(_about(policies, action))),
            schema,
            knows_years(schema),
            _Reading(terms, schema),
            MappingProxyType(listed),
            lru_cache(FACTS_REMEMBERED)(
                lambda question, _: lists.steady(listed[question.action], question, terms)
            ),
            lru_cache(None)(lambda action: Likeness.read(_about(policies, action).values())),
            lru_cache(FACTS_REMEMBERED)(lambda _: _Remembered()),
        )

    def decide(self, situation: Situation) -> Decision:
        """What these rules say about this situation. Never raises for what a rule set or a fact can do wrong:
        then the answer is no, with `cannot-be-evaluated` among its reasons."""
        return self._answer(situation, self._before(situation))

    def decide_each(self, situations: Sequence[Situation]) -> list[Decision]:
        """As `decide`, of each of them; faster where they are the rows of one person's list.

        The same answers: no rule that lists are made by looks from one row at another.
        """
        before = [self._before(each) for each in situations]
        if _are_a_list(situations):
            pairs = zip(before, situations, strict=True)
            new = {id(known): (known, each) for known, each in pairs if known.answer is None}
            self._evaluate_together(list(new.values()))
        return [self._answer(*each) for each in zip(situations, before, strict=True)]

    def _before(self, situation: Situation) -> _Remembered:
        """What is remembered of those that look like this one; of one that looks like no other, nothing."""
        likeness = self._likeness(situation.action)
        if likeness is not None:
            try:
                return self._remembered((situation.action, likeness.of(situation)))
            except _NO_FACTS:
                # Facts that are none. What is wrong with them is said when they are evaluated.
                pass
        return _Remembered()

    def _answer(self, situation: Situation, before: _Remembered) -> Decision:
        if before.answer is not None:
            return replace(before.answer, situation=situation, proof=_PROOF)
        found = self._evaluate(situation)
        before.remember(found)
        return found

    def _evaluate(self, situation: Situation) -> Decision:
        if situation.action not in WITHOUT_PURPOSE and situation.purpose not in self.purposes:
            return self._deny(situation, [PURPOSE_UNKNOWN])
        try:
            thing = situation.resource, encoding.asked_about(situation)
            known = self._facts.read(situation.person, [thing])
            asked = self._question(situation)
            answer = cedarpy.is_authorized(asked, self._policies(situation.action), known, self._schema)
        except _NO_FACTS as error:
            return self._deny(situation, [CANNOT_BE_EVALUATED], [str(error)])
        return self._answered(situation, answer)

    def _question(self, situation: Situation) -> encoding.Json:
        return encoding.question(situation, self.municipality, years=self._years)

    def _evaluate_together(self, new: Sequence[tuple[_Remembered, Situation]]) -> None:
        """Rows of a list that look like none before, in one question to Cedar, if it can read them all."""
        situations = [each for _, each in new]
        if len(new) < 2 or not all(each.purpose in self.purposes for each in situations):
            return
        person, action = situations[0].person, situations[0].action
        try:
            things = [(each.resource, encoding.asked_about(each)) for each in situations]
            known = self._facts.read(person, things)
            asked = [self._question(each) for each in situations]
            answers = cedarpy.is_authorized_batch(asked, self._policies(action), known, self._schema)
        except _NO_FACTS:
            # One of them cannot be read. That is not the fault of the others.
            return
        for (before, situation), answer in zip(new, answers, strict=True):
            before.remember(self._answered(situation, answer))

    def remaining(
        self,
        person: Person,
        action: Action,
        *,
        now: datetime,
        purpose: str = "",
        search: Search | None = None,
    ) -> Residual:
        """Which rows `decide` would permit this person this action for: one of `LISTED`, at this moment.

        FIND has a purpose and may have a search; a request or a grant has a purpose of its own. Every row is
        one of this municipality.
        """
        if action is Action.FIND and purpose not in self.purposes:
            return Residual(NEVER, (PURPOSE_UNKNOWN,), self.digest)
        try:
            # What Cedar refuses to read of what is known, it would refuse with every row.
            self._facts.read(person, [(Trail(self.municipality), search)])
        except _NO_FACTS:
            return Residual(NEVER, (CANNOT_BE_EVALUATED,), self.digest)
        asked = Question(person, action, now, purpose, search)
        known = self._steady(replace(asked, now=_ANY_MOMENT), moments.folds(search))
        try:
            return lists.remaining(self._listed[action], asked, self.terms, self.purposes, self.digest, known)
        except _NO_FACTS:
            # A moment before which the calendar has no ten years.
            return Residual(NEVER, (CANNOT_BE_EVALUATED,), self.digest)

    def _answered(self, situation: Situation, answer: cedarpy.AuthzResult) -> Decision:
        found = set(answer.diagnostics.reasons)
        reasons = [rule for id_, rule in self.rules.items() if id_ in found]
        errors = answer.diagnostics.errors
        if errors or answer.decision is cedarpy.Decision.NoDecision:
            forbids = [rule for rule in reasons if rule.effect is Effect.FORBID]
            return self._deny(situation, [*forbids, CANNOT_BE_EVALUATED], errors)
        if not answer.allowed:
            return self._deny(situation, reasons or [NO_RULE_PERMITS])
        return self._permit(situation, reasons)

    def _permit(self, situation: Situation, reasons: list[Rule]) -> Decision:
        obligations = frozenset[Obligation]().union(*(rule.obligations for rule in reasons))
        if situation.action is Action.WATCH and situation.grant is not None:
            stored = situation.grant.obligations
            if not stored <= OBLIGATIONS.keys():
                return self._deny(situation, [OBLIGATION_UNKNOWN])
            obligations |= {OBLIGATIONS[name] for name in stored}
        return Decision(situation, True, tuple(reasons), obligations, self.digest, (), _PROOF)

    def _deny(self, situation: Situation, reasons: Iterable[Rule], errors: Iterable[str] = ()) -> Decision:
        return Decision(situation, False, tuple(reasons), frozenset(), self.digest, tuple(errors), _PROOF)


@final
class _Reading:
    """Facts as Cedar reads them: what stays the same is read once, of a list the rows together."""

    def __init__(self, terms: Terms, schema: cedarpy.Schema) -> None:
        self._schema = schema
        self._standing = lru_cache(FACTS_REMEMBERED)(
            lambda person, search, _: cedarpy.Entities.from_json_str(
                encoding.standing(terms, person, search), schema
            )
        )

    def read(self, person: Person, things: Sequence[_Thing]) -> cedarpy.Entities:
        """Raises ValueError, TypeError and AttributeError for what is no fact."""
        _, about = things[0]
        search = about if isinstance(about, Search) else None
        # Equal ones are read once, and to Python 1 is True: what Cedar would refuse must not hit its double.
        if not plain(person) or not (search is None or plain(search)):
            raise TypeError("a fact of another type than is declared")
        standing = self._standing(person, search, moments.folds(search))
        return standing.with_added_json_str(encoding.things(*things), self._schema)


def _are_a_list(situations: Sequence[Situation]) -> bool:
    """Whether nothing but the row differs."""
    return (
        len(situations) > 1
        and situations[0].action in LISTED
        and len({(each.person, each.action, each.search) for each in situations}) == 1
    )


def _about(policies: dict[str, Est], action: Action) -> dict[str, Est]:
    return {id_: policy for id_, policy in policies.items() if is_about(policy["action"], action)}


def _policy_set(policies: dict[str, Est]) -> cedarpy.PolicySet:
    """These policies under our own ids, so that Cedar's answers name them."""
    return cedarpy.PolicySet.from_json_str(
        json.dumps({"staticPolicies": policies, "templates": {}, "templateLinks": []})
    )


def is_about(scope: Est, action: Action) -> bool:
    """Whether a policy's action scope can match: `action`, `action == …` or `action in […]`."""
    match scope:
        case {"op": "All"}:
            return True
        case {"op": "==", "entity": {"id": name}}:
            return bool(name == action)
        case {"op": "in", "entities": named}:
            return any(each["id"] == action for each in named)
        case {"op": "in", "entity": {"id": name}}:
            return bool(name == action)
    # A scope of another form is given to Cedar, which knows what it means.
    return True
