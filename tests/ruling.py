"""What tests of changing rules share: a municipality's texts, edited; rules in force in a moment."""

from datetime import UTC, datetime
from importlib.resources import files
from uuid import UUID

from console.demo import town
from tests.installation import Installation
from vault import rule_changes
from vault.audit import Actor
from vault.rulesets import Texts

ONE = Actor("operator", "one", "one", ("functional-administrator",))
OTHER = Actor("operator", "other", "other", ("functional-administrator",))
REASON = "The council decided on another regulation."
SHORTER = {"term_days = 28": "term_days = 14"}
NO_LEARNING = {'\nzelfevaluatie = { nl = "Leren': '\nevaluatie = { nl = "Leren'}
"""Takes a purpose off the list of what this municipality offers."""
NO_SUPERVISOR = {'permit (principal in Role::"supervisor",': 'permit (principal in Role::"auditor",'}
"""The one who asks in these tests may not ask any more."""


def texts(*edits: dict[str, str], municipality: str = town.SLUG) -> Texts:
    """A municipality's own texts as they come with the software, with what `edits` replaces in them."""
    folder = files("policies") / "rulesets" / municipality
    found = {file.name: file.read_text() for file in folder.iterdir() if not file.name.endswith(".csv")}
    for edit in edits:
        for old, new in edit.items():
            assert any(old in text for text in found.values()), f"{old!r} stands nowhere"
            found = {name: text.replace(old, new) for name, text in found.items()}
    return found


def proposed(made: Installation, *edits: dict[str, str], now: datetime | None = None) -> UUID:
    """The id of a fresh proposal by an operator."""
    moment = now or datetime.now(UTC)
    outcome = rule_changes.propose(made.vault, ONE, town.SLUG, texts(*edits), reason=REASON, now=moment)
    assert outcome.change is not None
    return outcome.change.id


def put_in_force(made: Installation, *edits: dict[str, str], now: datetime | None = None) -> UUID:
    """Rules proposed by one operator and activated by another."""
    change = proposed(made, *edits, now=now)
    rule_changes.activate(made.vault, OTHER, change, now=now or datetime.now(UTC))
    return change
