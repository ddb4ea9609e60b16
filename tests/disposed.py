"""Certificates of disposal, made without the code that makes or checks them: a test can make wrong ones."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor.notes import ED25519, VerifierKey
from tests.logs import ORIGIN

RECORDING = "01980000-0000-7000-8000-00000000000a"
BEGUN_IN = "01980000-0000-7000-8000-00000000000b"
DISPOSED_IN = "01980000-0000-7000-8000-00000000000c"
DESTROYED_IN = "01980000-0000-7000-8000-00000000000d"
KEY_ID = "0123456789abcdef"
DISPOSED_AT = 1_796_120_000_000
"""1 December 2026, 10:13:20 UTC, in milliseconds."""
DESTROYED_AT = DISPOSED_AT + 24 * 3600 * 1000


def statement_of(**changed: Any) -> dict[str, Any]:
    """Recorded on 3 November, kept 28 days, held and released meanwhile, gone on 1 December 2026."""
    return {
        "v": 1,
        "type": "disposal-certificate",
        "recording": RECORDING,
        "municipality": "voorbeeldstad",
        "regime": "avg",
        "recordedOn": "2026-11-03",
        "length": 1000,
        "sha256": "ab" * 32,
        "ground": "term-over",
        "ruleSet": "cd" * 32,
        "termFrom": "2026-11-03",
        "termDays": 28,
        "holds": [
            {
                "trigger": "access-request",
                "placedAt": "2026-11-10T09:00:00+00:00",
                "releasedAt": "2026-11-12T09:00:00+00:00",
                "daysAfter": 14,
            }
        ],
        "due": "2026-12-01T10:00:00+00:00",
        "begun": "2026-12-01T10:01:00+00:00",
        "begunIn": BEGUN_IN,
        "keyDestroyed": "2026-12-01T10:01:00+00:00",
        "keyId": KEY_ID,
        "keyExpires": "2026-12-01",
        "lockedUntil": "2026-12-01T10:00:00+00:00",
        "objects": 4,
        "bytes": 1234,
        "objectsDiscarded": "2026-12-01T10:01:02+00:00",
        "process": {"name": "keeper", "software": "bodycam-vault 0.5.0"},
        **changed,
    }


def leaf_of(kind: str, id_: str, at: int, said: dict[str, Any], **changed: Any) -> bytes:
    """An entry about a disposal, as the vault writes it."""
    members = {
        "v": 1,
        "id": id_,
        "t": at,
        "type": kind,
        "op": "erase",
        "org": "voorbeeldstad",
        "epoch": "2026",
        "actor": "a" * 32,
        "corr": f"{'b' * 32}/{'c' * 16}",
        "facts": said,
        "c": "d" * 64,
        **changed,
    }
    return rfc8785.dumps({name: value for name, value in members.items() if value is not None})


def disposed_leaf(statement: dict[str, Any], **changed: Any) -> bytes:
    """The entry that names the digest of `statement`."""
    digest = hashlib.sha256(rfc8785.dumps(statement)).hexdigest()
    members = {"regime": "avg", "prev": BEGUN_IN, "obj": "e" * 32, **changed}
    return leaf_of("recording.disposed", DISPOSED_IN, DISPOSED_AT, {"certificate": digest}, **members)


def destroyed_leaf(key_id: str = KEY_ID, at: int = DESTROYED_AT, **changed: Any) -> bytes:
    """The entry of a day's key."""
    return leaf_of("disposal-key.destroyed", DESTROYED_IN, at, {"keyId": key_id}, **changed)


@dataclass
class FourEntries:
    """A log of four entries: in the middle a recording disposed of, and the key destroyed."""

    disposed: bytes
    destroyed: bytes = field(default_factory=destroyed_leaf)
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def key(self) -> VerifierKey:
        """What its checkpoint is verified with."""
        return VerifierKey.of(ORIGIN, ED25519, self.private)

    def proof(self, index: int, *, origin: str = ORIGIN) -> str:
        """That entry 1 or 2 is in it."""
        entries = [b"first", self.disposed, self.destroyed, b"last"]
        hashes = [hashlib.sha256(b"\0" + each).digest() for each in entries]
        left, right = (hashlib.sha256(b"\1" + hashes[at] + hashes[at + 1]).digest() for at in (0, 2))
        root = armoured(hashlib.sha256(b"\1" + left + right).digest())
        text = f"{origin}\n4\n{root}\n"
        path = {1: (hashes[0], right), 2: (hashes[3], left)}[index]
        public = b"\x01" + self.private.public_key().public_bytes_raw()
        mark = hashlib.sha256(origin.encode() + b"\n" + public).digest()[:4]
        note = f"{text}\n\u2014 {origin} {armoured(mark + self.private.sign(text.encode()))}\n"
        return "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *map(armoured, path), "", note])


def armoured(data: bytes) -> str:
    """Base64."""
    return base64.b64encode(data).decode()


def document_of(
    statement: dict[str, Any], log: FourEntries | None = None, *, with_key: bool = True
) -> tuple[dict[str, Any], VerifierKey]:
    """A certificate as an outsider gets it, and the key of the log."""
    log = log or FourEntries(disposed_leaf(statement))
    found: dict[str, Any] = {
        "certificate": statement,
        "leaf": armoured(log.disposed),
        "proof": log.proof(1),
    }
    if with_key:
        found["keyDestroyed"] = {"leaf": armoured(log.destroyed), "proof": log.proof(2)}
    return found, log.key
