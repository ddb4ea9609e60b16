"""What a process of ingest holds, and what it cannot do with it."""

from uuid import uuid4

import pytest

from console.demo import town
from ingest.intake import NoArrivingKey
from tests.docking import Dock, rows
from tests.installation import Installation
from vault.keys import KeyNotHeld, KeyRing, RingRefused, Role, WrappingBroken
from vault.sealing import DataKey


def test_an_arriving_key_opens_for_its_own_recording_only(small: Installation, dock: Dock) -> None:
    first, second = (rows(small, dock.begin(5)).arrival for _ in range(2))
    assert small.intake.arriving_key(first, town.SLUG) != small.intake.arriving_key(second, town.SLUG)
    with pytest.raises(WrappingBroken):
        small.intake.arriving_key(first, "noordwijk")
    second.sealed = first.sealed
    with pytest.raises(WrappingBroken):
        small.intake.arriving_key(second, town.SLUG)


def test_without_an_arriving_key_there_is_none(small: Installation, dock: Dock) -> None:
    upload = dock.begin(5)
    dock.withdraw(upload)
    with pytest.raises(NoArrivingKey):
        small.intake.arriving_key(rows(small, upload).arrival, town.SLUG)


def test_ingests_ring_wraps_and_does_not_open(small: Installation) -> None:
    ring, key, recording = small.intake.ring, DataKey.generate(), uuid4()
    wrapped = ring.wrap(key, recording=recording, municipality=town.SLUG)
    with pytest.raises(KeyNotHeld):
        ring.unwrap(wrapped, recording=recording, municipality=town.SLUG)
    assert small.vault.ring.unwrap(wrapped, recording=recording, municipality=town.SLUG) == key
    payload = ring.seal_payload(b"who and why", entry=recording)
    with pytest.raises(KeyNotHeld):
        ring.open_payload(payload, entry=recording)


def test_ingest_does_not_start_with_the_vaults_ring(small: Installation) -> None:
    with pytest.raises(RingRefused):
        KeyRing.load(small.settings.keys, role=Role.INGEST)
