"""Reads the keys of one use from a ring, and refuses what leaves doubt: every function raises RingRefused."""

import re
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from vault.keys import folder
from vault.keys.errors import RingRefused
from vault.keys.held import (
    Key,
    KeySet,
    LogKey,
    PseudonymSecret,
    SigningKey,
    WrappingKey,
    key_id_of,
    pseudonym_id_of,
)
from vault.keys.layout import KEY_ID, Half, Role

_SECRET = re.compile(r"[0-9a-f]{64}")


def read_keys(
    directory: Path,
    role: Role,
    half: Half,
    read_key: Callable[[Path, Half], tuple[str, Key]],
    *,
    beside: str | None = None,
) -> KeySet[Key]:
    """All keys of one use, each read by `read_key`, which also tells its id; `beside`: one more file."""
    found = folder.entries(directory)
    if "current" not in found:
        raise RingRefused(directory / "current", "is missing", "write the id of the newest key into it")
    # `current` before the list: a rotation meanwhile adds the key first, so the list has what it names.
    current = folder.read_line(directory / "current")
    names = folder.entries(directory) - {"current", beside}
    folder.expect_only(directory, names, set(filter(KEY_ID.fullmatch, names)), role)
    keys: dict[str, Key] = {}
    for name in sorted(names):
        try:
            folder.expect_only(directory / name, folder.entries(directory / name), set(half.value), role)
            key_id, key = read_key(directory / name, half)
        except RingRefused:
            if (directory / name).exists():
                raise
            # Destroyed since the list was read.
            continue
        if key_id != name:
            raise RingRefused(directory / name, f"holds key {key_id}, not {name}", "put the right key back")
        keys[name] = key
    if current not in keys:
        raise RingRefused(
            directory / "current", "names a key that is not here", "write the id of one that is"
        )
    return KeySet(current, keys)


def read_wrapping_key(directory: Path, half: Half) -> tuple[str, WrappingKey]:
    """The X25519 key in `directory`."""
    public = _public(directory)
    private = _private(directory) if half is Half.PAIR else None
    if not isinstance(public, X25519PublicKey):
        raise _wrong(directory / "public.pem", "X25519")
    if private is not None and not isinstance(private, X25519PrivateKey):
        raise _wrong(directory / "private.pem", "X25519")
    if private is not None and private.public_key() != public:
        raise _not_a_pair(directory)
    return key_id_of(public), WrappingKey(public, private)


def read_signing_key(directory: Path, half: Half) -> tuple[str, SigningKey]:
    """The P-256 key in `directory`."""
    public = _public(directory)
    private = _private(directory) if half is Half.PAIR else None
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise _wrong(directory / "public.pem", "EC P-256")
    if private is not None and not isinstance(private, ec.EllipticCurvePrivateKey):
        raise _wrong(directory / "private.pem", "EC P-256")
    if private is not None and private.public_key() != public:
        raise _not_a_pair(directory)
    return key_id_of(public), SigningKey(public, private)


def read_log_key(directory: Path, _: Half) -> tuple[str, LogKey]:
    """The Ed25519 key in `directory`; a ring has both halves of it or none."""
    public, private = _public(directory), _private(directory)
    if not isinstance(public, Ed25519PublicKey):
        raise _wrong(directory / "public.pem", "Ed25519")
    if not isinstance(private, Ed25519PrivateKey):
        raise _wrong(directory / "private.pem", "Ed25519")
    if private.public_key() != public:
        raise _not_a_pair(directory)
    return key_id_of(public), LogKey(public, private)


def read_pseudonym_secret(directory: Path, _: Half) -> tuple[str, PseudonymSecret]:
    """The secret in `directory`: 32 bytes in hexadecimal."""
    text = folder.read_line(directory / "secret.hex")
    if not _SECRET.fullmatch(text):
        raise _wrong(directory / "secret.hex", "64 hexadecimal digits")
    secret = PseudonymSecret(bytes.fromhex(text))
    return pseudonym_id_of(secret), secret


def _public(directory: Path) -> object:
    path = directory / "public.pem"
    try:
        return serialization.load_pem_public_key(folder.read(path))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _wrong(path, "a public key in PEM") from None


def _private(directory: Path) -> object:
    path = directory / "private.pem"
    try:
        return serialization.load_pem_private_key(folder.read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _wrong(path, "a private key in PEM, without a password") from None


def _wrong(path: Path, wanted: str) -> RingRefused:
    return RingRefused(path, f"is not {wanted}", "put the right file back from your backup of the ring")


def _not_a_pair(directory: Path) -> RingRefused:
    return RingRefused(
        directory / "private.pem", "does not belong to public.pem beside it", "put the pair back"
    )
