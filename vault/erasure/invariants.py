"""What is wrong with the trail's erasure, and what is due: a part of `vault.invariants`."""

from bisect import bisect
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vault.audit import Event
from vault.erasure.epochs import LASTS
from vault.erasure.tables import AuditEpoch
from vault.erasure.terms import terms
from vault.finding import Finding
from vault.leaves import read_leaf
from vault.log import reading
from vault.log.tables import LogEntry, LogPosition
from vault.tables import AuditEntry, AuditPayload
from vault.vault import Vault

MOST = 1000
"""Most findings of one check: more would say no more."""


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
    for about in _not_told(session):
        yield Finding("minimum-not-told", about)
    for about in islice(_payloads_gone(session), MOST):
        yield Finding("payload-gone", about)
    for about in _too_old(vault, session, now):
        yield Finding("epoch-to-begin", about)
    for about in _due(vault, session, now):
        yield Finding("epoch-to-destroy", about)
    for about in _back(vault, session):
        yield Finding("epoch-destroyed-and-held", about)


def _not_told(session: Session) -> Iterator[str]:
    """The minimum index, when the newest entry that tells of pruning does not say that it rose there."""
    minimum = session.scalar(select(LogPosition.minimum)) or 0
    newest = select(AuditEntry.leaf).where(AuditEntry.event == Event.LOG_PRUNED)
    leaf = session.scalar(newest.order_by(AuditEntry.seq.desc()).limit(1))
    told = ((read_leaf(leaf) or {}).get("facts") or {}).get("below") if leaf else 0
    if told != minimum:
        yield str(minimum)


def _payloads_gone(session: Session) -> Iterator[str]:
    """Entries without a payload, that no entry of the log tells of: somebody took away who it was and why."""
    told = _told_destroyed(session)
    query = (
        select(LogEntry.index, AuditEntry.id, AuditEntry.municipality_id)
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditPayload.entry_id.is_(None), LogEntry.index >= reading.minimum(session))
        .order_by(LogEntry.index)
    )
    for number, entry_id, municipality in session.execute(query.execution_options(yield_per=500)):
        stretches = told.get(municipality, [])
        place = bisect(stretches, number, key=lambda stretch: stretch[0]) - 1
        if place < 0 or number > stretches[place][1]:
            yield str(entry_id)


def _told_destroyed(session: Session) -> dict[str | None, list[tuple[int, int]]]:
    """By municipality, the stretches of which payloads were destroyed as it should be, in order and apart."""
    query = select(AuditEntry.municipality_id, AuditEntry.leaf).where(
        AuditEntry.event == Event.PAYLOADS_DESTROYED
    )
    found: dict[str | None, list[tuple[int, int]]] = {}
    for municipality, leaf in session.execute(query):
        facts = (read_leaf(leaf) or {}).get("facts", {})
        if isinstance(first := facts.get("first"), int) and isinstance(last := facts.get("last"), int):
            found.setdefault(municipality, []).append((first, last))
    return {municipality: _apart(stretches) for municipality, stretches in found.items()}


def _apart(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    apart: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if apart and first <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(last, apart[-1][1]))
        else:
            apart.append((first, last))
    return apart


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
