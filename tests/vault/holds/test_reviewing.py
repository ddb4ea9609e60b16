"""Reviewing: whoever looks postpones the reminder; what nobody looks at is counted."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from console.demo import town
from tests.installation import MAKER, Installation
from tests.vault.holds.holding import held, hold_of, is_held, kept, now
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.holds.lifting import AlreadyLifted, lift
from vault.holds.reviewing import count_forgotten, review

WITHIN = timedelta(days=30)
REASON = "The committee has not spoken yet."


def test_a_look_postpones_the_reminder(installation: Installation) -> None:
    recording = kept(installation)
    hold, later = held(installation, recording), now() + timedelta(days=31)
    assert count_forgotten(installation.vault, WITHIN, now=later) == 1
    assert REGISTRY.get_sample_value("holds_without_review") == 1
    officer = installation.caller(town.PRIVACY_OFFICER)
    assert review(installation.vault, officer, hold.id, reason=REASON, now=later).hold is not None
    assert count_forgotten(installation.vault, WITHIN, now=later + WITHIN) == 0
    assert count_forgotten(installation.vault, WITHIN, now=later + WITHIN + timedelta(seconds=1)) == 1
    assert is_held(installation, recording)
    [entry] = entries(installation, Event.HOLD_REVIEWED)
    assert payload_of(installation, entry)["details"]["reason"] == REASON


def test_what_is_lifted_is_not_reviewed(small: Installation) -> None:
    hold = held(small, kept(small))
    lift(small.vault, MAKER, hold.id, "settled", reason=REASON, now=now())
    before = hold_of(small, hold).reviewed_at
    with pytest.raises(AlreadyLifted):
        review(small.vault, MAKER, hold.id, reason=REASON, now=now())
    assert hold_of(small, hold).reviewed_at == before
    assert count_forgotten(small.vault, WITHIN, now=now() + timedelta(days=99)) == 0
    assert len(entries(small, Event.HOLD_DENIED)) == 1


def test_who_may_not_lift_does_not_postpone(small: Installation) -> None:
    hold = held(small, kept(small))
    later = now() + timedelta(days=1)
    assert review(small.vault, small.caller(town.OFFICER), hold.id, reason=REASON, now=later).hold is None
    assert hold_of(small, hold).reviewed_at == hold.placed_at
    assert len(entries(small, Event.HOLD_DENIED)) == 1
