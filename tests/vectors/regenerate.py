"""Writes the test vectors, from the published formulas alone: nothing of the software is used here.

``python -m tests.vectors.regenerate`` writes the JSON files beside this one. Every secret in them is a
label's hash, so they are the same each time; tests/vectors/test_vectors.py compares.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from uuid import UUID

import rfc8785
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests import disposed

HERE = Path(__file__).parent
RECORDING = UUID("01980000-0000-7000-8000-00000000000a")
ENTRY = UUID("01980000-0000-7000-8000-00000000000b")
MUNICIPALITY = "noordwijk"
DAY = "2026-12-24"
CHUNK = 16384
LENGTHS = (0, 1, 26, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 100_000)

Vector = dict[str, object]


def secret(label: str, length: int = 32) -> bytes:
    """The bytes that stand for a random value in the vectors."""
    return hashlib.sha512(f"bodycam-vault test vector: {label}".encode()).digest()[:length]


def footage(length: int) -> bytes:
    """The plaintext of the vectors: byte i is i mod 251, so that no two chunks are alike."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def hkdf_expand(prk: bytes, info: bytes, length: int, hash_name: str) -> bytes:
    """RFC 5869, section 2.3."""
    out, block = b"", b""
    for counter in range(1, 256):
        if len(out) >= length:
            break
        block = hmac.digest(prk, block + info + bytes([counter]), hash_name)
        out += block
    return out[:length]


def part_keys(key: bytes, salt: bytes, context: bytes) -> tuple[bytes, bytes, bytes]:
    """Chunk key, base nonce and commitment of a part: C2SP chunked-encryption, "Key derivation"."""
    info = b"c2sp.org/chunked-encryption@v1+" + b"AEAD_AES_256_GCM" + b"\x00" + salt + context
    derived = hkdf_expand(key, info, 32 + 12 + 32, "sha512")
    return derived[:32], derived[32:44], derived[44:]


def seal_part(key: bytes, salt: bytes, context: bytes, plaintext: bytes) -> bytes:
    """C2SP chunked-encryption, Cobblestone-256, with the salt given."""
    chunk_key, base_nonce, commitment = part_keys(key, salt, context)
    sealed = salt + commitment
    for number in range(len(plaintext) // CHUNK + 1):
        nonce = bytes(a ^ b for a, b in zip(base_nonce, number.to_bytes(12, "big"), strict=True))
        sealed += AESGCM(chunk_key).encrypt(nonce, plaintext[number * CHUNK :][:CHUNK], None)
    return sealed


def hpke_seal(ephemeral: X25519PrivateKey, public: X25519PublicKey, info: bytes, plaintext: bytes) -> bytes:
    """RFC 9180, mode base, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, first message, no AAD."""
    kem_id, suite_id = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"

    def extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + suite + label + material, "sha256")

    def expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
        return hkdf_expand(
            prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length, "sha256"
        )

    encapsulated = ephemeral.public_key().public_bytes_raw()
    eae = extract(kem_id, b"", b"eae_prk", ephemeral.exchange(public))
    shared = expand(kem_id, eae, b"shared_secret", encapsulated + public.public_bytes_raw(), 32)
    schedule = (
        b"\x00" + extract(suite_id, b"", b"psk_id_hash", b"") + extract(suite_id, b"", b"info_hash", info)
    )
    prk = extract(suite_id, shared, b"secret", b"")
    key, nonce = (
        expand(suite_id, prk, label, schedule, n) for label, n in ((b"key", 32), (b"base_nonce", 12))
    )
    return encapsulated + AESGCM(key).encrypt(nonce, plaintext, None)


def sealing() -> list[Vector]:
    """Sealed parts: small ones in full, large ones by digest, first and last chunk's bytes."""
    vectors: list[Vector] = []
    for length in LENGTHS:
        index = 0x01020304 if length == 1 else length % 7
        key, salt = secret("data key"), secret(f"salt {length}", 24)
        context = b"bodycam-vault/part/v1\x00" + RECORDING.bytes + index.to_bytes(4, "big")
        sealed = seal_part(key, salt, context, footage(length))
        chunk_key, base_nonce, _ = part_keys(key, salt, context)
        vector: Vector = {
            "recording": str(RECORDING),
            "index": index,
            "dataKey": key.hex(),
            "salt": salt.hex(),
            "context": context.hex(),
            "chunkKey": chunk_key.hex(),
            "baseNonce": base_nonce.hex(),
            "plainLength": length,
            "sealedLength": len(sealed),
            "sealedSha256": hashlib.sha256(sealed).hexdigest(),
            "header": sealed[:56].hex(),
            "lastTag": sealed[-16:].hex(),
            "lastChunkAt": 56 + length // CHUNK * (CHUNK + 16),
        }
        vectors.append(vector | ({"sealed": sealed.hex()} if length < 100 else {}))
    return vectors


def wrapping() -> list[Vector]:
    """Everything that HPKE wraps: a kept and an arriving data key, and the content key of audit payloads."""
    place = RECORDING.bytes + MUNICIPALITY.encode()
    cases = (
        ("data key", b"bodycam-vault/data-key/v1\x00" + place, secret("data key")),
        ("arriving key", b"bodycam-vault/arriving-key/v1\x00" + place, secret("data key")),
        ("audit payload's key", b"bodycam-vault/audit-payload-key/v1\x00", secret("content key")),
    )
    vectors: list[Vector] = []
    for name, info, plaintext in cases:
        private = X25519PrivateKey.from_private_bytes(secret(f"private key of {name}"))
        ephemeral = X25519PrivateKey.from_private_bytes(secret(f"ephemeral key of {name}"))
        vectors.append(
            {
                "what": name,
                "recording": str(RECORDING),
                "municipality": MUNICIPALITY,
                "entry": str(ENTRY),
                "privateKey": private.private_bytes_raw().hex(),
                "publicKey": private.public_key().public_bytes_raw().hex(),
                "keyId": key_id(private.public_key()),
                "ephemeralPrivateKey": ephemeral.private_bytes_raw().hex(),
                "info": info.hex(),
                "plaintext": plaintext.hex(),
                "sealed": hpke_seal(ephemeral, private.public_key(), info, plaintext).hex(),
            }
        )
    return vectors


def day_key() -> Vector:
    """A data key under the key of a day."""
    key, nonce, plaintext = secret("day key"), secret("nonce under the day key", 12), secret("data key")
    message = b"bodycam-vault/day-key-id/v1\x00" + f"{MUNICIPALITY}\0{DAY}".encode()
    key_id = hmac.digest(key, message, "sha256")[:8].hex()
    bound = b"bodycam-vault/day-key/v1\x00" + RECORDING.bytes + f"{MUNICIPALITY}\0{key_id}".encode()
    return {
        "recording": str(RECORDING),
        "municipality": MUNICIPALITY,
        "day": DAY,
        "secret": key.hex(),
        "keyId": key_id,
        "associatedData": bound.hex(),
        "plaintext": plaintext.hex(),
        "sealed": (nonce + AESGCM(key).encrypt(nonce, plaintext, bound)).hex(),
    }


def escrow() -> Vector:
    """A ring of two files, sealed for two custodians after each other."""
    files = {"role": b"vault\n", "log/origin": b"bodycams.example/log\n"}
    custodians = [X25519PrivateKey.from_private_bytes(secret(f"custodian {n}")) for n in (1, 2)]
    said: dict[str, object] = {
        "custodians": [key_id(each.public_key()) for each in custodians],
        "destroyBy": "2026-12-05",
        "made": "2026-11-28T01:02:03+00:00",
        "type": "key-escrow",
        "v": 1,
    }
    sealed = canonical({name: base64_of(content) for name, content in files.items()})
    for index, custodian in enumerate(custodians):
        info = b"bodycam-vault/key-escrow/v1\x00" + bytes([index]) + canonical(said)
        ephemeral = X25519PrivateKey.from_private_bytes(secret(f"ephemeral key of custodian {index + 1}"))
        sealed = hpke_seal(ephemeral, custodian.public_key(), info, sealed)
    return {
        "privateKeys": [each.private_bytes_raw().hex() for each in custodians],
        "files": {name: content.decode() for name, content in files.items()},
        "escrow": canonical(said | {"sealed": base64_of(sealed)}).decode(),
    }


def payload(wrapped: Vector) -> Vector:
    """One audit entry's payload, under the content key that `wrapped` is the wrapping of."""
    nonce = secret("nonce of payload", 12)
    plaintext = b'{"details":{}}'
    bound_to = b"bodycam-vault/audit-payload/v2\x00" + ENTRY.bytes
    key = AESGCM(bytes.fromhex(str(wrapped["plaintext"])))
    sealed = bytes.fromhex(str(wrapped["sealed"])) + nonce + key.encrypt(nonce, plaintext, bound_to)
    return {
        "entry": str(ENTRY),
        "keyId": wrapped["keyId"],
        "contentKey": wrapped["plaintext"],
        "nonce": nonce.hex(),
        "associatedData": bound_to.hex(),
        "plaintext": plaintext.hex(),
        "sealed": sealed.hex(),
    }


def receipt() -> Vector:
    """One receipt; its signature is deterministic ECDSA (RFC 6979), which a verifier cannot tell apart."""
    private = ec.derive_private_key(int.from_bytes(secret("receipt key")), ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    kid = key_id(private.public_key())
    header = {"alg": "ES256", "kid": kid, "typ": "bodycam-receipt+jws"}
    claims = {"sub": str(RECORDING), "state": "kept", "wipe": True}
    signed = ".".join(
        base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)
    )
    r, s = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256(), True)))
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "kid": kid,
        "x": base64url(numbers.x.to_bytes(32, "big")),
        "y": base64url(numbers.y.to_bytes(32, "big")),
    }
    token = f"{signed}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return {"keys": {"keys": [jwk]}, "claims": claims, "receipt": token}


def key_id(public: X25519PublicKey | Ed25519PublicKey | ec.EllipticCurvePublicKey) -> str:
    """First 16 hex digits of the SHA-256 of the DER SubjectPublicKeyInfo."""
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:16]


def base64url(data: bytes) -> str:
    """RFC 7515, section 2: without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def pseudonym() -> Vector:
    """A pseudonym and the name of its epoch."""
    key = secret("pseudonym secret")
    return {
        "secret": key.hex(),
        "epoch": hmac.digest(key, b"bodycam-vault/pseudonym-key-id/v1", "sha256").hex()[:16],
        "kind": "recording",
        "value": str(RECORDING),
        "pseudonym": hmac.digest(key, b"recording\x00" + str(RECORDING).encode(), "sha256")[:16].hex(),
    }


def log() -> Vector:
    """A log of three entries: key, checkpoint (signed-note, tlog-checkpoint) and a proof (tlog-proof)."""
    origin, entries = "voorbeeldstad.example/log", [b'{"n":%d}' % number for number in range(3)]
    private = Ed25519PrivateKey.from_private_bytes(secret("log key"))
    public = b"\x01" + private.public_key().public_bytes_raw()
    mark = hashlib.sha256(origin.encode() + b"\n" + public).digest()[:4]
    leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
    left = hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    root = hashlib.sha256(b"\x01" + left + leaves[2]).digest()
    text = f"{origin}\n3\n{base64_of(root)}\n"
    signature = base64_of(mark + private.sign(text.encode()))
    note = f"{text}\n\u2014 {origin} {signature}\n"
    path = f"{base64_of(leaves[0])}\n{base64_of(leaves[2])}\n"
    return {
        "privateKey": private.private_bytes_raw().hex(),
        "keyId": key_id(private.public_key()),
        "vkey": f"{origin}+{mark.hex()}+{base64_of(public)}",
        "entries": [entry.decode() for entry in entries],
        "root": base64_of(root),
        "signature": signature,
        "checkpoint": note,
        "proofOfEntry1": f"c2sp.org/tlog-proof@v1\nindex 1\n{path}\n{note}",
    }


def canonical(value: object) -> bytes:
    """RFC 8785, of what has only ASCII names, strings and small numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def base64_of(data: bytes) -> str:
    """RFC 4648, section 4."""
    return base64.b64encode(data).decode("ascii")


def certificate() -> Vector:
    """A certificate of disposal with its entry and its proof, and that the key of the backups went."""
    private = Ed25519PrivateKey.from_private_bytes(secret("log key"))
    statement = disposed.statement_of()
    made = disposed.FourEntries(disposed.disposed_leaf(statement), private=private)
    document, _ = disposed.document_of(statement, made)
    written = rfc8785.dumps(statement)
    return {
        "vkey": log()["vkey"],
        "statement": written.decode(),
        "sha256": hashlib.sha256(written).hexdigest(),
        "leaf": made.disposed.decode(),
        "document": document,
    }


def contents() -> dict[str, str]:
    """Every vector file, by name."""
    wrapped = wrapping()
    files = {
        "sealing": sealing(),
        "wrapping": wrapped,
        "day_key": day_key(),
        "escrow": escrow(),
        "payload": payload(wrapped[-1]),
        "receipt": receipt(),
        "pseudonym": pseudonym(),
        "log": log(),
        "certificate": certificate(),
    }
    return {f"{name}.json": json.dumps(content, indent=2) + "\n" for name, content in files.items()}


if __name__ == "__main__":
    for name, text in contents().items():
        (HERE / name).write_text(text)
