"""Cedar and plain Python agree on tens of thousands of situations, and do not when a rule is changed."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from policies.engine import RuleSet
from policies.facts import (
    ABOUT_RULES,
    ABOUT_TRAIL,
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
from policies.scenes import FACTS
from tests.policies.statement import REGULATIONS, Answer, Regulation
from tests.policies.world import MOMENT, NOW, id_of, roles, rule_set, texts

SITUATIONS = 12_000
"""For each of the four."""
NAMED = {regulation.municipality: regulation for regulation in REGULATIONS}
PEOPLE = ("asker", "colleague", "third")
RECIPIENTS = ("betrokkene", "om", "politie", "justitie", "krant")
ASKERS = ("officer", "supervisor", "decider", "complaint-handler", "integrity-investigator")
WINDOW = [21, 22, 23, 24, 25] * 4
"""Days around which an answer changes, often."""
OLD = [364, 365, 366, 1825, 1826, 1827, 3652, 3653]
"""Days around which police data comes to another stage."""
OBLIGATIONS = ("decider", "no-copy", "watermark", "notify")


class Chance:
    """Situations at random, likelier in order than not, so that both answers come often."""

    def __init__(self, regulation: Regulation) -> None:
        self.regulation = regulation
        self.random = random.Random(regulation.municipality)
        self.purposes = sorted(regulation.purposes)
        self.recipients = [*RECIPIENTS, *sorted(regulation.recipients)]
        self.known = sorted(rule_set(regulation.municipality).purposes)

    def situation(self) -> Situation:
        action = self.one(Action) if self.likely(0.45) else Action.ASK
        person, footage = self.person(), self.footage()
        purpose = self.one(self.purposes) if self.likely(0.9) else self.one(self.known)
        if action in ABOUT_TRAIL:
            purpose = self.one(["toezicht-inzagelog", "toezicht-inzagelog", "audit", purpose])
        if action is Action.SETTLE_SIGNAL and self.likely(0.5):
            person = replace(person, roles=person.roles | {"privacy-officer"})
        now = NOW + timedelta(days=self.random.randint(0, 3))
        return Situation(
            person=person,
            action=action,
            resource=self.resource(action, footage),
            purpose=purpose,
            now=now,
            request=self.request(person, purpose, now, own=action is Action.ASK),
            grant=self.grant(person, footage, purpose, now),
            search=self.search(person, footage, purpose, now) if self.likely(0.7) else None,
            subject=id_of(self.one(PEOPLE)),
            proposer=id_of(self.one(PEOPLE)) if self.likely(0.7) else None,
            concerned=self.concerned() if action is Action.SETTLE_SIGNAL else frozenset(),
        )

    def likely(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, of: Any) -> Any:
        return self.random.choice(list(of))

    def home(self) -> str:
        return self.regulation.municipality if self.likely(0.97) else "elders"

    def person(self) -> Person:
        known = ASKERS if self.likely(0.5) else sorted(roles())
        held = frozenset(self.random.sample(known, self.one([1, 1, 2, 3])))
        return Person(id_of("asker"), held, self.home(), frozenset({self.one("ab")}), self.likely(0.97))

    def footage(self) -> Recording:
        days = self.one([*range(31), *WINDOW] * 2 + OLD)
        return Recording(
            id=id_of("footage"),
            municipality=self.home(),
            maker=id_of(self.one(PEOPLE)),
            depicted=frozenset(id_of(name) for name in PEOPLE if self.likely(0.2)),
            team=self.one(["a", "a", "b", "b", None]),
            regime=self.one(["avg", "avg", "wpg"]),
            recorded_at=NOW - timedelta(days=days, hours=self.random.randint(0, 23)),
            dispose_after=NOW + timedelta(days=self.one([-1, 0, 1, 2, 3, 4, *[9] * 12])),
            state=self.one(["kept"] * 15 + ["disposing", "disposed", "quarantine"]),
        )

    def resource(self, action: Action, footage: Recording) -> Resource:
        if action in ABOUT_RULES:
            return RuleBook(self.home())
        if action in ABOUT_TRAIL or (action is Action.EVALUATE and self.likely(0.5)):
            return Trail(self.home())
        return footage

    def concerned(self) -> frozenset[UUID]:
        return frozenset(id_of(name) for name in PEOPLE if self.likely(0.2))

    def request(self, person: Person, purpose: str, now: Any, *, own: bool) -> Request:
        return Request(
            id=id_of("request"),
            requester=person.id if self.likely(0.95 if own else 0.3) else id_of("third"),
            purpose=purpose if self.likely(0.95) else self.one(self.known),
            asked_at=now,
            recipient=self.one(self.recipients) if self.likely(0.5) else None,
            other_viewers=self.random.randint(0, 9),
            **self.facts(),
        )

    def facts(self) -> dict[str, Any]:
        """All of them so, or all but one, or any: a rule shows where nothing else stands in the way."""
        lacking = self.one(
            [set(), {self.one(sorted(FACTS))}, {each for each in sorted(FACTS) if self.likely(0.5)}]
        )
        return {fact: fact not in lacking for fact in sorted(FACTS)}

    def grant(self, person: Person, footage: Recording, purpose: str, now: Any) -> Grant:
        days = timedelta(days=1)
        return Grant(
            id=id_of("grant"),
            holder=person.id if self.likely(0.8) else id_of("third"),
            recording=footage.id if self.likely(0.9) else id_of("other footage"),
            purpose=purpose if self.likely(0.9) else self.one(self.known),
            valid_from=self.one([now - days, now - days, now, now + MOMENT]),
            valid_until=self.one([now + days, now + days, now + MOMENT, now]),
            revoked=self.likely(0.1),
            obligations=frozenset(self.random.sample(OBLIGATIONS, self.random.randint(0, 2))),
        )

    def search(self, person: Person, footage: Recording, purpose: str, now: Any) -> Search:
        at = footage.recorded_at
        since = self.one([at, at - timedelta(hours=6), at - timedelta(hours=24), at + MOMENT])
        return Search(
            id=id_of("search"),
            requester=person.id if self.likely(0.9) else id_of("third"),
            purpose=purpose if self.likely(0.9) else self.one(self.known),
            since=since,
            until=since + self.one([timedelta(hours=24), timedelta(hours=24), timedelta(hours=24) + MOMENT]),
            open_until=self.one([now + MOMENT, now + MOMENT, now]),
            has_case_reference=self.likely(0.9),
        )


@cache
def stated(municipality: str) -> list[tuple[Situation, Answer]]:
    regulation = NAMED[municipality]
    chance = Chance(regulation)
    situations = (chance.situation() for _ in range(SITUATIONS))
    return [(situation, regulation.says(situation)) for situation in situations]


def differing(rules: RuleSet, municipality: str) -> Iterator[tuple[Situation, Answer, Answer]]:
    for situation, said in stated(municipality):
        decision = rules.decide(situation)
        assert not decision.errors
        answer = frozenset(each.value for each in decision.obligations) if decision.permitted else None
        if answer != said:
            yield situation, said, answer


@pytest.mark.parametrize("municipality", NAMED)
def test_cedar_agrees(municipality: str) -> None:
    assert next(differing(rule_set(municipality), municipality), None) is None


@pytest.mark.parametrize("municipality", NAMED)
def test_both_answers_come_often(municipality: str) -> None:
    told = Counter((s.action, said is not None) for s, said in stated(municipality))
    assert all(told[action, answer] >= 10 for action in Action for answer in (True, False)), told
    asked = {s.purpose for s, said in stated(municipality) if s.action is Action.ASK and said is not None}
    assert asked == NAMED[municipality].purposes


OWN = [
    (municipality, rule.id)
    for municipality in NAMED
    for rule in rule_set(municipality).rules.values()
    if rule.file.startswith(f"{municipality}/")
]


@pytest.mark.parametrize(("municipality", "name"), OWN)
def test_a_rule_left_out_is_noticed(municipality: str, name: str) -> None:
    own = texts(municipality)
    kept = [block for block in own["rules.cedar"].split("\n\n") if f'@id("{name}")' not in block]
    less = RuleSet.parse(municipality, own | {"rules.cedar": "\n\n".join(kept)}, texts("shared"))
    assert name not in less.rules
    assert next(differing(less, municipality), None) is not None


@pytest.mark.parametrize(
    ("municipality", "text", "instead"),
    [
        ("noordwijk", '@obligations("decider, no-copy")', '@obligations("decider")'),
        ("soest", "daysAfterRecording > 24", "daysAfterRecording > 25"),
        ("soest", "daysAfterRecording > 24", "daysAfterRecording > 23"),
        ("soest", 'resource.regime == Regime::"wpg"', 'resource.regime == Regime::"avg"'),
        ("den-haag", 'Purpose::"aangifte", Purpose::"opsporing"', 'Purpose::"aangifte"'),
        ("hilversum", 'Recipient::"justitie", Recipient::"politie"', 'Recipient::"politie"'),
    ],
)
def test_a_rule_changed_a_little_is_noticed(municipality: str, text: str, instead: str) -> None:
    own = texts(municipality)
    assert text in own["rules.cedar"]
    changed = own["rules.cedar"].replace(text, instead)
    rules = RuleSet.parse(municipality, own | {"rules.cedar": changed}, texts("shared"))
    assert next(differing(rules, municipality), None) is not None
