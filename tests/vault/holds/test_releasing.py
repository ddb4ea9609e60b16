"""Holds that end by themselves: when the request was answered, from that moment, and no others."""

import json
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest

from console.demo import town
from policies.retention import days_later
from tests.installation import MAKER, Installation
from tests.ruling import put_in_force
from tests.vault.holds.holding import BEGUN_BY_VIEWING, held, hold_of, is_held, kept, now
from tests.watching import approve, entries, payload_of, row_of, wish
from vault import grants
from vault.audit import Event
from vault.holds import releasing
from vault.holds.lifting import lift
from vault.holds.reading import of_recording
from vault.holds.releasing import release
from vault.holds.tables import Hold
from vault.ids import RecordingId, RequestId
from vault.requests import ask, decide
from vault.signals.raising import KEEPER

BEGUN_BY_ACCESS = "".join(BEGUN_BY_VIEWING.values()).replace("viewing-request", "access-request")


@pytest.fixture(autouse=True)
def _viewing_holds(installation: Installation) -> None:
    put_in_force(installation, BEGUN_BY_VIEWING)


def asked(made: Installation, seed: int = 1) -> tuple[RecordingId, RequestId, Hold]:
    """A recording of 27 days ago, held by a request that waits."""
    recording = kept(made, days_ago=27, seed=seed)
    request = ask(made.vault, made.caller(town.SUPERVISOR), wish(recording), now=now()).request
    [hold] = of_recording(made.vault, KEEPER, recording, now=now()).holds
    return recording, request, hold


def refuse(made: Installation, request: RequestId, moment: datetime) -> None:
    officer = made.caller(town.PRIVACY_OFFICER)
    decide(made.vault, officer, request, approve=False, reason="Not proportionate.", now=moment)


def test_while_it_waits_it_is_held(installation: Installation) -> None:
    recording, _, _ = asked(installation)
    assert release(installation.vault, KEEPER, now=now() + timedelta(days=100)) == 0
    assert is_held(installation, recording)


def test_a_refusal_ends_it_from_that_moment(installation: Installation) -> None:
    recording, request, hold = asked(installation)
    moment = now()
    refuse(installation, request, moment)
    assert is_held(installation, recording)
    assert release(installation.vault, KEEPER, now=moment + timedelta(minutes=5)) == 1
    assert row_of(installation, recording).dispose_after == days_later(moment, 3)
    row = hold_of(installation, hold)
    assert (row.lifted_at, row.ended_by, row.lifted_by) == (moment, "answered", None)
    [entry] = entries(installation, Event.HOLD_LIFTED)
    assert json.loads(entry.leaf)["facts"]["endedBy"] == "answered"
    assert payload_of(installation, entry)["actor"]["id"] == "keeper"
    assert release(installation.vault, KEEPER, now=moment + timedelta(minutes=6)) == 0


def test_the_end_of_a_grant_ends_it(installation: Installation) -> None:
    recording, request, _ = asked(installation)
    moment = now()
    approve(installation, request, now=moment)
    ends = moment + timedelta(hours=72)
    assert release(installation.vault, KEEPER, now=ends - timedelta(microseconds=1)) == 0
    assert release(installation.vault, KEEPER, now=ends + timedelta(hours=1)) == 1
    assert row_of(installation, recording).dispose_after == days_later(ends, 3)


def test_a_revocation_ends_it(installation: Installation) -> None:
    recording, request, _ = asked(installation)
    answer = approve(installation, request)
    moment = now()
    officer = installation.caller(town.PRIVACY_OFFICER)
    assert answer.grant
    grants.revoke(installation.vault, officer, answer.grant, reason="It was watched.", now=moment)
    assert release(installation.vault, KEEPER, now=moment + timedelta(days=9)) == 1
    assert row_of(installation, recording).dispose_after == days_later(moment, 3)


def test_what_people_must_lift_stays(installation: Installation) -> None:
    recording, request, _ = asked(installation)
    held(installation, recording, trigger="criminal-complaint")
    refuse(installation, request, now())
    assert release(installation.vault, KEEPER, now=now()) == 1
    assert is_held(installation, recording)


def test_who_looked_has_not_answered_the_data_subject(installation: Installation) -> None:
    """Access is asked on day 27; that the grant by which somebody looked is over answers nobody."""
    put_in_force(installation, dict.fromkeys(BEGUN_BY_VIEWING, BEGUN_BY_ACCESS))
    recording, request, hold = asked(installation)
    assert (hold.trigger, hold.released_by) == ("access-request", "answered")
    approve(installation, request)
    assert release(installation.vault, KEEPER, now=now() + timedelta(days=20)) == 0
    assert is_held(installation, recording)
    lift(installation.vault, MAKER, hold.id, "answered", reason="A letter was sent.", now=now())
    assert not is_held(installation, recording)


def test_many_are_released_in_batches_and_no_municipality_stops_another(installation: Installation) -> None:
    found = [asked(installation, seed) for seed in range(5)]
    for _, request, _ in found[:4]:
        refuse(installation, request, now())
    with patch.object(releasing, "AT_ONCE", 2):
        assert release(installation.vault, KEEPER, now=now()) == 4
    assert [is_held(installation, recording) for recording, _, _ in found] == [False] * 4 + [True]
