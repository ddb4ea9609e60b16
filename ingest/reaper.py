"""Takes away what was left: uploads that stopped coming, objects that no row owns.

The order is always the same: the key first, then the objects, then their rows. Dying in between leaves
less readable, never more, and the next round goes on where this one ended (law 3).
"""

from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import delete, select

from ingest.intake import INGEST, Intake
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.ids import RecordingId
from vault.tables import Arrival, Part, Recording, SealedKey, State

ORPHAN_AGE = timedelta(days=1)
"""An object without a row is left alone for so long: its row may be about to be committed."""
BATCH = 100
"""Uploads in one round: a round that is killed loses little."""


def abandon(
    intake: Intake, recording_id: RecordingId, *, event: Event, actor: Actor, now: datetime, due: bool = False
) -> bool:
    """End an arrival for good: nothing of it can be opened any more. Returns False when it does not arrive.

    With `due`, only when it has expired: a byte may have come since the reaper looked.
    """
    with intake.database.transaction() as session:
        # 1. the keys
        recording = session.get_one(Recording, recording_id, with_for_update=True)
        arrival = session.get_one(Arrival, recording_id)
        if recording.state != State.ARRIVING or (due and arrival.expires_at > now):
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
    # 2. the objects; 3. their rows
    discard_objects(intake, recording_id, keep_owned=False)
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


def reap(intake: Intake, *, now: datetime) -> int:
    """Abandon uploads that expired, and finish what an earlier round left. Returns how many it ended."""
    with intake.database.reading() as session:
        expired = session.scalars(
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
    for recording in unfinished:
        discard_objects(intake, RecordingId(recording), keep_owned=False)
    return sum(
        abandon(intake, RecordingId(recording), event=Event.ARRIVAL_REAPED, actor=INGEST, now=now, due=True)
        for recording in expired
    )


def reap_orphans(intake: Intake, *, now: datetime) -> int:
    """Discard objects that no row has owned for a day: a process died between object and row."""
    old = (found.name for found in intake.store.list("") if found.stored_at < now - ORPHAN_AGE)
    count = 0
    while names := list(islice(old, BATCH)):
        with intake.database.reading() as session:
            owned = set(session.scalars(select(Part.object_name).where(Part.object_name.in_(names))))
        for name in set(names) - owned:
            intake.store.discard(name)
            count += 1
    return count
