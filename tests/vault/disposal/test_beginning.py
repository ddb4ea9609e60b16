"""From the commit of `begin` on nothing opens a recording, and nothing that rests on it lives."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from console.demo import town
from tests.disposing import OVER, change, disposal_of, hold, kept, now, remains, swept, told
from tests.installation import Installation
from tests.watching import approve, choosing, entries, granted, payload_of, row_of, wish
from vault.audit import Event
from vault.disposal.beginning import NotDue, NotThere, StillHeld, begin
from vault.disposal.closing import GONE
from vault.disposal.tables import DisposalKey, EarlyErasure, Ground
from vault.ids import RecordingId, new_id
from vault.requests import RequestState, ask
from vault.signals.raising import KEEPER
from vault.tables import Decision, Grant, Recording, Request, SealedKey, State
from vault.viewing import Denied, Viewing, Watching

EARLY = Ground.WRONGLY_RECORDED


def begun(installation: Installation, recording: RecordingId, ground: Ground = Ground.TERM_OVER) -> None:
    vault = installation.vault
    with vault.database.transaction() as session:
        row = session.get_one(Recording, recording, with_for_update=True)
        begin(vault, session, row, ground=ground, now=now(), by=KEEPER)


def test_the_key_goes_and_the_objects_are_for_later(installation: Installation) -> None:
    recording = kept(installation)
    key = _sealed(installation, recording)
    begun(installation, recording)
    assert row_of(installation, recording).state == State.DISPOSING
    assert remains(installation, recording) == {"part": 4, "sealed_key": 0, "depiction": 0, "objects": 4}
    disposal = disposal_of(installation, recording)
    assert disposal
    assert (disposal.ground, disposal.key_id, disposal.disposed_at) == ("term-over", key.key_id, None)
    assert disposal.due == row_of(installation, recording).dispose_after
    rule_set = installation.vault.rule_sets.of(town.SLUG)
    assert (disposal.rule_set, disposal.term_days) == (rule_set.digest, rule_set.terms.term_days)
    assert told(installation, recording, Event.RECORDING_DISPOSING) == 1
    assert entries(installation, Event.RECORDING_DISPOSING)[0].id == disposal.begun_in


def _sealed(installation: Installation, recording: RecordingId) -> SealedKey:
    with installation.vault.database.reading() as session:
        return session.get_one(SealedKey, recording)


def test_what_is_not_due_goes_early_only_by_a_decision(installation: Installation) -> None:
    recording = kept(installation, ago=timedelta(days=2))
    with pytest.raises(NotDue):
        begun(installation, recording)
    assert remains(installation, recording)["sealed_key"] == 1
    begun(installation, recording, EARLY)
    disposal = disposal_of(installation, recording)
    assert disposal
    assert disposal.ground == "wrongly-recorded"
    assert disposal.due > disposal.begun_at


@pytest.mark.parametrize("ground", [Ground.TERM_OVER, EARLY])
@pytest.mark.parametrize("moved", [True, False])
def test_a_hold_that_stands_keeps_it(small: Installation, ground: Ground, moved: bool) -> None:
    """Also when whoever placed it forgot to move the term."""
    recording = kept(small)
    hold(small, recording, ago=OVER - timedelta(days=1), moved=moved)
    with pytest.raises(StillHeld):
        begun(small, recording, ground)
    assert row_of(small, recording).state == State.KEPT
    assert remains(small, recording)["sealed_key"] == 1
    assert entries(small, Event.RECORDING_DISPOSING) == []


def test_the_term_after_a_release_keeps_it(small: Installation) -> None:
    recording = kept(small)
    kind = {"ago": OVER - timedelta(days=1), "lifted": timedelta(days=2), "moved": False}
    hold(small, recording, days_after=3, **kind)  # type: ignore[arg-type]
    with pytest.raises(NotDue):
        begun(small, recording)
    assert row_of(small, recording).state == State.KEPT


def test_a_hold_in_the_register_holds_whenever_it_was_placed(small: Installation) -> None:
    """That it came in time was asked when it was placed, by the terms and the regime of that day."""
    recording = kept(small)
    hold(small, recording, ago=timedelta(hours=1))
    with pytest.raises(StillHeld):
        begun(small, recording)
    assert row_of(small, recording).state == State.KEPT


@pytest.mark.parametrize("state", [State.ARRIVING, State.ABANDONED, State.DISPOSING, State.DISPOSED])
def test_nothing_else_is_disposed_of(small: Installation, state: State) -> None:
    recording = kept(small)
    change(small, recording, state=state)
    with pytest.raises(NotThere):
        begun(small, recording)
    assert disposal_of(small, recording) is None


def test_what_is_in_quarantine_goes_too(installation: Installation) -> None:
    recording = kept(installation)
    change(installation, recording, state=State.QUARANTINED, reason="clock")
    begun(installation, recording)
    assert row_of(installation, recording).state == State.DISPOSING


def test_who_watches_is_told_that_it_is_gone(installation: Installation) -> None:
    vault, recording = installation.vault, kept(installation, ago=timedelta(days=1))
    grant = granted(installation, recording)
    other = granted(installation, recording, until=now() + timedelta(seconds=0.01))
    caller, watching = installation.caller(town.SUPERVISOR), Watching(vault)
    seen = watching.watch(caller, grant, choosing(0, 9), now=now())
    assert isinstance(seen, Viewing)
    begun(installation, recording, EARLY)
    denied = watching.watch(caller, grant, choosing(0, 9), now=now())
    assert isinstance(denied, Denied)
    assert "footage-disposed" in {rule.id for rule in denied.decision.reasons}
    assert not watching.renew(seen, now=now())
    # One living grant, one entry; the other had ended by itself.
    [entry] = entries(installation, Event.GRANT_REVOKED)
    assert payload_of(installation, entry)["details"] == {
        "grant": str(grant),
        "holder": str(caller.id),
        "reason": GONE,
    }
    with vault.database.reading() as session:
        assert session.get_one(Grant, grant).revoked_at
        assert session.get_one(Grant, other).revoked_at is None


def test_a_request_that_waits_is_refused_by_the_rule(installation: Installation) -> None:
    vault, recording = installation.vault, kept(installation, ago=timedelta(days=1))
    waiting = ask(vault, installation.caller(town.SUPERVISOR), wish(recording), now=now())
    assert waiting.state is RequestState.WAITING
    begun(installation, recording, EARLY)
    with vault.database.reading() as session:
        assert session.get_one(Request, waiting.request).state == RequestState.REFUSED
        made = session.scalars(select(Decision).where(Decision.request_id == waiting.request)).all()
    last = max(made, key=lambda decision: decision.decided_at)
    assert (last.outcome, last.decider_id, "footage-disposed" in last.rules) == ("refused", None, True)
    # Asked anew, or decided on all the same: the same rule.
    again = ask(vault, installation.caller(town.SUPERVISOR), wish(recording), now=now())
    assert "footage-disposed" in {rule.id for rule in again.decision.reasons}
    late = approve(installation, waiting.request)
    assert "footage-disposed" in {rule.id for rule in late.decision.reasons}


def test_what_is_being_decided_on_is_closed_at_the_end(installation: Installation) -> None:
    """Its decider has it locked and waits for the recording: neither may wait for the other."""
    if installation.vault.at_hand:
        pytest.skip("SQLite has one writer: nobody decides meanwhile")
    vault, recording = installation.vault, kept(installation, ago=timedelta(days=1))
    waiting = ask(vault, installation.caller(town.SUPERVISOR), wish(recording), now=now())
    erasure = _asked(installation, recording)
    with vault.database.transaction() as session:
        session.get_one(Request, waiting.request, with_for_update=True)
        session.get_one(EarlyErasure, erasure, with_for_update=True)
        begun(installation, recording, EARLY)
    with vault.database.reading() as session:
        assert session.get_one(Request, waiting.request).state == RequestState.WAITING
    assert swept(installation).disposed == 1
    with vault.database.reading() as session:
        assert session.get_one(Request, waiting.request).state == RequestState.REFUSED
        assert session.get_one(EarlyErasure, erasure).outcome == "withdrawn"


def _asked(installation: Installation, recording: RecordingId) -> UUID:
    erasure = EarlyErasure(
        id=new_id(),
        recording_id=recording,
        municipality_id=town.SLUG,
        ground=EARLY.value,
        reason="The camera was on by mistake.",
        asked_by="operator:beheer",
        asked_at=now(),
    )
    with installation.vault.database.transaction() as session:
        session.add(erasure)
    return erasure.id


def test_a_term_that_is_over_overtakes_an_erasure_that_waits(installation: Installation) -> None:
    recording = kept(installation)
    erasure = _asked(installation, recording)
    begun(installation, recording)
    with installation.vault.database.reading() as session:
        row = session.get_one(EarlyErasure, erasure)
    assert (row.outcome, row.decided_by, row.decision_reason) == ("withdrawn", None, GONE)
    assert told(installation, recording, Event.ERASURE_WITHDRAWN) == 1


def test_whoever_approves_an_erasure_closes_it(small: Installation) -> None:
    recording = kept(small)
    erasure = _asked(small, recording)
    begun(small, recording, EARLY)
    with small.vault.database.reading() as session:
        assert session.get_one(EarlyErasure, erasure).outcome is None
    assert entries(small, Event.ERASURE_WITHDRAWN) == []


@pytest.mark.parametrize(("days", "spoiled"), [(0, False), (1, True), (20, True)])
def test_a_key_that_would_outlive_it_is_spoiled(small: Installation, days: int, spoiled: bool) -> None:
    """A backup has its data key under the key of its day: that one may not stay until then."""
    recording = kept(small)
    with small.vault.database.transaction() as session:
        sealed = session.get_one(SealedKey, recording)
        day = (now() + timedelta(hours=1)).date() + timedelta(days=days)
        session.add(DisposalKey(key_id=sealed.key_id, municipality_id=town.SLUG, day=day, made_at=now()))
        key_id = sealed.key_id
    begun(small, recording)
    with small.vault.database.reading() as session:
        assert (session.get_one(DisposalKey, key_id).spoiled_at is not None) == spoiled


def test_keys_are_spoiled_in_the_order_in_which_the_keeper_locks_them(installation: Installation) -> None:
    """Else each waits for the other, and an approval fails."""
    if installation.vault.at_hand:
        pytest.skip("SQLite has one writer: nobody has a lock meanwhile")
    vault, recording = installation.vault, kept(installation, ago=timedelta(days=1))
    day = now().date() + timedelta(days=9)
    ids = ["f" * 16, "8" * 16, "0" * 16]
    for key_id in ids:
        with vault.database.transaction() as session:
            session.add(DisposalKey(key_id=key_id, municipality_id=town.SLUG, day=day, made_at=now()))
    with vault.database.transaction() as session:
        session.get_one(SealedKey, recording).before = " ".join(ids)
    with vault.database.transaction() as session:
        first, last = min(ids), max(ids)
        session.get_one(DisposalKey, first, with_for_update=True)
        other = threading.Thread(target=begun, args=(installation, recording, EARLY))
        other.start()
        other.join(1)
        assert other.is_alive()
        session.get_one(DisposalKey, last, with_for_update={"nowait": True})
    other.join()
    with vault.database.reading() as session:
        assert all(session.get_one(DisposalKey, key_id).spoiled_at for key_id in ids)


def test_of_two_who_begin_at_once_one_does(installation: Installation) -> None:
    recording, failed = kept(installation), list[Exception]()

    def attempt() -> None:
        try:
            begun(installation, recording)
        except NotThere as error:
            failed.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 3
    assert told(installation, recording, Event.RECORDING_DISPOSING) == 1
