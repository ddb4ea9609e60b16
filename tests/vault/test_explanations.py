"""Decisions made again, years later; and what somebody changed in the database meanwhile is told apart."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from console.demo import town
from console.policy.explaining import lines
from policies.problems import RuleSetInvalid
from tests.installation import Installation
from tests.ruling import NO_SUPERVISOR, ONE, put_in_force
from tests.watching import approve, entries, footage, keep, payload_of, wish
from vault import explanations, facts
from vault.audit import Event
from vault.explanations import SAID, Explanation, Finding, explain
from vault.ids import new_id
from vault.requests import ask
from vault.tables import AuditPayload, Decision, RuleSetTexts


def now() -> datetime:
    return datetime.now(UTC)


def decisions(made: Installation) -> list[UUID]:
    """A request's two decisions: what the rules said, and what a person did."""
    recording = keep(made, footage(1000))
    asked = ask(made.vault, made.caller(town.SUPERVISOR), wish(recording), now=now())
    approve(made, asked.request)
    with made.vault.database.reading() as session:
        return list(session.scalars(select(Decision.id).order_by(Decision.decided_at, Decision.id)))


def explained(made: Installation, decision: UUID) -> Explanation:
    found = explain(made.vault, ONE, decision, now=now())
    assert isinstance(found, Explanation)
    return found


def test_the_same_answer_comes_out(installation: Installation) -> None:
    for decision, rule, person in zip(
        decisions(installation),
        ("supervisor-asks-for-own-team", "decided-by-decider"),
        (False, True),
        strict=True,
    ):
        found = explained(installation, decision)
        assert (found.finding, found.witnessed, found.by_person) == (Finding.SAME, True, person)
        assert [known.id for known in found.known] == list(found.rules) == [rule]
        assert found.again is not None
        assert found.again.rule_set == found.rule_set
        assert any("VB-" not in line for line in found.in_words("nl"))
    assert len(entries(installation, Event.DECISION_EXPLAINED)) == 2


def test_years_later_under_other_rules(small: Installation) -> None:
    [first, _] = decisions(small)
    put_in_force(small, NO_SUPERVISOR)
    found = explained(small, first)
    assert found.finding is Finding.SAME
    assert found.again is not None
    assert found.again.permitted
    assert found.today is not None
    assert not found.today.permitted
    assert found.today.rule_set != found.again.rule_set


def test_facts_that_changed_since_do_not_matter(small: Installation) -> None:
    [first, _] = decisions(small)
    recording = keep(small, footage(1000, seed=2))
    refused = ask(small.vault, small.caller(town.OFFICER), wish(recording), now=now())
    with small.vault.database.reading() as session:
        last = session.scalars(select(Decision.id).where(Decision.request_id == refused.request)).one()
    assert explained(small, first).finding is Finding.SAME
    found = explained(small, last)
    assert (found.finding, found.outcome) == (Finding.SAME, "refused")


Change = Callable[[Session], Any]


def altered_facts(session: Session) -> None:
    """As somebody would who wants another to have asked: the answer stays the same."""
    for row in session.scalars(select(Decision)):
        other = str(new_id())
        text = json.dumps(row.situation)
        assert row.situation is not None
        row.situation = json.loads(text.replace(row.situation["person"]["id"], other))


def unreadable_facts(session: Session) -> None:
    session.execute(update(Decision).values(situation={"v": 99}))


def altered_texts(session: Session) -> None:
    for row in session.scalars(select(RuleSetTexts)):
        row.texts = {path: f"{text}\n// changed" for path, text in row.texts.items()}


def no_texts_at_all(session: Session) -> None:
    """Something that is no text, where texts should be."""
    for row in session.scalars(select(RuleSetTexts)):
        row.texts = dict.fromkeys(row.texts, 7)


def no_payloads(session: Session) -> None:
    session.execute(delete(AuditPayload))


def no_texts(session: Session) -> None:
    session.execute(delete(RuleSetTexts))


def setting(**values: Any) -> Change:
    """Write this into every decision."""
    return lambda session: session.execute(update(Decision).values(**values))


CHANGES: list[tuple[tuple[Change, ...], Finding, bool]] = [
    ((altered_facts,), Finding.FACTS_ALTERED, True),
    ((unreadable_facts,), Finding.FACTS_ALTERED, True),
    ((no_payloads, unreadable_facts), Finding.FACTS_UNREADABLE, False),
    ((setting(situation=None),), Finding.FACTS_ALTERED, True),
    ((no_payloads, setting(situation=None)), Finding.FACTS_NOT_KEPT, False),
    ((altered_texts,), Finding.TEXTS_ALTERED, True),
    ((no_texts_at_all,), Finding.TEXTS_ALTERED, True),
    ((no_texts,), Finding.TEXTS_NOT_KEPT, True),
    ((setting(rules=["needs-complaint"]),), Finding.DECISION_ALTERED, True),
    ((setting(outcome="refused"),), Finding.DECISION_ALTERED, True),
    ((setting(rule_set="0" * 64),), Finding.DECISION_ALTERED, True),
    ((no_payloads, setting(outcome="refused")), Finding.OTHER_ANSWER, False),
    ((no_payloads, setting(rules=["own-request"])), Finding.OTHER_ANSWER, False),
    ((no_payloads, setting(obligations=["decider"])), Finding.OTHER_ANSWER, False),
]


@pytest.mark.parametrize(("changes", "finding", "witnessed"), CHANGES, ids=lambda value: str(value)[:20])
def test_what_was_changed_is_told_apart(
    small: Installation, changes: tuple[Change, ...], finding: Finding, *, witnessed: bool
) -> None:
    [first, _] = decisions(small)
    with small.vault.database.transaction() as session:
        for change in changes:
            change(session)
    found = explained(small, first)
    assert (found.finding, found.witnessed) == (finding, witnessed)


@pytest.mark.parametrize("junk", [None, 7, [None], [["own-request"]], [{}]], ids=str)
def test_whatever_was_put_there_it_is_told(small: Installation, junk: object) -> None:
    [first, _] = decisions(small)
    with small.vault.database.transaction() as session:
        setting(outcome="perhaps", rules=junk, obligations=junk)(session)
    found = explained(small, first)
    assert (found.finding, found.outcome, found.rules) == (Finding.DECISION_ALTERED, "perhaps", [])
    assert any("perhaps" in line for line in lines(found, "nl"))


def test_texts_that_cannot_be_read_any_more(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    [first, _] = decisions(small)

    def refuse(*_args: object, **_named: object) -> None:
        raise RuleSetInvalid([])

    monkeypatch.setattr(explanations, "parse_stored", refuse)
    assert explained(small, first).finding is Finding.TEXTS_UNREADABLE


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (town.SUPERVISOR, True),
        (town.PRIVACY_OFFICER, True),
        (town.OFFICER, False),
        (town.ADMINISTRATOR, False),
    ],
    ids=str,
)
def test_who_may_read_the_request_may_know_why(small: Installation, who: town.Resident, *, may: bool) -> None:
    [first, _] = decisions(small)
    found = explain(small.vault, small.caller(who), first, now=now())
    assert isinstance(found, Explanation) == may
    entry = entries(small, Event.DECISION_EXPLAINED)[-1]
    assert json.loads(entry.leaf)["dec"] == ("allow" if may else "deny")
    assert payload_of(small, entry)["details"]["decision"] == str(first)


def test_what_is_not_there_is_unknown(small: Installation) -> None:
    with pytest.raises(facts.Unknown):
        explain(small.vault, ONE, new_id(), now=now() + timedelta(days=1))
    assert entries(small, Event.DECISION_EXPLAINED) == []


def test_each_finding_is_said_in_both_languages() -> None:
    assert set(SAID) == set(Finding)
    assert len({text for pair in SAID.values() for text in pair}) == 2 * len(Finding)
