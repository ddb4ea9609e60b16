"""docs/rule-sets.md names everything that a rule set can say, and no case that is not there."""

import re

import pytest

from policies.facts import ABOUT_TERM, Action
from policies.rules import Obligation
from policies.terms import PREREQUISITES, Hold, PlacedBy, Record, Records, Release, Source, Terms, Trigger
from tests.policies.cases import table
from tests.policies.world import FOLDER, roles, rule_set, texts, words

GUIDE = (FOLDER.parents[1] / "docs" / "rule-sets.md").read_text(encoding="utf-8")
SCHEMA = texts("shared")["schema.cedarschema"]
QUOTED = re.compile(r'\*([a-z-]+)\*: "([^"]+)"')


def named(*names: str) -> list[str]:
    """Of these names those that do not stand in the guide as code."""
    code = " ".join(re.findall(r"```.*?```|`[^`]+`", GUIDE, re.DOTALL))
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code)]


def test_every_key_of_the_terms() -> None:
    keys = [key for model in (Terms, Source, Hold, Record) for key in model.model_fields]
    records = [f"records.{key.replace('_', '-')}" for key in Records.model_fields]
    assert named(*(key for key in keys if key != "records"), *records) == []


def test_every_word_of_a_hold() -> None:
    assert named(*Trigger, *Release) == []


def test_every_role_purpose_and_obligation() -> None:
    assert named(*roles(), *rule_set("heerde").purposes, *Obligation) == []


@pytest.mark.parametrize("entity", ["Request", "Recording", "Person", "Municipality"])
def test_every_fact(entity: str) -> None:
    found = re.search(rf"^entity {entity}\b[^=]*= {{(.*?)^}};", SCHEMA, re.MULTILINE | re.DOTALL)
    assert found
    facts = re.findall(r"^  (\w+)\??:", found[1], re.MULTILINE)
    assert len(facts) >= 3
    assert named(*facts) == []


def test_every_action_of_footage() -> None:
    assert (
        named(*(f'Action::"{action}"' for action in (Action.ASK, Action.DECIDE, Action.FIND, Action.WATCH)))
        == []
    )


def test_every_action_by_which_footage_stays_otherwise() -> None:
    actions = (*ABOUT_TERM, Action.READ_RETENTION)
    assert named(*(f'Action::"{action}"' for action in actions)) == []


def test_every_prerequisite_and_every_year() -> None:
    assert named(*PREREQUISITES, *PlacedBy.model_fields) == []
    assert named(*(f"context.{name}" for name in ("oneYearAgo", "fiveYearsAgo", "tenYearsAgo"))) == []


def test_every_word_of_a_table() -> None:
    known = words()
    kinds = (known.actions, known.roles, known.relations, known.conditions, known.answers)
    assert named(*(word for kind in kinds for word in kind)) == []


def test_every_case_it_quotes_is_there() -> None:
    quoted = QUOTED.findall(GUIDE)
    assert len(quoted) >= 40
    titles = {
        (municipality, case.title) for municipality in {m for m, _ in quoted} for case in table(municipality)
    }
    assert [each for each in quoted if each not in titles] == []


def test_its_rules_can_be_read() -> None:
    [example] = [block for block in re.findall(r"```\n(.*?)```", GUIDE, re.DOTALL) if "permit (" in block]
    own = {"terms.toml": texts("heerde")["terms.toml"], "rules.cedar": example}
    assert "needs-complaint" in type(rule_set("heerde")).parse("heerde", own, texts("shared")).rules
