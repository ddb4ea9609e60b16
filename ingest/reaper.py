"""Takes away what was left of uploads that stopped coming; of objects that no row owns: `ingest.orphans`.

The order is always the same: the key first, then the objects, then their rows. Dying in between leaves
less readable, never more, and the next round goes on where this one ended (law 3).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select

from ingest.intake import INGEST, Intake
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.ids import RecordingId
from vault.objects import ObjectError
from vault.tables import Arrival, Part, Recording, SealedKey, State

log = structlog.get_logger()

BATCH = 100
"""Uploads in one round: a round that is killed loses little."""


def abandon(intake: Intake, recording_id: RecordingId, actor: Actor, *, now: datetime) -> bool:
    """End an arrival because its dock says so. Returns False when it does not arrive any more."""
    if not _end(intake, recording_id, Event.ARRIVAL_TERMINATED, actor, now):
        return False
    # 2. the objects; 3. their rows
    discard_objects(intake, recording_id, keep_owned=False)
    return True


def _end(intake: Intake, recording_id: RecordingId, event: Event, actor: Actor, now: datetime) -> bool:
    """Let nothing of an arrival be opened any more; a reaped one only when no byte came since it expired."""
    with intake.database.transaction() as session:
        # 1. the keys
        recording = session.get_one(Recording, recording_id, with_for_update=True)
        arrival = session.get_one(Arrival, recording_id)
        fresh = event is Event.ARRIVAL_REAPED and arrival.expires_at > now
        if recording.state != State.ARRIVING or fresh:
            return False
        recording.state = State.ABANDONED
        arrival.key_id = arrival.sealed = None
        session.execute(delete(SealedKey).where(SealedKey.recording_id == recording_id))
        audit.append(
            session,
            intake.ring,
            Entry(
                event=event,
                at=now,
                actor=actor,
                municipality=recording.municipality_id,
                thing=("recording", str(recording_id)),
                subject=str(recording.officer_id),
                facts={"length": recording.length},
            ),
        )
    return True


def discard_objects(intake: Intake, recording_id: RecordingId, *, keep_owned: bool) -> int:
    """Discard a recording's objects, or only those that no row owns, and the rows of what is gone."""
    with intake.database.reading() as session:
        owned = set(session.scalars(select(Part.object_name).where(Part.recording_id == recording_id)))
    names = {found.name for found in intake.store.list(f"{recording_id}/")}
    gone = names - owned if keep_owned else names | owned
    for name in gone:
        intake.store.discard(name)
    if not keep_owned:
        with intake.database.transaction() as session:
            session.execute(delete(Part).where(Part.recording_id == recording_id))
    return len(gone)


@dataclass(frozen=True)
class Expired:
    """An upload that no byte came of for so long that it ends."""

    recording: RecordingId
    since: timedelta
    """How long ago it expired."""


def expired(intake: Intake, *, now: datetime) -> Iterator[Expired]:
    """Every upload that the next rounds would end, the longest expired first; nothing is changed."""
    with intake.database.reading() as session:
        rows = session.execute(
            select(Arrival.recording_id, Arrival.expires_at)
            .join(Recording, Recording.id == Arrival.recording_id)
            .where(Recording.state == State.ARRIVING, Arrival.expires_at <= now)
            .order_by(Arrival.expires_at)
        ).all()
    return (Expired(RecordingId(row.recording_id), now - row.expires_at) for row in rows)


def reap(intake: Intake, *, now: datetime, by: Actor = INGEST) -> int:
    """Abandon uploads that expired, and finish what an earlier round left. Returns how many it ended."""
    with intake.database.reading() as session:
        stopped = session.scalars(
            select(Arrival.recording_id)
            .join(Recording, Recording.id == Arrival.recording_id)
            .where(Recording.state == State.ARRIVING, Arrival.expires_at <= now)
            .limit(BATCH)
        ).all()
        unfinished = session.scalars(
            select(Part.recording_id)
            .join(Recording, Recording.id == Part.recording_id)
            .where(Recording.state.in_([State.ABANDONED, State.DUPLICATE]))
            .distinct()
            .limit(BATCH)
        ).all()
    # The keys of all of them before the objects of any: one object that cannot go holds up nothing else.
    ended = {one for one in stopped if _end(intake, RecordingId(one), Event.ARRIVAL_REAPED, by, now)}
    for recording in ended | set(unfinished):
        try:
            discard_objects(intake, RecordingId(recording), keep_owned=False)
        except ObjectError as error:
            log.warning("reaping.postponed", recording=str(recording), why=type(error).__name__)
    return len(ended)
