"""What is wrong with disposals: a part of `vault.invariants`. What to do about each: docs/operations.md."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby, islice
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import Session

from vault.audit import Event
from vault.disposal.beginning import THERE
from vault.disposal.tables import Disposal, Ground
from vault.erasure.invariants import told_since
from vault.finding import Finding
from vault.holds.tables import Hold
from vault.leaves import read_leaf
from vault.tables import AuditEntry, Depiction, Grant, Part, Recording, SealedKey, State
from vault.vault import Vault

MOST = 1000
"""Most findings of one check: more would say no more."""
SWEPT_WITHIN = timedelta(minutes=10)
"""What is due longer than that is overdue: a sweep comes every minute, and has its time."""
DONE_WITHIN = timedelta(days=1)
"""From the key to the certificate, where no lock keeps the objects."""
_GONE = (State.DISPOSING, State.DISPOSED)
_AT_ONCE = 500


def check(vault: Vault, session: Session, now: datetime) -> Iterator[Finding]:
    """Every finding about disposals."""
    for name, query in _questions(now).items():
        for about in session.scalars(query.limit(MOST)):
            yield Finding(name, str(about))
    for name, of in _OF_ENTRIES.items():
        for found in islice(of(session), MOST):
            yield Finding(name, found)
    for recording in islice(_objects(vault, session), MOST):
        yield Finding("disposed-with-remains", recording)


def _questions(now: datetime) -> dict[str, Select[UUID]]:
    gone, disposed = Recording.state.in_(_GONE), Recording.state == State.DISPOSED
    locked = Disposal.locked_until > now - DONE_WITHIN
    unfinished = or_(*(each.is_(None) for each in (Disposal.certificate, Disposal.disposed_at)))
    return {
        "term-is-over": select(Recording.id).where(
            Recording.state.in_(THERE), Recording.dispose_after <= now - SWEPT_WITHIN
        ),
        "disposal-stuck": _of_disposals(
            Disposal.disposed_at.is_(None),
            Disposal.begun_at < now - DONE_WITHIN,
            or_(Disposal.locked_until.is_(None), ~locked),
        ),
        "disposed-and-opens": select(Recording.id).where(
            gone, select(SealedKey).where(SealedKey.recording_id == Recording.id).exists()
        ),
        "disposed-with-remains": select(Recording.id).where(
            disposed,
            or_(
                select(Part).where(Part.recording_id == Recording.id).exists(),
                select(Depiction).where(Depiction.recording_id == Recording.id).exists(),
            ),
        ),
        "disposed-and-granted": select(Grant.id)
        .join(Recording, Recording.id == Grant.recording_id)
        .where(gone, Grant.revoked_at.is_(None), Grant.valid_until > now),
        "disposed-without-certificate": select(Recording.id)
        .outerjoin(Disposal, Disposal.recording_id == Recording.id)
        .where(or_(gone & Disposal.recording_id.is_(None), disposed & unfinished)),
        "disposal-of-what-is-kept": _of_disposals(
            or_(
                Recording.state.not_in(_GONE),
                Disposal.disposed_at.is_not(None) & (Recording.state != State.DISPOSED),
            )
        ),
        "disposed-too-early": _of_disposals(
            Disposal.ground == Ground.TERM_OVER, Disposal.begun_at < Disposal.due
        ),
        "disposed-while-held": select(Disposal.recording_id)
        .distinct()
        .join(Hold, Hold.recording_id == Disposal.recording_id)
        # One that came when it was due already came too late, and one that came later is nobody's fault here.
        .where(
            Hold.placed_at < Disposal.due,
            Hold.placed_at < Disposal.begun_at,
            or_(Hold.lifted_at.is_(None), Hold.lifted_at > Disposal.begun_at),
        ),
    }


def _of_disposals(*where: ColumnElement[bool]) -> Select[UUID]:
    return select(Disposal.recording_id).join(Recording, Recording.id == Disposal.recording_id).where(*where)


def _certificates_altered(session: Session) -> Iterator[str]:
    """Certificates that are not what the trail says was certified, or of which it says nothing."""
    since = told_since(session)
    query = (
        select(Disposal.recording_id, Disposal.certificate, AuditEntry.event, AuditEntry.leaf)
        .outerjoin(AuditEntry, AuditEntry.id == Disposal.disposed_in)
        .where(
            Disposal.certificate.is_not(None),
            or_(AuditEntry.id.is_not(None), Disposal.disposed_at > since if since else true()),
        )
    )
    for recording, certificate, event, leaf in session.execute(query.execution_options(yield_per=_AT_ONCE)):
        told = ((read_leaf(leaf) or {}).get("facts") or {}).get("certificate") if leaf else None
        if event != Event.RECORDING_DISPOSED or told != hashlib.sha256(certificate or b"").hexdigest():
            yield str(recording)


def _entries_without_disposal(session: Session) -> Iterator[str]:
    """The trail tells of a disposal, and there is none by that entry: told twice, or a row was taken away."""
    for event, column in (
        (Event.RECORDING_DISPOSING, Disposal.begun_in),
        (Event.RECORDING_DISPOSED, Disposal.disposed_in),
    ):
        query = select(AuditEntry.id).where(
            AuditEntry.event == event, ~select(Disposal).where(column == AuditEntry.id).exists()
        )
        yield from map(str, session.scalars(query))


_OF_ENTRIES: dict[str, Callable[[Session], Iterator[str]]] = {
    "certificate-altered": _certificates_altered,
    "disposal-entry-without-row": _entries_without_disposal,
}


def _objects(vault: Vault, session: Session) -> Iterator[str]:
    """Recordings that are disposed of by their row, and of which the store has an object."""
    stored = (name for name, _ in groupby(vault.store.list(""), lambda each: each.name.partition("/")[0]))
    while some := list(islice(stored, _AT_ONCE)):
        query = select(Recording.id).where(
            Recording.id.in_([UUID(name) for name in some]), Recording.state == State.DISPOSED
        )
        yield from map(str, session.scalars(query))
