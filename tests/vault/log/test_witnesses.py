"""Who is a witness here, and what stops the start."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor.notes import COSIGNATURE, ED25519, VerifierKey
from vault.log.witnesses import known_witnesses
from vault.settings import SettingsRefused

KEYS = [VerifierKey.of(name, COSIGNATURE, Ed25519PrivateKey.generate()) for name in ("or", "rekenkamer")]


def test_they_stand_in_the_setting() -> None:
    assert known_witnesses(f" {KEYS[0]}\n{KEYS[1]} ") == tuple(KEYS)
    assert known_witnesses("") == ()


@pytest.mark.parametrize(
    "keys",
    [
        "or",
        f"{KEYS[0]}x",
        f"{KEYS[0]} {VerifierKey.of('or', COSIGNATURE, Ed25519PrivateKey.generate())}",
        str(VerifierKey.of("log", ED25519, Ed25519PrivateKey.generate())),
    ],
    ids=["a word", "a key with a typing error", "two of one name", "a log's key"],
)
def test_a_doubtful_one_stops_the_start(keys: str) -> None:
    with pytest.raises(SettingsRefused, match="BODYCAM_WITNESSES"):
        known_witnesses(keys)
