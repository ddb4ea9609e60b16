"""Lifting: by the event that ends a hold, once; then the term that follows runs, or its own if longer."""

import json
from datetime import timedelta
from typing import Any

import pytest

from console.demo import town
from policies.retention import days_later
from tests.installation import MAKER, Installation
from tests.vault.holds.holding import held, hold_of, is_held, kept, now
from tests.watching import entries, row_of
from vault.audit import Event
from vault.facts import Unknown
from vault.holds import rows
from vault.holds.lifting import AlreadyLifted, NotItsRelease, lift
from vault.ids import new_id

REASON = "The complaint was settled by letter."


def test_the_term_that_follows_runs_from_the_event(installation: Installation) -> None:
    recording = kept(installation, days_ago=20)
    hold = held(installation, recording)
    officer, moment = installation.caller(town.PRIVACY_OFFICER), now()
    outcome = lift(installation.vault, officer, hold.id, "settled", reason=REASON, now=moment)
    assert outcome.hold is not None
    assert row_of(installation, recording).dispose_after == days_later(moment, 14)
    row = hold_of(installation, hold)
    assert (row.lifted_at, row.lifted_by, row.ended_by) == (moment, officer.id, "settled")
    assert row.lift_reason == REASON
    [entry] = entries(installation, Event.HOLD_LIFTED)
    facts = json.loads(entry.leaf)["facts"]
    assert facts == {"trigger": "complaint", "endedBy": "settled", "daysAfter": 14}


def test_who_waited_for_another_to_lift_it_is_told_so(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installation.vault.at_hand:
        pytest.skip("SQLite has one writer: nobody lifts meanwhile")
    hold, first, real = held(installation, kept(installation)), now(), rows.locked

    def after_another(*given: Any) -> rows.Locked:
        monkeypatch.setattr(rows, "locked", real)
        lift(installation.vault, MAKER, hold.id, "settled", reason=REASON, now=first)
        return real(*given)

    monkeypatch.setattr(rows, "locked", after_another)
    with pytest.raises(AlreadyLifted):
        lift(installation.vault, MAKER, hold.id, "settled", reason=REASON, now=first + timedelta(days=1))
    assert hold_of(installation, hold).lifted_at == first


def test_a_recording_stays_no_shorter_than_without(small: Installation) -> None:
    recording = kept(small)
    before = row_of(small, recording).dispose_after
    hold = held(small, recording)
    lift(small.vault, MAKER, hold.id, "settled", reason=REASON, now=now())
    assert row_of(small, recording).dispose_after == before


def test_while_another_stands_it_stays(small: Installation) -> None:
    recording = kept(small)
    complaint, criminal = held(small, recording), held(small, recording, trigger="criminal-complaint")
    lift(small.vault, MAKER, complaint.id, "settled", reason=REASON, now=now())
    assert is_held(small, recording)
    moment = now() + timedelta(days=100)
    lift(small.vault, MAKER, criminal.id, "judgment-final", reason=REASON, now=moment)
    assert row_of(small, recording).dispose_after == moment


def test_a_hold_that_was_placed_while_another_stood_counts_whatever_the_clocks_say(
    small: Installation,
) -> None:
    recording, far = kept(small), now() + timedelta(days=60)
    first = held(small, recording, trigger="criminal-complaint")
    second = held(small, recording, far, trigger="criminal-complaint")
    # Its clock is behind, or it waited for its turn: by it the footage was due when the second was placed.
    behind = far - timedelta(seconds=1)
    lift(small.vault, MAKER, first.id, "judgment-final", reason=REASON, now=behind)
    assert is_held(small, recording)
    assert hold_of(small, first).lifted_at == behind
    lift(small.vault, MAKER, second.id, "judgment-final", reason=REASON, now=far + timedelta(seconds=5))
    assert row_of(small, recording).dispose_after == far + timedelta(seconds=5)


def test_once(small: Installation) -> None:
    recording = kept(small, days_ago=20)
    hold, moment = held(small, recording), now()
    lift(small.vault, MAKER, hold.id, "settled", reason=REASON, now=moment)
    with pytest.raises(AlreadyLifted):
        lift(small.vault, MAKER, hold.id, "settled", reason=REASON, now=moment + timedelta(days=1))
    assert hold_of(small, hold).lifted_at == moment
    assert row_of(small, recording).dispose_after == days_later(moment, 14)
    [entry] = entries(small, Event.HOLD_DENIED)
    assert json.loads(entry.leaf)["facts"] == {"refused": "AlreadyLifted"}


def test_only_by_its_own_event_or_when_its_reason_lapsed(small: Installation) -> None:
    hold = held(small, kept(small))
    with pytest.raises(NotItsRelease, match="these do: settled, reason-lapsed"):
        lift(small.vault, MAKER, hold.id, "judgment-final", reason=REASON, now=now())
    assert hold_of(small, hold).lifted_at is None
    lift(small.vault, MAKER, hold.id, "reason-lapsed", reason="It was withdrawn.", now=now())
    assert hold_of(small, hold).ended_by == "reason-lapsed"


def test_who_the_rules_do_not_let_lifts_nothing(small: Installation) -> None:
    recording = kept(small)
    hold = held(small, recording)
    outcome = lift(small.vault, small.caller(town.OFFICER), hold.id, "settled", reason=REASON, now=now())
    assert outcome.hold is None
    assert is_held(small, recording)
    assert len(entries(small, Event.HOLD_DENIED)) == 1


def test_what_was_never_placed(small: Installation) -> None:
    with pytest.raises(Unknown):
        lift(small.vault, MAKER, new_id(), "settled", reason=REASON, now=now())
