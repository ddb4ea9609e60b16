"""The keys of an escrow in memory: proven one by one, and opening what the ring would open."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.vault.keys.conftest import Folders
from vault.keys import KeyNotHeld, WrappingBroken
from vault.keys.errors import EscrowRefused
from vault.keys.escrow import Escrow, make_escrow, open_escrow
from vault.keys.escrow_keys import EscrowKeys
from vault.keys.footage import WrappedKey
from vault.sealing import DataKey

RECORDING = UUID("01980000-0000-7000-8000-000000000001")
KEY = DataKey(bytes(range(32)))
DAY = date(2026, 12, 24)
TWO = [X25519PrivateKey.generate() for _ in range(2)]


@pytest.fixture
def escrow(folders: Folders) -> Escrow:
    folders.load()[0].footage.make_day_key("noordwijk", DAY)
    publics = [key.public_key() for key in TWO]
    return open_escrow(make_escrow(folders.vault, publics, made=datetime.now(UTC), destroy_by=DAY), TWO)


def test_every_key_proves_itself(folders: Folders, escrow: Escrow) -> None:
    vault, keys = folders.load()[0], EscrowKeys(escrow)
    assert keys.day_keys() == vault.footage.day_keys()
    assert keys.ids > {*keys.day_keys(), *vault.footage.intake_keys("noordwijk"), vault.epoch}
    assert len(keys.ids) == 7  # two municipalities, a day, payload, pseudonym, receipt, log


def test_it_opens_as_the_ring_does(folders: Folders, escrow: Escrow) -> None:
    vault, ingest = folders.load()
    keys = EscrowKeys(escrow)
    (day_key,) = keys.day_keys()
    for wrapped in (
        ingest.wrap(KEY, recording=RECORDING, municipality="noordwijk"),
        vault.footage.wrap_for_day(KEY, day_key, recording=RECORDING, municipality="noordwijk"),
    ):
        assert keys.unwrap(wrapped, recording=RECORDING, municipality="noordwijk") == KEY
        with pytest.raises(KeyNotHeld):
            keys.unwrap(wrapped, recording=RECORDING, municipality="den-helder")
        with pytest.raises(WrappingBroken):
            keys.unwrap(wrapped, recording=UUID(int=1), municipality="noordwijk")
    with pytest.raises(KeyNotHeld):
        keys.unwrap(WrappedKey("0" * 16, bytes(80)), recording=RECORDING, municipality="noordwijk")


def test_a_key_under_another_name_is_refused(escrow: Escrow) -> None:
    """Each file of a key in turn exchanged for another's, or damaged."""
    tried = 0
    for name in escrow.files:
        if name.endswith(("private.pem", "secret.hex")) or (name.startswith("receipt/") and "public" in name):
            other = next(
                content
                for each, content in escrow.files.items()
                if each != name and each.rpartition("/")[2] == name.rpartition("/")[2]
            )
            for content in (other, b"", b"\xff"):
                with pytest.raises(EscrowRefused, match=name.rpartition("/")[0]):
                    EscrowKeys(replace(escrow, files={**escrow.files, name: content}))
                tried += 1
    assert tried == 21
