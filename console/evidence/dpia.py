"""A DPIA filled in as far as software can (Rijksmodel DPIA 3.0), and the list of what people must answer.

The file is one that the model's own form opens. What a municipality decided comes from its rule set:
purposes, who may ask, recipients, terms, legal bases, records. What the software does comes
from dpia.toml. Judgements (legal ground, necessity, risk) are nobody's but the organisation's: they are left
empty.
"""

import csv
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from policies import term_chapters
from policies.describing import describe
from policies.pages import Heading, as_plain
from policies.permissions import Offer, Permissions
from policies.retention import AMSTERDAM
from policies.terms import Record, Title
from policies.words import RECORDS, ROLES
from vault.evidence.making import Evidence

SCHEMA = "https://github.com/MinBZK/par-dpia-form/blob/main/schemas/assessment-output.v2.schema.json"
URN = "urn:nl:dpia:3.0"
LANGUAGE = "nl"
"""The model is in Dutch, and so are its answers."""
WEEK, MONTH = 7, 31
BY = "bodycam-vault"

Value = str | list[str]
Row = dict[str, Value]


@dataclass(frozen=True)
class Answers:
    """The answer file, and which questions it leaves open: each with its title, in the model's order."""

    json: bytes
    open: Sequence[tuple[str, str]]


def answers(made: Evidence) -> Answers:
    """The DPIA of the municipality that the evidence is of, as far as it can be filled in."""
    filling = _Filling(made)
    single, groups = filling.single(), filling.groups()
    edited = made.told.made_at.isoformat().replace("+00:00", "Z")

    def answer(value: Value) -> dict[str, object]:
        return {"value": value, "lastEditedAt": edited, "lastEditedBy": BY}

    found: dict[str, object] = {key: answer(value) for key, value in single.items()}
    for group, rows in groups.items():
        found[group] = [
            {"_index": index, **{key: answer(value) for key, value in row.items()}}
            for index, row in enumerate(rows)
        ]
    content = {
        "$schema": SCHEMA,
        "metadata": {"urn": URN, "createdAt": edited, "createdBy": {"name": BY}},
        "answers": found,
    }
    written = (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()
    return Answers(written, list(_open(single, groups)))


def open_questions(found: Answers) -> str:
    """The questions that are left, for people to answer."""
    lines = [f"{number:<9} {title}" for number, title in found.open]
    head = f"Nog te beantwoorden door mensen: {len(lines)} vragen van de DPIA (Rijksmodel DPIA 3.0)."
    return "\n".join([head, "", *lines, ""])


class _Filling:
    """The answers of one municipality. Each processing has the same place in every chapter of the model."""

    def __init__(self, made: Evidence) -> None:
        self._told = made.told
        self._rule_set = made.rule_set
        self._terms = made.rule_set.terms
        self._offers = Permissions(made.rule_set).offers
        self._fixed = _fixed()

    def single(self) -> dict[str, Value]:
        """The questions that are asked once."""
        words = {
            "name": self._terms.name,
            "title": self._terms.source.title,
            "made": self._day(),
            "rule_set": self._rule_set.digest,
        }
        found: dict[str, Value] = {
            key: text.format_map(words) for key, text in self._fixed["answers"].items()
        }
        found["1.1"] = self._described()
        found["6.2"] = self._recipients()
        found["10.2"] = as_plain(term_chapters.kept(self._terms, LANGUAGE)).strip()
        notice = self._terms.records.citizen_notice
        if notice:
            found["15.8.1"] = "true"
            found["15.8.2"] = f"{notice.title} ({notice.date:%d-%m-%Y})."
        return found

    def groups(self) -> dict[str, list[Row]]:
        """The questions that are asked for each thing, by the group that repeats."""
        risks = self._fixed["risks"]
        return {
            "2.1": [_data(each) for each in self._fixed["data"]],
            "3.1": [self._processing(each) for each in self._processings()],
            "5.1": [{"5.1.1": each["purpose"]} for each in self._processings()],
            "6.1.1": [self._parties(each) for each in self._processings()],
            "9.1.1": [self._framework(each) for each in self._processings()],
            "10.1.1": [self._kept(each) for each in self._processings()],
            "11.1.1": [
                {"11.1.1.2": f"De regels noemen: {each['bases']}"}
                for each in self._processings()
                if each["bases"]
            ],
            "13.1.1": [self._bound(each) for each in self._processings()],
            "16.1": [{"16.1.1": each["risk"], "16.1.2": each["origin"]} for each in risks],
            "17.1": [
                {"17.1.1": [each["risk"]], "17.1.2": each["origin"], "17.1.3": each["measures"]}
                for each in risks
            ],
            "19.1": [
                {
                    "19.1.1": "0.1",
                    "19.1.2": self._told.made_at.astimezone(AMSTERDAM).date().isoformat(),
                    "19.1.3": "Ingevuld door software; nog niet beoordeeld.",
                }
            ],
            "19.3.2": [_document(name, record) for name, record in self._records()],
        }

    def _day(self) -> str:
        return f"{self._told.made_at.astimezone(AMSTERDAM):%d-%m-%Y}"

    def _described(self) -> str:
        """The first two of the three questions, as the rule set itself is told."""
        chapters = describe(self._rule_set, LANGUAGE)
        begins = [place for place, block in enumerate(chapters) if isinstance(block, Heading)]
        told = as_plain(chapters[begins[1] : begins[3]]).strip()
        return f"{told}\n\n{self._fixed['proposal']['left']}"

    def _recipients(self) -> str:
        lines = [
            f"{_dutch(self._terms.recipients[each])}: {_dutch(self._terms.purposes[offer.purpose])}"
            for offer in self._offers
            for each in offer.recipients
        ]
        return (
            "\n".join(["Ontvangers, en waarvoor:", *lines]) if lines else "De regels kennen geen ontvangers."
        )

    @cache  # noqa: B019  # lives as long as one filling
    def _processings(self) -> tuple[Mapping[str, Any], ...]:
        """Recording, viewing for each purpose, the trail: with who takes part and on which bases."""
        recording, viewing, trail = (self._fixed[name] for name in ("recording", "viewing", "trail"))
        term = as_plain(term_chapters.kept(self._terms, LANGUAGE)).strip()
        notes = {"roles": "", "bases": "", "term": term}
        return (
            {**notes, **recording},
            *(
                {
                    **viewing,
                    "name": viewing["name"].format(purpose=_dutch(self._terms.purposes[offer.purpose])),
                    "purpose": _dutch(self._terms.purposes[offer.purpose]),
                    "roles": ", ".join(_roles(offer)),
                    "bases": "; ".join(_bases(offer)),
                    "term": term,
                }
                for offer in self._offers
                if offer.permissions
            ),
            {**notes, **trail, "term": trail["term"].format(log_years=self._terms.log_term_years)},
        )

    def _processing(self, each: Mapping[str, Any]) -> Row:
        return {"3.1.1": each["name"], "3.1.2": each["says"], "3.1.3": self._names(each)}

    def _parties(self, each: Mapping[str, Any]) -> Row:
        row: Row = {
            "6.1.1.1": self._terms.name,
            "6.1.1.2": ["Verwerkingsverantwoordelijke"],
            "6.1.1.4": self._names(each),
            "6.1.1.5": self._whose(each),
        }
        return {**row, "6.1.1.3": each["roles"]} if each["roles"] else row

    def _framework(self, each: Mapping[str, Any]) -> Row:
        row: Row = {"9.1.1.1": self._terms.source.title}
        return {**row, "9.1.1.2": each["bases"]} if each["bases"] else row

    def _kept(self, each: Mapping[str, Any]) -> Row:
        row: Row = {
            "10.1.1.1": each["purpose"],
            "10.1.1.2": self._whose(each),
            "10.1.1.3": self._names(each),
            "10.1.1.5": each["term"],
        }
        option = None if each["name"] == self._fixed["trail"]["name"] else _option(self._terms.term_days)
        return {**row, "10.1.1.4": option} if option else row

    def _bound(self, each: Mapping[str, Any]) -> Row:
        return {
            "13.1.1.1": self._whose(each),
            "13.1.1.2": self._names(each),
            "13.1.1.3": each["purpose"],
        }

    def _names(self, each: Mapping[str, Any]) -> list[str]:
        return [self._fixed["data"][place]["name"] for place in each["data"]]

    def _whose(self, each: Mapping[str, Any]) -> list[str]:
        return list(dict.fromkeys(self._fixed["data"][place]["whose"] for place in each["data"]))

    def _records(self) -> Iterator[tuple[str, Record]]:
        records = self._terms.records
        found = (records.dpia, records.works_council, records.citizen_notice)
        for words, record in zip(RECORDS.values(), found, strict=True):
            if record:
                yield words.nl, record


def _data(each: Mapping[str, str]) -> Row:
    return {"2.1.1": each["name"], "2.1.2": each["whose"], "2.1.3": each["category"], "2.1.4": each["type"]}


def _document(name: str, record: Record) -> Row:
    place = record.url or record.reference
    row: Row = {"19.3.2.1": name, "19.3.2.2": record.title, "19.3.2.3": f"{record.date:%d-%m-%Y}"}
    return {**row, "19.3.2.4": str(place)} if place else row


def _option(days: int) -> str | None:
    """The model's own choice that a term falls under; it has none between a month and a year."""
    if days < WEEK:
        return "Minder dan 1 week"
    return "Minder dan 1 maand" if days < MONTH else None


def _roles(offer: Offer) -> list[str]:
    found = dict.fromkeys(role for permission in offer.permissions for role in permission.roles)
    return [ROLES[role].nl if role in ROLES else role for role in found]


def _bases(offer: Offer) -> list[str]:
    return list(dict.fromkeys(permission.rule.basis for permission in offer.permissions))


def _dutch(title: Title) -> str:
    return title.nl


@cache
def _fixed() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("dpia.toml").read_text("utf-8"))


@cache
def questions() -> tuple[Mapping[str, str], ...]:
    """Every question of the model: id, group that repeats, when it is asked, kind, options, title."""
    text = files(__package__).joinpath("dpia_questions.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines(), delimiter=";"))


def _open(single: Mapping[str, Value], groups: Mapping[str, Iterable[Row]]) -> Iterator[tuple[str, str]]:
    """The questions without an answer; one that is asked for several things is open while one lacks it."""
    for each in questions():
        asked, _, value = each["asked_when"].partition("=")
        if asked and asked in single and single[asked] != value:
            continue
        rows = list(groups.get(each["group"], ()))
        lacking = sum(each["id"] not in row for row in rows)
        if each["id"] in single or (rows and not lacking):
            continue
        of_these = f" ({lacking} van {len(rows)})" if rows and lacking < len(rows) else ""
        only_when = f" [alleen als {asked} = {value}]" if asked else ""
        yield each["id"], f"{each['title']}{of_these}{only_when}"
