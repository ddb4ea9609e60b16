"""Reading holds: page by page, each look an entry; reminders begin with what is forgotten longest."""

import json
from datetime import timedelta

import pytest

from console.demo import town
from tests.installation import MAKER, Installation
from tests.vault.holds.holding import held, kept, now
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.facts import Unknown
from vault.holds.lifting import lift
from vault.holds.reading import Place, Which, listed, of_recording, reminders
from vault.holds.reviewing import review
from vault.ids import RecordingId, new_id
from vault.rulesets import RuleSetMissing

WITHIN = timedelta(days=30)


def test_pages_of_what_stands_and_of_what_was_lifted(installation: Installation) -> None:
    vault, officer = installation.vault, installation.caller(town.PRIVACY_OFFICER)
    made = [held(installation, kept(installation, seed=seed)).id for seed in range(4)]
    lift(vault, MAKER, made[1], "settled", reason="It was settled.", now=now())
    first = listed(vault, officer, town.SLUG, most=2, now=now())
    assert ([row.id for row in first.holds], first.more) == ([made[3], made[2]], True)
    rest = listed(vault, officer, town.SLUG, most=2, after=made[2], now=now())
    assert ([row.id for row in rest.holds], rest.more) == ([made[0]], False)
    lifted = listed(vault, officer, town.SLUG, which=Which.LIFTED, now=now())
    assert [row.id for row in lifted.holds] == [made[1]]
    assert len(listed(vault, officer, town.SLUG, which=Which.ALL, now=now()).holds) == 4
    assert listed(vault, MAKER, "noordwijk", now=now()).holds == []
    told = entries(installation, Event.RETENTION_READ)
    assert [json.loads(entry.leaf)["facts"]["listed"] for entry in told] == [2, 1, 1, 4, 0]
    assert payload_of(installation, told[0])["details"]["shown"] == [str(made[3]), str(made[2])]


def test_those_of_one_recording(small: Installation) -> None:
    recording, other = kept(small), kept(small, seed=2)
    first = held(small, recording)
    held(small, other)
    second = held(small, recording, trigger="criminal-complaint")
    lift(small.vault, MAKER, first.id, "settled", reason="It was settled.", now=now())
    page = of_recording(small.vault, small.caller(town.PRIVACY_OFFICER), recording, now=now())
    assert [row.id for row in page.holds] == [second.id, first.id]
    with pytest.raises(Unknown):
        of_recording(small.vault, MAKER, RecordingId(new_id()), now=now())


def test_reminders_begin_with_what_is_forgotten_longest(installation: Installation) -> None:
    vault, recording, begun = installation.vault, kept(installation), now()
    made = [held(installation, recording, begun + timedelta(days=day)) for day in range(4)]
    review(vault, MAKER, made[0].id, reason="Still there.", now=begun + timedelta(days=10))
    lift(vault, MAKER, made[2].id, "settled", reason="Settled.", now=begun + timedelta(days=11))
    later = begun + timedelta(days=41)
    page = reminders(vault, MAKER, town.SLUG, WITHIN, most=2, now=later)
    assert ([row.id for row in page.holds], page.more) == ([made[1].id, made[3].id], True)
    last = page.holds[-1]
    rest = reminders(vault, MAKER, town.SLUG, WITHIN, after=Place(last.reviewed_at, last.id), now=later)
    assert ([row.id for row in rest.holds], rest.more) == ([made[0].id], False)
    assert reminders(vault, MAKER, town.SLUG, WITHIN, now=begun + WITHIN).holds == []


def test_who_the_rules_do_not_let_reads_none(small: Installation) -> None:
    held(small, kept(small))
    page = listed(small.vault, small.caller(town.OFFICER), town.SLUG, now=now())
    assert (page.holds, page.permitted, page.more) == ((), False, False)
    assert len(entries(small, Event.RETENTION_DENIED)) == 1
    assert entries(small, Event.RETENTION_READ) == []


def test_a_municipality_that_is_not_here_is_said_to_be_missing(small: Installation) -> None:
    """Also to an operator, to whom an empty list of reminders would say that nothing is forgotten."""
    with pytest.raises(RuleSetMissing):
        listed(small.vault, MAKER, "voorbeelstad", now=now())
    with pytest.raises(RuleSetMissing):
        reminders(small.vault, MAKER, "voorbeelstad", WITHIN, now=now())
    assert entries(small, Event.RETENTION_READ) == []
