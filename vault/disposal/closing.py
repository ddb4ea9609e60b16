"""What rests on footage that goes ends with it: grants, requests that wait, an erasure that was asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault import audit, requests
from vault.audit import Actor, Entry, Event
from vault.disposal.tables import EarlyErasure
from vault.many import among
from vault.tables import Grant, Recording, Request
from vault.vault import Vault

GONE = "De beelden zijn vernietigd. / The footage has been disposed of."
"""The reason that whoever rested on it reads."""


def close_all(
    vault: Vault, session: Session, rows: Sequence[Recording], *, erasures: bool, now: datetime, by: Actor
) -> None:
    """End what rests on these recordings, whose rows are locked, with an entry for each.

    Whoever decides on a request, or on one of `erasures`, locks that before the recording, and would wait for
    us as we for them: what is locked is passed over, and ended when this is done again as the disposal ends.
    """
    recordings = {row.id: row for row in rows}
    entries = _end_grants(session, recordings, now, by)
    if erasures:
        entries += _end_erasures(session, recordings, now, by)
    audit.append_all(session, vault.ring, entries)
    waiting = session.scalars(
        select(Request)
        .where(
            among(session, Request.recording_id, recordings), Request.state == requests.RequestState.WAITING
        )
        .order_by(Request.id)
        .with_for_update(skip_locked=True)
    )
    for request in waiting.all():
        requests.refuse_gone(vault, session, request, recordings[request.recording_id], now=now, by=by)


def _end_grants(
    session: Session, recordings: Mapping[UUID, Recording], now: datetime, by: Actor
) -> list[Entry]:
    living = session.scalars(
        select(Grant)
        .where(
            among(session, Grant.recording_id, recordings),
            Grant.revoked_at.is_(None),
            Grant.valid_until > now,
        )
        .order_by(Grant.id)
        .with_for_update()
    )
    entries = []
    for grant in living:
        grant.revoked_at = now
        details = {"grant": grant.id, "holder": grant.holder_id, "reason": GONE}
        row, purpose = recordings[grant.recording_id], grant.purpose
        told = audit.of_recording(Event.GRANT_REVOKED, row, by, now, purpose=purpose, details=details)
        entries.append(told)
    return entries


def _end_erasures(
    session: Session, recordings: Mapping[UUID, Recording], now: datetime, by: Actor
) -> list[Entry]:
    waiting = session.scalars(
        select(EarlyErasure)
        .where(among(session, EarlyErasure.recording_id, recordings), EarlyErasure.decided_at.is_(None))
        .order_by(EarlyErasure.id)
        .with_for_update(skip_locked=True)
    )
    entries = []
    for erasure in waiting:
        erasure.outcome, erasure.decided_at, erasure.decision_reason = "withdrawn", now, GONE
        details = {"erasure": erasure.id, "reason": GONE}
        row = recordings[erasure.recording_id]
        told = audit.of_recording(Event.ERASURE_WITHDRAWN, row, by, now, details=details)
        entries.append(told)
    return entries
