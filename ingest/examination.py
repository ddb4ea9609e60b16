"""What arrived is examined, and then kept, put in quarantine, or recognised. Holds the commit point.

Any ingest process may examine any recording that is complete: the lease in `examined_until` keeps two from
doing the same work, and whoever comes after a crash starts over. Nothing is lost by dying anywhere here:
until the commit point the recording stays *received*, and the dock has no receipt.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import Counter
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import receipts
from ingest.intake import INGEST, Intake
from ingest.probe import Media, NotFootage, probe
from ingest.reaper import discard_objects
from ingest.recognising import kept_before
from policies.retention import days_later
from policies.terms import Terms
from vault import audit
from vault.audit import Entry, Event
from vault.footage import Footage, PartAt, parts_of
from vault.ids import RecordingId
from vault.objects import ObjectMissing
from vault.sealing import SealBroken, sealed_length
from vault.tables import Arrival, Recording, SealedKey, State

RECORDINGS = Counter("ingest_recordings_total", "Recordings past their commit point.", ["outcome"])
WRONG_DIGEST = "wrong-digest"
HEAD_START = timedelta(seconds=5)
REHASH_BYTES_PER_SECOND = 50 * 1024 * 1024
"""A slow machine re-hashes faster than this; a lease that is too long only delays a take-over."""


@dataclass(frozen=True)
class _Findings:
    """What the examination saw, before anything is decided."""

    sha256: str | None
    media: Media | None
    reason: str | None
    """Why it goes to quarantine; nothing when it is kept."""


def examine(intake: Intake, recording_id: RecordingId, sha256: str | None, *, now: datetime) -> bool:
    """Examine a received recording and bring it past its commit point.

    `sha256` is the digest of what was received, when this process hashed all of it on the way in. Returns
    False when there is nothing to do: it is not complete, or another process is at it. Raises ProbeAway,
    the store's errors; the recording then stays received and is tried again.
    """
    # 1. lease
    if not _lease(intake, recording_id, now):
        return False
    # 2. look
    with intake.database.reading() as session:
        recording = session.get_one(Recording, recording_id)
        arrival = session.get_one(Arrival, recording_id)
        parts = parts_of(session, recording_id)
    key = intake.arriving_key(arrival, recording.municipality_id)
    footage = Footage(intake.store, recording_id, key, parts)
    try:
        _require_whole(intake, recording_id, parts)
        findings = _look(intake, recording, arrival, footage, sha256 or _rehash(footage), now)
    except (SealBroken, ObjectMissing):
        findings = _Findings(None, None, "stored-damaged")
    # 3. the commit point
    outcome = _commit(intake, recording_id, findings, len(parts), now)
    if outcome:
        RECORDINGS.labels(outcome).inc()
    # 4. what no row owns any more
    discard_objects(intake, recording_id, keep_owned=outcome != State.DUPLICATE)
    return True


def waiting(intake: Intake, *, now: datetime) -> list[RecordingId]:
    """Recordings that are complete and that nobody examines: a process died, or the store was away."""
    with intake.database.reading() as session:
        found = session.scalars(
            select(Recording.id)
            .join(Arrival, Arrival.recording_id == Recording.id)
            .where(
                Recording.state == State.RECEIVED,
                or_(Arrival.examined_until.is_(None), Arrival.examined_until <= now),
                # Each byte moves the expiry on, so it tells when the last one came. Who took that byte has
                # the running hash and is about to begin: not our turn yet.
                Arrival.expires_at <= now - HEAD_START + intake.settings.upload_expires,
            )
            .order_by(Recording.id)
            .limit(100)
        ).all()
    return [RecordingId(recording) for recording in found]


def _lease(intake: Intake, recording_id: RecordingId, now: datetime) -> bool:
    with intake.database.transaction() as session:
        recording = session.get_one(Recording, recording_id, with_for_update=True)
        arrival = session.get_one(Arrival, recording_id)
        if recording.state != State.RECEIVED or (arrival.examined_until and arrival.examined_until > now):
            return False
        rehash = timedelta(seconds=recording.length / REHASH_BYTES_PER_SECOND)
        arrival.examined_until = now + timedelta(seconds=2 * intake.settings.probe_seconds) + rehash
    return True


def _require_whole(intake: Intake, recording_id: RecordingId, parts: Sequence[PartAt]) -> None:
    """Raises ObjectMissing unless every part is in the store, as long as it was sealed.

    A receipt lets a camera be wiped, so what stands behind it is looked at, not remembered.
    """
    stored = {found.name: found.size for found in intake.store.list(f"{recording_id}/")}
    for part in parts:
        if stored.get(part.object_name) != sealed_length(part.length):
            raise ObjectMissing(part.object_name)


def _rehash(footage: Footage) -> str:
    """SHA-256 of what is stored: a running hash does not survive its process, so all of it is read."""
    digest = hashlib.sha256()
    for piece in footage.read(0, footage.length - 1):
        digest.update(piece)
    return digest.hexdigest()


def _look(
    intake: Intake, recording: Recording, arrival: Arrival, footage: Footage, sha256: str, now: datetime
) -> _Findings:
    settings = intake.settings
    if arrival.announced_sha256 not in (None, sha256):
        return _Findings(sha256, None, WRONG_DIGEST)
    seen = probe(
        footage,
        seconds=settings.probe_seconds,
        memory_bytes=settings.probe_memory_bytes,
        longest_seconds=settings.longest_recording.total_seconds(),
    )
    if isinstance(seen, NotFootage):
        return _Findings(sha256, None, seen.reason)
    if recording.recorded_at > now + settings.clock_tolerance:
        return _Findings(sha256, seen, "camera-clock-in-future")
    terms = intake.rule_sets.of(recording.municipality_id).terms
    if _term_end(terms, recording, recording.recorded_at) <= now:
        # A camera whose clock fell back to 1970 would have its footage disposed of the same night.
        return _Findings(sha256, seen, "term-already-over")
    return _Findings(sha256, seen, None)


def _term_end(terms: Terms, recording: Recording, begins: datetime) -> datetime:
    return days_later(begins, terms.term_of(recording.regime))


def _commit(
    intake: Intake, recording_id: RecordingId, findings: _Findings, parts: int, now: datetime
) -> State | None:
    try:
        return _commit_once(intake, recording_id, findings, parts, now)
    except IntegrityError:
        # Two dockings of one recording reached the commit point together; the other was first.
        return _commit_once(intake, recording_id, findings, parts, now)


def _commit_once(
    intake: Intake, recording_id: RecordingId, findings: _Findings, parts: int, now: datetime
) -> State | None:
    """The commit point: state, receipt, audit entry and the end of ingest's own key, in one transaction."""
    with intake.database.transaction() as session:
        recording = session.get_one(Recording, recording_id, with_for_update=True)
        arrival = session.get_one(Arrival, recording_id)
        if recording.state != State.RECEIVED:
            return None
        recording.sha256 = findings.sha256
        recording.media = findings.media.as_dict() if findings.media else None
        arrival.key_id = arrival.sealed = arrival.examined_until = None
        # Until the commit, or an activation would move all that is kept but this.
        terms = intake.rule_sets.held(session, recording.municipality_id).terms
        # Other bytes than announced prove nothing of the recording the dock still has: no receipt of
        # another recording for it, even if that is what came.
        kept = (
            None
            if findings.reason == WRONG_DIGEST
            else kept_before(session, recording.camera_id, recording.sha256, recording.length)
        )
        if kept:
            _recognise(session, recording, arrival, kept)
            event = Event.RECORDING_DUPLICATED
        elif findings.reason:
            recording.state, recording.reason = State.QUARANTINED, findings.reason
            # Its own clock may be what is wrong with it, so its term runs from today.
            recording.dispose_after = _term_end(terms, recording, now)
            recording.kept_at = now
            event = Event.RECORDING_QUARANTINED
        else:
            recording.state = State.KEPT
            recording.kept_at = now
            recording.dispose_after = _term_end(terms, recording, recording.recorded_at)
            event = Event.RECORDING_KEPT
        session.flush()
        entry = audit.append_leaf(session, intake.ring, _entry(event, recording, parts, now))
        if not kept:
            arrival.receipt = receipts.sign(intake, recording, entry, now=now)
        return State(recording.state)


def _recognise(session: Session, recording: Recording, arrival: Arrival, kept: Arrival) -> None:
    """The same footage is kept already, or was: this copy's key goes, and its receipt is that one's."""
    recording.state = State.DUPLICATE
    arrival.kept_as, arrival.receipt = kept.recording_id, kept.receipt
    sealed = session.get(SealedKey, recording.id)
    if sealed:
        session.delete(sealed)


def _entry(event: Event, recording: Recording, parts: int, now: datetime) -> Entry:
    facts: dict[str, str | int | bool] = {
        "parts": parts,
        "length": recording.length,
        "sha256": recording.sha256 or "",
        "recordedAt": recording.recorded_at.isoformat(),
    }
    if recording.reason:
        facts["reason"] = recording.reason
    if recording.dispose_after:
        facts["disposeAfter"] = recording.dispose_after.isoformat()
    return audit.of_recording(
        event,
        recording,
        INGEST,
        now,
        facts=facts,
        details={
            "recordedAt": recording.recorded_at,
            "cameraClockAt": recording.camera_clock_at,
            "camera": recording.camera_id,
        },
    )
