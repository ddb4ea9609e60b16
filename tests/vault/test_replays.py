"""Past decisions and living grants under other rules: what flips, by which rule; what becomes of a grant."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from console.demo import town
from tests.installation import Installation
from tests.ruling import NO_SUPERVISOR, SHORTER, put_in_force, texts
from tests.watching import PURPOSE, approve, footage, granted, keep, wish
from vault import grants
from vault.audit import Actor
from vault.replays import Ending, Fate, Flip, Verdict
from vault.requests import ask
from vault.tables import Assignment, Decision, Municipality, Person, Recording
from vault.what_if import Examination, examine

OPERATOR = Actor("operator", "one", "one")
NO_DECIDER = {'@obligations("decider, no-copy")': '@obligations("no-copy")'}
WATERMARKED = {'@obligations("decider, no-copy")': '@obligations("decider, no-copy, watermark")'}
NOT_OFFERED = {"incidentafhandeling = {": "evaluatie = {"}
NEEDS_COMPLAINT = {
    'when { context.purpose == Purpose::"klacht" }\nunless { context.request.complaint': (
        f'when {{ context.purpose == Purpose::"{PURPOSE}" }}\nunless {{ context.request.complaint'
    )
}
HOUR = {"longest_grant_hours = 72": "longest_grant_hours = 1"}
DAY = {"term_days = 28": "term_days = 1"}


def now() -> datetime:
    return datetime.now(UTC)


def looked(made: Installation, *edits: dict[str, str], at: datetime | None = None) -> Examination:
    found = examine(made.vault, OPERATOR, town.SLUG, texts(*edits), now=at or now())
    assert isinstance(found, Examination)
    return found


def flips(made: Installation, *edits: dict[str, str]) -> list[Flip]:
    return list(looked(made, *edits).flips().found)


def endings(made: Installation, *edits: dict[str, str], at: datetime | None = None) -> list[Ending]:
    return list(looked(made, *edits, at=at).endings().found)


def asked(made: Installation, **more: Any) -> Any:
    recording = keep(made, footage(1000))
    return ask(made.vault, made.caller(town.SUPERVISOR), wish(recording, **more), now=now())


def test_the_same_rules_change_nothing(small: Installation) -> None:
    granted(small, keep(small, footage(1000)))
    for edits in ((), ({"name = ": "name  = "},)):
        assert flips(small, *edits) == []
        assert endings(small, *edits) == []


def test_a_permit_that_would_be_refused(small: Installation) -> None:
    answer = asked(small)
    approve(small, answer.request)
    [flip] = flips(small, NO_SUPERVISOR)
    assert (flip.request, flip.action, flip.purpose) == (answer.request, "ask", PURPOSE)
    assert (flip.before, flip.after) == (Verdict.WAITING, Verdict.REFUSED)
    assert [rule.id for rule in flip.rules] == ["no-rule-permits"]


def test_a_refusal_that_would_be_none(small: Installation) -> None:
    asked(small, case_reference=None)
    [flip] = flips(small, {"unless { context.request.hasCaseReference ||": "unless { true ||"})
    assert (flip.before, flip.after) == (Verdict.REFUSED, Verdict.WAITING)
    assert [rule.id for rule in flip.rules] == ["supervisor-asks-for-own-team"]


def test_who_decides_may_flip_too(small: Installation) -> None:
    approve(small, asked(small).request)
    [flip] = flips(
        small,
        {'principal in [Role::"decider", Role::"privacy-officer"] };': ('principal in [Role::"decider"] };')},
    )
    assert (flip.action, flip.before, flip.after) == ("decide", Verdict.ALLOWED, Verdict.REFUSED)


def test_what_is_left_to_a_decider(small: Installation) -> None:
    asked(small)
    [flip] = flips(small, NO_DECIDER)
    assert (flip.before, flip.after) == (Verdict.WAITING, Verdict.ALLOWED)
    [flip] = flips(small, WATERMARKED)
    assert (flip.before, flip.after) == (Verdict.WAITING, Verdict.WAITING)
    assert flip.demanded_after - flip.demanded_before == {"watermark"}


def test_a_shorter_term_refuses_what_came_late(small: Installation) -> None:
    recording = keep(small, footage(1000))
    for days in (3, 20):
        moment = now() + timedelta(days=days)
        ask(small.vault, small.caller(town.SUPERVISOR), wish(recording), now=moment)
    [flip] = flips(small, SHORTER)
    assert [rule.id for rule in flip.rules] == ["term-is-over"]
    assert flip.decided_at > now() + timedelta(days=15)


def test_it_is_the_facts_of_then_that_count(small: Installation) -> None:
    answer = asked(small)
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(team="elsewhere"))
    assert flips(small) == []
    [flip] = flips(small, NO_SUPERVISOR)
    assert flip.request == answer.request


def test_what_was_not_kept_is_counted(small: Installation) -> None:
    asked(small)
    with small.vault.database.transaction() as session:
        session.execute(update(Decision).values(situation=None))
    batch = looked(small, NO_SUPERVISOR).flips()
    assert (batch.found, batch.looked, batch.unreadable) == ([], 1, 1)


@pytest.mark.parametrize("junk", [None, 7, [["decider"]]], ids=str)
def test_so_is_what_somebody_made_unreadable(small: Installation, junk: object) -> None:
    asked(small)
    with small.vault.database.transaction() as session:
        session.execute(update(Decision).values(obligations=junk))
    batch = looked(small, NO_SUPERVISOR).flips()
    assert (batch.found, batch.looked, batch.unreadable) == ([], 1, 1)


@pytest.mark.parametrize(
    ("edit", "fate", "rules"),
    [
        (NOT_OFFERED, Fate.ENDS, ["purpose-not-offered"]),
        (DAY, Fate.ENDS_WITH_FOOTAGE, []),
        (NEEDS_COMPLAINT, Fate.STAYS_THOUGH_REFUSED, ["needs-complaint"]),
        (NO_SUPERVISOR, Fate.STAYS_THOUGH_REFUSED, ["no-rule-permits"]),
        (HOUR, Fate.STAYS_THOUGH_TOO_LONG, []),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_becomes_of_a_grant(
    small: Installation, edit: dict[str, str], fate: Fate, rules: list[str]
) -> None:
    grant = granted(small, keep(small, footage(1000)))
    [ending] = endings(small, edit)
    assert (ending.grant, ending.fate, ending.purpose) == (grant, fate, PURPOSE)
    assert ending.holder == small.town.people[town.SUPERVISOR.subject]
    assert [rule.id for rule in ending.rules] == rules
    assert (ending.until < ending.valid_until) == (fate is not Fate.STAYS_THOUGH_REFUSED)


def test_whose_people_count_is_for_the_other_terms_to_say(small: Installation) -> None:
    """The holder works elsewhere by now, and the other terms do not share with that municipality any more."""
    granted(small, keep(small, footage(1000)))
    holder = small.town.people[town.SUPERVISOR.subject]
    with small.vault.database.transaction() as session:
        if session.get(Municipality, "noordwijk") is None:
            session.add(Municipality(id="noordwijk", name="Noordwijk"))
            session.flush()
        session.execute(
            update(Assignment).where(Assignment.person_id == holder).values(municipality_id="noordwijk")
        )
    put_in_force(small, {"term_days = 28": 'shares_with = ["noordwijk"]\nterm_days = 28'})
    [ending] = endings(small)
    assert ending.fate is Fate.ENDS


def test_a_grant_that_shows_nothing_has_nothing_to_lose(small: Installation) -> None:
    grant = granted(small, keep(small, footage(1000)))
    assert endings(small, NOT_OFFERED, at=now() + timedelta(hours=73)) == []
    holder = small.town.people[town.SUPERVISOR.subject]
    for active, count in ((False, 0), (True, 1)):
        with small.vault.database.transaction() as session:
            session.execute(update(Person).where(Person.id == holder).values(active=active))
        assert len(endings(small, NOT_OFFERED)) == count
    grants.revoke(
        small.vault, small.caller(town.PRIVACY_OFFICER), grant, reason="No longer needed.", now=now()
    )
    assert endings(small, NOT_OFFERED) == []


def test_texts_of_then_that_are_gone_leave_the_term_as_it_was(small: Installation) -> None:
    asked(small)
    with small.vault.database.transaction() as session:
        session.execute(update(Decision).values(rule_set="0" * 64))
    assert flips(small, DAY) == []
    with small.vault.database.reading() as session:
        assert session.scalars(select(Decision)).one().rule_set == "0" * 64
