"""Receipts: compact JWS (RFC 7515), signed with ES256 and nothing else, of a type of their own (RFC 8725).

Whoever holds the JWK set can check one, without asking us.
"""

import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jose import jwk, jws
from jose.exceptions import JOSEError

from vault.keys.errors import KeyNotHeld, ReceiptRefused
from vault.keys.held import KeySet, SigningKey

ALGORITHM = "ES256"
TYPE = "bodycam-receipt+jws"


def sign(keys: KeySet[SigningKey], claims: Mapping[str, object]) -> str:
    """Sign `claims`, which must be plain JSON. Raises KeyNotHeld in a ring that only checks receipts."""
    private = keys.newest.private
    if private is None:
        raise KeyNotHeld("only ingest's ring signs receipts")
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    return jws.sign(dict(claims), pem, headers=_header(keys.current), algorithm=ALGORITHM)


def jwks(keys: KeySet[SigningKey]) -> dict[str, list[dict[str, str]]]:
    """The public halves, old ones too: a receipt outlives the key that is current."""
    return {"keys": [_jwk(key_id, key.public) for key_id, key in keys.keys.items()]}


def verify_receipt(token: str, jwks: Mapping[str, list[dict[str, str]]]) -> dict[str, object]:
    """The claims of a receipt signed by one of the keys in `jwks`. Raises ReceiptRefused."""
    try:
        header = jws.get_unverified_header(token)
        key = next((key for key in jwks["keys"] if key.get("kid") == header.get("kid")), None)
        # The whole header is what we write or it is not ours: no other algorithm, no `crit`, no `jwk`.
        if key is None or header != {"alg": ALGORITHM, **_header(key["kid"])}:
            raise ReceiptRefused
        claims = json.loads(jws.verify(token, key, algorithms=[ALGORITHM]))
    except (JOSEError, ValueError):
        raise ReceiptRefused from None
    if not isinstance(claims, dict):
        raise ReceiptRefused
    return claims


def _header(key_id: str) -> dict[str, str]:
    return {"typ": TYPE, "kid": key_id}


def _jwk(key_id: str, public: ec.EllipticCurvePublicKey) -> dict[str, str]:
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    return {**jwk.construct(pem, ALGORITHM).to_dict(), "kid": key_id, "use": "sig"}
