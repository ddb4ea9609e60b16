"""Holds that a request begins: in its transaction, where the terms say so, and only if not refused."""

import json
from datetime import timedelta
from unittest.mock import patch

import pytest
from sqlalchemy import select

from console.demo import town
from tests.installation import Installation
from tests.ruling import put_in_force
from tests.vault.holds.holding import BEGUN_BY_VIEWING, is_held, kept, now
from tests.watching import REASON, entries, payload_of, row_of, wish
from vault.audit import Event
from vault.holds import automatic
from vault.holds.tables import Hold
from vault.requests import RequestState, ask
from vault.tables import Grant, Request


def holds(made: Installation) -> list[Hold]:
    with made.vault.database.reading() as session:
        return list(session.scalars(select(Hold)))


def test_who_asks_on_day_27_freezes_it_for_day_28(installation: Installation) -> None:
    put_in_force(installation, BEGUN_BY_VIEWING)
    recording = kept(installation, days_ago=27.5)
    answer = ask(installation.vault, installation.caller(town.SUPERVISOR), wish(recording), now=now())
    assert answer.state is RequestState.WAITING
    assert is_held(installation, recording)
    [hold] = holds(installation)
    assert (hold.trigger, hold.request_id, hold.placed_by) == ("viewing-request", answer.request, None)
    assert (hold.reason, hold.basis) == (REASON, "Iemand wil de beelden zien")
    [entry] = entries(installation, Event.HOLD_PLACED)
    details = payload_of(installation, entry)["details"]
    assert (details["request"], details["hold"]) == (str(answer.request), str(hold.id))
    assert json.loads(entry.leaf)["facts"]["releasedBy"] == "answered"


def test_who_declares_a_complaint_holds_it_until_that_is_settled(small: Installation) -> None:
    recording = kept(small)
    asked = wish(recording, "klacht", prerequisites=("complaint-filed",))
    answer = ask(small.vault, small.caller(town.SUPERVISOR), asked, now=now())
    assert answer.state is not RequestState.REFUSED, answer.decision.reasons
    assert [(hold.trigger, hold.released_by) for hold in holds(small)] == [("complaint", "settled")]


def test_who_is_refused_holds_nothing(small: Installation) -> None:
    put_in_force(small, BEGUN_BY_VIEWING)
    recording = kept(small)
    before = row_of(small, recording).dispose_after
    answer = ask(small.vault, small.caller(town.ADMINISTRATOR), wish(recording), now=now())
    assert answer.state is RequestState.REFUSED
    assert (holds(small), row_of(small, recording).dispose_after) == ([], before)


def test_a_request_of_another_kind_holds_nothing(small: Installation) -> None:
    recording = kept(small)
    ask(small.vault, small.caller(town.SUPERVISOR), wish(recording), now=now())
    assert holds(small) == []


def test_a_complaint_that_comes_too_late_holds_nothing(small: Installation) -> None:
    edit = {"asked_within_days = 28": "asked_within_days = 2"}
    put_in_force(small, edit)
    recording = kept(small, days_ago=5)
    asked = wish(recording, "klacht", prerequisites=("complaint-filed",))
    ask(small.vault, small.caller(town.SUPERVISOR), asked, now=now())
    assert (holds(small), is_held(small, recording)) == ([], False)


def test_a_request_stands_or_falls_with_its_hold(installation: Installation) -> None:
    put_in_force(installation, BEGUN_BY_VIEWING)
    recording = kept(installation)
    before = row_of(installation, recording).dispose_after
    with (
        patch.object(automatic, "enter", side_effect=RuntimeError("the disk is full")),
        pytest.raises(RuntimeError),
    ):
        ask(installation.vault, installation.caller(town.SUPERVISOR), wish(recording), now=now())
    with installation.vault.database.reading() as session:
        assert session.scalars(select(Request)).all() == []
    assert (holds(installation), row_of(installation, recording).dispose_after) == ([], before)


def test_a_grant_may_last_longer_than_the_term_of_what_it_holds(small: Installation) -> None:
    put_in_force(small, BEGUN_BY_VIEWING, {'@obligations("decider, no-copy")': '@obligations("no-copy")'})
    recording, moment = kept(small, days_ago=27.5), now()
    due = row_of(small, recording).dispose_after
    answer = ask(small.vault, small.caller(town.SUPERVISOR), wish(recording), now=moment)
    assert answer.state is RequestState.GRANTED
    with small.vault.database.reading() as session:
        grant = session.get_one(Grant, answer.grant)
    assert due is not None
    assert grant.valid_until == moment + timedelta(hours=72) > due
