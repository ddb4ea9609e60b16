"""Watching: a range needs a fresh decision, and a Viewing can be had in one way only."""

import json
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import delete, update

from console.demo import town
from tests.installation import Installation
from tests.watching import (
    PURPOSE,
    choosing,
    demand,
    entries,
    footage,
    granted,
    keep,
    payload_of,
    wish,
)
from vault import grants
from vault.audit import Event
from vault.disposal.placing import place
from vault.facts import Unknown
from vault.footage import Footage, RangeOutside
from vault.ids import GrantId, RecordingId, new_id
from vault.keys import KeyNotHeld, KeyRing
from vault.requests import ask
from vault.tables import Grant, Recording, SealedKey, State
from vault.viewing import CARRIED_OUT, REMEMBERED_SECONDS, Denied, Viewing, Watching

PLAIN = footage(5000)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def recording(small: Installation) -> RecordingId:
    return keep(small, PLAIN)


@pytest.fixture
def grant(small: Installation, recording: RecordingId) -> GrantId:
    return granted(small, recording)


def test_a_viewing_cannot_be_made_by_hand(small: Installation, grant: GrantId) -> None:
    watching = Watching(small.vault)
    real = watching.watch(small.caller(town.SUPERVISOR), grant, None, now=now())
    assert isinstance(real, Viewing)
    given: dict[str, Any] = {
        name: getattr(real, name)
        for name in ("footage", "span", "partial", "entry", "actor", "municipality", "media")
    }
    for proof in (None, object(), real, True):
        with pytest.raises(TypeError):
            Viewing(**given, proof=proof)


def test_a_range_is_accounted_for(small: Installation, grant: GrantId, recording: RecordingId) -> None:
    moment = now()
    viewing = Watching(small.vault).watch(small.caller(town.SUPERVISOR), grant, choosing(7, 11), now=moment)
    assert isinstance(viewing, Viewing)
    assert b"".join(viewing.pieces()) == PLAIN[7:12]
    [entry] = entries(small, Event.VIEWING_SERVED)
    ring = small.vault.ring
    leaf = json.loads(entry.leaf)
    assert viewing.entry == entry.id
    assert leaf["t"] == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert leaf["facts"] == {"first": 7, "last": 11}
    assert (leaf["dec"], leaf["purpose"], leaf["regime"], leaf["org"]) == ("allow", PURPOSE, "avg", town.SLUG)
    assert leaf["obj"] == ring.pseudonym("recording", str(recording))
    assert leaf["actor"] == ring.pseudonym("person", str(small.town.people[town.SUPERVISOR.subject]))
    assert leaf["subj"] == ring.pseudonym("person", str(small.town.people[town.OFFICER.subject]))
    assert leaf["why"] == ["watch-under-grant"]
    assert leaf["pol"] == small.vault.rule_sets.of(town.SLUG).digest
    assert payload_of(small, entry)["details"] == {
        "grant": str(grant), "purpose": PURPOSE, "unmet": [],
    }  # fmt: skip


def test_a_key_is_unwrapped_once_for_a_player(
    small: Installation, grant: GrantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwrapped: list[object] = []
    unwrap = KeyRing.unwrap

    def counted(self: KeyRing, *args: Any, **named: Any) -> Any:
        unwrapped.append(args)
        return unwrap(self, *args, **named)

    monkeypatch.setattr(KeyRing, "unwrap", counted)
    watching = Watching(small.vault)
    for at in range(5):
        watching.watch(small.caller(town.SUPERVISOR), grant, choosing(at, at), now=now())
    assert len(unwrapped) == 1
    assert len(entries(small, Event.VIEWING_SERVED)) == 5


def test_each_range_is_decided_on_anew(small: Installation, grant: GrantId) -> None:
    watching, supervisor = Watching(small.vault), small.caller(town.SUPERVISOR)
    assert isinstance(watching.watch(supervisor, grant, None, now=now()), Viewing)
    grants.revoke(small.vault, supervisor, grant, reason="Seen enough of it.", now=now())
    denied = watching.watch(supervisor, grant, None, now=now())
    assert isinstance(denied, Denied)
    assert [rule.id for rule in denied.decision.reasons] == ["grant-revoked"]


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (timedelta(hours=-1), "grant-not-begun"),
        (timedelta(hours=72), "grant-ended"),
        (timedelta(days=29), "term-is-over"),
    ],
)
def test_a_grant_has_its_time(small: Installation, grant: GrantId, later: timedelta, reason: str) -> None:
    denied = Watching(small.vault).watch(small.caller(town.SUPERVISOR), grant, None, now=now() + later)
    assert isinstance(denied, Denied)
    assert reason in [rule.id for rule in denied.decision.reasons]
    assert entries(small, Event.VIEWING_SERVED) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"state": State.QUARANTINED}, "footage-not-kept"),
        ({"state": "disposed"}, "footage-disposed"),
        ({"state": "something-else"}, "footage-not-kept"),
    ],
)
def test_only_what_is_kept_is_shown(
    small: Installation, grant: GrantId, recording: RecordingId, changed: dict[str, Any], reason: str
) -> None:
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).where(Recording.id == recording).values(**changed))
    denied = Watching(small.vault).watch(small.caller(town.SUPERVISOR), grant, None, now=now())
    assert isinstance(denied, Denied)
    assert [rule.id for rule in denied.decision.reasons] == [reason]


def test_what_may_be_shown_is_what_the_door_can_carry_out(small: Installation, grant: GrantId) -> None:
    assert {obligation.value for obligation in CARRIED_OUT} == {"decider", "no-copy"}
    watching, supervisor = Watching(small.vault), small.caller(town.SUPERVISOR)
    demand(small, grant, ["watermark", "no-copy"])
    denied = watching.watch(supervisor, grant, None, now=now())
    assert isinstance(denied, Denied)
    assert denied.decision.permitted
    assert {unmet.value for unmet in denied.unmet} == {"watermark"}
    [entry] = entries(small, Event.VIEWING_DENIED)
    assert payload_of(small, entry)["details"]["unmet"] == ["watermark"]


def test_a_range_outside_is_told_after_it_is_written(small: Installation, grant: GrantId) -> None:
    with pytest.raises(RangeOutside):
        Watching(small.vault).watch(small.caller(town.SUPERVISOR), grant, lambda _: None, now=now())
    [entry] = entries(small, Event.VIEWING_DENIED)
    assert "facts" not in json.loads(entry.leaf)


def test_who_may_not_watch_is_not_told_of_ranges(small: Installation, grant: GrantId) -> None:
    found = Watching(small.vault).watch(small.caller(town.OFFICER), grant, lambda _: None, now=now())
    assert isinstance(found, Denied)


def test_the_length_is_not_told_to_who_may_not_watch(small: Installation, grant: GrantId) -> None:
    def choose(_: int) -> None:
        raise AssertionError

    assert isinstance(
        Watching(small.vault).watch(small.caller(town.OFFICER), grant, choose, now=now()), Denied
    )


def test_a_destroyed_key_ends_it_also_for_who_watches(small: Installation, grant: GrantId) -> None:
    watching, supervisor = Watching(small.vault), small.caller(town.SUPERVISOR)
    assert isinstance(watching.watch(supervisor, grant, None, now=now()), Viewing)
    with small.vault.database.transaction() as session:
        session.execute(delete(SealedKey))
    with pytest.raises(Unknown):
        watching.watch(supervisor, grant, None, now=now())


def test_what_is_no_grant_is_unknown(small: Installation, recording: RecordingId) -> None:
    waiting = ask(small.vault, small.caller(town.SUPERVISOR), wish(recording), now=now())
    for other in (new_id(), recording, waiting.request):
        with pytest.raises(Unknown):
            Watching(small.vault).watch(small.caller(town.SUPERVISOR), GrantId(other), None, now=now())


def test_a_grant_is_for_its_own_footage(small: Installation, grant: GrantId) -> None:
    other = keep(small, footage(6000, seed=2))
    with small.vault.database.transaction() as session:
        session.execute(update(Grant).values(recording_id=other))
    viewing = Watching(small.vault).watch(small.caller(town.SUPERVISOR), grant, None, now=now())
    # The grant's row is what counts: it names the other footage now, and so does the entry.
    assert isinstance(viewing, Viewing)
    [entry] = entries(small, Event.VIEWING_SERVED)
    assert entry.object == small.vault.ring.pseudonym("recording", str(other))


def test_nothing_but_this_room_opens_footage_for_a_person(
    small: Installation, grant: GrantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(Footage, "read", refuse)
    viewing = Watching(small.vault).watch(small.caller(town.SUPERVISOR), grant, None, now=now())
    assert isinstance(viewing, Viewing)  # made without a byte read: that is for who sends it


def test_a_revocation_waits_for_a_range_that_is_being_decided(
    installation: Installation,
) -> None:
    """So nothing is entered after the entry that ended the grant."""
    grant = granted(installation, keep(installation, PLAIN))
    supervisor = installation.caller(town.SUPERVISOR)
    revoking = Thread(
        target=lambda: grants.revoke(installation.vault, supervisor, grant, reason="Enough.", now=now())
    )

    def choose(_: int) -> tuple[int, int]:  # after the decision and before the entry
        revoking.start()
        revoking.join(0.3)
        assert revoking.is_alive()
        return 0, 9

    assert isinstance(Watching(installation.vault).watch(supervisor, grant, choose, now=now()), Viewing)
    revoking.join(20)
    told = [entry.event for entry in entries(installation)][-2:]
    assert told == [Event.VIEWING_SERVED, Event.GRANT_REVOKED]


def test_a_range_waits_for_a_revocation_that_is_under_way(installation: Installation) -> None:
    grant = granted(installation, keep(installation, PLAIN))
    supervisor = installation.caller(town.SUPERVISOR)
    found: list[Viewing | Denied] = []
    watching = Thread(
        target=lambda: found.append(
            Watching(installation.vault).watch(supervisor, grant, choosing(0, 9), now=now())
        )
    )
    with installation.vault.database.transaction() as session:
        session.execute(update(Grant).where(Grant.id == grant).values(revoked_at=now()))
        watching.start()
        watching.join(0.3)
        assert watching.is_alive()
    watching.join(20)
    assert [type(each) for each in found] == [Denied]
    assert entries(installation, Event.VIEWING_SERVED) == []


def test_a_viewing_that_takes_long_is_decided_on_again(small: Installation, grant: GrantId) -> None:
    watching, supervisor = Watching(small.vault), small.caller(town.SUPERVISOR)
    viewing = watching.watch(supervisor, grant, None, now=now())
    assert isinstance(viewing, Viewing)
    before = len(entries(small))
    assert watching.renew(viewing, now=now())
    assert len(entries(small)) == before
    assert not watching.renew(viewing, now=now() + timedelta(hours=72))
    grants.revoke(small.vault, supervisor, grant, reason="Seen enough of it.", now=now())
    assert not watching.renew(viewing, now=now())
    for entry in entries(small, Event.VIEWING_DENIED):
        leaf = json.loads(entry.leaf)
        assert (leaf["prev"], leaf["dec"]) == (str(viewing.entry), "deny")
    assert len(entries(small, Event.VIEWING_DENIED)) == 2


def test_a_viewing_ends_when_its_key_is_destroyed(small: Installation, grant: GrantId) -> None:
    watching = Watching(small.vault)
    viewing = watching.watch(small.caller(town.SUPERVISOR), grant, None, now=now())
    assert isinstance(viewing, Viewing)
    with small.vault.database.transaction() as session:
        session.execute(delete(SealedKey))
    assert not watching.renew(viewing, now=now())


def test_a_viewing_ends_when_the_grant_demands_what_cannot_be_done(
    small: Installation, grant: GrantId
) -> None:
    watching = Watching(small.vault)
    viewing = watching.watch(small.caller(town.SUPERVISOR), grant, None, now=now())
    assert isinstance(viewing, Viewing)
    demand(small, grant, ["watermark"])
    assert not watching.renew(viewing, now=now())


def test_a_key_that_the_ring_lost_shows_nothing_five_minutes_later(
    small: Installation, recording: RecordingId
) -> None:
    """The row is there, as after a restore; a process that runs remembers it for so long, no longer."""
    place(small.vault, now=now())
    grant, watching, start = granted(small, recording), Watching(small.vault), now()
    assert isinstance(watching.watch(small.caller(town.SUPERVISOR), grant, None, now=start), Viewing)
    with small.vault.database.reading() as session:
        key_id = session.get_one(SealedKey, recording).key_id
    folder = next(small.settings.keys.glob(f"ring/disposal/*.{key_id}"))
    elsewhere = folder.rename(small.home / "elsewhere")
    with pytest.raises(KeyNotHeld):
        Watching(small.vault).watch(small.caller(town.SUPERVISOR), grant, None, now=start)
    later = start + timedelta(seconds=REMEMBERED_SECONDS)
    with pytest.raises(KeyNotHeld):
        watching.watch(small.caller(town.SUPERVISOR), grant, None, now=later)
    elsewhere.rename(folder)
