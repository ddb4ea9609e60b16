"""Figures of the trail's integrity: how much of it the log covers, who cosigned, how often all was checked.

And the entry that a check was made: without it, evidence that checks were made would be somebody's word.
"""

import base64
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Actor, Entry, Event
from vault.evidence.acts import number_of
from vault.evidence.counting import Count
from vault.evidence.figures import CheckpointTold, IntegrityTold, WitnessTold
from vault.evidence.periods import Period
from vault.invariants import Finding
from vault.leaves import read_leaf
from vault.log.reading import checkpoint
from vault.log.tables import LogCheckpoint, LogCosignature, LogEntry
from vault.tables import AuditEntry
from vault.vault import Vault


def record_check(vault: Vault, by: Actor, findings: Sequence[Finding], *, now: datetime) -> None:
    """Enter in the trail that every invariant was checked, by whom, and how much was wrong."""
    with vault.database.transaction() as session:
        entry = Entry(event=Event.INVARIANTS_CHECKED, at=now, actor=by, facts={"findings": len(findings)})
        audit.append(session, vault.ring, entry)


def integrity(session: Session, municipality: str, period: Period, found: Sequence[Count]) -> IntegrityTold:
    """What was checked in the period. Log, checks and witnesses are those of the whole installation."""
    newest = checkpoint(session)
    signed = LogCheckpoint.signed_at >= period.since, LogCheckpoint.signed_at < period.until
    checks = _checks(session, period)
    return IntegrityTold(
        entries=sum(each.number for each in found),
        not_yet_in_log=_outside(session, municipality, period, newest.size if newest else 0),
        checkpoint=_told(newest) if newest else None,
        checkpoints_kept=session.scalars(
            select(func.count()).select_from(LogCheckpoint).where(*signed)
        ).one(),
        witnesses=_witnesses(session, period),
        checks=len(checks),
        checks_with_findings=sum(findings > 0 for _, findings in checks),
        last_check_at=max((at for at, _ in checks), default=None),
        trail_read=number_of(found, Event.TRAIL_READ, Event.TRAIL_EXPORTED),
        trail_denied=number_of(found, Event.TRAIL_DENIED),
    )


def _told(found: LogCheckpoint) -> CheckpointTold:
    root = base64.b64encode(found.root).decode()
    return CheckpointTold(size=found.size, root=root, signed_at=found.signed_at)


def _outside(session: Session, municipality: str, period: Period, size: int) -> int:
    """Entries of the period that the first `size` of the log are not among."""
    query = (
        select(func.count())
        .select_from(AuditEntry)
        .outerjoin(LogEntry, (LogEntry.entry_id == AuditEntry.id) & (LogEntry.index < size))
        .where(AuditEntry.municipality_id == municipality, LogEntry.index.is_(None))
        .where(AuditEntry.at >= period.since, AuditEntry.at < period.until)
    )
    return session.scalars(query).one()


def _witnesses(session: Session, period: Period) -> list[WitnessTold]:
    received = LogCosignature.received_at
    query = (
        select(LogCosignature.witness, func.count(), func.min(received), func.max(received))
        .where(received >= period.since, received < period.until)
        .group_by(LogCosignature.witness)
        .order_by(LogCosignature.witness)
    )
    return [
        WitnessTold(witness=witness, cosignatures=number, first_at=first, last_at=last)
        for witness, number, first, last in session.execute(query)
    ]


def _checks(session: Session, period: Period) -> list[tuple[datetime, int]]:
    query = select(AuditEntry.at, AuditEntry.leaf).where(
        AuditEntry.event == Event.INVARIANTS_CHECKED,
        AuditEntry.at >= period.since,
        AuditEntry.at < period.until,
    )
    told = ((at, (read_leaf(leaf) or {}).get("facts", {})) for at, leaf in session.execute(query))
    return [(at, facts["findings"]) for at, facts in told if isinstance(facts.get("findings"), int)]
