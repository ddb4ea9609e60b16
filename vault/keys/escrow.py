"""The vault's ring in one file that takes several custodians to open: for when the ring is lost.

Canonical JSON; byte for byte in docs/formats.md. The ring is sealed for the first custodian, that for the
second, and so on (HPKE), each time bound to everything else that the file says: nobody opens it alone, and
nobody changes its dates. With a backup of database and objects it opens what was disposed of since it was
made: so it has a day on which it must be gone.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from vault.canonical import canonical
from vault.keys import folder
from vault.keys.errors import EscrowRefused, KeyNotHeld
from vault.keys.held import key_id_of
from vault.keys.layout import DAY_KEY, DISPOSAL, KEY_ID, Role, Use
from vault.keys.making import first_key, new_key

TYPE = "key-escrow"
CUSTODIANS = 2
"""At least so many must come together."""
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO = b"bodycam-vault/key-escrow/v1\0"

Files = dict[str, bytes]
"""The files of a ring by their path in it."""


@dataclass(frozen=True)
class Escrow:
    """A ring as it was, in memory."""

    made: datetime
    destroy_by: date
    files: Files = field(repr=False)


def make_escrow(
    ring_dir: Path, custodians: Sequence[X25519PublicKey], *, made: datetime, destroy_by: date
) -> bytes:
    """The vault's ring in folder `ring_dir`, sealed for all of `custodians` together.

    Raises RingRefused, KeyNotHeld for another's ring, EscrowRefused for too few custodians.
    """
    ids = [key_id_of(custodian) for custodian in custodians]
    if len(set(ids)) < CUSTODIANS or len(set(ids)) < len(ids):
        raise EscrowRefused(f"an escrow takes at least {CUSTODIANS} custodians, each with a key of their own")
    with folder.writing(ring_dir) as ring:
        # Nobody rotates while it is read.
        files = {str(path.relative_to(ring)): folder.read(path) for path in _files(ring)}
    if files["role"].decode().strip() != Role.VAULT:
        raise KeyNotHeld("only the vault's ring is worth an escrow: what ingest's holds can be made anew")
    said: dict[str, Any] = {
        "v": 1,
        "type": TYPE,
        "made": made.isoformat(timespec="seconds"),
        "destroyBy": destroy_by.isoformat(),
        "custodians": ids,
    }
    sealed = canonical({name: base64.b64encode(content).decode() for name, content in files.items()})
    for index, custodian in enumerate(custodians):
        sealed = _SUITE.encrypt(sealed, custodian, _info(said, index))
    return canonical({**said, "sealed": base64.b64encode(sealed).decode()})


def open_escrow(document: bytes, keys: Sequence[X25519PrivateKey]) -> Escrow:
    """The ring in an escrow, when all of its custodians are there. Raises EscrowRefused."""
    said = _read(document)
    held = {key_id_of(key.public_key()): key for key in keys}
    missing = [custodian for custodian in said["custodians"] if custodian not in held]
    if missing:
        raise EscrowRefused(f"it takes the keys of all custodians; missing: {', '.join(missing)}")
    sealed = said.pop("sealed")
    try:
        for index, custodian in reversed([*enumerate(said["custodians"])]):
            sealed = _SUITE.decrypt(sealed, held[custodian], _info(said, index))
    except InvalidTag:
        raise EscrowRefused("what it holds is not what was sealed: it was changed, or damaged") from None
    files = {name: base64.b64decode(content) for name, content in json.loads(sealed).items()}
    return Escrow(datetime.fromisoformat(said["made"]), date.fromisoformat(said["destroyBy"]), files)


def restore_escrow(escrow: Escrow, into: Path, *, without: frozenset[str]) -> list[str]:
    """Write the ring in an escrow to folder `into`, at once; the ids of keys that were left out.

    `without`: ids of keys that were destroyed: those are not brought back. A municipality whose current
    sealing key is one of them gets a new one, which no ingest knows: rotate. Raises RingExists.
    """
    kept = {name: content for name, content in escrow.files.items() if not without & set(ids_in(name))}
    for name in [name for name in kept if re.fullmatch(f"{Use.SEALING}/[^/]+/current", name)]:
        if kept[name].decode().strip() in without:
            place = name.removesuffix("/current")
            fresh = first_key(Role.VAULT, Use.SEALING, *new_key(Use.SEALING))
            kept |= {f"{place}/{part}": content for part, content in fresh.items()}
    with folder.writing(into) as ring:
        folder.place(ring, ring, kept)
    left_out = {key_id for name in escrow.files.keys() - kept.keys() for key_id in ids_in(name)}
    return sorted(left_out & without)


def ids_in(name: str) -> tuple[str, ...]:
    """The id of the key that a file in a ring belongs to, when it belongs to one."""
    parts = Path(name).parts
    if parts[0] == DISPOSAL:
        found = DAY_KEY.fullmatch(parts[1])
        return (found[3],) if found else ()
    at = 2 if parts[0] == Use.SEALING else 1
    return (parts[at],) if len(parts) > at and KEY_ID.fullmatch(parts[at]) else ()


def _files(directory: Path) -> list[Path]:
    """Every file below, in order; of whatever is no safe file or folder the reading is refused."""
    found: list[Path] = []
    for name in sorted(folder.entries(directory)):
        path = directory / name
        found += _files(path) if path.is_dir() and not path.is_symlink() else [path]
    return found


def _read(document: bytes) -> dict[str, Any]:
    try:
        said = json.loads(document)
        custodians = said["custodians"]
        if said["type"] != TYPE or said["v"] != 1 or not all(isinstance(each, str) for each in custodians):
            raise ValueError
        return {**said, "sealed": base64.b64decode(said["sealed"], validate=True)}
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise EscrowRefused("this is no escrow of keys") from None


def _info(said: dict[str, Any], index: int) -> bytes:
    return _INFO + bytes([index]) + canonical(said)
