"""The statement of a certificate of disposal (verklaring van vernietiging): what went, why, and when.

It names nobody. Its canonical form is what the entry "recording.disposed" carries the SHA-256 of, so that it
can be shown to have been made then and to say the same since. Its members: docs/formats.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from policies.retention import AMSTERDAM
from vault.audit import ENGINE, Actor
from vault.canonical import Plain
from vault.disposal.tables import Disposal
from vault.holds.tables import Hold
from vault.retention import term_begins
from vault.sealing import sealed_length
from vault.tables import Recording

VERSION = 1
TYPE = "disposal-certificate"
SOFTWARE = f"bodycam-vault {ENGINE['bodycam-vault']}"


@dataclass(frozen=True)
class Destroyed:
    """What there was of a recording, and how long it had been held."""

    parts: Sequence[int]
    """Bytes of plaintext of each part."""
    holds: Sequence[Hold]
    key_expires: date | None
    """The day with which the key expires that its data key was wrapped under; None when that had no day."""


def statement(
    recording: Recording, disposal: Disposal, destroyed: Destroyed, *, now: datetime, by: Actor
) -> dict[str, Plain]:
    """What is certified of a recording whose last object has gone just `now`."""
    holds = sorted(destroyed.holds, key=lambda hold: (hold.placed_at, hold.id))
    return {
        "v": VERSION,
        "type": TYPE,
        "recording": str(recording.id),
        "municipality": recording.municipality_id,
        "regime": recording.regime,
        "recordedOn": _day(recording.recorded_at),
        "length": recording.length,
        "sha256": recording.sha256 or "",
        "ground": disposal.ground,
        "ruleSet": disposal.rule_set,
        "termFrom": _day(term_begins(recording)),
        "termDays": disposal.term_days,
        "holds": [_hold(hold) for hold in holds],
        "due": _moment(disposal.due),
        "begun": _moment(disposal.begun_at),
        "begunIn": str(disposal.begun_in),
        "keyDestroyed": _moment(disposal.key_destroyed_at),
        "keyId": disposal.key_id,
        "keyExpires": destroyed.key_expires.isoformat() if destroyed.key_expires else None,
        "lockedUntil": _moment(disposal.locked_until) if disposal.locked_until else None,
        "objects": len(destroyed.parts),
        "bytes": sum(map(sealed_length, destroyed.parts)),
        "objectsDiscarded": _moment(now),
        # An operator's account may be somebody's name, so only that it was one.
        "process": {"name": by.name if by.kind == "process" else by.kind, "software": SOFTWARE},
    }


def _hold(hold: Hold) -> Plain:
    return {
        "trigger": hold.trigger,
        "placedAt": _moment(hold.placed_at),
        "releasedAt": _moment(hold.lifted_at) if hold.lifted_at else None,
        "daysAfter": hold.days_after,
    }


def _day(moment: datetime) -> str:
    return moment.astimezone(AMSTERDAM).date().isoformat()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
