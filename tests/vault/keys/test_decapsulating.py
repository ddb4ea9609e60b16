"""Receiving by HPKE with a private key that only agrees: against the standard's vectors and the library."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vault.keys import WrappingBroken
from vault.keys.decapsulating import POINT, SUITE, key_and_nonce, open_sealed

CURVE = ec.SECP256R1()


class Receiver:
    """A private key of which only the agreement is used, as hardware would give it."""

    def __init__(self, scalar: int | None = None) -> None:
        self.private = ec.derive_private_key(scalar, CURVE) if scalar else ec.generate_private_key(CURVE)
        public = self.private.public_key()
        self.point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.asked: list[bytes] = []

    def agree(self, point: bytes) -> bytes:
        self.asked.append(point)
        return self.private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point))


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_the_vector_of_the_standard_opens() -> None:
    """test-vectors.json of RFC 9180: mode 0, KEM 0x0010, KDF 0x0001, AEAD 0x0002."""
    receiver = Receiver(0x317F915DB7BC629C48FE765587897E01E282D3E8445F79F27F65D031A88082B2)
    assert receiver.point.hex() == (
        "04abc7e49a4c6b3566d77d0304addc6ed0e98512ffccf505e6a8e3eb25c685136f"
        "853148544876de76c0f2ef99cdc3a05ccf5ded7860c7c021238f9e2073d2356c"
    )
    encapsulated = bytes.fromhex(
        "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e"
        "0b21bd31a86c6048af3cb2d98e0d3bf01da5cc4c39ff5370d331a4f1f7d5a4e0"
    )
    key, nonce = key_and_nonce(
        receiver.agree(encapsulated), encapsulated + receiver.point, b"Ode on a Grecian Urn"
    )
    assert key.hex() == "ee16802a936d5f544771131900ee6973d0551de9e852ece2ef34bf0d5f9e1d1d"
    assert nonce.hex() == "9bc50980832a7b4b58c40161"
    sealed = bytes.fromhex(
        "58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d291742465e902cd216f8908da49f8f96f"
    )
    assert AESGCM(key).decrypt(nonce, sealed, b"Count-0") == b"Beauty is truth, truth beauty"


@pytest.mark.parametrize("length", [0, 1, 32, 1000])
def test_what_the_library_sealed_opens(receiver: Receiver, length: int) -> None:
    for _ in range(20):
        plaintext, info = os.urandom(length), os.urandom(40)
        sealed = SUITE.encrypt(plaintext, receiver.private.public_key(), info)
        assert open_sealed(receiver.agree, receiver.point, sealed, info) == plaintext
        assert SUITE.decrypt(sealed, receiver.private, info) == plaintext


def test_nothing_else_opens(receiver: Receiver) -> None:
    sealed = SUITE.encrypt(bytes(32), receiver.private.public_key(), b"info")
    other = Receiver()
    with pytest.raises(WrappingBroken):
        open_sealed(receiver.agree, receiver.point, sealed, b"other")
    with pytest.raises(WrappingBroken):
        open_sealed(other.agree, other.point, sealed, b"info")
    with pytest.raises(WrappingBroken):
        open_sealed(receiver.agree, other.point, sealed, b"info")
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(WrappingBroken):
            open_sealed(receiver.agree, receiver.point, changed, b"info")
    for length in (0, 1, POINT, POINT + 15, len(sealed) - 1):
        with pytest.raises(WrappingBroken):
            open_sealed(receiver.agree, receiver.point, sealed[:length], b"info")


def test_a_point_beside_the_curve_never_reaches_the_key(receiver: Receiver) -> None:
    beside = b"\x04" + bytes(31) + b"\x01" + bytes(31) + b"\x01"
    for point in (beside, b"\x04" + bytes(64), b"\x02" + receiver.point[1:33] + bytes(32), bytes(POINT)):
        with pytest.raises(WrappingBroken):
            open_sealed(receiver.agree, receiver.point, point + bytes(48), b"")
    assert receiver.asked == []
