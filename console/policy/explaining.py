"""A decision explained, years later: its facts, the rules that decided, and whether it comes out again."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import typer

from console.policy.changing import opened, told
from console.registering import operator
from policies.engine import Decision
from policies.rules import Rule
from vault import explanations
from vault.explanations import SAID, Explanation, Finding


class Language(StrEnum):
    """In which of the two languages of the product."""

    NL = "nl"
    EN = "en"


WORDS = {
    "nl": {
        "decision": "Besluit",
        "granted": "toegestaan",
        "refused": "geweigerd",
        "waiting": "wacht op wie erover beslist",
        "by-person": "door een mens",
        "by-rules": "door de regels",
        "rule-set": "Regels van toen",
        "facts": "Waarop het is besloten",
        "rules": "Welke regels beslisten",
        "obligations": "met",
        "today": "Met de regels van nu, op dezelfde feiten",
        "silent": "Het inzagelog kon er niet naast worden gelegd.",
        "permitted": "toegestaan",
        "denied": "niet toegestaan",
    },
    "en": {
        "decision": "Decision",
        "granted": "granted",
        "refused": "refused",
        "waiting": "waits for a decider",
        "by-person": "by a person",
        "by-rules": "by the rules",
        "rule-set": "Rules of then",
        "facts": "What it was decided on",
        "rules": "Which rules decided",
        "obligations": "with",
        "today": "By the rules of now, on the same facts",
        "silent": "The audit trail could not be held beside it.",
        "permitted": "permitted",
        "denied": "not permitted",
    },
}


def explain(decision: UUID, language: Language | None = None) -> None:
    """Explain a decision in Dutch and English; exits with 1 unless the same answer comes out again."""
    found = explanations.explain(opened(), operator(), decision, now=datetime.now(UTC))
    if isinstance(found, Decision):
        # The rules speak of persons, never of operators.
        raise typer.Exit(1)
    for each in [language] if language else Language:
        typer.echo("\n".join([*lines(found, each), ""]))
    raise typer.Exit(0 if found.finding is Finding.SAME else 1)


def lines(found: Explanation, language: str) -> Iterator[str]:
    """The explanation in one language."""
    words = WORDS[language]
    by = words["by-person" if found.by_person else "by-rules"]
    outcome = words.get(found.outcome, found.outcome)
    yield f"{words['decision']} {found.id}: {outcome}, {told(found.decided_at)}, {by}"
    yield f"{words['rule-set']}: {found.rule_set}"
    facts = list(found.in_words(language))
    if facts:
        yield f"{words['facts']}:"
        yield from (f"  {line}" for line in facts)
    yield f"{words['rules']}:"
    yield from (f"  {line}" for line in in_full(found.known, language))
    yield from (f"  {id_}" for id_ in found.rules if id_ not in {rule.id for rule in found.known})
    yield SAID[found.finding][language == "en"]
    if not found.witnessed:
        yield words["silent"]
    if found.again and found.finding is Finding.OTHER_ANSWER:
        yield f"  {_answer(found.again, language)}"
    if found.today:
        yield f"{words['today']}: {_answer(found.today, language)}"


def in_full(rules: Iterable[Rule], language: str) -> Iterator[str]:
    """Each rule with its title, its basis, and what would make possible what it denies."""
    for rule in rules:
        title, remedy = (
            (rule.title_en, rule.remedy_en) if language == "en" else (rule.title_nl, rule.remedy_nl)
        )
        yield f"{title} [{rule.id}; {rule.basis}]{f' → {remedy}' if remedy else ''}"


def _answer(decision: Decision, language: str) -> str:
    words = WORDS[language]
    answer = words["permitted" if decision.permitted else "denied"]
    named = ", ".join(rule.id for rule in decision.reasons)
    demanded = f" {words['obligations']} {', '.join(sorted(decision.obligations))}"
    return f"{answer} ({named}){demanded if decision.obligations else ''}"
