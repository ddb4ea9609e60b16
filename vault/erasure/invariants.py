"""What is wrong with the trail's erasure, and what is due: a part of `vault.invariants`."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from vault.audit import Event
from vault.erasure.epochs import LASTS
from vault.erasure.tables import AuditEpoch
from vault.erasure.terms import terms
from vault.finding import Finding
from vault.leaves import read_leaf
from vault.log.tables import LogEntry, LogPosition
from vault.tables import AuditEntry, AuditPayload
from vault.vault import Vault

MOST = 1000
"""Most payloads that are told to be gone: more would say no more."""


def told_since(session: Session) -> datetime | None:
    """Of what happened until this moment the trail need not tell any more: it was pruned, or its names are
    gone.

    None: of everything.
    """
    gone = [session.scalar(select(func.max(AuditEpoch.last_at)).where(AuditEpoch.destroyed_at.is_not(None)))]
    if session.scalar(select(LogPosition.minimum)):
        gone.append(session.scalar(select(func.min(AuditEntry.at))))
    return max((moment for moment in gone if moment), default=None)


def check(vault: Vault, session: Session, now: datetime) -> Iterator[Finding]:
    """Every finding about the trail's term. What is due is no fault, but it is for somebody to do."""
    for about in islice(_gone(vault, session, now), MOST):
        yield Finding("payload-gone", about)
    for about in _not_told(session):
        yield Finding("minimum-not-told", about)
    for about in _too_old(vault, session, now):
        yield Finding("epoch-to-begin", about)
    for about in _due(vault, session, now):
        yield Finding("epoch-to-destroy", about)
    for about in _back(vault, session):
        yield Finding("epoch-destroyed-and-held", about)


def _gone(vault: Vault, session: Session, now: datetime) -> Iterator[str]:
    """Entries within their term without a payload, where no entry tells that it was destroyed.

    That does tell also of those that are within their term now, because that became longer.
    """
    query = (
        select(AuditEntry.id, AuditEntry.municipality_id, func.coalesce(LogEntry.index, -1))
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .outerjoin(LogEntry, LogEntry.entry_id == AuditEntry.id)
        .where(AuditPayload.entry_id.is_(None), ~terms(vault, session, now=now).over)
        # What is below the minimum is on its way out: a night that died is gone on with by the next.
        .where(func.coalesce(LogEntry.index >= select(LogPosition.minimum).scalar_subquery(), true()))
        .order_by(AuditEntry.seq)
        .execution_options(yield_per=1000)
    )
    told: dict[str | None, list[tuple[int, int]]] | None = None
    for entry_id, municipality, index in session.execute(query):
        # Read only when there is one: where all is well there is none.
        told = _destroyed(session) if told is None else told
        stretches = told.get(municipality, [])
        if not any(first <= index <= last for first, last in stretches):
            yield str(entry_id)


def _destroyed(session: Session) -> dict[str | None, list[tuple[int, int]]]:
    """Of which numbers the trail tells that payloads were destroyed, by municipality."""
    told: dict[str | None, list[tuple[int, int]]] = {}
    query = select(AuditEntry.municipality_id, AuditEntry.leaf).where(
        AuditEntry.event == Event.PAYLOADS_DESTROYED
    )
    for municipality, leaf in session.execute(query):
        facts = (read_leaf(leaf) or {}).get("facts") or {}
        told.setdefault(municipality, []).append((facts.get("first", 0), facts.get("last", -1)))
    return told


def _not_told(session: Session) -> Iterator[str]:
    """The minimum index, when the newest entry that tells of pruning does not say that it rose there."""
    minimum = session.scalar(select(LogPosition.minimum)) or 0
    newest = select(AuditEntry.leaf).where(AuditEntry.event == Event.LOG_PRUNED)
    leaf = session.scalar(newest.order_by(AuditEntry.seq.desc()).limit(1))
    told = ((read_leaf(leaf) or {}).get("facts") or {}).get("below") if leaf else 0
    if told != minimum:
        yield str(minimum)


def _too_old(vault: Vault, session: Session, now: datetime) -> Iterator[str]:
    """The current epoch, when it has lasted longer than a quarter: it is time for the next."""
    current = vault.ring.epoch
    began = session.scalar(select(func.min(AuditEpoch.first_at)).where(AuditEpoch.epoch == current))
    if began and began + LASTS < now:
        yield current


def _due(vault: Vault, session: Session, now: datetime) -> Iterator[str]:
    """Epochs of which every entry's term is over, and whose keys are still there."""
    until = terms(vault, session, now=now).longest_over
    if until is None:
        return
    ended = select(AuditEpoch.epoch).group_by(AuditEpoch.epoch).having(func.max(AuditEpoch.last_at) <= until)
    for epoch in session.scalars(ended.where(AuditEpoch.destroyed_at.is_(None)).order_by(AuditEpoch.epoch)):
        if epoch != vault.ring.epoch:
            yield epoch


def _back(vault: Vault, session: Session) -> Iterator[str]:
    """Epochs that were destroyed and whose secret this process holds: not restarted, or a ring put back."""
    destroyed = select(AuditEpoch.epoch).where(AuditEpoch.destroyed_at.is_not(None)).distinct()
    yield from sorted(set(session.scalars(destroyed)) & set(vault.ring.epochs))
