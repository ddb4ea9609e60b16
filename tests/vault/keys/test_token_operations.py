"""What a token does with its keys: against the library, which has the same keys' other halves."""

import os
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import KeyType, MechanismFlag

from tests.servers.softhsm import SoftHsm
from vault.keys import WrappingBroken
from vault.keys import token_objects as objects
from vault.keys.errors import TokenRefused
from vault.keys.token_objects import IntakeLabel
from vault.keys.token_operations import agree, decrypt, encrypt, prove
from vault.keys.token_session import TokenSession

CURVE = ec.SECP256R1()


@pytest.fixture
def session(softhsm: SoftHsm) -> TokenSession:
    token = softhsm.fresh()
    return TokenSession(token.module, token.label, token.pin)


def pair(session: TokenSession) -> tuple[bytes, Any]:
    return session.use(lambda opened: objects.make_pair(opened, IntakeLabel("x", 1, objects.new_id())))


def secret(session: TokenSession) -> Any:
    both = MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT
    return session.use(lambda opened: opened.generate_key(KeyType.AES, 256, capabilities=both))


def test_it_agrees_as_the_library_does(session: TokenSession) -> None:
    point, private = pair(session)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    for _ in range(10):
        ours = ec.generate_private_key(CURVE)
        public = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        assert agree(private, public) == ours.exchange(ec.ECDH(), theirs)


def test_what_it_agreed_on_does_not_stay(session: TokenSession) -> None:
    point, private = pair(session)
    before = session.use(lambda opened: len(list(opened.get_objects())))
    session.use(lambda _: agree(private, point))
    with pytest.raises(pkcs11.PKCS11Error):
        agree(private, bytes(65))
    assert session.use(lambda opened: len(list(opened.get_objects()))) == before


def test_halves_of_two_keys_are_told(session: TokenSession) -> None:
    (point, private), (other, _) = pair(session), pair(session)
    prove(point, private)
    with pytest.raises(TokenRefused, match="halves"):
        prove(other, private)


def test_it_encrypts_what_it_decrypts_and_nothing_else(session: TokenSession) -> None:
    key = secret(session)
    sealed = encrypt(key, b"secret", b"place")
    assert decrypt(key, sealed, b"place") == b"secret"
    assert sealed != encrypt(key, b"secret", b"place")
    for changed, bound_to in (
        (sealed, b"elsewhere"),
        (sealed[:-1], b"place"),
        (sealed[:27], b"place"),
        (b"", b"place"),
        (os.urandom(len(sealed)), b"place"),
    ):
        with pytest.raises(WrappingBroken):
            decrypt(key, changed, bound_to)
    with pytest.raises(WrappingBroken):
        decrypt(secret(session), sealed, b"place")
