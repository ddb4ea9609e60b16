"""The regime of a recording: it changes once, for a reason, and its term with it; what is due stays due."""

import json
from datetime import timedelta

import pytest

from console.demo import town
from policies.retention import UNTIL_RELEASED, days_later
from tests.installation import MAKER, Installation
from tests.ruling import put_in_force
from tests.vault.holds.holding import held, kept, now
from tests.watching import entries, payload_of, row_of
from vault.audit import Event
from vault.holds.lifting import lift
from vault.holds.rows import TooLate
from vault.regimes import RegimeFixed, RegimeUnchanged, change

REASON = "The boa caught somebody in the act."
WPG = {"term_days = 28": "term_days = 28\nwpg_term_days = 365"}


def test_the_term_follows(installation: Installation) -> None:
    put_in_force(installation, WPG)
    recording, moment = kept(installation), now()
    officer = installation.caller(town.PRIVACY_OFFICER)
    outcome = change(installation.vault, officer, recording, "wpg", reason=REASON, now=moment)
    assert outcome.permitted
    row = row_of(installation, recording)
    assert (row.regime, row.regime_changed_at) == ("wpg", moment)
    assert row.dispose_after == days_later(row.recorded_at, 365)
    [entry] = entries(installation, Event.REGIME_CHANGED)
    leaf = json.loads(entry.leaf)
    assert (leaf["facts"], leaf["regime"]) == ({"from": "avg", "to": "wpg"}, "avg")
    assert payload_of(installation, entry)["details"]["reason"] == REASON


def test_once(small: Installation) -> None:
    recording = kept(small)
    with pytest.raises(RegimeUnchanged):
        change(small.vault, MAKER, recording, "avg", reason=REASON, now=now())
    change(small.vault, MAKER, recording, "wpg", reason=REASON, now=now())
    with pytest.raises(RegimeFixed):
        change(small.vault, MAKER, recording, "avg", reason="It was a mistake.", now=now())
    assert row_of(small, recording).regime == "wpg"
    assert len(entries(small, Event.REGIME_CHANGED)) == 1
    assert len(entries(small, Event.REGIME_DENIED)) == 2


def test_nothing_that_is_due_comes_back(small: Installation) -> None:
    put_in_force(small, WPG)
    recording = kept(small)
    due = row_of(small, recording).dispose_after
    assert due is not None
    with pytest.raises(TooLate):
        change(small.vault, MAKER, recording, "wpg", reason=REASON, now=due)
    row = row_of(small, recording)
    assert (row.regime, row.dispose_after) == ("avg", due)


def test_what_is_held_stays_and_then_its_new_term_counts(small: Installation) -> None:
    put_in_force(small, WPG)
    recording = kept(small)
    hold = held(small, recording)
    change(small.vault, MAKER, recording, "wpg", reason=REASON, now=now())
    assert row_of(small, recording).dispose_after == UNTIL_RELEASED
    lift(small.vault, MAKER, hold.id, "settled", reason="It was settled.", now=now() + timedelta(days=30))
    row = row_of(small, recording)
    assert row.dispose_after == days_later(row.recorded_at, 365)


def test_who_the_rules_do_not_let_changes_nothing(small: Installation) -> None:
    recording = kept(small)
    outcome = change(small.vault, small.caller(town.OFFICER), recording, "wpg", reason=REASON, now=now())
    assert not outcome.permitted
    assert row_of(small, recording).regime == "avg"
    assert len(entries(small, Event.REGIME_DENIED)) == 1


def test_there_are_two(small: Installation) -> None:
    with pytest.raises(ValueError, match="those are: avg, wpg"):
        change(small.vault, MAKER, kept(small), "other", reason=REASON, now=now())
