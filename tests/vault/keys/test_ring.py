"""What a loaded ring does, and that ingest's ring cannot do what only the vault may."""

import shutil
import subprocess
import sys
import time
import weakref
from collections import Counter
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vault
from tests.vault.keys.conftest import Folders
from tests.watching import eventually
from vault.keys import KeyNotHeld, KeyRing, SealedPayload, WrappedKey, WrappingBroken
from vault.keys import ring as key_ring
from vault.keys.held import KeySet, WrappingKey
from vault.keys.layout import Half
from vault.keys.reading import read_wrapping_key
from vault.sealing import DataKey

RECORDING = UUID("01980000-0000-7000-8000-000000000001")
OTHER = UUID("01980000-0000-7000-8000-000000000002")
KEY = DataKey(bytes(range(32)))


def flips(sealed: bytes) -> list[bytes]:
    """`sealed` with each of its bits the other way round."""
    number = int.from_bytes(sealed, "big")
    return [(number ^ 1 << bit).to_bytes(len(sealed), "big") for bit in range(8 * len(sealed))]


def test_ingest_wraps_and_the_vault_unwraps(folders: Folders) -> None:
    keeping, taking = folders.load()
    wrapped = taking.wrap(KEY, recording=RECORDING, municipality="noordwijk")
    assert keeping.unwrap(wrapped, recording=RECORDING, municipality="noordwijk") == KEY
    assert taking.wrap(KEY, recording=RECORDING, municipality="noordwijk").sealed != wrapped.sealed


def test_a_wrapped_key_opens_in_its_place_only(folders: Folders) -> None:
    keeping, taking = folders.load()
    wrapped = taking.wrap(KEY, recording=RECORDING, municipality="noordwijk")
    with pytest.raises(WrappingBroken):
        keeping.unwrap(wrapped, recording=OTHER, municipality="noordwijk")
    with pytest.raises(KeyNotHeld):
        keeping.unwrap(wrapped, recording=RECORDING, municipality="den-helder")
    with pytest.raises(KeyNotHeld):
        keeping.wrap(KEY, recording=RECORDING, municipality="zwolle")
    for sealed in (
        b"",
        wrapped.sealed[:40],
        wrapped.sealed[:-1],
        wrapped.sealed + b"x",
        *flips(wrapped.sealed),
    ):
        with pytest.raises(WrappingBroken):
            keeping.unwrap(WrappedKey(wrapped.key_id, sealed), recording=RECORDING, municipality="noordwijk")


def test_the_municipality_is_bound_even_under_one_key(folders: Folders) -> None:
    _, taking = folders.load()
    wrapped = taking.wrap(KEY, recording=RECORDING, municipality="noordwijk")
    place = folders.vault / "ring" / "sealing"
    shutil.rmtree(place / "den-helder")
    shutil.copytree(place / "noordwijk", place / "den-helder")
    keeping = KeyRing.load(folders.vault)
    with pytest.raises(WrappingBroken):
        keeping.unwrap(wrapped, recording=RECORDING, municipality="den-helder")
    assert keeping.unwrap(wrapped, recording=RECORDING, municipality="noordwijk") == KEY


def test_a_kept_key_is_not_taken_for_an_arriving_one(folders: Folders) -> None:
    keeping, taking = folders.load()
    wrapped = taking.wrap(KEY, recording=RECORDING, municipality="noordwijk")
    for use in ("sealing/noordwijk", "arrival"):
        shutil.rmtree(folders.ingest / "ring" / use)
    shutil.copytree(folders.vault / "ring/sealing/noordwijk", folders.ingest / "ring/arrival")
    with pytest.raises(WrappingBroken):
        taking.unwrap_arriving(wrapped, recording=RECORDING, municipality="noordwijk")
    assert keeping.unwrap(wrapped, recording=RECORDING, municipality="noordwijk") == KEY


@pytest.mark.parametrize("length", [0, 31, 33])
def test_what_opens_need_not_be_a_key(folders: Folders, length: int) -> None:
    keeping, taking = folders.load()
    [key_id] = taking.footage.intake_keys("noordwijk")
    _, key = read_wrapping_key(folders.vault / "ring/sealing/noordwijk" / key_id, Half.PUBLIC)
    info = b"bodycam-vault/data-key/v1\0" + RECORDING.bytes + b"noordwijk"
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    wrapped = WrappedKey(key_id, suite.encrypt(bytes(length), key.public, info))
    with pytest.raises(WrappingBroken):
        keeping.unwrap(wrapped, recording=RECORDING, municipality="noordwijk")


def test_arriving_keys_are_ingests_alone(folders: Folders) -> None:
    keeping, taking = folders.load()
    wrapped = taking.wrap_arriving(KEY, recording=RECORDING, municipality="noordwijk")
    assert taking.unwrap_arriving(wrapped, recording=RECORDING, municipality="noordwijk") == KEY
    for recording, municipality in ((OTHER, "noordwijk"), (RECORDING, "den-helder")):
        with pytest.raises(WrappingBroken):
            taking.unwrap_arriving(wrapped, recording=recording, municipality=municipality)
    with pytest.raises(KeyNotHeld, match="only ingest"):
        keeping.unwrap_arriving(wrapped, recording=RECORDING, municipality="noordwijk")
    with pytest.raises(KeyNotHeld, match="only ingest"):
        keeping.wrap_arriving(KEY, recording=RECORDING, municipality="noordwijk")


def test_who_appends_a_payload_cannot_read_it(folders: Folders) -> None:
    keeping, taking = folders.load()
    sealed = taking.seal_payload(b'{"reason": "complaint"}', entry=RECORDING)
    assert keeping.open_payload(sealed, entry=RECORDING) == b'{"reason": "complaint"}'
    with pytest.raises(KeyNotHeld, match="public half"):
        taking.open_payload(sealed, entry=RECORDING)
    with pytest.raises(WrappingBroken):
        keeping.open_payload(sealed, entry=OTHER)
    for changed in flips(sealed.sealed):
        with pytest.raises(WrappingBroken):
            keeping.open_payload(SealedPayload(sealed.key_id, changed), entry=RECORDING)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(payload=st.binary(max_size=3000))
def test_payloads_of_any_length(folders: Folders, payload: bytes) -> None:
    keeping, taking = folders.load()
    assert keeping.open_payload(taking.seal_payload(payload, entry=OTHER), entry=OTHER) == payload


def test_payloads_of_before_content_keys_still_open(folders: Folders) -> None:
    keeping, taking = folders.load()
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    info = b"bodycam-vault/audit-payload/v1\0" + OTHER.bytes
    for plain in (b"who and why", bytes(500)):
        before = SealedPayload(
            taking.payload.current, suite.encrypt(plain, taking.payload.newest.public, info)
        )
        assert keeping.open_payload(before, entry=OTHER) == plain
        with pytest.raises(WrappingBroken):
            keeping.open_payload(before, entry=RECORDING)


def test_who_reads_on_unwraps_a_content_key_once(folders: Folders) -> None:
    keeping, taking = folders.load()
    sealed = [taking.seal_payload(b"%d" % number, entry=OTHER) for number in range(5)]
    with patch("vault.keys.ring._unwrap", wraps=key_ring._unwrap) as unwrapping:
        assert [keeping.open_payload(each, entry=OTHER) for each in sealed] == [b"0", b"1", b"2", b"3", b"4"]
        assert unwrapping.call_count == 1
        # What it has unwrapped opens nothing of another ring's or another entry's.
        with pytest.raises(WrappingBroken):
            keeping.open_payload(sealed[0], entry=RECORDING)
    fresh, _ = folders.load()
    with patch("vault.keys.ring._unwrap", wraps=key_ring._unwrap) as unwrapping:
        fresh.open_payload(sealed[0], entry=OTHER)
        assert unwrapping.call_count == 1


def content_key_of(sealed: SealedPayload) -> bytes:
    """The wrapping of the key that a payload is sealed by, which stands before it."""
    return sealed.sealed[:80]


def test_a_content_key_is_forgotten_after_a_minute(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    keeping, taking = folders.load()
    moment = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: moment)
    first = [taking.seal_payload(b"1", entry=entry) for entry in (RECORDING, OTHER)]
    moment += key_ring.CONTENT_SECONDS - 0.001
    still = taking.seal_payload(b"1", entry=RECORDING)
    moment += 0.001
    fresh = taking.seal_payload(b"1", entry=RECORDING)
    assert len({content_key_of(sealed) for sealed in [*first, still]}) == 1
    assert content_key_of(fresh) != content_key_of(still)
    assert len({sealed.sealed for sealed in [*first, still, fresh]}) == 4
    assert all(keeping.open_payload(each, entry=RECORDING) == b"1" for each in (first[0], still, fresh))


def test_an_idle_process_holds_no_content_key(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes it over in the night reads nothing of the evening."""
    keeping, taking = folders.load()
    monkeypatch.setattr(key_ring, "CONTENT_SECONDS", 0.05)
    kept = weakref.WeakSet[object]()

    class Watched(key_ring._Content):
        def __init__(self, keys: KeySet[WrappingKey]) -> None:
            super().__init__(keys)
            kept.add(self)

    monkeypatch.setattr(key_ring, "_Content", Watched)
    first = taking.seal_payload(b"1", entry=OTHER)
    eventually(lambda: not kept)
    second = taking.seal_payload(b"2", entry=OTHER)
    assert [keeping.open_payload(each, entry=OTHER) for each in (first, second)] == [b"1", b"2"]


def test_a_content_key_seals_so_many_and_no_more(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    _, taking = folders.load()
    monkeypatch.setattr(key_ring, "CONTENT_ENTRIES", 3)
    sealed = [taking.seal_payload(b"1", entry=OTHER) for _ in range(10)]
    used = Counter(content_key_of(each) for each in sealed)
    assert sorted(used.values()) == [1, 3, 3, 3]


def test_pseudonyms(folders: Folders) -> None:
    keeping, taking = folders.load()
    name = keeping.pseudonym("person", "jan")
    assert (
        name == taking.pseudonym("person", "jan") == keeping.pseudonym("person", "jan", epoch=keeping.epoch)
    )
    assert len(bytes.fromhex(name)) == 16
    assert len({name, keeping.pseudonym("person", "piet"), keeping.pseudonym("dock", "jan")}) == 3
    assert keeping.epoch == taking.epoch
    with pytest.raises(ValueError, match="NUL"):
        keeping.pseudonym("per\0son", "jan")
    with pytest.raises(KeyNotHeld):
        keeping.pseudonym("person", "jan", epoch="0" * 16)


def test_nothing_shows_a_secret(folders: Folders) -> None:
    for ring, folder in zip(folders.load(), folders, strict=True):
        held = (ring, ring.pseudonyms, ring.payload, ring.footage, ring.arrival, ring.receipt)
        shown = f"{ring} {held!r}"
        secret = next(folder.glob("ring/pseudonym/*/secret.hex")).read_text().strip()
        assert secret not in shown
        assert str(bytes.fromhex(secret)) not in shown
        assert "den-helder" in repr(ring)


CONFINED = """
import sys
from pathlib import Path
from unittest.mock import patch
from uuid import UUID
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from vault.keys import KeyNotHeld, KeyRing, Role
from vault.sealing import DataKey

folder, recording = Path(sys.argv[1]), UUID(sys.argv[2])
ring = KeyRing.load(folder, role=Role.INGEST)
secret = DataKey.generate()
wrapped = ring.wrap(secret, recording=recording, municipality="noordwijk")
try:
    ring.unwrap(wrapped, recording=recording, municipality="noordwijk")
    sys.exit("unwrapped")
except KeyNotHeld:
    pass
# Everything in the folder that could be a key, tried on it, as someone would who took over this process.
info = b"bodycam-vault/data-key/v1\\0" + recording.bytes + b"noordwijk"
suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
tried = 0
for path in filter(Path.is_file, folder.rglob("*")):
    content = path.read_bytes()
    candidates = []
    if b"PRIVATE" in content:
        candidates.append(load_pem_private_key(content, None))
    if path.name == "secret.hex":
        candidates.append(X25519PrivateKey.from_private_bytes(bytes.fromhex(content.decode())))
    for candidate in candidates:
        tried += 1
        try:
            suite.decrypt(wrapped.sealed, candidate, info)
            sys.exit(f"unwrapped with {path}")
        except Exception as error:
            print(path.name, type(error).__name__)
print(tried, wrapped.key_id, wrapped.sealed.hex(), secret.reveal().hex())
"""


def test_a_process_with_only_ingests_ring_cannot_unwrap_what_it_wrapped(folders: Folders) -> None:
    """The process gets one folder, and no other is left: the vault's ring is moved away while it runs."""
    elsewhere = folders.vault.rename(folders.vault.parent / "elsewhere")
    alone = folders.ingest.rename(folders.ingest.parent / "only")
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, str(alone), str(RECORDING)],
        env={"PYTHONPATH": str(Path(vault.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tried, key_id, sealed, secret = done.stdout.splitlines()[-1].split()
    assert int(tried) == 3  # arrival, receipt and pseudonym: all the secrets ingest has

    keeping = KeyRing.load(elsewhere)
    opened = keeping.unwrap(
        WrappedKey(key_id, bytes.fromhex(sealed)), recording=RECORDING, municipality="noordwijk"
    )
    assert opened.reveal().hex() == secret
