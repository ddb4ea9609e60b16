"""Voorbeeldstad: a municipality that does not exist, with the people, cameras and dock the story needs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vault.ids import PersonId
from vault.registry import Registrar

SLUG = "voorbeeldstad"
CAMERA = "VB-0042"
TEAM = "centrum"


@dataclass(frozen=True)
class Resident:
    """Someone in the story: what the identity provider calls them, and what they do here."""

    subject: str
    name: str
    roles: tuple[tuple[str, str], ...]
    """Role, and the team it is held for."""


OFFICER = Resident("b.jansen", "Bo Jansen", (("officer", TEAM),))
SUPERVISOR = Resident("s.devries", "Sam de Vries", (("supervisor", TEAM),))
PRIVACY_OFFICER = Resident("p.bakker", "Puck Bakker", (("privacy-officer", ""),))
ADMINISTRATOR = Resident("f.visser", "Fem Visser", (("functional-administrator", ""),))
RESIDENTS = (OFFICER, SUPERVISOR, PRIVACY_OFFICER, ADMINISTRATOR)


@dataclass(frozen=True)
class Town:
    """What was registered."""

    dock: UUID
    dock_private_key: str
    """PEM. Only the dock has it; we made the dock."""
    camera: UUID
    people: dict[str, PersonId]


def build(registrar: Registrar, issuer: str, *, now: datetime) -> Town:
    """Register the municipality and everyone in it."""
    registrar.municipality(SLUG, "Voorbeeldstad", now=now)
    people = {}
    for resident in RESIDENTS:
        person = registrar.person(issuer, resident.subject, resident.name, now=now)
        people[resident.subject] = person
        for role, team in resident.roles:
            registrar.assign(person, SLUG, role, team=team, now=now)
    private = ec.generate_private_key(ec.SECP256R1())
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Town(
        dock=registrar.dock(SLUG, "Dock stadhuis", public_pem.decode(), now=now),
        dock_private_key=private_pem.decode(),
        camera=registrar.camera(SLUG, CAMERA, now=now),
        people=people,
    )
