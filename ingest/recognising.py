"""The same recording again: kept already, or disposed of since.

What is disposed of must not come back because somebody docks the camera again. It is told from its camera
and its digest, which the row keeps; the dock gets the receipt that it got then.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault.tables import Arrival, Recording, State

# One index knows what is kept, another what is gone.
_KNOWN = ((State.KEPT,), (State.DISPOSING, State.DISPOSED))


def kept_before(session: Session, camera: UUID, sha256: str | None, length: int) -> Arrival | None:
    """The arrival of the recording that this camera's footage of this digest is already, or was."""
    if sha256 is None:
        return None
    for states in _KNOWN:
        found = session.scalar(
            select(Arrival)
            .join(Recording, Recording.id == Arrival.recording_id)
            .where(
                Recording.camera_id == camera,
                Recording.sha256 == sha256,
                Recording.length == length,
                Recording.state.in_(states),
            )
            .order_by(Recording.kept_at)
            .limit(1)
        )
        if found:
            return found
    return None
