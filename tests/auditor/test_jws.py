"""Signed statements: one algorithm, one header, one form; everything else is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from jose import jws

from auditor.jws import StatementBroken, open_statement
from tests.auditor.signing import TYPE, Signer, base64url, compact

CLAIMS = {"sub": "x", "wipe": True}
VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "receipt.json").read_text())


def test_it_reads_the_published_example() -> None:
    assert open_statement(VECTOR["receipt"], VECTOR["keys"], TYPE) == VECTOR["claims"]


def test_it_reads_what_another_library_signs() -> None:
    signer = Signer()
    key = {**signer.keys["keys"][0], "alg": "ES256"}
    key["d"] = base64url(signer.private.private_numbers().private_value.to_bytes(32, "big"))
    token = jws.sign(CLAIMS, key, headers={"kid": signer.kid, "typ": TYPE}, algorithm="ES256")
    assert open_statement(token, signer.keys, TYPE) == CLAIMS


def test_every_changed_letter_is_found() -> None:
    signer = Signer()
    token = signer.sign(CLAIMS)
    for at, letter in enumerate(token):
        for other in {"A", "B", ".", "="} - {letter}:
            with pytest.raises(StatementBroken):
                open_statement(token[:at] + other + token[at + 1 :], signer.keys, TYPE)
        with pytest.raises(StatementBroken):
            open_statement(token[:at], signer.keys, TYPE)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"typ": "bodycam-certificate+jws"},
        {"typ": None},
        {"crit": ["b64"]},
        {"jwk": {"kty": "EC"}},
        {"kid": "fedcba9876543210"},
        {"kid": 1},
        {"kid": None},
    ],
)
def test_another_header_is_refused_whoever_signed(header: dict[str, object]) -> None:
    signer = Signer()
    with pytest.raises(StatementBroken):
        open_statement(signer.sign(CLAIMS, **header), signer.keys, TYPE)


@pytest.mark.parametrize(
    "changed",
    [
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"x": "AAAA"},
        {"y": base64url(b"\xff" * 32)},
        {"x": None},
        {"kid": None},
    ],
)
def test_a_key_that_is_none_verifies_nothing(changed: dict[str, object]) -> None:
    signer = Signer()
    keys = {"keys": [{**signer.keys["keys"][0], **changed}]}
    with pytest.raises(StatementBroken):
        open_statement(signer.sign(CLAIMS), keys, TYPE)


@pytest.mark.parametrize("keys", [{}, {"keys": None}, {"keys": []}, {"keys": ["x"]}])
def test_a_file_without_keys(keys: dict[str, Any]) -> None:
    with pytest.raises(StatementBroken):
        open_statement(Signer().sign(CLAIMS), keys, TYPE)


@pytest.mark.parametrize("claims", [[1], "text", None, 5])
def test_claims_are_an_object(claims: object) -> None:
    signer = Signer()
    with pytest.raises(StatementBroken):
        open_statement(signer.sign(claims), signer.keys, TYPE)


def test_what_is_no_statement_at_all() -> None:
    keys = Signer().keys
    deep = base64url(b"[" * 20_000)
    for token in (
        "",
        "..",
        "a.b",
        "a.b.c.d",
        "é.é.é",
        "x" * 100_000,
        f"{deep}.{deep}.AA",
        compact({}).decode(),
    ):
        with pytest.raises(StatementBroken):
            open_statement(token, keys, TYPE)
