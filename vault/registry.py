"""Who and what the system knows: municipalities, people and their roles, cameras, docks.

The functional administrator's verbs. Each registers in the trail what it did; none of them lets anyone
see footage. Each raises AlreadyRegistered for what is there, NotRegistered for what it needs and is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import Row, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Actor, Entry, Event
from vault.base import Base
from vault.db import Database
from vault.ids import PersonId, RecordingId, new_id
from vault.keys import KeyRing
from vault.rulesets import known_roles
from vault.tables import Assignment, Camera, Depiction, Dock, Municipality, Person, Recording

FOREIGN_KEY_OF_POSTGRESQL = "23503"
FOREIGN_KEY_OF_SQLITE = "SQLITE_CONSTRAINT_FOREIGNKEY"


class AlreadyRegistered(Exception):
    """Something with that name is registered already; nothing was changed."""


class NotRegistered(Exception):
    """Nothing with that name is registered."""


class RoleUnknown(Exception):
    """A role must be one that rules can speak of."""


class DockKeyRefused(Exception):
    """A dock's public key must be an EC P-256 key in PEM (it signs with ES256)."""


@dataclass(frozen=True)
class Registrar:
    """Whoever registers, and the means to write it down: given once, used by each verb."""

    database: Database
    ring: KeyRing
    actor: Actor

    def municipality(self, slug: str, name: str, *, now: datetime) -> None:
        """Register a municipality by the name of its rule set."""
        row = Municipality(id=slug, name=name)
        self._add(row, Event.MUNICIPALITY_REGISTERED, slug, ("municipality", slug), now, {})

    def person(self, issuer: str, subject: str, name: str, *, now: datetime) -> PersonId:
        """Register someone by what the identity provider calls them. They can do nothing until assigned."""
        row = Person(id=new_id(), issuer=issuer, subject=subject, name=name, active=True)
        self._add(row, Event.PERSON_REGISTERED, None, ("person", str(row.id)), now, {"subject": subject})
        return PersonId(row.id)

    def assign(
        self, person: PersonId, municipality: str, role: str, *, team: str = "", now: datetime
    ) -> None:
        """Give someone a role for a municipality, where it matters for one team. Raises RoleUnknown."""
        if role not in known_roles():
            raise RoleUnknown(f"{role}: no such role; there are {', '.join(sorted(known_roles()))}")
        row = Assignment(person_id=person, municipality_id=municipality, role=role, team=team)
        details = {"role": role, "team": team}
        self._add(row, Event.PERSON_ASSIGNED, municipality, ("person", str(person)), now, details)

    def camera(self, municipality: str, serial: str, *, now: datetime) -> UUID:
        """Register a camera by the serial number its dock announces."""
        row = Camera(id=new_id(), municipality_id=municipality, serial=serial)
        thing = ("camera", str(row.id))
        self._add(row, Event.CAMERA_REGISTERED, municipality, thing, now, {"serial": serial})
        return row.id

    def dock(self, municipality: str, name: str, public_key_pem: str, *, now: datetime) -> UUID:
        """Register a dock by its public key. Raises DockKeyRefused for another kind of key."""
        _require_p256(public_key_pem)
        row = Dock(
            id=new_id(), municipality_id=municipality, name=name, public_key=public_key_pem, active=True
        )
        self._add(row, Event.DOCK_REGISTERED, municipality, ("dock", str(row.id)), now, {"name": name})
        return row.id

    def depict(self, recording: RecordingId, person: PersonId, *, now: datetime) -> None:
        """Mark that an officer can be seen in a recording: their own rights depend on it."""
        with self.database.transaction() as session:
            kept = session.get(Recording, recording)
            if kept is None or session.get(Person, person) is None:
                raise NotRegistered
            self._write(
                session,
                Depiction(recording_id=recording, person_id=person),
                Event.OFFICER_DEPICTED,
                kept.municipality_id,
                ("recording", str(recording)),
                now,
                {"depicted": str(person)},
            )

    def withdraw(
        self, person: PersonId, municipality: str, role: str, *, team: str = "", now: datetime
    ) -> None:
        """Take a role back, from the next request on. Grants they hold stay: revoke those."""
        with self.database.transaction() as session:
            row = session.get(Assignment, (person, municipality, role, team))
            if row is None:
                raise NotRegistered
            session.delete(row)
            details = {"role": role, "team": team}
            self._append(session, Event.PERSON_WITHDRAWN, municipality, ("person", str(person)), now, details)

    def deactivate_person(self, person: PersonId, *, now: datetime) -> None:
        """Someone left: from the next request on they can do nothing, also not under a grant they hold."""
        with self.database.transaction() as session:
            row = session.get(Person, person)
            if row is None:
                raise NotRegistered
            row.active = False
            self._append(session, Event.PERSON_DEACTIVATED, None, ("person", str(person)), now, {})

    def deactivate_dock(self, name: str, *, now: datetime) -> None:
        """A dock is gone, or its key may be: from the next request on its tokens are refused."""
        with self.database.transaction() as session:
            row = session.scalar(select(Dock).where(Dock.name == name))
            if row is None:
                raise NotRegistered
            row.active = False
            thing = ("dock", str(row.id))
            self._append(session, Event.DOCK_DEACTIVATED, row.municipality_id, thing, now, {"name": name})

    def _add(
        self,
        row: Base,
        event: Event,
        municipality: str | None,
        thing: tuple[str, str],
        now: datetime,
        details: Mapping[str, object],
    ) -> None:
        with self.database.transaction() as session:
            self._write(session, row, event, municipality, thing, now, details)

    def _write(
        self,
        session: Session,
        row: Base,
        event: Event,
        municipality: str | None,
        thing: tuple[str, str],
        now: datetime,
        details: Mapping[str, object],
    ) -> None:
        session.add(row)
        try:
            session.flush()
        except IntegrityError as error:
            raise (NotRegistered if _points_nowhere(error) else AlreadyRegistered) from error
        self._append(session, event, municipality, thing, now, details)

    def _append(
        self,
        session: Session,
        event: Event,
        municipality: str | None,
        thing: tuple[str, str],
        now: datetime,
        details: Mapping[str, object],
    ) -> None:
        audit.append(
            session,
            self.ring,
            Entry(
                event=event,
                at=now,
                actor=self.actor,
                municipality=municipality,
                thing=thing,
                details=details,
            ),
        )


# Put together once: it is asked for every request that comes in.
_CALLED = select(Person.id, Person.name).where(
    Person.issuer == bindparam("issuer"), Person.subject == bindparam("subject"), Person.active.is_(True)
)


def find_person(session: Session, issuer: str, subject: str) -> Row[UUID, str] | None:
    """Id and name of the active person whom an identity provider's `issuer` calls `subject`.

    Nobody when unknown or inactive.
    """
    return session.execute(_CALLED, {"issuer": issuer, "subject": subject}).first()


def _points_nowhere(error: IntegrityError) -> bool:
    """Whether a row was refused because what it belongs to is not there, rather than that it is itself."""
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", "")
    return state in (FOREIGN_KEY_OF_POSTGRESQL, FOREIGN_KEY_OF_SQLITE)


def _require_p256(pem: str) -> None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DockKeyRefused from error
    if not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)):
        raise DockKeyRefused
