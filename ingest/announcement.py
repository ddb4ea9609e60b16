"""A dock announces a recording: what it is, before its first byte (step 1 in docs/design.md)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest import clocks
from ingest.clocks import Clocks, ClocksMalformed
from ingest.docks import DockIdentity
from ingest.intake import Intake
from ingest.recognising import kept_before
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.disposal.tables import IntakeKey
from vault.ids import RecordingId, new_id
from vault.rulesets import RuleSetMissing
from vault.sealing import DataKey
from vault.tables import Arrival, Assignment, Camera, Person, Recording, SealedKey, State

LARGEST = 1 << 40
"""Bytes; a terabyte is more than a shift of any camera."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


class AnnouncementRefused(Exception):
    """The dock announced something we cannot take; the footage is safe on the camera.

    `problem` is the id of what is wrong, for the door to explain; `records` are the legal records, by their
    names in terms.toml, that the municipality lacks.
    """

    def __init__(self, problem: str, records: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.records = records


@dataclass(frozen=True)
class Announcement:
    """What the dock says of a recording it is about to send."""

    camera: str
    """Serial number."""
    officer: str
    """What the identity provider calls the officer who wore it."""
    started_at: datetime
    """Start of the recording by the camera's clock."""
    length: int
    """Bytes."""
    sha256: str | None
    """Lower-case hexadecimal, where the dock knows it."""
    clocks: Clocks | None = None
    """What the camera's clock and the dock's said at one moment, where the dock says so."""

    @property
    def recorded_at(self) -> datetime:
        """Start of the recording, as far as the dock knows better than the camera."""
        return self.clocks.corrected(self.started_at) if self.clocks else self.started_at


def read(metadata: Mapping[str, str], length: int) -> Announcement:
    """The announcement in a tus ``Upload-Metadata`` header's pairs. Raises AnnouncementRefused."""
    for name in ("camera", "officer", "startedAt"):
        if not metadata.get(name):
            raise AnnouncementRefused("metadata-missing")
        if "\0" in metadata[name]:
            # PostgreSQL has no such text, so nobody can have been registered by it.
            raise AnnouncementRefused(f"{name}-unknown" if name != "startedAt" else "start-malformed")
    started = _moment(metadata["startedAt"])
    try:
        both = clocks.read(metadata)
        if both:
            both.corrected(started)
    except ClocksMalformed:
        raise AnnouncementRefused("clocks-malformed") from None
    sha256 = metadata.get("sha256", "").lower() or None
    if sha256 and not _SHA256.fullmatch(sha256):
        raise AnnouncementRefused("digest-malformed")
    if length <= 0:
        raise AnnouncementRefused("recording-empty")
    if length > LARGEST:
        raise AnnouncementRefused("recording-too-large")
    return Announcement(metadata["camera"], metadata["officer"], started, length, sha256, both)


def _moment(said: str) -> datetime:
    try:
        started = datetime.fromisoformat(said)
        if started.tzinfo is None:
            raise AnnouncementRefused("start-without-zone")
        # The first and the last day of the calendar have no UTC everywhere.
        return started.astimezone(UTC)
    except (ValueError, OverflowError):
        raise AnnouncementRefused("start-malformed") from None


def announce(intake: Intake, dock: DockIdentity, said: Announcement, *, now: datetime) -> RecordingId:
    """Make room for a recording, or recognise one that is kept already.

    Raises AnnouncementRefused when the municipality lacks its legal records, when camera or officer are not
    of the dock's municipality, and when the clock that corrects the camera's is wrong itself.
    """
    _require_records(intake, dock.municipality)
    if said.clocks and abs(said.clocks.dock - now) > intake.settings.clock_tolerance:
        raise AnnouncementRefused("dock-clock-wrong")
    recording_id = RecordingId(new_id())
    with intake.database.transaction() as session:
        camera = _camera(session, dock, said.camera)
        officer, team = _officer(session, dock, said.officer)
        kept = kept_before(session, camera.id, said.sha256, said.length)
        session.add(
            Recording(
                id=recording_id,
                municipality_id=dock.municipality,
                camera_id=camera.id,
                officer_id=officer.id,
                team=team,
                recorded_at=said.recorded_at,
                camera_clock_at=said.started_at if said.clocks else None,
                regime="avg",
                state=State.DUPLICATE if kept else State.ARRIVING,
                length=said.length,
            )
        )
        session.flush()
        arrival = Arrival(
            recording_id=recording_id,
            dock_id=dock.id,
            announced_sha256=said.sha256,
            announced_at=now,
            expires_at=now + intake.settings.upload_expires,
        )
        if kept:
            arrival.kept_as, arrival.receipt = kept.recording_id, kept.receipt
        else:
            _give_key(intake, session, arrival, dock.municipality)
        session.add(arrival)
        audit.append(
            session,
            intake.ring,
            Entry(
                event=Event.RECORDING_DUPLICATED if kept else Event.RECORDING_ANNOUNCED,
                at=now,
                actor=Actor("dock", str(dock.id), dock.name),
                municipality=dock.municipality,
                thing=("recording", str(kept.recording_id if kept else recording_id)),
                subject=str(officer.id),
                facts={"length": said.length},
                details=_as_said(said),
            ),
        )
    return recording_id


def _as_said(said: Announcement) -> dict[str, Any]:
    details: dict[str, Any] = {
        "camera": said.camera,
        "startedAt": said.started_at,
        "cameraClock": said.clocks and said.clocks.camera,
        "dockClock": said.clocks and said.clocks.dock,
        "sha256": said.sha256,
    }
    return details


def _require_records(intake: Intake, municipality: str) -> None:
    """No footage is taken in before there is a DPIA, the works council's consent and a notice to citizens.

    Only what is announced is refused: what is arriving goes on, for the camera may count on us by now.
    """
    try:
        missing = intake.missing_records(municipality)
    except RuleSetMissing:
        raise AnnouncementRefused("rules-missing") from None
    if missing:
        raise AnnouncementRefused("records-missing", missing)


def _give_key(intake: Intake, session: Session, arrival: Arrival, municipality: str) -> None:
    """Two wraps of one fresh data key: for the municipality, and for us until the commit point."""
    key = DataKey.generate()
    ring, recording = intake.ring, arrival.recording_id
    kept = ring.wrap(key, recording=recording, municipality=municipality)
    row = session.get(IntakeKey, kept.key_id)
    if row is not None and row.destroyed_at is not None:
        # Our ring is older than the vault's: nobody could ever open what we take in now.
        raise AnnouncementRefused("keys-outdated")
    ours = ring.wrap_arriving(key, recording=recording, municipality=municipality)
    session.add(SealedKey(recording_id=recording, key_id=kept.key_id, sealed=kept.sealed))
    arrival.key_id, arrival.sealed = ours.key_id, ours.sealed


def _camera(session: Session, dock: DockIdentity, serial: str) -> Camera:
    camera = session.scalar(select(Camera).where(Camera.serial == serial))
    if camera is None or camera.municipality_id != dock.municipality:
        raise AnnouncementRefused("camera-unknown")
    return camera


def _officer(session: Session, dock: DockIdentity, subject: str) -> tuple[Person, str]:
    found = session.execute(
        select(Person, Assignment.team)
        .join(Assignment, Assignment.person_id == Person.id)
        .where(
            Person.subject == subject,
            Assignment.municipality_id == dock.municipality,
            Assignment.role == "officer",
        )
        .order_by(Assignment.team)
    ).all()
    # Two identity providers may call two people the same: then the dock has not said who it was.
    if len({person.id for person, _ in found}) != 1:
        raise AnnouncementRefused("officer-unknown")
    person, team = found[0]
    return person, team
