"""Receipts and their proofs, made without the code that makes or checks them: a test can make wrong ones."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from auditor import notes
from auditor.notes import ED25519, VerifierKey

ORIGIN = "voorbeeldstad.example/log"
TYPE = "bodycam-receipt+jws"
ENTRY = "01980000-0000-7000-8000-00000000000b"


def base64url(data: bytes) -> str:
    """RFC 7515, section 2: without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def compact(value: object) -> bytes:
    """JSON as short as it gets."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


@dataclass
class Signer:
    """A P-256 key, and its JWK set."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    kid: str = "0123456789abcdef"

    @property
    def keys(self) -> dict[str, Any]:
        """The public half."""
        numbers = self.private.public_key().public_numbers()
        x, y = (base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        return {"keys": [{"kty": "EC", "crv": "P-256", "kid": self.kid, "x": x, "y": y}]}

    def sign(self, claims: object, **header: object) -> str:
        """A compact JWS, with another header where the test asks for it."""
        head = {"alg": "ES256", "kid": self.kid, "typ": TYPE, **header}
        signed = f"{base64url(compact(head))}.{base64url(compact(claims))}"
        r, s = decode_dss_signature(self.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@dataclass
class TwoEntries:
    """A log of two entries, the second of which is what a receipt names."""

    leaf: bytes
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def key(self) -> VerifierKey:
        """What its checkpoints are verified with."""
        return VerifierKey.of(ORIGIN, ED25519, self.private)

    def proof(self, *, origin: str = ORIGIN) -> str:
        """That `leaf` is entry 1."""
        sibling = hashlib.sha256(b"\0" + b"the first entry").digest()
        mine = hashlib.sha256(b"\0" + self.leaf).digest()
        root = hashlib.sha256(b"\1" + sibling + mine).digest()
        text = f"{origin}\n2\n{base64.b64encode(root).decode()}\n"
        note = notes.join(text, [notes.sign(text, ORIGIN, self.private)]).decode()
        return f"c2sp.org/tlog-proof@v1\nindex 1\n{base64.b64encode(sibling).decode()}\n\n{note}"


def leaf_of(**changed: object) -> bytes:
    """An entry as it stands in the log when a recording is kept."""
    facts = {"length": 1000, "parts": 1, "sha256": "ab" * 32, "disposeAfter": "2026-12-01T00:00:00+00:00"}
    return compact({"v": 1, "id": ENTRY, "type": "recording.kept", "facts": facts, **changed})


def claims_of(leaf: bytes, **changed: object) -> dict[str, object]:
    """What a dock is told of it."""
    return {
        "iss": "http://127.0.0.1:8001",
        "iat": 1_800_000_000,
        "sub": "01980000-0000-7000-8000-00000000000a",
        "state": "kept",
        "wipe": True,
        "reason": None,
        "length": 1000,
        "sha256": "ab" * 32,
        "recordedAt": "2026-11-04T19:15:00+00:00",
        "auditEntry": ENTRY,
        "leafHash": hashlib.sha256(b"\0" + leaf).hexdigest(),
        **changed,
    }


def document(receipt: str, leaf: bytes, proof: str) -> dict[str, str]:
    """What a dock keeps."""
    return {"receipt": receipt, "leaf": base64.b64encode(leaf).decode(), "proof": proof}
