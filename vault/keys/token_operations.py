"""What a token does for us with the keys in it: agree with a point, encrypt, decrypt."""

import secrets
from typing import Any

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import KDF, Attribute, GCMParams, KeyType, Mechanism

from vault.keys.errors import TokenRefused, WrappingBroken

_NONCE, _TAG = 12, 16
_CURVE = ec.SECP256R1()
_REFUSED = (
    pkcs11.GeneralError,
    pkcs11.FunctionFailed,
    pkcs11.EncryptedDataInvalid,
    pkcs11.EncryptedDataLenRange,
    pkcs11.DataInvalid,
    pkcs11.DataLenRange,
)
"""What tokens say when the tag is wrong. The first two may also mean that the token is ill."""


def agree(private: Any, point: bytes) -> bytes:
    """The x coordinate, 32 bytes, of a private key times a point; the token does not keep it."""
    shared = private.derive_key(
        KeyType.GENERIC_SECRET,
        256,
        store=False,
        capabilities=0,
        mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=(KDF.NULL, None, point),
        # Of this one message, and we must have it: all that HPKE makes of it is made here.
        template={Attribute.PRIVATE: False, Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    )
    try:
        return bytes(shared[Attribute.VALUE])
    finally:
        shared.destroy()


def prove(point: bytes, private: Any) -> None:
    """Try that a private half belongs to a point. Raises TokenRefused when it does not."""
    ours = ec.generate_private_key(_CURVE)
    their = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    public = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if agree(private, public) != ours.exchange(ec.ECDH(), their):
        raise TokenRefused(
            "an intake key in the token has halves that do not belong together: rotate, and find out who "
            "writes to the token"
        )


def encrypt(secret: Any, plaintext: bytes, bound_to: bytes) -> bytes:
    """Nonce, ciphertext and tag (AES-256-GCM)."""
    nonce = secrets.token_bytes(_NONCE)
    parameters = GCMParams(nonce, bound_to, _TAG * 8)
    return nonce + bytes(secret.encrypt(plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))


def decrypt(secret: Any, sealed: bytes, bound_to: bytes) -> bytes:
    """What `encrypt` encrypted. Raises WrappingBroken, and the token's own error when it is the token."""
    nonce, ciphertext = sealed[:_NONCE], sealed[_NONCE:]
    if len(ciphertext) < _TAG:
        raise WrappingBroken
    parameters = GCMParams(nonce, bound_to, _TAG * 8)
    try:
        return bytes(secret.decrypt(ciphertext, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))
    except _REFUSED:
        # The tag, or the token? What it encrypts itself it must be able to decrypt.
        parameters = GCMParams(secrets.token_bytes(_NONCE), b"", _TAG * 8)
        tried = secret.encrypt(b"whole", mechanism=Mechanism.AES_GCM, mechanism_param=parameters)
        secret.decrypt(tried, mechanism=Mechanism.AES_GCM, mechanism_param=parameters)
        raise WrappingBroken from None
