"""A small municipality to ask questions about: everybody has one role, and there is one recording."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import policies
from policies.engine import RuleSet
from policies.facts import Action, Grant, Person, Recording, Request, RuleBook, Search, Situation, Trail
from policies.glossary import Glossary, parse_glossary
from policies.reading import declared_roles, read_schema
from policies.retention import days_later

FOLDER = Path(policies.__file__).parent / "rulesets"
MUNICIPALITIES = tuple(sorted(path.parent.name for path in FOLDER.glob("*/terms.toml")))
DECIDING = (".cedar", ".cedarschema", ".toml")
"""Files that rules are made of; tables of cases decide nothing."""

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
RECORDED = NOW - timedelta(days=3)
MOMENT = timedelta(milliseconds=1)

Case = tuple[str, Situation, str]
"""What it is about, the situation, and the answer: yes or no, the deciding rules, [the obligations]."""


def texts(folder: str) -> dict[str, str]:
    files = (path for path in (FOLDER / folder).iterdir() if path.suffix in DECIDING)
    return {path.name: path.read_text(encoding="utf-8") for path in files}


@cache
def rule_set(municipality: str) -> RuleSet:
    return RuleSet.parse(municipality, texts(municipality), texts("shared"))


@cache
def words() -> Glossary:
    return parse_glossary("shared/words.csv", (FOLDER / "shared" / "words.csv").read_text(encoding="utf-8"))


@cache
def roles() -> frozenset[str]:
    return declared_roles(read_schema({"shared/schema.cedarschema": texts("shared")["schema.cedarschema"]}))


def id_of(name: str) -> UUID:
    return uuid5(UUID(int=0), name)


class World:
    """Facts of one municipality. Whoever is asked for by name exists; the same name is the same person."""

    def __init__(self, municipality: str, purpose: str = "opsporing", another: str = "aangifte") -> None:
        """`purpose`, for which things are done, and `another`; both are offered there."""
        self.municipality = municipality
        self.purpose = purpose
        self.another = another
        self.recording = Recording(
            id=id_of("recording"),
            municipality=municipality,
            maker=id_of("maker"),
            depicted=frozenset({id_of("partner")}),
            team="centrum",
            regime="avg",
            recorded_at=RECORDED,
            dispose_after=days_later(RECORDED, 14),
            state="kept",
        )

    def person(self, name: str, *roles: str, **changes: Any) -> Person:
        known = {"maker": ("officer",), "partner": ("officer",), "stranger": ("officer",)}
        person = Person(
            id=id_of(name),
            roles=frozenset(roles or known.get(name, (name,))),
            municipality=self.municipality,
            teams=frozenset({"centrum"}),
            active=True,
        )
        return replace(person, **changes)

    def ask(self, person: Person | str, purpose: str, **facts: Any) -> Situation:
        who = self.person(person) if isinstance(person, str) else person
        request = Request(id_of("request"), who.id, purpose, NOW, **({"has_case_reference": True} | facts))
        return Situation(who, Action.ASK, self.recording, purpose, NOW, request)

    def decide(self, person: Person | str, requester: str = "supervisor", **changes: Any) -> Situation:
        who = self.person(person) if isinstance(person, str) else person
        request = Request(id_of("request"), id_of(requester), self.purpose, NOW, has_case_reference=True)
        situation = Situation(who, Action.DECIDE, self.recording, self.purpose, NOW, request)
        return replace(situation, **changes)

    def grant(self, **changes: Any) -> Grant:
        grant = Grant(
            id=id_of("grant"),
            holder=id_of("supervisor"),
            recording=self.recording.id,
            purpose=self.purpose,
            valid_from=NOW - timedelta(hours=1),
            valid_until=NOW + timedelta(hours=1),
            revoked=False,
            obligations=frozenset(),
        )
        return replace(grant, **changes)

    def watch(self, grant: Grant | None, person: str = "supervisor", **changes: Any) -> Situation:
        situation = Situation(
            self.person(person), Action.WATCH, self.recording, self.purpose, NOW, grant=grant
        )
        return replace(situation, **changes)

    def revoke(self, person: Person | str, **changes: Any) -> Situation:
        who = self.person(person) if isinstance(person, str) else person
        situation = Situation(who, Action.REVOKE, self.recording, self.purpose, NOW, grant=self.grant())
        return replace(situation, **changes)

    def read_audit(self, person: str, purpose: str, trail: Trail | None = None) -> Situation:
        return Situation(
            self.person(person), Action.READ_AUDIT, trail or Trail(self.municipality), purpose, NOW
        )

    def read_log(self, person: Person | str, trail: Trail | None = None) -> Situation:
        who = self.person(person) if isinstance(person, str) else person
        return Situation(who, Action.READ_LOG, trail or Trail(self.municipality), "", NOW)

    def search(self, person: str = "supervisor", **changes: Any) -> Search:
        search = Search(
            id=id_of("search"),
            requester=id_of(person),
            purpose=self.purpose,
            since=self.recording.recorded_at,
            until=self.recording.recorded_at + timedelta(hours=24),
            open_until=NOW + MOMENT,
            has_case_reference=True,
        )
        return replace(search, **changes)

    def find(self, person: Person | str, search: Search | None = None, **changes: Any) -> Situation:
        who = self.person(person) if isinstance(person, str) else person
        situation = Situation(who, Action.FIND, self.recording, self.purpose, NOW, search=search)
        return replace(situation, **changes)

    def evaluate(self, person: Person | str, subject: str = "maker", **changes: Any) -> Situation:
        who = self.person(person) if isinstance(person, str) else person
        situation = Situation(who, Action.EVALUATE, self.recording, "", NOW, subject=id_of(subject))
        return replace(situation, **changes)

    def settle_signal(
        self, person: Person | str, purpose: str, *concerned: str, trail: Trail | None = None
    ) -> Situation:
        who = self.person(person) if isinstance(person, str) else person
        about = frozenset(map(id_of, concerned))
        place = trail or Trail(self.municipality)
        return Situation(who, Action.SETTLE_SIGNAL, place, purpose, NOW, concerned=about)

    def term(
        self, action: Action, person: Person | str, proposer: str | None = None, **changes: Any
    ) -> Situation:
        """Something by which the recording stays longer, or goes earlier."""
        who = self.person(person) if isinstance(person, str) else person
        by = None if proposer is None else id_of(proposer)
        return replace(Situation(who, action, self.recording, "", NOW, proposer=by), **changes)

    def read_retention(self, person: Person | str, trail: Trail | None = None) -> Situation:
        who = self.person(person) if isinstance(person, str) else person
        return Situation(who, Action.READ_RETENTION, trail or Trail(self.municipality), "", NOW)

    def rules(self, action: Action, person: Person | str, proposer: str | None = None) -> Situation:
        who = self.person(person) if isinstance(person, str) else person
        by = None if proposer is None else id_of(proposer)
        return Situation(who, action, RuleBook(self.municipality), "", NOW, proposer=by)
