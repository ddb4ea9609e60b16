"""How a secret is wrapped: by HPKE for whoever has a private key, or under a secret key (docs/formats.md).

HPKE (RFC 9180) in base mode: anyone with the public key can wrap, so what is wrapped says nothing of who
wrapped it. What a wrapping is bound to is its purpose and its place.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from vault.keys.errors import KeyNotHeld, WrappingBroken
from vault.keys.held import KeySet, WrappingKey
from vault.sealing import KEY_LENGTH, DataKey

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
WRAPPED = 32 + KEY_LENGTH + 16
"""Bytes of a key that HPKE wrapped: encapsulated key, the key, the tag."""
NONCE = 12


def wrap_for(key: WrappingKey, plaintext: bytes, info: bytes) -> bytes:
    """Wrap for whoever has the private half of `key`."""
    return _SUITE.encrypt(plaintext, key.public, info)


def unwrap_with(key: WrappingKey, sealed: bytes, info: bytes) -> bytes:
    """Open what was wrapped for `key`. Raises KeyNotHeld with a public half alone, WrappingBroken."""
    if key.private is None:
        raise KeyNotHeld("this ring has the public half of that key only: it wraps, it does not open")
    try:
        return _SUITE.decrypt(sealed, key.private, info)
    except InvalidTag:
        raise WrappingBroken from None


def wrap_current(keys: KeySet[WrappingKey], plaintext: bytes, info: bytes) -> tuple[str, bytes]:
    """Wrap for the current key of `keys`: its id, and what it opens."""
    return keys.current, wrap_for(keys.newest, plaintext, info)


def wrap_under(secret: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    """Wrap under a secret key: nonce, ciphertext, tag (AES-256-GCM)."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(secret).encrypt(nonce, plaintext, bound_to)


def unwrap_under(secret: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Open what was wrapped under a secret key. Raises WrappingBroken."""
    try:
        return AESGCM(secret).decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
    except (InvalidTag, ValueError):
        raise WrappingBroken from None


def data_key_of(secret: bytes) -> DataKey:
    """`secret` as a data key. Raises WrappingBroken: anyone with the public key can wrap anything."""
    if len(secret) != KEY_LENGTH:
        raise WrappingBroken
    return DataKey(secret)
