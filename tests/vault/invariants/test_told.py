"""What is kept is what the trail tells: whoever changes a row, or takes it away, is found by the entry."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from console.demo import town
from ingest.probe import NotFootage
from tests.holding import hold_row
from tests.installation import MAKER, Installation
from tests.vault.holds.holding import held
from tests.watching import entries, footage, keep, row_of
from vault import regimes
from vault.audit import Event
from vault.disposal import early
from vault.disposal.tables import Ground
from vault.erasure.tables import AuditEpoch
from vault.finding import Finding
from vault.holds import lifting
from vault.holds.tables import Hold
from vault.ids import RecordingId
from vault.invariants import told
from vault.invariants.depth import Tally
from vault.keys import rotate_audit
from vault.tables import Arrival, Depiction, Part, Recording, SealedKey, State
from vault.vault import Vault, open_vault

MINUTE = timedelta(minutes=1)
HANGS_ON_IT = (SealedKey, Part, Depiction, Arrival, Hold)


def now() -> datetime:
    return datetime.now(UTC)


def found(made: Installation, vault: Vault | None = None) -> list[Finding]:
    return list(told.check(vault or made.vault, tell=Tally()))


def write(made: Installation, recording: RecordingId, **values: object) -> None:
    with made.vault.database.transaction() as session:
        session.execute(update(Recording).where(Recording.id == recording).values(**values))


def taken(made: Installation, recording: RecordingId) -> None:
    """Take away a recording, and every row that hangs on it."""
    with made.vault.database.transaction() as session:
        for table in HANGS_ON_IT:
            session.execute(delete(table).where(table.recording_id == recording))
        session.execute(delete(Recording).where(Recording.id == recording))


def erased(made: Installation, recording: RecordingId) -> None:
    inside, why = Ground.INSIDE_DWELLING, "Recorded inside."
    asked = early.ask(made.vault, MAKER, recording, ground=inside, reason=why, now=now()).erasure
    assert asked
    officer = made.caller(town.PRIVACY_OFFICER)
    assert early.approve(made.vault, officer, asked.id, reason=why, now=now()).erasure


def trail_begins(made: Installation) -> None:
    """Let the trail tell nothing of what came until now, as when an epoch of it is over."""
    with made.vault.database.transaction() as session:
        session.add(
            AuditEpoch(
                epoch="0" * 16, payload_key="", first_at=now() - MINUTE, last_at=now(), destroyed_at=now()
            )
        )


CHANGES: dict[str, Callable[[Recording], dict[str, object]]] = {
    "earlier": lambda row: {"recorded_at": row.recorded_at - timedelta(microseconds=1)},
    "later": lambda row: {"recorded_at": row.recorded_at + timedelta(days=300)},
    "regime": lambda _row: {"regime": "wpg", "regime_changed_at": now()},
    "municipality": lambda _row: {"municipality_id": "noordwijk"},
    "digest": lambda _row: {"sha256": "ab" * 32},
    "length": lambda row: {"length": row.length + 1},
    "apart": lambda _row: {"state": State.QUARANTINED, "reason": "not-footage"},
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("gone", [False, True], ids=["kept", "erased"])
def test_a_recording_that_was_changed_is_found(installation: Installation, change: str, gone: bool) -> None:
    recording, _other = (keep(installation, footage(100, seed=seed)) for seed in (1, 2))
    if gone:
        erased(installation, recording)
    assert found(installation) == []
    right = row_of(installation, recording)
    values = CHANGES[change](right)
    if change == "municipality":
        with installation.vault.database.transaction() as session:
            session.execute(text("INSERT INTO municipality (id, name) VALUES ('noordwijk', 'Noordwijk')"))
    write(installation, recording, **values)
    assert found(installation) == [Finding("recording-not-as-told", str(recording))]
    write(installation, recording, **{name: getattr(right, name) for name in values})
    assert found(installation) == []


def test_another_maker_is_found(small: Installation) -> None:
    recording = keep(small, footage(100))
    write(small, recording, officer_id=small.town.people[town.SUPERVISOR.subject])
    assert found(small) == [Finding("recording-not-as-told", str(recording))]


def test_what_was_set_apart_and_is_shown_all_the_same_is_found(small: Installation) -> None:
    recording = keep(small, footage(100), seen=NotFootage("not-footage"))
    assert found(small) == []
    write(small, recording, state=State.KEPT, dispose_after=now() + timedelta(days=1))
    assert found(small) == [Finding("recording-not-as-told", str(recording))]


def test_a_regime_that_was_changed_by_the_verb_is_as_told(installation: Installation) -> None:
    recording = keep(installation, footage(100))
    regimes.change(installation.vault, MAKER, recording, "wpg", reason="An offence.", now=now())
    assert found(installation) == []
    right = row_of(installation, recording).regime
    write(installation, recording, regime="avg")
    assert found(installation) == [Finding("recording-not-as-told", str(recording))]
    write(installation, recording, regime=right)


def test_a_recording_that_was_taken_away_is_found(small: Installation) -> None:
    recording, other = (keep(small, footage(100, seed=seed)) for seed in (1, 2))
    came = entries(small, Event.RECORDING_KEPT)[0]
    taken(small, recording)
    assert found(small) == [Finding("recording-taken-away", str(came.id))]
    taken(small, other)
    assert {each.check for each in found(small)} == {"recording-taken-away"}
    assert len(found(small)) == 2


def test_one_that_comes_while_it_is_looked_is_no_finding(installation: Installation) -> None:
    batches, seeds = told._batches, count(7)

    def late(*given: Any) -> Any:
        keep(installation, footage(100, seed=next(seeds)))
        return batches(*given)

    keep(installation, footage(100))
    with patch.object(told, "_batches", late):
        assert found(installation) == []


def test_what_is_over_while_it_is_looked_is_no_finding(small: Installation) -> None:
    recording, batches = keep(small, footage(100)), told._batches

    def late(*given: Any) -> Any:
        trail_begins(small)
        taken(small, recording)
        return batches(*given)

    with patch.object(told, "_batches", late):
        assert found(small) == []


def test_one_that_came_twice_by_the_trail_is_found(small: Installation) -> None:
    recording, other = (keep(small, footage(100, seed=seed)) for seed in (1, 2))
    first, second = entries(small, Event.RECORDING_KEPT)
    with small.vault.database.transaction() as session:
        session.execute(text("DROP TRIGGER audit_entry_append_only_update"))
        moved = text("UPDATE audit_entry SET object = :object WHERE seq = :seq")
        session.execute(moved, {"object": first.object, "seq": second.seq})
    assert set(found(small)) == {
        Finding("recording-not-as-told", str(recording)),
        Finding("kept-without-entry", str(other)),
    }


def _add(session: Session, recording: RecordingId) -> None:
    session.add(hold_row(recording, now()))


HOLDS: dict[str, Callable[[Session, RecordingId], object]] = {
    "added": _add,
    "deleted": lambda session, _: session.execute(delete(Hold).where(Hold.lifted_at.is_(None))),
    "lifted": lambda session, _: session.execute(
        update(Hold).where(Hold.lifted_at.is_(None)).values(lifted_at=now(), lift_reason="Settled.")
    ),
    "put back": lambda session, _: session.execute(update(Hold).values(lifted_at=None, lift_reason=None)),
}


@pytest.mark.parametrize("change", HOLDS)
def test_a_hold_by_hand_is_found(small: Installation, change: str) -> None:
    recording, other = (keep(small, footage(100, seed=seed)) for seed in (1, 2))
    for each in (recording, recording, other):
        held(small, each)
    with small.vault.database.reading() as session:
        first = session.scalars(select(Hold.id).where(Hold.recording_id == recording)).first()
    assert first
    lifting.lift(small.vault, MAKER, first, "settled", reason="Settled.", now=now())
    assert found(small) == []
    with small.vault.database.transaction() as session:
        session.execute(delete(Hold).where(Hold.recording_id == other))
        HOLDS[change](session, recording)
    assert set(found(small)) == {Finding("hold-not-as-told", str(each)) for each in (recording, other)}


def test_names_of_an_earlier_epoch_are_known(small: Installation) -> None:
    recording, later = keep(small, footage(100)), keep(small, footage(100, seed=2))
    held(small, recording)
    rotate_audit(small.settings.keys, small.ingest_settings.keys)
    vault = open_vault(small.settings)
    assert found(small, vault) == []
    write(small, later, officer_id=small.town.people[town.SUPERVISOR.subject])
    assert found(small, vault) == [Finding("recording-not-as-told", str(later))]
    vault.database.close()


def test_what_is_older_than_what_the_trail_still_tells_is_passed_over(small: Installation) -> None:
    recording = keep(small, footage(100))
    hold, before = held(small, recording), now()
    taken_away, untold = (keep(small, footage(100, seed=seed)) for seed in (2, 4))
    trail_begins(small)
    with small.vault.database.transaction() as session:
        session.add(hold_row(untold, before))
    taken(small, taken_away)
    write(small, recording, length=5)
    assert found(small) == []
    # But not what came after, on what is older too.
    later = keep(small, footage(100, seed=3))
    lifting.lift(small.vault, MAKER, hold.id, "settled", reason="Settled.", now=now())
    for each in (recording, later):
        held(small, each)
    assert found(small) == []
    with small.vault.database.transaction() as session:
        session.execute(delete(Hold).where(Hold.placed_at > before))
    assert set(found(small)) == {Finding("hold-not-as-told", str(each)) for each in (recording, later)}


def test_it_tells_how_far_it_is(small: Installation) -> None:
    tally = Tally()
    with patch.object(told, "AT_ONCE", 2):
        for seed in range(5):
            keep(small, footage(100, seed=seed))
        assert list(told.check(small.vault, tell=tally)) == []
    assert tally.looked_at["told"] == 5
