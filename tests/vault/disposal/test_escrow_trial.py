"""An escrow tried on what is kept: what opens, what is of later, what should open and does not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import delete, update

from console.demo import town
from tests.installation import Installation
from tests.watching import footage, keep
from vault.disposal import escrow_trial
from vault.disposal.escrow_trial import destroyed_keys, try_out
from vault.disposal.intake_keys import Cycle, attend
from vault.disposal.tables import DisposalKey, IntakeKey
from vault.erasure.tables import AuditEpoch
from vault.ids import RecordingId
from vault.keys import KeyRing, WrappedKey, rotate_audit, rotate_sealing
from vault.keys.errors import EscrowRefused
from vault.keys.escrow import Escrow, make_escrow, open_escrow, restore_escrow
from vault.signals.raising import KEEPER
from vault.tables import SealedKey

DAY = date(2026, 12, 24)
TWO = [X25519PrivateKey.generate() for _ in range(2)]
CHANCE = Random(1)


def now() -> datetime:
    return datetime.now(UTC)


def escrow_of(made: Installation) -> Escrow:
    publics = [key.public_key() for key in TWO]
    return open_escrow(make_escrow(made.settings.keys, publics, made=now(), destroy_by=DAY), TWO)


def place(made: Installation, recording: RecordingId, ago: timedelta = timedelta(minutes=1)) -> str:
    """Move a recording's key under a day key, as the keeper does; the id of that."""
    ring = made.vault.ring
    day_key, then = ring.footage.make_day_key(town.SLUG, DAY), now() - ago
    with made.vault.database.transaction() as session:
        row = session.get_one(SealedKey, recording)
        key = ring.unwrap(WrappedKey(row.key_id, row.sealed), recording=recording, municipality=town.SLUG)
        row.key_id, row.sealed = ring.footage.wrap_for_day(
            key, day_key, recording=recording, municipality=town.SLUG
        )
        session.add(DisposalKey(key_id=day_key, municipality_id=town.SLUG, day=DAY, made_at=then))
    return day_key


def test_what_is_kept_opens_with_it_and_nothing_is_written(installation: Installation) -> None:
    kept = [keep(installation, footage(500, seed=seed)) for seed in range(3)]
    place(installation, kept[0])
    escrow = escrow_of(installation)
    ring = installation.settings.keys
    before = {path: path.stat().st_mtime_ns for path in ring.rglob("*")}
    trial = try_out(installation.vault, escrow, recordings=100, chance=CHANCE)
    assert trial.passed
    assert (trial.opened, trial.since, trial.broken, trial.missing) == (3, 0, (), ())
    assert trial.keys == 8
    assert try_out(installation.vault, escrow, recordings=2, chance=CHANCE).opened == 2
    assert {path: path.stat().st_mtime_ns for path in ring.rglob("*")} == before


def test_a_key_of_later_is_told_and_is_no_fault(small: Installation) -> None:
    keep(small, footage(500, seed=1))
    escrow = escrow_of(small)
    rotate_sealing(small.settings.keys, small.ingest_settings.keys, town.SLUG)
    keep(small, footage(500, seed=2))
    place(small, keep(small, footage(500, seed=3)), -timedelta(minutes=1))
    trial = try_out(small.vault, escrow, recordings=100, chance=CHANCE)
    assert trial.passed
    assert (trial.opened, trial.since) == (1, 2)


def test_a_key_that_should_be_in_it_and_is_not_is_told(small: Installation) -> None:
    recording = keep(small, footage(500))
    day_key = place(small, recording)
    whole = escrow_of(small)
    files = {name: content for name, content in whole.files.items() if day_key not in name}
    trial = try_out(small.vault, replace(whole, files=files), recordings=100, chance=CHANCE)
    assert not trial.passed
    assert (trial.missing, trial.broken) == ((day_key,), (str(recording),))


def test_an_intake_key_that_should_be_in_it_and_is_not_is_told(small: Installation) -> None:
    attend(small.vault, KEEPER, Cycle(), now=now() - timedelta(minutes=1))
    (intake_key,) = small.vault.ring.footage.intake_keys(town.SLUG)
    whole = escrow_of(small)
    files = {name: content for name, content in whole.files.items() if intake_key not in name}
    trial = try_out(small.vault, replace(whole, files=files), recordings=1, chance=CHANCE)
    assert trial.missing == (intake_key,)
    assert try_out(small.vault, whole, recordings=1, chance=CHANCE).passed


def test_what_opens_nowhere_is_told(small: Installation) -> None:
    altered, lost = keep(small, footage(500, seed=1)), keep(small, footage(500, seed=2))
    with small.vault.database.transaction() as session:
        session.execute(update(SealedKey).where(SealedKey.recording_id == altered).values(sealed=bytes(80)))
        session.execute(update(SealedKey).where(SealedKey.recording_id == lost).values(key_id="0" * 16))
    trial = try_out(small.vault, escrow_of(small), recordings=100, chance=CHANCE)
    assert set(trial.broken) == {str(altered), str(lost)}
    assert not trial.passed


def test_a_destroyed_key_in_it_is_told(small: Installation) -> None:
    day_key = place(small, keep(small, footage(500)))
    escrow = escrow_of(small)
    with small.vault.database.transaction() as session:
        session.execute(update(DisposalKey).values(destroyed_at=now() + timedelta(seconds=1)))
    with small.vault.database.reading() as session:
        assert destroyed_keys(session) == {day_key}
    attend(small.vault, KEEPER, Cycle(), now=now())
    (intake_key,) = small.vault.ring.footage.intake_keys("noordwijk")
    with small.vault.database.transaction() as session:
        session.execute(update(IntakeKey).where(IntakeKey.key_id == intake_key).values(destroyed_at=now()))
    with small.vault.database.reading() as session:
        assert destroyed_keys(session) == {day_key, intake_key}
    assert try_out(small.vault, escrow, recordings=1, chance=CHANCE).destroyed == {day_key, intake_key}


def test_a_key_that_is_not_what_it_is_called_fails_it(small: Installation) -> None:
    escrow = escrow_of(small)
    name = next(name for name in escrow.files if name.endswith("private.pem"))
    with pytest.raises(EscrowRefused):
        try_out(small.vault, replace(escrow, files={**escrow.files, name: b"x"}), recordings=1, chance=CHANCE)


def test_keys_of_a_destroyed_epoch_of_the_trail_do_not_come_back(
    installation: Installation, tmp_path: Path
) -> None:
    ring = installation.settings.keys
    first, shared = installation.vault.ring.epoch, installation.vault.ring.payload.current
    rotate_audit(ring, installation.ingest_settings.keys)
    second = KeyRing.load(ring)
    rotate_audit(ring, installation.ingest_settings.keys)
    escrow = escrow_of(installation)
    with installation.vault.database.transaction() as session:
        session.execute(delete(AuditEpoch))
        for epoch, key, gone in (
            (first, shared, now()),
            (second.epoch, second.payload.current, now()),
            (KeyRing.load(ring).epoch, shared, None),
        ):
            session.add(
                AuditEpoch(epoch=epoch, payload_key=key, first_at=now(), last_at=now(), destroyed_at=gone)
            )
    with installation.vault.database.reading() as session:
        gone_keys = destroyed_keys(session)
    assert gone_keys == {first, second.epoch, second.payload.current}
    restore_escrow(escrow, tmp_path / "back", without=gone_keys)
    back = KeyRing.load(tmp_path / "back")
    assert not gone_keys & {*back.epochs, *back.payload.keys}
    assert shared in back.payload.keys
    with installation.vault.database.transaction() as session:
        session.execute(delete(AuditEpoch))


def test_chance_takes_any_and_none_twice(small: Installation) -> None:
    kept = {keep(small, footage(500, seed=seed)) for seed in range(3)}
    with small.vault.database.reading() as session:
        taken = [
            [row.recording_id for row, _ in escrow_trial._some(session, 2, Random(chance))]
            for chance in range(20)
        ]
    assert {recording for each in taken for recording in each} == kept
    assert all(len(set(each)) == 2 for each in taken)
    assert len({tuple(each) for each in taken}) == 3
