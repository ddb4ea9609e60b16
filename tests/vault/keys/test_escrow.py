"""The vault's ring in escrow: all custodians or nobody; back without what was destroyed."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.vault.keys.conftest import Folders
from vault.keys import KeyNotHeld, KeyRing, RingExists, Role, rotate_sealing
from vault.keys.errors import EscrowRefused
from vault.keys.escrow import Escrow, ids_in, make_escrow, open_escrow, restore_escrow
from vault.sealing import DataKey

MADE = datetime(2026, 11, 28, 1, 2, 3, tzinfo=UTC)
GONE_BY = date(2026, 12, 5)
RECORDING = UUID("01980000-0000-7000-8000-000000000001")
KEY = DataKey(bytes(range(32)))
THREE = [X25519PrivateKey.generate() for _ in range(3)]


def made(ring: Path, keys: Sequence[X25519PrivateKey] = THREE[:2]) -> bytes:
    return make_escrow(ring, [key.public_key() for key in keys], made=MADE, destroy_by=GONE_BY)


def files_of(ring: Path) -> dict[str, bytes]:
    return {str(path.relative_to(ring)): path.read_bytes() for path in ring.rglob("*") if path.is_file()}


def test_all_custodians_together_open_the_whole_ring(folders: Folders) -> None:
    folders.load()[0].footage.make_day_key("noordwijk", GONE_BY)
    for custodians in (THREE[:2], THREE):
        document = made(folders.vault, custodians)
        opened = open_escrow(document, custodians[::-1])
        assert opened == Escrow(MADE, GONE_BY, files_of(folders.vault / "ring"))
        assert len(opened.files) > 10


def test_nobody_opens_it_alone(folders: Folders) -> None:
    document = made(folders.vault, THREE)
    for some in ([], THREE[:1], THREE[:2], THREE[1:], [THREE[0], X25519PrivateKey.generate(), THREE[2]]):
        with pytest.raises(EscrowRefused, match="missing"):
            open_escrow(document, some)


def test_it_shows_no_key(folders: Folders) -> None:
    document, again = made(folders.vault), made(folders.vault)
    assert json.loads(document)["sealed"] != json.loads(again)["sealed"]
    assert b"PRIVATE" not in document
    assert "private" not in repr(open_escrow(document, THREE))


def test_a_changed_one_does_not_open(folders: Folders) -> None:
    said = json.loads(made(folders.vault))
    for name, value in (
        ("destroyBy", "2036-12-05"),
        ("made", "2027-11-28T01:02:03+00:00"),
        ("custodians", said["custodians"][::-1]),
        ("custodians", said["custodians"][:1]),
        ("sealed", said["sealed"][:40] + ("A" if said["sealed"][40] != "A" else "B") + said["sealed"][41:]),
        ("more", 1),
    ):
        with pytest.raises(EscrowRefused):
            open_escrow(json.dumps({**said, name: value}).encode(), THREE)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"\xff", b'{"v":1,"type":"x","custodians":[],"sealed":""}']
)
def test_what_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(EscrowRefused, match="no escrow"):
        open_escrow(text, THREE)


def test_one_custodian_is_not_enough(folders: Folders) -> None:
    for keys in ([], THREE[:1], [THREE[0], THREE[0]], [*THREE, THREE[0]]):
        with pytest.raises(EscrowRefused, match="custodians"):
            made(folders.vault, keys)
    with pytest.raises(KeyNotHeld, match="vault"):
        made(folders.ingest)


def test_a_restored_ring_opens_what_it_opened(folders: Folders, tmp_path: Path) -> None:
    vault, ingest = folders.load()
    by_intake = ingest.wrap(KEY, recording=RECORDING, municipality="noordwijk")
    day_key = vault.footage.make_day_key("noordwijk", GONE_BY)
    by_day = vault.footage.wrap_for_day(KEY, day_key, recording=RECORDING, municipality="noordwijk")
    payload = ingest.seal_payload(b"who", entry=RECORDING)
    escrow = open_escrow(made(folders.vault), THREE)
    assert restore_escrow(escrow, tmp_path / "back", without=frozenset()) == []
    back = KeyRing.load(tmp_path / "back", role=Role.VAULT)
    for wrapped in (by_intake, by_day):
        assert back.unwrap(wrapped, recording=RECORDING, municipality="noordwijk") == KEY
    assert back.open_payload(payload, entry=RECORDING) == b"who"
    assert back.epoch == vault.epoch
    assert files_of(tmp_path / "back" / "ring") == files_of(folders.vault / "ring")


def test_what_was_destroyed_does_not_come_back(folders: Folders, tmp_path: Path) -> None:
    vault, ingest = folders.load()
    wrapped = ingest.wrap(KEY, recording=RECORDING, municipality="noordwijk")
    days = [vault.footage.make_day_key("noordwijk", GONE_BY) for _ in range(2)]
    escrow = open_escrow(made(folders.vault), THREE)
    gone = frozenset([days[0], wrapped.key_id, "0" * 16])
    assert restore_escrow(escrow, tmp_path / "back", without=gone) == sorted([days[0], wrapped.key_id])
    back = KeyRing.load(tmp_path / "back", role=Role.VAULT)
    assert set(back.footage.day_keys()) == {days[1]}
    with pytest.raises(KeyNotHeld):
        back.unwrap(wrapped, recording=RECORDING, municipality="noordwijk")
    # Its current key was among them: it has another, and with both rings gets one that ingest knows too.
    assert wrapped.key_id not in back.footage.intake_keys("noordwijk")
    assert back.footage.intake_keys("den-helder") == vault.footage.intake_keys("den-helder")
    rotate_sealing(tmp_path / "back", folders.ingest, "noordwijk")
    again = ingest.wrap(KEY, recording=RECORDING, municipality="noordwijk")
    assert back.unwrap(again, recording=RECORDING, municipality="noordwijk") == KEY


def test_a_ring_that_is_there_is_not_written_over(folders: Folders) -> None:
    before = files_of(folders.vault / "ring")
    escrow = open_escrow(made(folders.vault), THREE)
    with pytest.raises(RingExists):
        restore_escrow(escrow, folders.vault, without=frozenset())
    assert files_of(folders.vault / "ring") == before


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("role", ()),
        ("log/origin", ()),
        ("payload/current", ()),
        ("payload/0123456789abcdef/private.pem", ("0123456789abcdef",)),
        ("sealing/noordwijk/current", ()),
        ("sealing/noordwijk/0123456789abcdef/public.pem", ("0123456789abcdef",)),
        ("sealing/0123456789abcdef/fedcba9876543210/public.pem", ("fedcba9876543210",)),
        ("disposal/noordwijk.2026-12-24.0123456789abcdef/secret.hex", ("0123456789abcdef",)),
    ],
)
def test_a_file_is_of_the_key_it_stands_under(name: str, ids: tuple[str, ...]) -> None:
    assert ids_in(name) == ids
