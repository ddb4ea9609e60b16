"""What the tests of the docks' door share: a dock that speaks plain tus, an open door, and what is kept."""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwt
from sqlalchemy import select

from console.demo import town
from ingest.app import make_app, now_utc
from ingest.intake import Intake
from tests.installation import MAKER, Installation, at_scale, embedded, free_port, listening
from tests.servers.postgres import Postgres
from vault.footage import Footage, parts_of
from vault.ids import RecordingId
from vault.invariants import check_all
from vault.keys import WrappedKey, verify_receipt
from vault.objects import ObjectStore
from vault.registry import Registrar
from vault.rulesets import RuleSets
from vault.settings import Settings
from vault.tables import Arrival, AuditEntry, Recording, SealedKey, State

TUS = {"Tus-Resumable": "1.0.0"}
BODY = {"Content-Type": "application/offset+octet-stream"}
PART = 64 * 1024
"""Plaintext bytes of a part here: the least there can be, so that little footage has many parts."""
T = TypeVar("T")
PATIENCE = 60.0
"""Seconds until a test gives up on the door."""


@dataclass(frozen=True)
class Dock:
    """One dock at one open door."""

    url: str
    id: UUID
    private_key: str
    ahead: int = 0
    """Seconds that its clock is ahead of ours, for a door whose clock is."""

    def token(self, *, key: str | None = None, algorithm: str = "ES256", **claims: object) -> str:
        """A bearer token as the door wants it, but for what the test changes; None leaves a claim out."""
        now = int(time.time()) + self.ahead
        said = {"iss": str(self.id), "aud": self.url, "iat": now, "exp": now + 300, **claims}
        present = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(present, key or self.private_key, algorithm=algorithm)

    def headers(self, **more: str) -> dict[str, str]:
        """What every request carries; an underscore in a name of `more` stands for a hyphen."""
        given = {name.replace("_", "-"): value for name, value in more.items()}
        return {**TUS, "Authorization": f"Bearer {self.token()}", **given}

    def found(self, upload: str) -> str:
        """Where an upload stands that another door began."""
        return f"{self.url}/uploads/{id_of(upload)}"

    def announce(self, length: int, **metadata: str | None) -> requests.Response:
        """Announce a recording (tus creation)."""
        headers = self.headers(Upload_Length=str(length), Upload_Metadata=said(**metadata))
        return requests.post(f"{self.url}/uploads", headers=headers, timeout=PATIENCE)

    def begin(self, length: int, **metadata: str | None) -> str:
        """Announce a recording; the URL of its upload."""
        answer = self.announce(length, **metadata)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def send(self, upload: str, data: bytes, offset: int = 0, **more: str) -> requests.Response:
        """Append `data` at `offset` (tus PATCH)."""
        headers = self.headers(Upload_Offset=str(offset), **more) | BODY
        return requests.patch(upload, data=data, headers=headers, timeout=PATIENCE)

    def head(self, upload: str) -> requests.Response:
        """How far an upload is (tus HEAD)."""
        return requests.head(upload, headers=self.headers(), timeout=PATIENCE)

    def offset(self, upload: str) -> int:
        """What the door acknowledges of an upload."""
        return int(self.head(upload).headers["Upload-Offset"])

    def withdraw(self, upload: str) -> requests.Response:
        """End an upload (tus termination)."""
        return requests.delete(upload, headers=self.headers(), timeout=PATIENCE)

    def upload(self, content: bytes, **metadata: str | None) -> str:
        """Announce `content` and send all of it; the URL of the upload."""
        upload = self.begin(len(content), **metadata)
        self.go_on(upload, content, 0)
        return upload

    def go_on(self, upload: str, content: bytes, offset: int, chunk: int | None = None) -> None:
        """Send what is missing of `content` from `offset` on."""
        while offset < len(content):
            answer = self.send(upload, content[offset : offset + (chunk or len(content))], offset)
            assert answer.status_code == 204, answer.text
            offset = int(answer.headers["Upload-Offset"])

    def ask_receipt(self, upload: str) -> requests.Response:
        """Ask once what became of an upload."""
        return requests.get(f"{upload}/receipt", headers=self.headers(), timeout=PATIENCE)

    def receipt(self, upload: str) -> dict[str, Any]:
        """What became of an upload, as soon as the door knows; its signature is checked."""
        answer = wait_for(lambda: _ended(self.ask_receipt(upload)), f"no receipt for {upload}")
        keys = requests.get(f"{self.url}/receipt-keys", timeout=PATIENCE).json()
        found: dict[str, Any] = answer.json()
        return {**found, "claims": verify_receipt(found["receipt"], keys)}


def _ended(answer: requests.Response) -> requests.Response | None:
    assert answer.status_code in (200, 202), answer.text
    return answer if answer.status_code == 200 else None


def said(**changed: str | None) -> str:
    """An Upload-Metadata header of Voorbeeldstad, but for what is `changed`; None leaves a pair out."""
    pairs = {
        "camera": town.CAMERA,
        "officer": town.OFFICER.subject,
        "startedAt": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        **changed,
    }
    return ",".join(f"{name} {encoded(value)}" for name, value in pairs.items() if value is not None)


def encoded(value: str | bytes) -> str:
    """Base64, as tus headers carry values."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def checksum(data: bytes, algorithm: str = "sha256") -> str:
    """An Upload-Checksum header."""
    return f"{algorithm} {encoded(hashlib.new(algorithm, data).digest())}"


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def wait_for(look: Callable[[], T | None], otherwise: str, seconds: float = PATIENCE) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
    return found


@contextmanager
def standing_installation(kind: str, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """An installation that the tests of one file share; afterwards the world must be whole."""
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    home = factory.mktemp("installation")
    if kind == "embedded":
        made = embedded(home, part_bytes=PART)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        made = at_scale(home, server.fresh(), request.getfixturevalue("radosgw"), part_bytes=PART)
    yield made
    made.settle()
    findings = check_all(made.vault, now=datetime.now(UTC))
    made.vault.database.close()
    made.intake.database.close()
    assert findings == []


def settings_at(installation: Installation, port: int, **changed: Any) -> Settings:
    """Ingest's settings for a door at `port`."""
    here = {"ingest_url": f"http://127.0.0.1:{port}", "ingest_listen": f"127.0.0.1:{port}"}
    return installation.ingest_settings.model_copy(update={**here, **changed})


@contextmanager
def opened(
    installation: Installation,
    *,
    clock: Callable[[], datetime] = now_utc,
    store: ObjectStore | None = None,
    **changed: Any,
) -> Iterator[Dock]:
    """The docks' door of `installation` behind a real server, and its town's dock standing before it."""
    port = free_port()
    settings = settings_at(installation, port, **changed)
    intake = replace(installation.intake, settings=settings, store=store or installation.intake.store)
    with listening(make_app(intake, clock), port) as url:
        yield dock_at(installation, url)


def dock_at(installation: Installation, url: str) -> Dock:
    """The town's dock before the door at `url`."""
    return Dock(url, installation.town.dock, installation.town.dock_private_key)


def another_dock(installation: Installation, url: str, name: str, municipality: str = town.SLUG) -> Dock:
    """A dock that is registered now, with a key of its own."""
    public, private = key_pair()
    registrar = Registrar(installation.vault.database, installation.vault.ring, MAKER)
    made = registrar.dock(municipality, name, public, now=datetime.now(UTC))
    return Dock(url, made, private)


def key_pair() -> tuple[str, str]:
    """A new EC P-256 key in PEM: public, private."""
    private = ec.generate_private_key(ec.SECP256R1())
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return public_pem.decode(), private_pem.decode()


def id_of(upload: str) -> RecordingId:
    """The recording an upload's URL is about."""
    return RecordingId(UUID(upload.rpartition("/")[2]))


@dataclass(frozen=True)
class Rows:
    """What the database holds of one recording."""

    recording: Recording
    arrival: Arrival
    sealed_key: SealedKey | None
    objects: list[str]
    """The names that its parts own, in order."""


def rows(installation: Installation, upload: str) -> Rows:
    """What the database holds of an upload."""
    recording = id_of(upload)
    with installation.vault.database.reading() as session:
        return Rows(
            session.get_one(Recording, recording),
            session.get_one(Arrival, recording),
            session.get(SealedKey, recording),
            [part.object_name for part in parts_of(session, recording)],
        )


def stored(installation: Installation, upload: str = "") -> list[str]:
    """Names in the store: all, or those of one upload."""
    prefix = f"{id_of(upload)}/" if upload else ""
    return [found.name for found in installation.vault.store.list(prefix)]


def as_kept(installation: Installation, upload: str) -> bytes:
    """The plaintext of a sealed recording, opened as the vault does: by its own ring."""
    recording = id_of(upload)
    sealed = rows(installation, upload).sealed_key
    assert sealed is not None
    with installation.vault.database.reading() as session:
        parts = parts_of(session, recording)
    key = installation.vault.ring.unwrap(
        WrappedKey(sealed.key_id, sealed.sealed), recording=recording, municipality=town.SLUG
    )
    footage = Footage(installation.vault.store, recording, key, parts)
    return b"".join(footage.read(0, footage.length - 1))


def events(installation: Installation, upload: str) -> list[str]:
    """What the trail tells of a recording, in order."""
    name = installation.vault.ring.pseudonym("recording", str(id_of(upload)))
    with installation.vault.database.reading() as session:
        query = select(AuditEntry.event).where(AuditEntry.object == name).order_by(AuditEntry.seq)
        return list(session.scalars(query))


def received(installation: Installation, content: bytes, **metadata: str | None) -> str:
    """An upload that is complete and that nobody examined: its process died."""
    with opened(installation) as dock, pytest.MonkeyPatch.context() as patched:
        patched.setattr("ingest.door.Door.begin_examination", lambda *_: None)
        upload = dock.upload(content, **metadata)
    assert rows(installation, upload).recording.state == State.RECEIVED
    return upload


def kept_as_whole(installation: Installation, upload: str, content: bytes) -> None:
    """Check that an upload is kept, bit by bit, and that its arrival is over."""
    found = rows(installation, upload)
    assert (found.recording.state, found.recording.sha256) == (State.KEPT, digest(content))
    assert (found.arrival.key_id, found.arrival.sealed, found.arrival.examined_until) == (None, None, None)
    assert as_kept(installation, upload) == content


def lacking_records(installation: Installation, *names: str) -> Installation:
    """The same installation, but for a rule set in which the town lacks the legal records of these names."""
    own = dict(installation.intake.rule_sets.folders[town.SLUG])
    for name in names:
        own["terms.toml"] = re.sub(rf"\[records\.{name}\]\n(.+\n)+", "", own["terms.toml"])
    return replace(installation, intake=replace(installation.intake, rule_sets=RuleSets({town.SLUG: own})))


def intake_of(installation: Installation, **changed: Any) -> Intake:
    """Ingest's means with `changed` settings, for its verbs without a door."""
    settings = installation.ingest_settings.model_copy(update=changed)
    return replace(installation.intake, settings=settings)
