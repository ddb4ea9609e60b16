"""Keys as a process holds them. None of them shows its secret when printed."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from vault.keys.errors import KeyNotHeld

PSEUDONYM_ID = b"bodycam-vault/pseudonym-key-id/v1"
DAY_KEY_ID = b"bodycam-vault/day-key-id/v1\0"


@dataclass(frozen=True)
class WrappingKey:
    """An HPKE key: whoever has the public half wraps, only the private half opens."""

    public: X25519PublicKey
    private: X25519PrivateKey | None


@dataclass(frozen=True)
class SigningKey:
    """A key for receipts: EC on P-256."""

    public: ec.EllipticCurvePublicKey
    private: ec.EllipticCurvePrivateKey | None


@dataclass(frozen=True)
class LogKey:
    """A key for checkpoints of the log: Ed25519."""

    public: Ed25519PublicKey
    private: Ed25519PrivateKey


class PseudonymSecret:
    """The secret of one epoch of pseudonyms."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def mac(self, message: bytes) -> bytes:
        """HMAC-SHA-256 over `message`."""
        return hmac.digest(self._secret, message, "sha256")

    def __repr__(self) -> str:
        return "PseudonymSecret(…)"


Key = TypeVar("Key", WrappingKey, SigningKey, LogKey, PseudonymSecret)


@dataclass(frozen=True)
class KeySet(Generic[Key]):
    """The keys of one use: the current one, and older ones that still open what they wrapped."""

    current: str
    keys: dict[str, Key]

    @property
    def newest(self) -> Key:
        """The current key."""
        return self.keys[self.current]

    def get(self, key_id: str) -> Key:
        """The key of that id. Raises KeyNotHeld."""
        try:
            return self.keys[key_id]
        except KeyError:
            raise KeyNotHeld(f"no key {key_id} in this ring") from None


def key_id_of(public: X25519PublicKey | Ed25519PublicKey | ec.EllipticCurvePublicKey) -> str:
    """The id of a key pair, from its public half."""
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:16]


def pseudonym_id_of(secret: PseudonymSecret) -> str:
    """The id of a pseudonym secret, which is also the name of its epoch."""
    return secret.mac(PSEUDONYM_ID).hex()[:16]


def day_key_id_of(secret: bytes, municipality: str, day: date) -> str:
    """The id of a day key: another municipality or day in its folder's name, and it is not that key."""
    message = DAY_KEY_ID + f"{municipality}\0{day.isoformat()}".encode()
    return hmac.digest(secret, message, "sha256").hex()[:16]
