"""Every name of a closed list has its words, in two languages that differ."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from policies import words
from policies.reading import declared_roles, read_schema
from policies.rules import Obligation
from policies.terms import Records, Release, Trigger
from policies.words import Words
from tests.policies.world import texts

SCHEMA = {f"shared/{name}": text for name, text in texts("shared").items()}


def attributes(entity: str) -> set[str]:
    """What the schema lets rules look at of an entity."""
    schema = SCHEMA["shared/schema.cedarschema"]
    declared = re.search(rf"^entity {entity} = {{(.*?)^}};", schema, re.DOTALL | re.MULTILINE)
    assert declared
    return set(re.findall(r"^  (\w+)\??:", declared[1], re.MULTILINE))


LISTS: list[tuple[Mapping[Any, Words], set[str]]] = [
    (words.RECORDS, set(Records().missing())),
    (words.ROLES, set(declared_roles(read_schema(SCHEMA)))),
    (words.OBLIGATIONS, set(Obligation)),
    (words.TRIGGERS, set(Trigger)),
    (words.RELEASES, set(Release)),
]


@pytest.mark.parametrize(("worded", "names"), LISTS)
def test_every_name_has_its_words(worded: Mapping[Any, Words], names: set[str]) -> None:
    assert set(worded) == names
    for said in worded.values():
        assert said.nl != said.en
        assert said.in_language("nl") == said.nl
        assert said.in_language("en") == said.en


def test_what_a_rule_can_look_at_has_its_words() -> None:
    # Shared rules speak of these, and whoever reads a purpose's rules is told them once.
    told_elsewhere = {"requester", "purpose", "askedAt", "municipality", "disposeAfter", "state"}
    assert set(words.FACTS) == (attributes("Request") | attributes("Recording")) - told_elsewhere
