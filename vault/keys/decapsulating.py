"""Opens what was wrapped by HPKE for a P-256 key whose private half stays where it is, such as in hardware.

That key does one thing: Diffie-Hellman with a point that we give it. All the rest of receiving is here: RFC
9180, base mode, one message; DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. The sender is the
library's own (:mod:`cryptography.hazmat.primitives.hpke`), and in tests so is a second receiver.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from vault.keys.errors import WrappingBroken

SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
"""What a sender uses."""
POINT = 65
"""Bytes of a point of P-256, uncompressed (SEC 1, 2.3.3)."""
_TAG = 16
_KEM_ID = b"KEM" + (0x0010).to_bytes(2)
_SUITE_ID = b"HPKE" + (0x0010).to_bytes(2) + (0x0001).to_bytes(2) + (0x0002).to_bytes(2)

Agreement = Callable[[bytes], bytes]
"""The x coordinate, 32 bytes, of the private key times a point that is given uncompressed."""


def open_sealed(agree: Agreement, public: bytes, sealed: bytes, info: bytes) -> bytes:
    """What was sealed for the key whose point is `public` and with which `agree` agrees.

    Raises WrappingBroken when it was not, or not with this `info`, or was changed.
    """
    encapsulated, ciphertext = sealed[:POINT], sealed[POINT:]
    if len(ciphertext) < _TAG:
        raise WrappingBroken
    try:
        # A point beside the curve would draw the private key out, bit by bit, of whoever does not look.
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), encapsulated)
    except ValueError:
        raise WrappingBroken from None
    key, nonce = key_and_nonce(agree(encapsulated), encapsulated + public, info)
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, b"")
    except InvalidTag:
        raise WrappingBroken from None


def key_and_nonce(agreed: bytes, context: bytes, info: bytes) -> tuple[bytes, bytes]:
    """What one message is sealed by, from what was agreed between the two points in `context`."""
    return _schedule(_shared(agreed, context), info)


def _shared(agreed: bytes, context: bytes) -> bytes:
    """RFC 9180, 4.1: ExtractAndExpand."""
    prk = _extract(_KEM_ID, b"", b"eae_prk", agreed)
    return _expand(_KEM_ID, prk, b"shared_secret", context, 32)


def _schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """RFC 9180, 5.1: key and base nonce, in base mode (0), without a pre-shared key."""
    without_psk = _extract(_SUITE_ID, b"", b"psk_id_hash", b"")
    context = b"\0" + without_psk + _extract(_SUITE_ID, b"", b"info_hash", info)
    secret = _extract(_SUITE_ID, shared, b"secret", b"")
    return _expand(_SUITE_ID, secret, b"key", context, 32), _expand(
        _SUITE_ID, secret, b"base_nonce", context, 12
    )


def _extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
    return HKDF.extract(SHA256(), salt or bytes(32), b"HPKE-v1" + suite + label + secret)


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2) + b"HPKE-v1" + suite + label + info
    return HKDFExpand(SHA256(), length, labelled).derive(secret)
