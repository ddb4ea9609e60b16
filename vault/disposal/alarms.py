"""What must be known before a term is broken: what is overdue, what waits, and a sweep that does not work.

`Alarm` remembers what it last saw, so that it can tell that footage falls due also while nobody can look.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from vault.disposal.beginning import is_there
from vault.disposal.sweeping import Swept
from vault.disposal.tables import Disposal
from vault.tables import Recording
from vault.vault import Vault

log = structlog.get_logger()

UNWELL_AFTER = timedelta(minutes=10)
"""A sweep is due every minute: one that has not come to its end for so long does not by itself either."""
AHEAD = timedelta(days=1)
"""Whoever is called must have so much time before a term is broken."""
MOST_COUNTED = 100_000

OVERDUE = Gauge("disposal_overdue", "Recordings that are due and still open; must be zero.")
UNFINISHED = Gauge("disposal_unfinished", "Recordings whose key is gone and whose objects are not.")
WAITING = Gauge("disposal_waiting_for_lock", "Of those, the ones whose objects the store keeps until a date.")
FAILURES = Counter("disposal_failures_total", "Disposals, or sweeps, that failed.", ["step"])
SWEPT_AT = Gauge("disposal_swept_timestamp_seconds", "When a sweep last came to its end.")
AT_RISK = Gauge("disposal_at_risk", "1 while the sweep fails and something falls due within a day.")


class DisposalAtRisk(Exception):
    """The sweep does not come to its end, and footage is due or falls due within a day."""


@dataclass(frozen=True)
class Backlog:
    """What there is to do, at one moment."""

    overdue: int
    unfinished: int
    waiting: int
    next_due: datetime | None
    """When the next recording falls due that is not due yet."""


def backlog(vault: Vault, *, now: datetime) -> Backlog:
    """What is left to do at `now`; counted no further than says enough."""
    with vault.database.reading() as session:
        there, unfinished = is_there(), Disposal.disposed_at.is_(None)
        return Backlog(
            overdue=_count(session, Recording.id, there, Recording.dispose_after <= now),
            unfinished=_count(session, Disposal.recording_id, unfinished),
            waiting=_count(session, Disposal.recording_id, unfinished, Disposal.locked_until > now),
            next_due=session.scalar(
                select(Recording.dispose_after)
                .where(there, Recording.dispose_after > now)
                .order_by(Recording.dispose_after)
                .limit(1)
            ),
        )


def _count(session: Session, column: object, *where: ColumnElement[bool]) -> int:
    some = select(column).where(*where).limit(MOST_COUNTED).subquery()  # type: ignore[call-overload]
    return session.scalar(select(func.count()).select_from(some)) or 0


class Alarm:
    """How the sweep fares in this process. Asked by several threads."""

    def __init__(self, *, since: datetime) -> None:
        self._lock = Lock()
        self._well = since
        self._left: Backlog | None = None

    def watch(self, sweep: Callable[[], Swept], vault: Vault, *, now: datetime) -> Swept:
        """Run `sweep`, and tell how it went; raises what it raises."""
        try:
            swept = sweep()
            left = backlog(vault, now=now)
        except Exception:
            FAILURES.labels("sweep").inc()
            self._tell(now)
            raise
        FAILURES.labels("recording").inc(swept.failed)
        if swept.away:
            FAILURES.labels("store").inc()
        OVERDUE.set(left.overdue)
        UNFINISHED.set(left.unfinished)
        WAITING.set(left.waiting)
        with self._lock:
            self._left = left
            if not swept.away and not swept.failed:
                self._well = now
                SWEPT_AT.set(now.timestamp())
        self._tell(now)
        return swept

    def check(self, *, now: datetime) -> None:
        """Raises DisposalAtRisk; also when a sweep hangs, for this is asked from outside."""
        if why := self._risk(now):
            raise DisposalAtRisk(why)

    def _tell(self, now: datetime) -> None:
        why = self._risk(now)
        AT_RISK.set(bool(why))
        if why:
            log.error("disposal.at-risk", why=why)

    def _risk(self, now: datetime) -> str | None:
        with self._lock:
            well, left = self._well, self._left
        if now - well < UNWELL_AFTER:
            return None
        since = f"no whole sweep since {well.isoformat(timespec='seconds')}"
        if left is None:
            return f"{since}; what falls due is not known"
        begun = left.unfinished - left.waiting
        if left.overdue or begun > 0:
            return f"{since}; {left.overdue} overdue, {begun} begun"
        if left.next_due and left.next_due <= now + AHEAD:
            return f"{since}; the next is due {left.next_due.isoformat(timespec='seconds')}"
        return None
