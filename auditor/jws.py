"""Signed statements of the house: compact JWS (RFC 7515), ES256 and nothing else, checked with a JWK set.

A receipt is one. Each kind of statement has a type of its own in its header (RFC 8725, 3.11), so that one
never passes for another.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

ALGORITHM = "ES256"
MOST_BYTES = 64 * 1024
"""Longest statement that is read; ours have less than one kilobyte."""
_HALF = 32
"""Bytes of each of the two numbers of a signature, and of each coordinate of a key, on P-256 (RFC 7518)."""


class StatementBroken(Exception):
    """Not a statement of this type, or not signed by one of the keys given."""


def open_statement(token: str, keys: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What a statement of type `kind` says, signed by one of `keys`, a JWK set. Raises StatementBroken."""
    if len(token) > MOST_BYTES or token.count(".") != 2:
        raise StatementBroken("not a compact JWS")
    head, payload, signature = token.split(".")
    header = _object(head)
    key = _key(keys, header.get("kid"))
    # The whole header is what we write or it is not ours: no other algorithm, no `crit`, no `jwk`.
    if header != {"alg": ALGORITHM, "kid": header.get("kid"), "typ": kind}:
        raise StatementBroken(f"not a statement of type {kind}, signed with {ALGORITHM}")
    signed = _decoded(signature)
    if len(signed) != 2 * _HALF:
        raise StatementBroken("the signature has another length than those of ES256")
    numbers = (int.from_bytes(half, "big") for half in (signed[:_HALF], signed[_HALF:]))
    try:
        der = encode_dss_signature(*numbers)
        key.verify(der, f"{head}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise StatementBroken("the signature does not hold") from None
    return _object(payload)


def _key(keys: Mapping[str, Any], kid: object) -> ec.EllipticCurvePublicKey:
    found = [
        key
        for key in _listed(keys)
        if isinstance(key, dict) and isinstance(kid, str) and key.get("kid") == kid
    ]
    if not found:
        raise StatementBroken("signed by a key that is not in the key file")
    key = found[0]
    if (key.get("kty"), key.get("crv")) != ("EC", "P-256"):
        raise StatementBroken("the key file has a key of another kind than P-256")
    x, y = (_decoded(str(key.get(name, ""))) for name in ("x", "y"))
    if (len(x), len(y)) != (_HALF, _HALF):
        raise StatementBroken("the key file has a key that is none")
    try:
        point = ec.EllipticCurvePublicNumbers(
            int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
        )
        return point.public_key()
    except ValueError:
        raise StatementBroken("the key file has a key that is none") from None


def _listed(keys: Mapping[str, Any]) -> list[Any]:
    listed = keys.get("keys")
    if not isinstance(listed, list):
        raise StatementBroken("the key file is no JWK set (RFC 7517, 5)")
    return listed


def _object(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_decoded(part))
    except (ValueError, RecursionError):
        raise StatementBroken("a part of it is no JSON") from None
    if not isinstance(found, dict):
        raise StatementBroken("a part of it is no JSON object")
    return found


def _decoded(part: str) -> bytes:
    """Strictly base64url without padding, and in the one form it has."""
    try:
        found = base64.b64decode(
            part.encode("ascii") + b"=" * (-len(part) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        raise StatementBroken("a part of it is no base64url") from None
    # The last character has bits that carry nothing: of the forms that read the same only one is taken.
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != part:
        raise StatementBroken("a part of it is no base64url")
    return found
