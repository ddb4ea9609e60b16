"""What stands in a token: which objects, with which attributes, and how one of ours is told from another's.

::

    bodycam/<municipality>/intake/<generation>/<key id>    both halves, and the public half as published
    bodycam/<municipality>/<year-month-day>/<key id>       secret, AES-256

These are labels (CKA_LABEL); a key id, 16 hex digits, is the object's CKA_ID too. An intake key is EC on
P-256. What is published (CKA_PRIVATE false) is all that ingest sees; of that the highest generation is
current. Who has no PIN may be able to write or delete there, so the vault goes by its own copy of the public
half (CKA_PRIVATE true). A private or secret key is made in the token, and can never leave it: an object that
says otherwise of itself is not ours.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pkcs11
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from vault.keys.decapsulating import POINT
from vault.keys.layout import KEY_ID, MUNICIPALITY

_LABEL = re.compile(
    rf"bodycam/(?P<of>{MUNICIPALITY.pattern})/"
    rf"(intake/(?P<generation>[0-9]+)|(?P<day>\d{{4}}-\d\d-\d\d))/(?P<id>{KEY_ID.pattern})"
)
_CURVE = encode_named_curve_parameters("secp256r1")
_STAYS = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}
_STAYED = (Attribute.PRIVATE, Attribute.ALWAYS_SENSITIVE, Attribute.NEVER_EXTRACTABLE, Attribute.LOCAL)
"""What a token says of a key that was made in it and never left it; nobody can write these."""


@dataclass(frozen=True, order=True)
class IntakeLabel:
    """What an intake key's label says."""

    municipality: str
    generation: int
    key_id: str

    def __str__(self) -> str:
        return f"bodycam/{self.municipality}/intake/{self.generation}/{self.key_id}"


@dataclass(frozen=True, order=True)
class DayLabel:
    """What a day key's label says."""

    municipality: str
    day: date
    key_id: str

    def __str__(self) -> str:
        return f"bodycam/{self.municipality}/{self.day}/{self.key_id}"


Label = IntakeLabel | DayLabel


def read_label(text: object) -> Label | None:
    """What a label says, when it is one of ours."""
    found = _LABEL.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    if found["generation"]:
        return IntakeLabel(found["of"], int(found["generation"]), found["id"])
    try:
        return DayLabel(found["of"], date.fromisoformat(found["day"]), found["id"])
    except ValueError:
        return None


def new_id() -> str:
    """An id for a key that is to be made."""
    return secrets.token_hex(8)


def all_of(
    session: pkcs11.Session, kind: ObjectClass, key_id: str | None = None
) -> Iterator[tuple[Label, pkcs11.Object]]:
    """Our objects of that class, one by one; with `key_id` those of that key."""
    wanted: dict[Attribute, Any] = {Attribute.CLASS: kind, Attribute.TOKEN: True}
    if key_id is not None:
        wanted[Attribute.ID] = bytes.fromhex(key_id)
    # To its end: a search that is left open is in the way of everything else.
    for found in list(session.get_objects(wanted)):
        try:
            label = read_label(found[Attribute.LABEL])
        except (pkcs11.ObjectHandleInvalid, pkcs11.AttributeTypeInvalid, KeyError):
            # Destroyed meanwhile, or another's.
            continue
        if label is not None and (key_id is None or label.key_id == key_id):
            yield label, found


def points_of(session: pkcs11.Session, *, published: bool) -> dict[IntakeLabel, bytes]:
    """The points of intake keys: as they were published, or as the vault has them."""
    return {
        label: _point(found)
        for label, found in all_of(session, ObjectClass.PUBLIC_KEY)
        if isinstance(label, IntakeLabel) and found[Attribute.PRIVATE] is not published
    }


def make_pair(session: pkcs11.Session, label: IntakeLabel) -> tuple[bytes, pkcs11.Object]:
    """Make an intake key, durable: its point, its private half. Nobody wraps for it before `publish`."""
    curve = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: _CURVE}, local=True)
    public, private = curve.generate_keypair(
        id=bytes.fromhex(label.key_id),
        label=str(label),
        store=True,
        capabilities=MechanismFlag.DERIVE,
        public_template={Attribute.PRIVATE: True},
        private_template=_STAYS,
    )
    return _point(public), private


def publish(session: pkcs11.Session, label: IntakeLabel, point: bytes) -> None:
    """Put the point of an intake key where ingest finds it: from now on it is wrapped for."""
    session.create_object(
        {
            Attribute.CLASS: ObjectClass.PUBLIC_KEY,
            Attribute.KEY_TYPE: KeyType.EC,
            Attribute.EC_PARAMS: _CURVE,
            Attribute.EC_POINT: b"\x04\x41" + point,
            Attribute.ID: bytes.fromhex(label.key_id),
            Attribute.LABEL: str(label),
            Attribute.TOKEN: True,
            Attribute.PRIVATE: False,
        }
    )


def make_secret(session: pkcs11.Session, label: DayLabel) -> None:
    """Make a day key; it is durable when this returns."""
    session.generate_key(
        KeyType.AES,
        256,
        id=bytes.fromhex(label.key_id),
        label=str(label),
        store=True,
        capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
        template=_STAYS,
    )


def is_ours(found: pkcs11.Object) -> bool:
    """Whether a private or secret key was made in the token and can never leave it."""
    try:
        return all(found[attribute] is True for attribute in _STAYED)
    except pkcs11.PKCS11Error:
        return False


def _point(public: pkcs11.Object) -> bytes:
    """Uncompressed: tokens give it as it is, or as a DER OCTET STRING."""
    point = bytes(public[Attribute.EC_POINT])
    return point[2:] if point[:2] == b"\x04\x41" and len(point) == 2 + POINT else point
