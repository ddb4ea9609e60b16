"""A receipt is one of ours only if one of our keys signed exactly it, with the one algorithm."""

import base64
import json
from typing import Any

import pytest
from jose import jws

from tests.vault.keys.conftest import Folders
from vault.keys import KeyNotHeld, KeyRing, ReceiptRefused, rotate_receipt, verify_receipt
from vault.keys.receipts import TYPE

CLAIMS = {"sub": "01980000-0000-7000-8000-000000000001", "wipe": True, "reason": None, "length": 7}


@pytest.fixture
def rings(folders: Folders) -> tuple[KeyRing, KeyRing]:
    return folders.load()


def part(content: object) -> str:
    """A part of a compact JWS."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_signed_by_ingest_checked_with_either_set(rings: tuple[KeyRing, KeyRing]) -> None:
    keeping, taking = rings
    receipt = taking.sign_receipt(CLAIMS)
    assert verify_receipt(receipt, taking.receipt_jwks()) == CLAIMS
    assert keeping.receipt_jwks() == taking.receipt_jwks()
    header = jws.get_unverified_header(receipt)
    assert header == {"alg": "ES256", "kid": taking.receipt.current, "typ": TYPE}
    with pytest.raises(KeyNotHeld, match="only ingest"):
        keeping.sign_receipt(CLAIMS)


def test_the_jwk_set_is_public_and_standard(rings: tuple[KeyRing, KeyRing]) -> None:
    (key,) = rings[1].receipt_jwks()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "alg", "use", "kid"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert all(len(base64.urlsafe_b64decode(key[axis] + "=")) == 32 for axis in "xy")


def test_every_changed_character_is_found(rings: tuple[KeyRing, KeyRing]) -> None:
    receipt, jwks = rings[1].sign_receipt(CLAIMS), rings[1].receipt_jwks()
    # The last character of a base64 part has bits that carry nothing; 64 bytes of signature leave it four.
    for at in range(len(receipt) - 1):
        other = "A" if receipt[at] != "A" else "B"
        with pytest.raises(ReceiptRefused):
            verify_receipt(receipt[:at] + other + receipt[at + 1 :], jwks)
        with pytest.raises(ReceiptRefused):
            verify_receipt(receipt[:at], jwks)


def test_other_keys_and_algorithms(rings: tuple[KeyRing, KeyRing]) -> None:
    jwks = rings[1].receipt_jwks()
    kid = rings[1].receipt.current
    header: dict[str, Any] = {"typ": TYPE, "kid": kid}
    unsigned = f"{part({'alg': 'none', **header})}.{part(CLAIMS)}."
    with_public_key = jws.sign(CLAIMS, jwks["keys"][0]["x"], headers=header, algorithm="HS256")
    for token in (unsigned, with_public_key, "", ".", "..", "a.b.c", "é"):
        with pytest.raises(ReceiptRefused):
            verify_receipt(token, jwks)
    receipt = rings[1].sign_receipt(CLAIMS)
    renamed = {**jwks["keys"][0], "kid": "0" * 16}
    with pytest.raises(ReceiptRefused):
        verify_receipt(receipt, {"keys": []})
    with pytest.raises(ReceiptRefused):
        verify_receipt(receipt, {"keys": [renamed]})


@pytest.mark.parametrize(
    "header",
    [{"typ": "JWT"}, {"crit": ["exp"]}, {"jwk": {}}, {"kid": "0" * 16}, {"kid": None}],
    ids=lambda header: next(iter(header)),
)
def test_a_header_that_is_not_ours(
    rings: tuple[KeyRing, KeyRing], header: dict[str, object], folders: Folders
) -> None:
    """Signed by our own key, yet meant for something else."""
    kid = rings[1].receipt.current
    pem = (folders.ingest / "ring/receipt" / kid / "private.pem").read_text()
    token = jws.sign(CLAIMS, pem, headers={"typ": TYPE, "kid": kid, **header}, algorithm="ES256")
    with pytest.raises(ReceiptRefused):
        verify_receipt(token, rings[1].receipt_jwks())


@pytest.mark.parametrize("content", [b"[]", b"1", b"not json", b"\xff"])
def test_claims_that_are_no_object(rings: tuple[KeyRing, KeyRing], content: bytes, folders: Folders) -> None:
    kid = rings[1].receipt.current
    pem = (folders.ingest / "ring/receipt" / kid / "private.pem").read_text()
    token = jws.sign(content, pem, headers={"typ": TYPE, "kid": kid}, algorithm="ES256")
    with pytest.raises(ReceiptRefused):
        verify_receipt(token, rings[1].receipt_jwks())


def test_a_receipt_outlives_its_key(folders: Folders) -> None:
    _, before = folders.load()
    old = before.sign_receipt(CLAIMS)
    rotate_receipt(*folders)
    keeping, after = folders.load()
    assert verify_receipt(old, keeping.receipt_jwks()) == CLAIMS
    new = after.sign_receipt(CLAIMS)
    assert verify_receipt(new, keeping.receipt_jwks()) == CLAIMS
    with pytest.raises(ReceiptRefused):
        verify_receipt(new, before.receipt_jwks())
