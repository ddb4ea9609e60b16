"""The vectors are what the formulas give, and the software and the library open them."""

import base64
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from auditor import certificates, disposal_forms, merkle, proofs
from auditor.notes import VerifierKey
from auditor.tiles import hashes_in
from tests.vectors import regenerate
from vault.canonical import canonical
from vault.keys import FootageFiles, KeyRing, Role, SealedPayload, WrappedKey, verify_receipt
from vault.keys.escrow import open_escrow
from vault.keys.fresh import FreshKeys
from vault.keys.held import (
    KeySet,
    LogKey,
    PseudonymSecret,
    SigningKey,
    WrappingKey,
    key_id_of,
    pseudonym_id_of,
)
from vault.keys.layout import Half
from vault.keys.log_keys import LogKeys
from vault.log.growing import TileAt, grow
from vault.sealing import HEADER_LENGTH, DataKey, PartContext, open_part, open_range, sealed_length


def load(name: str) -> Any:
    """A vector file's content."""
    return json.loads((regenerate.HERE / name).read_text())


@pytest.mark.parametrize("name", regenerate.contents())
def test_files_are_what_the_formulas_give(name: str) -> None:
    assert (regenerate.HERE / name).read_text() == regenerate.contents()[name]


@pytest.mark.parametrize("vector", load("sealing.json"), ids=lambda vector: str(vector["plainLength"]))
def test_sealed_part(vector: dict[str, Any]) -> None:
    plaintext = regenerate.footage(vector["plainLength"])
    key, context = (
        DataKey(bytes.fromhex(vector["dataKey"])),
        PartContext(UUID(vector["recording"]), vector["index"]),
    )
    sealed = regenerate.seal_part(
        key.reveal(), bytes.fromhex(vector["salt"]), bytes.fromhex(vector["context"]), plaintext
    )
    assert hashlib.sha256(sealed).hexdigest() == vector["sealedSha256"]
    assert context.encode().hex() == vector["context"]
    assert len(sealed) == vector["sealedLength"] == sealed_length(vector["plainLength"])

    oracle = Cobblestone256Decryptor(key.reveal(), context.encode())
    assert oracle.update(sealed) + oracle.finalize() == plaintext
    assert b"".join(open_part(key, context, [sealed])) == plaintext
    length = len(plaintext)
    header = sealed[:HEADER_LENGTH]
    whole = open_range(key, context, length, 0, length - 1, header, lambda a, b: sealed[a : b + 1])
    assert whole == plaintext


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    """A ring that holds the vectors' private keys and secrets."""
    kept, arriving, vector = load("wrapping.json")
    payload, day = _keys(vector), load("day_key.json")
    for place, each in (("sealing/noordwijk", kept), ("arrival", arriving)):
        _write(tmp_path / "ring" / place, each)
    secret_of_day = tmp_path / "ring/disposal" / f"noordwijk.{day['day']}.{day['keyId']}" / "secret.hex"
    _safely(secret_of_day, day["secret"].encode())
    secret = PseudonymSecret(bytes.fromhex(load("pseudonym.json")["secret"]))
    epoch = pseudonym_id_of(secret)
    return KeyRing(
        role=Role.VAULT,
        footage=FootageFiles(tmp_path, Role.VAULT),
        arrival=FreshKeys(tmp_path / "ring/arrival", Role.INGEST, Half.PAIR),
        payload=payload,
        pseudonyms=KeySet(epoch, {epoch: secret}),
        receipt=KeySet[SigningKey]("", {}),
    )


def _write(place: Path, vector: dict[str, str]) -> None:
    """The key pair of a vector as the only one, and the current one, in `place` of a ring."""
    private = X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["privateKey"]))
    public = private.public_key()
    _safely(place / "current", vector["keyId"].encode())
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _safely(place / vector["keyId"] / "public.pem", pem)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _safely(place / vector["keyId"] / "private.pem", pem)


def _safely(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in path.parents[:3]:
        folder.chmod(0o700)
    path.write_bytes(content)
    path.chmod(0o600)


def _keys(vector: dict[str, str]) -> KeySet[WrappingKey]:
    private = X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["privateKey"]))
    public = X25519PublicKey.from_public_bytes(bytes.fromhex(vector["publicKey"]))
    assert key_id_of(public) == vector["keyId"]
    return KeySet(vector["keyId"], {vector["keyId"]: WrappingKey(public, private)})


def test_wrapped(ring: KeyRing) -> None:
    kept, arriving, _ = load("wrapping.json")
    recording, municipality = UUID(kept["recording"]), kept["municipality"]
    wrapped = WrappedKey(kept["keyId"], bytes.fromhex(kept["sealed"]))
    assert (
        ring.unwrap(wrapped, recording=recording, municipality=municipality).reveal().hex()
        == kept["plaintext"]
    )

    wrapped = WrappedKey(arriving["keyId"], bytes.fromhex(arriving["sealed"]))
    opened = ring.unwrap_arriving(wrapped, recording=recording, municipality=municipality)
    assert opened.reveal().hex() == arriving["plaintext"]


def test_wrapped_for_a_day(ring: KeyRing) -> None:
    vector = load("day_key.json")
    wrapped = WrappedKey(vector["keyId"], bytes.fromhex(vector["sealed"]))
    opened = ring.unwrap(wrapped, recording=UUID(vector["recording"]), municipality=vector["municipality"])
    assert opened.reveal().hex() == vector["plaintext"]
    assert len(wrapped.sealed) == 60
    assert ring.footage.day_keys() == {
        vector["keyId"]: (vector["municipality"], date.fromisoformat(vector["day"]))
    }


def test_escrow() -> None:
    vector = load("escrow.json")
    keys = [X25519PrivateKey.from_private_bytes(bytes.fromhex(key)) for key in vector["privateKeys"]]
    opened = open_escrow(vector["escrow"].encode(), keys)
    assert {name: content.decode() for name, content in opened.files.items()} == vector["files"]
    assert (opened.made.isoformat(), str(opened.destroy_by)) == ("2026-11-28T01:02:03+00:00", "2026-12-05")


def test_payload(ring: KeyRing) -> None:
    payload = load("payload.json")
    sealed = SealedPayload(payload["keyId"], bytes.fromhex(payload["sealed"]))
    assert ring.open_payload(sealed, entry=UUID(payload["entry"])).hex() == payload["plaintext"]


def test_pseudonym(ring: KeyRing) -> None:
    vector = load("pseudonym.json")
    assert ring.epoch == vector["epoch"]
    assert ring.pseudonym(vector["kind"], vector["value"]) == vector["pseudonym"]


def test_receipt() -> None:
    vector = load("receipt.json")
    assert verify_receipt(vector["receipt"], vector["keys"]) == vector["claims"]


def test_log() -> None:
    """The software signs what the formulas say, letter by letter, and verifies it with the key alone."""
    vector = load("log.json")
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["privateKey"]))
    key = LogKey(private.public_key(), private)
    assert key_id_of(key.public) == vector["keyId"]
    text, _, line = vector["checkpoint"].partition("\n\n")
    keys = LogKeys(text.split("\n")[0], KeySet(vector["keyId"], {vector["keyId"]: key}))
    assert [str(verifier) for verifier in keys.verifiers] == [vector["vkey"]]
    assert keys.sign(f"{text}\n") == line
    leaves = [merkle.leaf_hash(entry.encode()) for entry in vector["entries"]]
    tiles = grow(lambda _level, _n: b"", 0, leaves)
    assert base64.b64encode(merkle.root_of(leaves)).decode() == vector["root"]
    hash_at = hashes_in(lambda level, n: tiles[TileAt(level, n)])
    made = proofs.make(hash_at, 1, len(leaves), vector["checkpoint"].encode())
    assert bytes(made) == vector["proofOfEntry1"].encode()
    verifier = VerifierKey.parse(vector["vkey"])
    signed = proofs.verify(proofs.parse(bytes(made)), vector["entries"][1].encode(), verifier)
    assert signed.checkpoint.size == 3


def test_certificate() -> None:
    """The software writes the statement of the vector letter by letter, and verifies the document."""
    vector = load("certificate.json")
    told = vector["document"]["certificate"]
    assert canonical(told).decode() == disposal_forms.canonical(told).decode() == vector["statement"]
    shown = certificates.verify(json.dumps(vector["document"]).encode(), VerifierKey.parse(vector["vkey"]))
    assert (shown.digest, shown.disposed.index) == (vector["sha256"], 1)
    assert base64.b64decode(vector["document"]["leaf"]).decode() == vector["leaf"]
    assert shown.key_destroyed


def test_the_examples_in_the_document_are_vectors() -> None:
    document = "".join((regenerate.HERE.parents[1] / "docs/formats.md").read_text().split())
    (part,) = (vector for vector in load("sealing.json") if vector["plainLength"] == 26)
    kept, _, content = load("wrapping.json")
    payload = load("payload.json")
    shown = [part[name] for name in ("dataKey", "salt", "context", "chunkKey", "baseNonce", "sealed")]
    shown += [
        kept[name] for name in ("privateKey", "publicKey", "keyId", "ephemeralPrivateKey", "info", "sealed")
    ]
    shown += [content["info"]]
    shown += [payload[name] for name in ("contentKey", "nonce", "associatedData", "sealed")]
    shown += [
        load("receipt.json")["receipt"],
        load("pseudonym.json")["secret"],
        load("pseudonym.json")["epoch"],
    ]
    shown.append(load("pseudonym.json")["pseudonym"])
    shown += [load("log.json")[name] for name in ("privateKey", "vkey", "root", "signature")]
    shown += [load("certificate.json")[name] for name in ("statement", "sha256", "leaf")]
    shown.append(load("certificate.json")["document"]["proof"].partition("\n\n")[0])
    shown = ["".join(value.split()) for value in shown]
    assert [value for value in shown if value not in document] == []
