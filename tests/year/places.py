"""The five municipalities of the year: real published rules, people, cameras, docks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ingest.docks import DockIdentity
from vault.ids import PersonId
from vault.registry import Registrar
from vault.vault import Caller

ISSUER = "http://localhost:9"
TEAM = "centrum"
OFFICERS = 3


@dataclass(frozen=True)
class Want:
    """A kind of request that people of one municipality make, by its own rules."""

    role: str
    purpose: str
    prerequisites: tuple[str, ...] = ()
    recipient: str | None = None


@dataclass(frozen=True)
class Habits:
    """What people of one municipality ask for, and what they hold footage for by hand."""

    name: str
    wants: tuple[Want, ...]
    holds: tuple[tuple[str, str], ...]
    """Trigger, and the event that ends it."""


_ACCESS = ("subject-depicted", "demonstrable-interest")
HABITS: Mapping[str, Habits] = {
    "noordwijk": Habits(
        "Noordwijk",
        (
            Want("officer", "incidentafhandeling"),
            Want("decider", "inzageverzoek", _ACCESS),
            Want("supervisor", "opsporing", ("demand-received",), "politie"),
        ),
        (("viewing-request", "answered"),),
    ),
    "winterswijk": Habits(
        "Winterswijk",
        (Want("officer", "zelfevaluatie"), Want("decider", "inzageverzoek", _ACCESS)),
        (("legal-reason", "reason-lapsed"),),
    ),
    "rijswijk": Habits(
        "Rijswijk",
        (
            Want("complaint-handler", "klacht", ("complaint-filed",)),
            Want("decider", "inzageverzoek", _ACCESS),
            Want("decider", "opsporing", ("demand-received",), "om"),
        ),
        (("complaint", "settled"), ("demand", "investigation-ended")),
    ),
    "alphen-aan-den-rijn": Habits(
        "Alphen aan den Rijn",
        (
            Want("complaint-handler", "klacht", ("complaint-filed",)),
            Want("decider", "inzageverzoek", _ACCESS),
        ),
        (("complaint", "settled"), ("criminal-complaint", "settled")),
    ),
    "voorbeeldstad": Habits(
        "Voorbeeldstad",
        (
            Want("supervisor", "incidentafhandeling"),
            Want("supervisor", "klacht", ("complaint-filed",)),
            Want("officer", "zelfevaluatie"),
            Want("privacy-officer", "inzageverzoek", _ACCESS),
        ),
        (("complaint", "settled"), ("criminal-complaint", "judgment-final")),
    ),
}
_ROLES = ("supervisor", "decider", "privacy-officer", "complaint-handler")


@dataclass(frozen=True)
class Place:
    """One municipality, and who lives in it."""

    slug: str
    habits: Habits
    dock: DockIdentity
    cameras: tuple[str, ...]
    officers: tuple[str, ...]
    people: Mapping[str, Caller]
    """By role."""
    persons: Mapping[str, PersonId]
    """Officers, by what the dock calls them."""

    def of_role(self, role: str, maker: UUID) -> Caller:
        """Who asks in this role; an officer is the one who made the recording."""
        return Caller(PersonId(maker), "officer") if role == "officer" else self.people[role]


def build(registrar: Registrar, slug: str, public_key: str, *, now: datetime) -> Place:
    """Register a municipality, its people, cameras and dock."""
    habits = HABITS[slug]
    registrar.municipality(slug, habits.name, now=now)
    people = {}
    for role in _ROLES:
        person = registrar.person(ISSUER, f"{role}.{slug}", f"{role} {habits.name}", now=now)
        registrar.assign(person, slug, role, team=TEAM if role == "supervisor" else "", now=now)
        people[role] = Caller(person, f"{role} {habits.name}")
    officers = tuple(f"officer{number}.{slug}" for number in range(OFFICERS))
    persons = {}
    for subject in officers:
        persons[subject] = registrar.person(ISSUER, subject, subject, now=now)
        registrar.assign(persons[subject], slug, "officer", team=TEAM, now=now)
    cameras = tuple(f"{slug}-{number}" for number in range(OFFICERS))
    for serial in cameras:
        registrar.camera(slug, serial, now=now)
    dock = registrar.dock(slug, f"Dock {habits.name}", public_key, now=now)
    return Place(
        slug, habits, DockIdentity(dock, slug, f"Dock {habits.name}"), cameras, officers, people, persons
    )
