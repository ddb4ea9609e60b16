"""`policy explain`: facts, rules and the same answer again, in both languages; or what was changed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from console.demo import town
from console.policy.explaining import WORDS
from tests.console.conftest import Command
from tests.installation import Installation
from tests.ruling import NO_SUPERVISOR, put_in_force
from tests.watching import CASE, REASON, entries, footage, keep, wish
from vault.audit import Event
from vault.ids import new_id
from vault.requests import ask
from vault.tables import Decision


def decided(made: Installation, **more: Any) -> UUID:
    """What the rules said to a fresh request."""
    wished = wish(keep(made, footage(1000)), **more)
    asked = ask(made.vault, made.caller(town.SUPERVISOR), wished, now=datetime.now(UTC))
    with made.vault.database.reading() as session:
        return session.scalars(select(Decision.id).where(Decision.request_id == asked.request)).one()


def test_it_explains_in_dutch_and_english(small: Installation, command: Command) -> None:
    decision = decided(small)
    put_in_force(small, NO_SUPERVISOR)
    said = command("policy", "explain", decision, settings=small.environment("vault"))
    assert said.code == 0, said.err
    for text in (
        "Doel: incidentafhandeling",
        "Purpose: incidentafhandeling",
        "De teamleider vraagt beelden van het eigen team op. [supervisor-asks-for-own-team;",
        "The supervisor asks for footage of their own team. [supervisor-asks-for-own-team;",
        "hetzelfde antwoord",
        "the same answer comes out",
        "Met de regels van nu, op dezelfde feiten: niet toegestaan (no-rule-permits)",
        "By the rules of now, on the same facts: not permitted (no-rule-permits)",
    ):
        assert text in said.out
    assert REASON not in said.out
    assert CASE not in said.out
    assert len(entries(small, Event.DECISION_EXPLAINED)) == 1


@pytest.mark.parametrize(
    ("language", "word", "other"), [("nl", "Besluit", "Decision"), ("en", "Decision", "Besluit")]
)
def test_in_one_language(small: Installation, command: Command, language: str, word: str, other: str) -> None:
    decision = decided(small, case_reference=None)
    said = command("policy", "explain", decision, "--language", language, settings=small.environment("vault"))
    assert word in said.out
    assert other not in said.out


def test_what_was_changed_is_told(small: Installation, command: Command) -> None:
    decision = decided(small)
    with small.vault.database.transaction() as session:
        session.execute(update(Decision).values(outcome="refused"))
    said = command("policy", "explain", decision, settings=small.environment("vault"))
    assert said.code == 1
    assert "Het bewaarde besluit is veranderd" in said.out
    assert "The stored decision was altered" in said.out


def test_what_is_not_there(small: Installation, command: Command) -> None:
    said = command("policy", "explain", new_id(), settings=small.environment("vault"))
    assert (said.code, "nothing here by that id" in said.err) == (2, True)


def test_both_languages_say_all() -> None:
    assert WORDS["nl"].keys() == WORDS["en"].keys()
