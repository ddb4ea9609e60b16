"""Keys that open footage, in a PKCS#11 token: an HSM, or what plays one (docs/decisions/hardware-keys.md).

No key that opens ever is in this process. An intake key's private half agrees with a point inside the token,
and the rest of HPKE is done here; a day key encrypts and decrypts inside it. So a key that was destroyed
opens nothing from that moment on, in whichever process.
"""

from collections.abc import Callable
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, ObjectClass, Session

from vault.keys import token_objects as objects
from vault.keys import token_operations as operations
from vault.keys.decapsulating import SUITE, open_sealed
from vault.keys.errors import KeyNotHeld, RingExists, TokenRefused
from vault.keys.footage import DayKey, WrappedKey, of_day, of_intake
from vault.keys.layout import KEY_ID, MUNICIPALITY
from vault.keys.token_objects import DayLabel, IntakeLabel, Label
from vault.keys.token_session import TokenSession
from vault.keys.wrapping import data_key_of
from vault.sealing import DataKey

Answer = TypeVar("Answer")

_OPENERS = (ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY)
# Public halves first: nobody may wrap for a key of which the other half is gone already.
_KINDS = (ObjectClass.PUBLIC_KEY, *_OPENERS)
_GONE = (pkcs11.ObjectHandleInvalid, pkcs11.KeyHandleInvalid)


@cache
def open_token(module: Path, label: str, pin: str | None) -> "TokenKeys":
    """The keys in a token, as this process has them: who asks again gets the same, with the same session."""
    return TokenKeys(module, label, pin)


class TokenKeys:
    """`vault.keys.footage.FootageKeys` in a token. Every method may raise TokenRefused and TokenAway too."""

    def __init__(self, module: Path, label: str, pin: str | None) -> None:
        """`pin`: None for ingest, which wraps and does nothing else."""
        self._token = TokenSession(module, label, pin)

    def __repr__(self) -> str:
        return f"TokenKeys({'opens' if self._token.logged_in else 'wraps'})"

    def check(self) -> None:
        """Look at every key of ours. Raises TokenRefused for one that was not made in the token, and for an
        intake key whose halves do not belong together."""
        self._token.use(_check if self._token.logged_in else _published)

    def municipalities(self) -> frozenset[str]:
        """Those that have an intake key."""
        return frozenset(label.municipality for label in self._token.use(_published))

    def wrap(self, key: DataKey, *, recording: UUID, municipality: str) -> WrappedKey:
        """Wrap a data key for the municipality's current intake key, whose public half the token tells."""
        publics = {
            label: point
            for label, point in self._token.use(_published).items()
            if label.municipality == municipality
        }
        if not publics:
            raise KeyNotHeld(f"no intake key of {municipality} in the token")
        current = max(publics)
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), publics[current])
        sealed = SUITE.encrypt(key.reveal(), public, of_intake(recording, municipality))
        return WrappedKey(current.key_id, sealed)

    def unwrap(self, wrapped: WrappedKey, *, recording: UUID, municipality: str) -> DataKey:
        """Open a data key by an intake key or a day key, in the token. Raises WrappingBroken."""

        def opened(session: Session) -> bytes:
            label, key = self._opener(session, wrapped.key_id, municipality)
            if isinstance(label, DayLabel):
                bound_to = of_day(wrapped.key_id, recording, municipality)
                return operations.decrypt(key, wrapped.sealed, bound_to)
            point = objects.points_of(session, published=False).get(label)
            if point is None:
                raise KeyNotHeld(f"the token has no public half of {wrapped.key_id}")
            info = of_intake(recording, municipality)
            return open_sealed(partial(operations.agree, key), point, wrapped.sealed, info)

        return data_key_of(self._use(opened))

    def make_day_key(self, municipality: str, day: date) -> str:
        """Make a day key in the token; its id."""
        label = DayLabel(municipality, day, objects.new_id())

        def make(session: Session) -> str:
            if municipality not in {found.municipality for found in _published(session)}:
                raise KeyNotHeld(f"no intake key of {municipality} in the token")
            objects.make_secret(session, label)
            return label.key_id

        return self._use(make)

    def wrap_for_day(self, key: DataKey, key_id: str, *, recording: UUID, municipality: str) -> WrappedKey:
        """Wrap a data key under a day key of its municipality, in the token."""

        def wrapped(session: Session) -> bytes:
            label, secret = self._opener(session, key_id, municipality)
            if not isinstance(label, DayLabel):
                raise KeyNotHeld(f"{key_id} is no day key")
            return operations.encrypt(secret, key.reveal(), of_day(key_id, recording, municipality))

        return WrappedKey(key_id, self._use(wrapped))

    def day_keys(self) -> dict[str, DayKey]:
        """Every day key in the token, by id; for ingest there are none."""
        if not self._token.logged_in:
            return {}
        labels = self._token.use(lambda session: _labels(session, ObjectClass.SECRET_KEY))
        days = (label for label in labels if isinstance(label, DayLabel))
        return {label.key_id: DayKey(label.municipality, label.day) for label in days}

    def intake_keys(self, municipality: str) -> tuple[str, ...]:
        """The ids of a municipality's intake keys: the current one first, what is not published last."""

        def listed(session: Session) -> list[str]:
            published = sorted(_published(session), reverse=True)
            others = [label for label in _labels(session, ObjectClass.PRIVATE_KEY) if label not in published]
            return [label.key_id for label in (*published, *others) if label.municipality == municipality]

        ids = self._token.use(listed)
        if not ids:
            raise KeyNotHeld(f"no intake key of {municipality} in the token")
        return tuple(ids)

    def add(self, municipality: str) -> str:
        """Make a municipality's first intake key; its id. Raises RingExists when it has one."""
        if not MUNICIPALITY.fullmatch(municipality):
            raise ValueError(f"{municipality!r} is no municipality's id: lower-case letters, digits, hyphens")
        if municipality in self.municipalities():
            raise RingExists(f"{municipality} has its keys already")
        return self._next_intake(municipality)

    def rotate_intake(self, municipality: str) -> str:
        """Wrap what comes in for a new key from now on; its id."""
        if municipality not in self.municipalities():
            raise KeyNotHeld(f"no intake key of {municipality} in the token")
        return self._next_intake(municipality)

    def _next_intake(self, municipality: str) -> str:
        """1. the pair; 2. it is tried; 3. it is published, where ingest finds it.

        Dying before the last leaves a key that nobody wraps for.
        """

        def rotated(session: Session) -> str:
            known = {*_published(session), *_labels(session, ObjectClass.PRIVATE_KEY)}
            generations = [
                label.generation
                for label in known
                if isinstance(label, IntakeLabel) and label.municipality == municipality
            ]
            label = IntakeLabel(municipality, 1 + max(generations, default=0), objects.new_id())
            point, private = objects.make_pair(session, label)
            operations.prove(point, private)
            objects.publish(session, label, point)
            return label.key_id

        return self._use(rotated)

    def destroy(self, key_id: str) -> bool:
        """Destroy a day key, or an intake key that is not current, in the token; whether it was there."""

        def destroyed(session: Session) -> bool:
            newest: dict[str, IntakeLabel] = {}
            for label in sorted(_published(session)):
                newest[label.municipality] = label
            if key_id in {label.key_id for label in newest.values()}:
                raise KeyNotHeld(f"{key_id} is in use: rotate first")
            return bool(self._destroy(session, [key_id] if KEY_ID.fullmatch(key_id) else []))

        return self._use(destroyed)

    def destroy_all(self, municipality: str) -> int:
        """Destroy every key of a municipality, current ones too; how many. There is no undo."""

        def destroyed(session: Session) -> int:
            labels = {label for kind in _KINDS for label in _labels(session, kind)}
            return self._destroy(
                session, [label.key_id for label in labels if label.municipality == municipality]
            )

        return self._use(destroyed)

    def _destroy(self, session: Session, key_ids: list[str]) -> int:
        gone: set[str] = set()
        for kind in _KINDS:
            for key_id in key_ids:
                self._token.handles.pop(bytes.fromhex(key_id), None)
                for _, found in objects.all_of(session, kind, key_id):
                    try:
                        found.destroy()
                    except _GONE:
                        continue  # another process was first
                    gone.add(key_id)
        return len(gone)

    def _use(self, act: Callable[[Session], Answer]) -> Answer:
        """As the session's, for whoever has a PIN. Raises KeyNotHeld for ingest, without asking the token."""
        if not self._token.logged_in:
            raise KeyNotHeld("without a PIN the token wraps, and does nothing else")
        return self._token.use(act)

    def _opener(self, session: Session, key_id: str, municipality: str) -> tuple[Label, pkcs11.Object]:
        """The private or secret key of that id, when it is the municipality's. Raises KeyNotHeld.

        Looking one up among a thousand takes a while: where it was is remembered, and asked whether it still
        is there, for a token may give its number to another.
        """
        if not KEY_ID.fullmatch(key_id):
            raise KeyNotHeld(f"no key {key_id} in the token")
        raw = bytes.fromhex(key_id)
        found = self._still(raw)
        if found is None:
            found = next((each for kind in _OPENERS for each in objects.all_of(session, kind, key_id)), None)
        if found is None:
            raise KeyNotHeld(f"no key {key_id} in the token")
        if found[0].municipality != municipality:
            raise KeyNotHeld(f"key {key_id} is not {municipality}'s")
        self._token.handles[raw] = found[1]
        return found

    def _still(self, raw: bytes) -> tuple[Label, pkcs11.Object] | None:
        found = self._token.handles.pop(raw, None)
        if found is None:
            return None
        try:
            label = objects.read_label(found[Attribute.LABEL])
            same = found[Attribute.ID] == raw and found[Attribute.CLASS] in _OPENERS
        except _GONE:
            return None
        return (label, found) if label is not None and same else None


def _published(session: Session) -> dict[IntakeLabel, bytes]:
    return objects.points_of(session, published=True)


def _labels(session: Session, kind: ObjectClass) -> list[Label]:
    return [label for label, _ in objects.all_of(session, kind)]


def _check(session: Session) -> None:
    openers = {label: found for kind in _OPENERS for label, found in objects.all_of(session, kind)}
    for label, found in openers.items():
        if not objects.is_ours(found):
            raise TokenRefused(
                f"{label} was not made in the token, or can leave it: destroy it, and find out who made it"
            )
    points = objects.points_of(session, published=False)
    for intake, point in points.items():
        if intake in openers:
            operations.prove(point, openers[intake])
    for intake, point in _published(session).items():
        if points.get(intake) != point or intake not in openers:
            raise TokenRefused(
                f"{intake} is published and not ours: stop ingest, destroy it, and find out who put it "
                "there; whoever did can open what was wrapped for it"
            )
