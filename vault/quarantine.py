"""What could not be kept, and why: for the administrator, who can then see to the camera or the dock.

Metadata only, and no more of it than that takes. The footage stays sealed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from vault import audit
from vault.audit import Actor, Entry, Event
from vault.ids import RecordingId
from vault.tables import Arrival, Camera, Dock, Recording, State
from vault.vault import Vault


@dataclass(frozen=True)
class SetApart:
    """One recording in quarantine."""

    recording: RecordingId
    reason: str
    dock: str
    camera: str
    announced_at: datetime
    dispose_after: datetime | None


def listed(vault: Vault, municipality: str, actor: Actor, *, now: datetime) -> Sequence[SetApart]:
    """What is in quarantine for a municipality, newest first; the look is an entry in the trail."""
    with vault.database.transaction() as session:
        rows = session.execute(
            select(
                Recording.id,
                Recording.reason,
                Dock.name,
                Camera.serial,
                Arrival.announced_at,
                Recording.dispose_after,
            )
            .join(Arrival, Arrival.recording_id == Recording.id)
            .join(Dock, Dock.id == Arrival.dock_id)
            .join(Camera, Camera.id == Recording.camera_id)
            .where(Recording.municipality_id == municipality, Recording.state == State.QUARANTINED)
            .order_by(Recording.id.desc())
        ).all()
        audit.append(
            session,
            vault.ring,
            Entry(
                event=Event.QUARANTINE_READ,
                at=now,
                actor=actor,
                municipality=municipality,
                facts={"listed": len(rows)},
            ),
        )
    return [
        SetApart(
            RecordingId(row.id), row.reason or "", row.name, row.serial, row.announced_at, row.dispose_after
        )
        for row in rows
    ]
