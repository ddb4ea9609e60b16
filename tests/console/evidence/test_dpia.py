"""The DPIA fits the published schema and model, for every municipality; what is left open is all listed."""

import csv
import dataclasses
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from console.evidence.dpia import answers, open_questions, questions
from tests.console.evidence.questions import STANDARD, Question, published
from tests.house.source import ROOT
from vault.evidence.making import Evidence
from vault.rulesets import RuleSets, load_rule_sets

RULE_SETS: RuleSets = load_rule_sets()
NAMES = sorted(RULE_SETS.municipalities())
MODEL = {each.id: each for each in published()}
JUDGEMENTS = (
    "11.1.1.1",
    "12.1.1",
    "13.1.1.5",
    "14.1",
    "14.2",
    "16.1.3",
    "16.1.7",
    "17.1.4",
    "17.3",
    "18",
    "20.1.4",
)


def filled(made: Evidence, municipality: str) -> tuple[dict[str, Any], list[str]]:
    """The answers for a municipality, and the numbers of what is open."""
    rule_set = RULE_SETS.of(municipality)
    told = made.told.model_copy(update={"municipality": municipality, "name": rule_set.terms.name})
    found = answers(dataclasses.replace(made, rule_set=rule_set, told=told))
    return json.loads(found.json), [number for number, _ in found.open]


def given(content: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Every answer: group it stands in, question, value."""
    found = []
    for key, value in content["answers"].items():
        if isinstance(value, list):
            found += [
                (key, name, answer["value"])
                for row in value
                for name, answer in row.items()
                if name != "_index"
            ]
        else:
            found.append(("", key, value["value"]))
    return found


@pytest.mark.parametrize("municipality", NAMES)
def test_it_fits_the_published_schema_and_model(made: Evidence, municipality: str) -> None:
    content, _ = filled(made, municipality)
    schema = json.loads((STANDARD / "assessment-output.v2.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(content)
    for group, number, value in given(content):
        question: Question = MODEL[number]
        assert question.group == group, number
        assert value, number
        assert "{" not in str(value), number
        options = question.options.split("|") if question.options else []
        chosen = value if isinstance(value, list) else [value]
        assert not options or set(chosen) <= set(options), number


@pytest.mark.parametrize("municipality", NAMES)
def test_what_is_open_is_listed_and_what_is_judged_is_open(made: Evidence, municipality: str) -> None:
    content, left = filled(made, municipality)
    assert set(JUDGEMENTS) <= set(left)
    whole = {number for _, number, _ in given(content)}
    assert not [number for number in MODEL if number not in whole and number not in left]
    assert left == [number for number in MODEL if number in left]


def test_it_says_what_the_rule_set_says(made: Evidence) -> None:
    content, _ = filled(made, "voorbeeldstad")
    found = content["answers"]
    names = [row["3.1.1"]["value"] for row in found["3.1"]]
    terms = RULE_SETS.of("voorbeeldstad").terms
    assert names[0] == "Opnemen en bewaren"
    assert names[1:-1] == [f"Uitkijken: {title.nl}" for title in terms.purposes.values()]
    assert names[-1] == "Inzagelog"
    for chapter in ("5.1", "6.1.1", "10.1.1", "13.1.1"):
        assert [row["_index"] for row in found[chapter]] == list(range(len(names)))
    assert found["10.1.1"][0]["10.1.1.4"]["value"] == "Minder dan 1 maand"
    assert f"{terms.log_term_years} jaar" in found["10.1.1"][-1]["10.1.1.5"]["value"]
    assert "28 dagen" in found["10.1.1"][1]["10.1.1.5"]["value"]
    assert "de teamleider" in found["6.1.1"][1]["6.1.1.3"]["value"]
    assert "AVG art. 6 lid 1" in found["11.1.1"][1]["11.1.1.2"]["value"]
    assert "De politie: " in found["6.2"]["value"]
    assert "tijdens hun dienst op straat" in found["1.1"]["value"]
    assert found["19.3.2"][1]["19.3.2.4"]["value"] == "OR-2026-017"
    assert found["15.8.1"]["value"] == "true"
    assert content["metadata"]["urn"] == "urn:nl:dpia:3.0"
    legal = {row["_index"] for row in found["11.1.1"]}
    assert legal <= set(range(len(names)))


def test_without_a_notice_to_citizens_the_right_to_information_is_open(made: Evidence) -> None:
    silent = next(name for name in NAMES if RULE_SETS.of(name).terms.records.citizen_notice is None)
    content, left = filled(made, silent)
    assert "15.8.1" not in content["answers"]
    assert "15.8.1" in left


def test_the_list_is_for_people(made: Evidence) -> None:
    text = open_questions(answers(made))
    number = len(answers(made).open)
    assert text.startswith(f"Nog te beantwoorden door mensen: {number} vragen")
    assert "14.2      Noodzaak en evenredigheid > De beoordeling van de proportionaliteit\n" in text
    assert "[alleen als 12.1.1 = true]" in text


def test_our_list_of_questions_is_the_published_one() -> None:
    text = (ROOT / "console/evidence/dpia_questions.csv").read_text("utf-8")
    listed = list(csv.reader(text.splitlines(), delimiter=";"))
    assert listed[0] == list(Question._fields)
    assert [tuple(row) for row in listed[1:]] == published()
    assert len(questions()) == len(published()) > 140
