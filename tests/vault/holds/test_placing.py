"""Placing: footage stays, for reasons that the terms know, and never when its term was over."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from console.demo import town
from policies.retention import days_later
from tests.installation import MAKER, Installation
from tests.vault.holds.holding import BASIS, WHY, held, hold_of, is_held, kept, now
from tests.watching import entries, footage, keep, payload_of, row_of
from vault.audit import Event
from vault.facts import Unknown
from vault.holds.placing import TriggerTooLate, TriggerUnknown, Why, place
from vault.holds.rows import TooLate
from vault.holds.tables import Hold
from vault.ids import RecordingId, new_id
from vault.tables import Recording, State


def holds(made: Installation) -> list[Hold]:
    with made.vault.database.reading() as session:
        return list(session.scalars(select(Hold)))


def test_what_is_held_stays_and_the_entry_says_why(installation: Installation) -> None:
    recording = kept(installation)
    officer, moment = installation.caller(town.PRIVACY_OFFICER), now()
    outcome = place(installation.vault, officer, recording, WHY, now=moment)
    assert outcome.hold is not None
    assert outcome.decision is not None
    assert outcome.decision.permitted
    assert is_held(installation, recording)
    row = hold_of(installation, outcome.hold)
    assert (row.released_by, row.days_after, row.placed_by) == ("settled", 14, officer.id)
    assert (row.placed_at, row.reviewed_at, row.lifted_at) == (moment, moment, None)
    [entry] = entries(installation, Event.HOLD_PLACED)
    assert json.loads(entry.leaf)["facts"] == {
        "trigger": "complaint",
        "releasedBy": "settled",
        "daysAfter": 14,
    }
    details = payload_of(installation, entry)["details"]
    assert (details["reason"], details["basis"], details["hold"]) == (WHY.reason, BASIS, str(row.id))
    assert WHY.reason.encode() not in entry.leaf


def test_who_the_rules_do_not_let_places_nothing(small: Installation) -> None:
    recording = kept(small)
    before = row_of(small, recording).dispose_after
    outcome = place(small.vault, small.caller(town.OFFICER), recording, WHY, now=now())
    assert outcome.hold is None
    assert outcome.decision is not None
    assert not outcome.decision.permitted
    assert (holds(small), row_of(small, recording).dispose_after) == ([], before)
    [entry] = entries(small, Event.HOLD_DENIED)
    assert json.loads(entry.leaf)["dec"] == "deny"


def test_a_reason_that_the_terms_do_not_know(small: Installation) -> None:
    recording = kept(small)
    with pytest.raises(TriggerUnknown, match="demand is no reason to hold here; those are: complaint"):
        place(small.vault, MAKER, recording, Why("demand", WHY.reason, BASIS), now=now())
    assert (holds(small), is_held(small, recording)) == ([], False)
    [entry] = entries(small, Event.HOLD_DENIED)
    assert json.loads(entry.leaf)["facts"] == {"refused": "TriggerUnknown"}


def test_a_reason_that_came_too_long_after_the_recording(small: Installation) -> None:
    recording = kept(small)
    held(small, recording, trigger="criminal-complaint")
    with pytest.raises(TriggerTooLate, match="within 28 days"):
        place(small.vault, MAKER, recording, WHY, now=now() + timedelta(days=28))
    assert place(small.vault, MAKER, recording, WHY, now=now() + timedelta(days=27)).hold


def test_what_is_set_apart_for_its_clock_counts_from_when_it_came(small: Installation) -> None:
    """A camera whose battery was empty says 1970: a complaint about that footage is not too late for it."""
    recording = keep(small, footage(1000), started_at=datetime(1970, 1, 1, 0, 3, tzinfo=UTC))
    assert row_of(small, recording).state == State.QUARANTINED
    assert place(small.vault, MAKER, recording, WHY, now=now() + timedelta(days=27)).hold


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=3)])
def test_nothing_comes_back(small: Installation, late: timedelta) -> None:
    recording = kept(small)
    row = row_of(small, recording)
    due = days_later(row.recorded_at, 28)
    criminal = Why("criminal-complaint", WHY.reason, BASIS)
    with pytest.raises(TooLate):
        place(small.vault, MAKER, recording, criminal, now=due + late)
    assert row_of(small, recording).dispose_after == due
    assert place(small.vault, MAKER, recording, criminal, now=due - timedelta(microseconds=1)).hold


@pytest.mark.parametrize("state", [State.DISPOSING, State.DISPOSED])
def test_what_is_gone_is_not_held(small: Installation, state: State) -> None:
    recording = kept(small)
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(state=state))
    with pytest.raises(TooLate):
        place(small.vault, MAKER, recording, WHY, now=now())
    assert holds(small) == []


def test_what_never_came(small: Installation) -> None:
    with pytest.raises(Unknown):
        place(small.vault, MAKER, RecordingId(new_id()), WHY, now=now())


def test_later_terms_do_not_change_what_was_placed(small: Installation) -> None:
    hold = held(small, kept(small))
    assert (hold.trigger, hold.released_by, hold.days_after) == ("complaint", "settled", 14)
    assert hold.municipality_id == town.SLUG
