"""What a dock gets in the end: a signed statement whether it may wipe the camera.

A compact JWS (RFC 7515), ES256, that anyone can check with the keys at ``/receipt-keys``. ``wipe`` is true
only after the commit point of a kept recording. A recording in quarantine gets a statement with ``wipe``
false and the reason, so that a dock can tell "keep it" from "ask again".
"""

from datetime import datetime

from ingest.intake import Intake
from vault.ids import EntryId
from vault.tables import Recording, State


def sign(intake: Intake, recording: Recording, entry: EntryId, *, now: datetime) -> str:
    """The receipt of a recording that has just reached its commit point, under audit entry `entry`."""
    return intake.ring.sign_receipt(
        {
            "iss": intake.settings.ingest_url,
            "iat": int(now.timestamp()),
            "sub": str(recording.id),
            "state": recording.state,
            "wipe": recording.state == State.KEPT,
            "reason": recording.reason,
            "length": recording.length,
            "sha256": recording.sha256,
            "recordedAt": recording.recorded_at.isoformat(),
            "auditEntry": str(entry),
        }
    )
