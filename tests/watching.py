"""What tests of the vault share: footage kept in a moment, people at their desks, a clock to move."""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests
from sqlalchemy import select, update

from console.demo import town
from console.demo.staff import Desk
from console.demo.town import Resident
from ingest import examination
from ingest.announcement import Announcement, announce
from ingest.docks import DockIdentity
from ingest.intake import Intake
from ingest.probe import Media, NotFootage
from ingest.receiving import PartBuilder, Upload, commit_parts
from tests.installation import Installation, free_port, listening
from tests.provider import HandMade
from vault import audit
from vault.audit import Event
from vault.footage import PartAt
from vault.ids import GrantId, RecordingId, RequestId
from vault.requests import Answer, Wish, ask, decide
from vault.sealing import DataKey, sealed_length
from vault.tables import Arrival, AuditEntry, AuditPayload, Grant, Part, Recording
from vault.vault import Caller
from vault.viewing import Span
from vault.web.app import make_app

PART = 64 * 1024
"""Plaintext bytes of a part here: small, so that little footage has many boundaries."""
SEEN = Media("mov,mp4,m4a,3gp,3g2,mj2", "h264", "aac", 20.0)
REASON = "A passer-by was pushed on the market square."
CASE = "VB-2026-0117"
PURPOSE = "incidentafhandeling"


def footage(length: int = 3 * PART + 777, seed: int = 1) -> bytes:
    """Bytes that look like nothing: what leaks of them can be found."""
    return random.Random(seed).randbytes(length)


def keep(
    installation: Installation,
    plaintext: bytes,
    *,
    camera: str = town.CAMERA,
    officer: str = town.OFFICER.subject,
    dock: DockIdentity | None = None,
    started_at: datetime | None = None,
    seen: Media | NotFootage = SEEN,
) -> RecordingId:
    """Bring `plaintext` past its commit point by ingest's own verbs, without a camera file or HTTP."""
    intake = installation.intake
    now = datetime.now(UTC)
    dock = dock or DockIdentity(installation.town.dock, town.SLUG, "Dock stadhuis")
    said = Announcement(camera, officer, started_at or now - timedelta(hours=3), len(plaintext), None)
    recording = announce(intake, dock, said, now=now)
    with intake.database.reading() as session:
        key = intake.arriving_key(session.get_one(Arrival, recording), dock.municipality)
    store_parts(intake, recording, key, plaintext, PART, now=now)
    with patch.object(examination, "probe", lambda *_args, **_limits: seen):
        assert examination.examine(intake, recording, None, now=now)
    return recording


def store_parts(
    intake: Intake, recording: RecordingId, key: DataKey, plaintext: bytes, part_length: int, *, now: datetime
) -> None:
    """Seal and store all of a recording that arrives, in parts so long, and commit them."""
    rows, upload = list[PartAt](), Upload(recording, key, len(plaintext), 0, 0)
    for index, first in enumerate(range(0, len(plaintext), part_length)):
        block = plaintext[first : first + part_length]
        part = PartBuilder(upload, index, first, bytearray(sealed_length(len(block))))
        part.add(block)
        stored, sealed = part.finish()
        intake.store.put(stored.object_name, sealed)
        rows.append(stored)
    commit_parts(intake, recording, rows, now)


def wish(recording: RecordingId, purpose: str = PURPOSE, **more: Any) -> Wish:
    """A well-formed wish to see `recording`."""
    return Wish(recording, purpose, **{"reason": REASON, "case_reference": CASE, **more})


def granted(
    installation: Installation,
    recording: RecordingId,
    *,
    until: datetime | None = None,
    now: datetime | None = None,
) -> GrantId:
    """A grant for the supervisor, asked for and approved by the privacy officer."""
    now = now or datetime.now(UTC)
    vault = installation.vault
    asked = ask(vault, installation.caller(town.SUPERVISOR), wish(recording), now=now)
    answer = approve(installation, asked.request, until=until, now=now)
    assert answer.grant
    return answer.grant


def approve(
    installation: Installation,
    request: RequestId,
    *,
    by: Caller | None = None,
    now: datetime | None = None,
    until: datetime | None = None,
) -> Answer:
    """The privacy officer's approval of a request, or somebody else's."""
    return decide(
        installation.vault,
        by or installation.caller(town.PRIVACY_OFFICER),
        request,
        approve=True,
        reason="Proportionate: one incident.",
        until=until,
        now=now or datetime.now(UTC),
    )


def choosing(first: int, last: int) -> Callable[[int], Span | None]:
    """A player that asks for these bytes, whatever the length."""
    return lambda _length: (first, last)


def demand(installation: Installation, grant: GrantId, obligations: list[str]) -> None:
    """Change what a grant demands, as a rule set that demands it would have."""
    with installation.vault.database.transaction() as session:
        session.execute(update(Grant).where(Grant.id == grant).values(obligations=obligations))


def entries(installation: Installation, event: Event | None = None) -> list[AuditEntry]:
    """The trail's rows in order, those of one event only when it is named."""
    with installation.vault.database.reading() as session:
        query = select(AuditEntry).order_by(AuditEntry.seq)
        return list(session.scalars(query.where(AuditEntry.event == event) if event else query))


def payload_of(installation: Installation, entry: AuditEntry) -> dict[str, Any]:
    """What one entry says of people, opened."""
    with installation.vault.database.reading() as session:
        row = session.get_one(AuditPayload, entry.id)
    return audit.read_payload(installation.vault.ring, entry, row)


def completion_of(installation: Installation, served: AuditEntry) -> dict[str, Any] | None:
    """The leaf of the entry that tells what was really sent of a range, when it is there."""
    leaves = [json.loads(entry.leaf) for entry in entries(installation, Event.VIEWING_COMPLETED)]
    return next((leaf for leaf in leaves if leaf["prev"] == str(served.id)), None)


def parts_on_disk(installation: Installation) -> list[Path]:
    """The objects of everything kept on a directory, in the order of their parts."""
    with installation.vault.database.reading() as session:
        names = session.scalars(select(Part.object_name).order_by(Part.recording_id, Part.index))
        return [installation.home / "objects" / name for name in names]


def problem(answer: requests.Response, status: int, name: str) -> dict[str, Any]:
    """The body of a problem, when it is the one expected."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:bodycam-vault:problem:{name}"
    assert body["status"] == status
    return body


def ids(body: dict[str, Any]) -> list[str]:
    """The rules that a problem or an answer names."""
    return [reason["id"] for reason in body["reasons"]]


def row_of(installation: Installation, recording: RecordingId) -> Recording:
    """A recording's row."""
    with installation.vault.database.reading() as session:
        return session.get_one(Recording, recording)


def eventually(true: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What `true` answers, as soon as it is true. Fails when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


class Clock:
    """The time, which a test may move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class House:
    """An installation whose vault listens at `url`, and people who come to its door."""

    installation: Installation
    provider: HandMade
    clock: Clock
    url: str
    recording: RecordingId
    plain: bytes
    _desks: dict[tuple[str, str], Desk] = field(default_factory=dict)

    def desk(self, who: Resident | str, language: str = "en") -> Desk:
        """Someone at work, signed in."""
        subject = who if isinstance(who, str) else who.subject
        if (subject, language) not in self._desks:
            self._desks[subject, language] = Desk(self.url, self.provider.token(subject), language)
        return self._desks[subject, language]

    def ask(self, who: Resident | str = town.SUPERVISOR, **changed: Any) -> requests.Response:
        """Ask to see the house's recording, or as `changed`; a member changed to nothing is left out."""
        body = {
            "recordingId": str(self.recording),
            "purpose": PURPOSE,
            "reason": REASON,
            "caseReference": CASE,
            **changed,
        }
        return self.desk(who).post(
            "/requests", {name: value for name, value in body.items() if value is not None}
        )

    def decide(
        self, request: str, who: Resident | str = town.PRIVACY_OFFICER, **changed: Any
    ) -> requests.Response:
        """Approve a request, or as `changed`."""
        body = {"outcome": "approve", "reason": "Proportionate: one incident.", **changed}
        return self.desk(who).post(f"/requests/{request}/decisions", body)

    def grant(self, **decision: Any) -> str:
        """The id of a fresh grant for the supervisor, through the doors."""
        return str(self.decide(self.ask().json()["id"], **decision).json()["grantId"])

    def watch(
        self, grant: str, span: str | None = None, who: Resident | str = town.SUPERVISOR
    ) -> requests.Response:
        """Watch a range, such as "0-99"."""
        headers = {"Range": f"bytes={span}"} if span is not None else {}
        return self.desk(who).get(f"/grants/{grant}/footage", **headers)


@contextmanager
def open_house(installation: Installation, provider: HandMade) -> Iterator[House]:
    """The vault of `installation` behind a real server, with one recording kept."""
    clock = Clock()
    plain = footage()
    recording = keep(installation, plain)
    app = make_app(installation.vault, installation.settings, clock)
    with listening(app, free_port()) as url:
        yield House(installation, provider, clock, url, recording, plain)
