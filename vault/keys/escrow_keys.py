"""The keys in an escrow, in memory: each is the one it is named after, and opens what it should."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from vault.keys.errors import EscrowRefused, KeyNotHeld
from vault.keys.escrow import Escrow, Files, ids_in
from vault.keys.footage import DayKey, WrappedKey, of_day, of_intake
from vault.keys.held import PseudonymSecret, WrappingKey, day_key_id_of, key_id_of, pseudonym_id_of
from vault.keys.layout import DAY_KEY, DISPOSAL, Use
from vault.keys.wrapping import data_key_of, unwrap_under, unwrap_with
from vault.sealing import DataKey

_SECRET = re.compile(r"[0-9a-f]{64}")


class EscrowKeys:
    """Every key of an escrow. Nothing is written anywhere."""

    def __init__(self, escrow: Escrow) -> None:
        """Raises EscrowRefused naming the first key that is not the one it is named after."""
        self._intake: dict[str, tuple[str, WrappingKey]] = {}
        self._days: dict[str, tuple[DayKey, bytes]] = {}
        self.ids: set[str] = set()
        """Of every key, whatever its use."""
        for place, files in _by_key(escrow.files):
            try:
                self._take(place, files)
            except (ValueError, KeyError, TypeError):
                raise EscrowRefused(f"{place} is not the key it is named after") from None

    def day_keys(self) -> dict[str, DayKey]:
        """As in a ring."""
        return {key_id: said for key_id, (said, _) in self._days.items()}

    def unwrap(self, wrapped: WrappedKey, *, recording: UUID, municipality: str) -> DataKey:
        """As a ring does. Raises KeyNotHeld, WrappingBroken."""
        if wrapped.key_id in self._days:
            said, secret = self._days[wrapped.key_id]
            if said.municipality == municipality:
                bound_to = of_day(wrapped.key_id, recording, municipality)
                return data_key_of(unwrap_under(secret, wrapped.sealed, bound_to))
        if wrapped.key_id in self._intake:
            of, key = self._intake[wrapped.key_id]
            if of == municipality:
                return data_key_of(unwrap_with(key, wrapped.sealed, of_intake(recording, municipality)))
        raise KeyNotHeld(f"no key {wrapped.key_id} of {municipality} in this escrow")

    def _take(self, place: Path, files: Files) -> None:
        use, key_id = place.parts[0], place.name
        if use == DISPOSAL:
            said = DAY_KEY.fullmatch(key_id)
            if said is None:
                raise ValueError
            day_key, key_id = DayKey(said[1], date.fromisoformat(said[2])), said[3]
            secret = _secret(files)
            self._days[key_id] = day_key, secret
            proven = day_key_id_of(secret, *day_key)
        elif use == Use.PSEUDONYM:
            proven = pseudonym_id_of(PseudonymSecret(_secret(files)))
        elif use == Use.RECEIPT:
            public = load_pem_public_key(files["public.pem"])
            if not isinstance(public, ec.EllipticCurvePublicKey):
                raise ValueError
            proven = key_id_of(public)
        else:
            private = load_pem_private_key(files["private.pem"], None)
            if not isinstance(private, X25519PrivateKey | Ed25519PrivateKey):
                raise ValueError
            proven = key_id_of(private.public_key())
            if use == Use.SEALING and isinstance(private, X25519PrivateKey):
                self._intake[key_id] = place.parts[1], WrappingKey(private.public_key(), private)
        if proven != key_id:
            raise ValueError
        self.ids.add(key_id)


def _by_key(files: Files) -> Iterator[tuple[Path, Files]]:
    """The files of each key, with where it stands in the ring."""
    of_key: dict[Path, Files] = defaultdict(dict)
    for name, content in files.items():
        if ids_in(name):
            of_key[Path(name).parent][Path(name).name] = content
    yield from of_key.items()


def _secret(files: Files) -> bytes:
    text = files["secret.hex"].decode("ascii").strip()
    if not _SECRET.fullmatch(text):
        raise ValueError
    return bytes.fromhex(text)
