"""A rule set in plain words: two of them pinned whole, and every one complete."""

from pathlib import Path

import pytest

from policies.describing import LANGUAGES, describe
from policies.engine import RuleSet
from policies.pages import Heading, as_plain
from policies.rules import OBLIGATIONS, Obligation
from policies.words import OBLIGATIONS as OBLIGATION_WORDS
from tests.policies.test_permissions import dorp
from vault.rulesets import load_rule_sets

PINNED = Path(__file__).parent / "described"
RULE_SETS = load_rule_sets()
STORY = """
The text of a rule set changed. If you meant that, write it anew, and read the difference as a citizen would:
bodycam-vault policy describe {0} --language {1} > tests/policies/described/{0}.{1}.txt
"""


def told(municipality: str, language: str) -> str:
    return as_plain(describe(RULE_SETS.of(municipality), language))


def flat(text: str) -> str:
    """Without the ends of lines."""
    return " ".join(text.split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("municipality", ["beverwijk", "heerde"])
def test_the_whole_text(municipality: str, language: str) -> None:
    pinned = (PINNED / f"{municipality}.{language}.txt").read_text("utf-8")
    assert told(municipality, language) == pinned, STORY.format(municipality, language)


@pytest.mark.parametrize("found", list(RULE_SETS), ids=lambda each: each.municipality)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_a_rule_set_is_left_out(found: RuleSet, language: str) -> None:
    text = flat(as_plain(describe(found, language)))
    for rule in found.rules.values():
        assert (rule.title_en if language == "en" else rule.title_nl) in text
        assert f"[{rule.id}; {rule.basis}]" in text
    titles = [
        found.terms.wearing,
        found.terms.recording,
        *found.terms.purposes.values(),
        *found.terms.remarks,
    ]
    for title in [*titles, *(hold.title for hold in found.terms.holds)]:
        assert (title.en if language == "en" else title.nl) in text
    assert found.terms.source.title in text


def chapters(rule_set: RuleSet, language: str) -> dict[str, list[str]]:
    """The text by heading: what is told, deeper items with a hyphen."""
    found: dict[str, list[str]] = {}
    under: list[str] = []
    for block in describe(rule_set, language):
        if isinstance(block, Heading):
            under = found.setdefault(block.text, [])
        else:
            under.append(f"{'- ' * getattr(block, 'depth', 0)}{block.text}")
    return found


def test_a_rule_set_that_nobody_has_seen() -> None:
    told = chapters(dorp(), "en")
    assert told["Who wears a camera?"] == ["Whoever wants."]
    assert told["Complaint"] == [
        "Rule 1. [rule-1; x]",
        "- Who: the officer.",
        "- Depends on: who made the recording.",
        "- This rule asks for nobody's approval.",
        "A request is tested against:",
        "- Rule 6. [rule-6; x]",
        "Footage may go to: Prosecutor.",
    ]
    assert told["Investigation"][:2] == ["Rule 2. [rule-2; x]", "- Who: the decider."]
    assert "- Rule 4. [rule-4; x]" in told["Investigation"]
    assert told["Training"] == ["There is no rule that permits anybody this."]
    assert "Rule 5. [rule-5; x]" in told["What is every request tested against?"]
    assert told["Who decides on a request?"][:3] == [
        "Rule 7. [rule-7; x]",
        "- Who: everybody, whatever their role.",
        "- Only for: Complaint.",
    ]
    # A supervisor has a permit and meets a forbid each time, which is told of nobody's purpose.
    assert "Rule 3. [rule-3; x]" in told["Further rules"]
    assert told["What this rests on"][-1].startswith("As long as one of these records is missing")


def test_what_nobody_does_here_is_told() -> None:
    told = chapters(dorp(), "nl")["Wat mag nooit?"]
    [refused] = [line for line in told if line.startswith("Beelden worden hier niet gebruikt voor: ")]
    assert "functioneringsgesprek" in refused
    assert "klacht" not in refused
    assert "toezicht-inzagelog" not in refused


@pytest.mark.parametrize(("name", "obligation"), OBLIGATIONS.items())
def test_every_obligation_is_told(name: str, obligation: Obligation) -> None:
    rules = f'@obligations("{name}") permit (principal, action == Action::"ask", resource);'
    for language in LANGUAGES:
        told = chapters(dorp(rules), language)
        complaint = told["Klacht" if language == "nl" else "Complaint"]
        assert f"- {OBLIGATION_WORDS[obligation].in_language(language)}" in complaint
        nobody = {
            "Deze regel vraagt geen goedkeuring van een ander.",
            "This rule asks for nobody's approval.",
        }
        assert (obligation is Obligation.DECIDER) == (not nobody & {line[2:] for line in complaint})


def test_what_holds_for_all_is_told_with_the_terms() -> None:
    terms = 'most_viewers = 3\nshares_with = ["elders"]\n'
    told = chapters(dorp(terms=terms), "en")["How is it watched?"]
    assert "A grant lasts 24 hours at most, and never longer than the footage itself." in told
    assert "At most 3 people may be granted the same footage." in told
    assert "People of these municipalities may ask too: elders." in told
