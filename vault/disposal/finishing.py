"""How a disposal ends: with a certificate, once the store has nothing of the recording any more.

One transaction: 1. the certificate and the entry that carries its digest; 2. the rows of what is gone; 3. the
state; 4. what still rests on it. Whoever finds it finished before, or being finished by another, leaves it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import delete, null, or_, select, update
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Actor, Entry, Event
from vault.base import table_of
from vault.canonical import canonical
from vault.disposal import closing
from vault.disposal.statements import Destroyed, statement
from vault.disposal.tables import Disposal, DisposalKey
from vault.holds.tables import Hold
from vault.many import among, update_many
from vault.tables import Depiction, Part, Recording, State
from vault.vault import Vault

DISPOSED = Counter("disposals_total", "Recordings disposed of, with a certificate.", ["ground"])
_UNTRACKED = {"synchronize_session": False}


def finish_all(vault: Vault, recordings: Sequence[UUID], *, now: datetime, by: Actor) -> int:
    """Certify of these recordings, whose objects have all gone, that they are disposed of; of how many."""
    with vault.database.transaction() as session:
        found = _unfinished(session, recordings, now)
        if found:
            _finish(vault, session, found, now, by)
    for disposal, _ in found:
        DISPOSED.labels(disposal.ground).inc()
    return len(found)


def _unfinished(
    session: Session, recordings: Sequence[UUID], now: datetime
) -> Sequence[tuple[Disposal, Recording]]:
    """Those that can have ended `now`; what has a later moment, written meanwhile, is for the next sweep."""
    rows = session.execute(
        select(Disposal, Recording)
        .join(Recording, Recording.id == Disposal.recording_id)
        .where(
            among(session, Disposal.recording_id, recordings),
            Disposal.disposed_at.is_(None),
            Recording.state == State.DISPOSING,
            Disposal.begun_at <= now,
            or_(Disposal.locked_until.is_(None), Disposal.locked_until <= now),
        )
        .order_by(Disposal.recording_id)
        .with_for_update(skip_locked=True)
    )
    return [(disposal, recording) for disposal, recording in rows]


def _finish(
    vault: Vault, session: Session, found: Sequence[tuple[Disposal, Recording]], now: datetime, by: Actor
) -> None:
    ids = [recording.id for _, recording in found]
    gone = _destroyed(session, found)
    # 1. the certificate, and the entry
    said = [
        canonical(statement(recording, disposal, gone[recording.id], now=now, by=by))
        for disposal, recording in found
    ]
    entries = [
        _entry(disposal, recording, certificate, len(gone[recording.id].parts), now, by)
        for (disposal, recording), certificate in zip(found, said, strict=True)
    ]
    told = [entry.id for entry in audit.append_all(session, vault.ring, entries)]
    ended = {"discarded_at": now, "disposed_at": now}
    each = zip(ids, said, told, strict=True)
    update_many(
        session,
        table_of(Disposal),
        [
            {"recording_id": one, "certificate": certificate, "disposed_in": entry, **ended}
            for one, certificate, entry in each
        ],
    )
    # 2. the rows of what is gone
    for table in (Part, Depiction):
        session.execute(
            delete(table).where(among(session, table.recording_id, ids)), execution_options=_UNTRACKED
        )
    # 3. the state; and what was said of the pictures
    gone_for_good = update(Recording).where(among(session, Recording.id, ids))
    session.execute(gone_for_good.values(state=State.DISPOSED, media=null()), execution_options=_UNTRACKED)
    # 4. what rested on it and was being decided on when it began
    closing.close_all(vault, session, [recording for _, recording in found], erasures=True, now=now, by=by)


def _destroyed(session: Session, found: Sequence[tuple[Disposal, Recording]]) -> Mapping[UUID, Destroyed]:
    ids = [recording.id for _, recording in found]
    parts: defaultdict[UUID, list[int]] = defaultdict(list)
    for recording_id, length in session.execute(
        select(Part.recording_id, Part.length).where(among(session, Part.recording_id, ids))
    ):
        parts[recording_id].append(length)
    holds: defaultdict[UUID, list[Hold]] = defaultdict(list)
    for hold in session.scalars(select(Hold).where(among(session, Hold.recording_id, ids))):
        holds[hold.recording_id].append(hold)
    keys = {disposal.key_id for disposal, _ in found}
    dated = select(DisposalKey.key_id, DisposalKey.day).where(DisposalKey.key_id.in_(keys))
    days: dict[str | None, date] = dict(session.execute(dated).all())
    return {
        recording.id: Destroyed(parts[recording.id], holds[recording.id], days.get(disposal.key_id))
        for disposal, recording in found
    }


def _entry(
    disposal: Disposal, recording: Recording, said: bytes, objects: int, now: datetime, by: Actor
) -> Entry:
    return audit.of_recording(
        Event.RECORDING_DISPOSED,
        recording,
        by,
        now,
        rule_set=disposal.rule_set,
        facts={
            "certificate": hashlib.sha256(said).hexdigest(),
            "ground": disposal.ground,
            "objects": objects,
        },
    )
