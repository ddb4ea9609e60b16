"""The registry: each thing once, nothing that belongs to nowhere, and every act in the trail."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from sqlalchemy import update

from console.demo import town
from tests.installation import MAKER, Installation
from tests.watching import entries, footage, keep, payload_of
from vault.audit import Event
from vault.facts import recording as facts_of
from vault.ids import PersonId, RecordingId, new_id
from vault.registry import AlreadyRegistered, DockKeyRefused, NotRegistered, Registrar, find_person
from vault.tables import Person

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def registrar(installation: Installation) -> Registrar:
    return Registrar(installation.vault.database, installation.vault.ring, MAKER)


def pem(key: PrivateKeyTypes) -> str:
    public = key.public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


P256 = pem(ec.generate_private_key(ec.SECP256R1()))


def test_each_thing_is_registered_once(installation: Installation, registrar: Registrar) -> None:
    before = len(entries(installation))
    supervisor = installation.town.people[town.SUPERVISOR.subject]
    issuer = str(installation.settings.oidc_issuer)
    with pytest.raises(AlreadyRegistered):
        registrar.municipality(town.SLUG, "Twice", now=NOW)
    with pytest.raises(AlreadyRegistered):
        registrar.person(issuer, town.SUPERVISOR.subject, "Twice", now=NOW)
    with pytest.raises(AlreadyRegistered):
        registrar.assign(supervisor, town.SLUG, "supervisor", team=town.TEAM, now=NOW)
    with pytest.raises(AlreadyRegistered):
        registrar.camera(town.SLUG, town.CAMERA, now=NOW)
    with pytest.raises(AlreadyRegistered):
        registrar.dock(town.SLUG, "Dock stadhuis", P256, now=NOW)
    assert len(entries(installation)) == before


def test_what_belongs_to_nowhere_is_told_apart(installation: Installation, registrar: Registrar) -> None:
    before = len(entries(installation))
    supervisor = installation.town.people[town.SUPERVISOR.subject]
    with pytest.raises(NotRegistered):
        registrar.assign(supervisor, "atlantis", "supervisor", now=NOW)
    with pytest.raises(NotRegistered):
        registrar.assign(PersonId(new_id()), town.SLUG, "supervisor", now=NOW)
    with pytest.raises(NotRegistered):
        registrar.camera("atlantis", "A-1", now=NOW)
    with pytest.raises(NotRegistered):
        registrar.dock("atlantis", "Dock", P256, now=NOW)
    with pytest.raises(NotRegistered):
        registrar.depict(RecordingId(new_id()), supervisor, now=NOW)
    assert len(entries(installation)) == before


def test_who_is_depicted(installation: Installation, registrar: Registrar) -> None:
    recording = keep(installation, footage(1000))
    supervisor = installation.town.people[town.SUPERVISOR.subject]
    with pytest.raises(NotRegistered):
        registrar.depict(recording, PersonId(new_id()), now=NOW)
    registrar.depict(recording, supervisor, now=NOW)
    with pytest.raises(AlreadyRegistered):
        registrar.depict(recording, supervisor, now=NOW)
    with installation.vault.database.reading() as session:
        assert facts_of(session, recording).depicted == {supervisor}
    [entry] = entries(installation, Event.OFFICER_DEPICTED)
    assert payload_of(installation, entry)["details"] == {"depicted": str(supervisor)}


def test_every_registration_is_in_the_trail(installation: Installation) -> None:
    told = [row.event for row in entries(installation)]
    assert told.count(Event.MUNICIPALITY_REGISTERED) == 1
    assert told.count(Event.PERSON_REGISTERED) == len(town.RESIDENTS)
    assert told.count(Event.PERSON_ASSIGNED) == sum(len(resident.roles) for resident in town.RESIDENTS)
    assert told.count(Event.CAMERA_REGISTERED) == told.count(Event.DOCK_REGISTERED) == 1
    for row in entries(installation, Event.PERSON_ASSIGNED):
        assert payload_of(installation, row)["actor"]["kind"] == "operator"


@pytest.mark.parametrize(
    "key",
    [
        "not a key",
        "",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(ed25519.Ed25519PrivateKey.generate()),
        pem(rsa.generate_private_key(65537, 2048)),
        P256.replace("PUBLIC", "PRIVATE"),
    ],
)
def test_a_dock_signs_with_p256(small: Installation, key: str) -> None:
    registrar = Registrar(small.vault.database, small.vault.ring, MAKER)
    with pytest.raises(DockKeyRefused):
        registrar.dock(town.SLUG, "Another dock", key, now=NOW)


def test_who_is_found(small: Installation) -> None:
    issuer = str(small.settings.oidc_issuer)
    with small.vault.database.transaction() as session:
        found = find_person(session, issuer, town.OFFICER.subject)
        assert found
        assert found.id == small.town.people[town.OFFICER.subject]
        assert find_person(session, issuer, "nobody") is None
        assert find_person(session, "https://elsewhere.example", town.OFFICER.subject) is None
        session.execute(update(Person).values(active=False))
        assert find_person(session, issuer, town.OFFICER.subject) is None
