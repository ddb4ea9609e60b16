"""New keys, as the files that they are in a ring, and how one becomes the current one."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from vault.keys import folder
from vault.keys.held import PseudonymSecret, key_id_of, pseudonym_id_of
from vault.keys.layout import HOLDS, MUNICIPALITY, Role, Use

Rings = Mapping[Role, Path]
"""Where the ring of each role stands."""

_KINDS: dict[Use, Callable[[], X25519PrivateKey | Ed25519PrivateKey | ec.EllipticCurvePrivateKey]] = {
    Use.RECEIPT: lambda: ec.generate_private_key(ec.SECP256R1()),
    Use.LOG: Ed25519PrivateKey.generate,
}


def rotate(rings: Rings, use: Use, place: str) -> str:
    """Make a new key in every ring, the vault's first, and then make it current; its id."""
    key_id, files = new_key(use)
    for role, ring in rings.items():
        folder.place(ring, ring / place / key_id, half_of(role, use, files))
    for ring in rings.values():
        folder.replace(ring, ring / place / "current", line(key_id))
    return key_id


def new_key(use: Use) -> tuple[str, dict[str, bytes]]:
    """The id of a new key, and every file it has in some ring."""
    if use is Use.PSEUDONYM:
        secret = secrets.token_bytes(32)
        return pseudonym_id_of(PseudonymSecret(secret)), {"secret.hex": line(secret.hex())}
    private = _KINDS.get(use, X25519PrivateKey.generate)()
    public = private.public_key()
    return key_id_of(public), {
        "private.pem": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "public.pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }


def first_key(role: Role, use: Use, key_id: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a use that has one key."""
    half = half_of(role, use, files)
    return {"current": line(key_id), **{f"{key_id}/{name}": content for name, content in half.items()}}


def half_of(role: Role, use: Use, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of a key's files that the ring of `role` holds."""
    return {name: files[name] for name in HOLDS[role][use].value}


def place_of(municipality: str) -> str:
    """Where in a ring the sealing keys of a municipality stand. Raises ValueError."""
    if not MUNICIPALITY.fullmatch(municipality):
        raise ValueError(f"{municipality!r} is not a municipality's id: lower-case letters, digits, hyphens")
    return f"{Use.SEALING}/{municipality}"


def line(text: str) -> bytes:
    """A file of one line."""
    return f"{text}\n".encode("ascii")
