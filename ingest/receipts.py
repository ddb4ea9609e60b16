"""What a dock gets in the end: a signed statement whether it may wipe the camera.

A compact JWS (RFC 7515), ES256, that anyone can check with the keys at ``/receipt-keys``. ``wipe`` is true
only after the commit point of a kept recording. A recording in quarantine gets a statement with ``wipe``
false and the reason, so that a dock can tell "keep it" from "ask again".

``leafHash`` binds the entry that accounts for it (RFC 6962, 2.1), so that a proof of that entry in the log
is a proof for the receipt: `ingest.proofs`.
"""

import json
from datetime import datetime
from typing import Any

from jose import jws

from auditor.merkle import leaf_hash
from ingest.intake import Intake
from vault.audit import Appended
from vault.tables import Recording, State


def sign(intake: Intake, recording: Recording, entry: Appended, *, now: datetime) -> str:
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
            "cameraClockAt": recording.camera_clock_at and recording.camera_clock_at.isoformat(),
            "auditEntry": str(entry.id),
            "leafHash": leaf_hash(entry.leaf).hex(),
        }
    )


def claims_of(receipt: str) -> dict[str, Any]:
    """What our own receipt says; whoever it is for verifies it."""
    found: dict[str, Any] = json.loads(jws.get_unverified_claims(receipt))
    return found
