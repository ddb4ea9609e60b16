"""What is wrong with disposals: a part of `vault.invariants`. What to do about each: docs/operations.md."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import Session

from vault.audit import Event
from vault.disposal.beginning import is_there
from vault.disposal.tables import Disposal, Ground
from vault.erasure.invariants import told_since
from vault.finding import Finding
from vault.holds.tables import Hold
from vault.leaves import read_leaf
from vault.tables import AuditEntry, Depiction, Grant, Part, Recording, SealedKey, State

MOST = 1000
"""Most findings of one check: more would say no more."""
SWEPT_WITHIN = timedelta(minutes=10)
"""What is due longer than that is overdue: a sweep comes every minute, and has its time."""
DONE_WITHIN = timedelta(days=1)
"""From the key to the certificate, where no lock keeps the objects."""
_GONE = (State.DISPOSING, State.DISPOSED)
_AT_ONCE = 500


def check(session: Session, now: datetime) -> Iterator[Finding]:
    """Every finding about disposals that the database alone tells of."""
    for name, of in _CHECKS.items():
        for about in islice(of(session, now), MOST):
            yield Finding(name, about)


def _asked(query: Callable[[datetime], Select[UUID]]) -> Callable[[Session, datetime], Iterator[str]]:
    return lambda session, now: map(str, session.scalars(query(now).limit(MOST)))


def _of_recordings(*where: ColumnElement[bool]) -> Select[UUID]:
    return select(Recording.id).outerjoin(Disposal, Disposal.recording_id == Recording.id).where(*where)


def _of_disposals(*where: ColumnElement[bool]) -> Select[UUID]:
    return select(Disposal.recording_id).join(Recording, Recording.id == Disposal.recording_id).where(*where)


def _stuck(now: datetime) -> Select[UUID]:
    locked = Disposal.locked_until > now - DONE_WITHIN
    return _of_disposals(
        Disposal.disposed_at.is_(None),
        Disposal.begun_at < now - DONE_WITHIN,
        or_(Disposal.locked_until.is_(None), ~locked),
    )


def _with_rows(_now: datetime) -> Select[UUID]:
    rows = (select(table).where(table.recording_id == Recording.id).exists() for table in (Part, Depiction))
    return _of_recordings(Recording.state == State.DISPOSED, or_(*rows))


def _granted(now: datetime) -> Select[UUID]:
    return (
        select(Grant.id)
        .join(Recording, Recording.id == Grant.recording_id)
        .where(Recording.state.in_(_GONE), Grant.revoked_at.is_(None), Grant.valid_until > now)
    )


def _uncertified(_now: datetime) -> Select[UUID]:
    unfinished = or_(*(each.is_(None) for each in (Disposal.certificate, Disposal.disposed_at)))
    disposed = Recording.state == State.DISPOSED
    return _of_recordings(
        or_(Recording.state.in_(_GONE) & Disposal.recording_id.is_(None), disposed & unfinished)
    )


def _held(_now: datetime) -> Select[UUID]:
    """One that came after it was begun is nobody's fault here."""
    query = _of_disposals(
        Hold.placed_at < Disposal.begun_at,
        or_(Hold.lifted_at.is_(None), Hold.lifted_at > Disposal.begun_at),
    )
    return query.join(Hold, Hold.recording_id == Disposal.recording_id).distinct()


def _certificates_altered(session: Session, _now: datetime) -> Iterator[str]:
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


def _entries_without_disposal(session: Session, _now: datetime) -> Iterator[str]:
    """The trail tells of a disposal, and there is none by that entry: told twice, or a row was taken away."""
    for event, column in (
        (Event.RECORDING_DISPOSING, Disposal.begun_in),
        (Event.RECORDING_DISPOSED, Disposal.disposed_in),
    ):
        # Not asked of each entry anew: without an index that looks through every disposal each time.
        query = select(AuditEntry.id).where(AuditEntry.event == event).except_(select(column))
        yield from map(str, session.scalars(query))


_CHECKS: dict[str, Callable[[Session, datetime], Iterator[str]]] = {
    "term-is-over": _asked(
        lambda now: _of_recordings(is_there(), Recording.dispose_after <= now - SWEPT_WITHIN)
    ),
    "disposal-stuck": _asked(_stuck),
    "disposed-and-opens": _asked(
        lambda _now: _of_recordings(
            Recording.state.in_(_GONE),
            select(SealedKey).where(SealedKey.recording_id == Recording.id).exists(),
        )
    ),
    "disposed-with-remains": _asked(_with_rows),
    "disposed-and-granted": _asked(_granted),
    "disposed-without-certificate": _asked(_uncertified),
    "disposal-of-what-is-kept": _asked(
        lambda _now: _of_disposals(
            or_(
                Recording.state.not_in(_GONE),
                Disposal.disposed_at.is_not(None) & (Recording.state != State.DISPOSED),
            )
        )
    ),
    "disposed-too-early": _asked(
        lambda _now: _of_disposals(Disposal.ground == Ground.TERM_OVER, Disposal.begun_at < Disposal.due)
    ),
    "disposed-while-held": _asked(_held),
    "certificate-altered": _certificates_altered,
    "disposal-entry-without-row": _entries_without_disposal,
}
