"""Figures of what the tables say: how long requests waited, what grants allow, whether terms were kept."""

import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import QueryableAttribute, Session

from policies.terms import Terms
from vault.audit import Event
from vault.evidence.acts import number_of
from vault.evidence.counting import Count
from vault.evidence.figures import GrantsTold, RequestsTold, TermsTold
from vault.evidence.periods import Period
from vault.requests import RequestState
from vault.tables import Decision, Grant, Recording, Request, State

_Moment = QueryableAttribute[datetime] | QueryableAttribute[datetime | None]
_THERE = (State.KEPT, State.QUARANTINED)


def requests(session: Session, municipality: str, period: Period) -> RequestsTold:
    """The requests made in the period, and how long those waited that a person decided on."""
    made = (
        select(Request.asked_at, func.min(Decision.decided_at))
        .join(Recording, Recording.id == Request.recording_id)
        .outerjoin(Decision, (Decision.request_id == Request.id) & Decision.decider_id.is_not(None))
        .where(Recording.municipality_id == municipality, *_in(Request.asked_at, period))
        .group_by(Request.id, Request.asked_at)
    )
    found: Sequence[tuple[datetime, datetime | None]] = session.execute(made).all()
    waited = sorted(_hours(decided - asked) for asked, decided in found if decided is not None)
    waiting = (
        select(func.count())
        .select_from(Request)
        .join(Recording, Recording.id == Request.recording_id)
        .where(Recording.municipality_id == municipality, *_in(Request.asked_at, period))
        .where(Request.state == RequestState.WAITING)
    )
    return RequestsTold(
        made=len(found),
        decided_by_person=len(waited),
        still_waiting=session.scalars(waiting).one(),
        median_hours=round(statistics.median(waited), 1) if waited else None,
        # The least within which nine of ten were decided; of nine or fewer it is the longest.
        ninth_decile_hours=waited[-(len(waited) // 10) - 1] if waited else None,
        longest_hours=waited[-1] if waited else None,
    )


def grants(
    session: Session, municipality: str, period: Period, terms: Terms, found: Sequence[Count]
) -> GrantsTold:
    """The grants that began in the period, and the watching of the period."""
    begun = (
        select(Grant.valid_from, Grant.valid_until, Grant.revoked_at)
        .join(Recording, Recording.id == Grant.recording_id)
        .where(Recording.municipality_id == municipality, *_in(Grant.valid_from, period))
    )
    rows = session.execute(begun).all()
    return GrantsTold(
        issued=len(rows),
        revoked=sum(revoked is not None for _, _, revoked in rows),
        longest_hours=max((_hours(until - since) for since, until, _ in rows), default=None),
        longest_allowed_hours=terms.longest_grant_hours,
        ranges_watched=number_of(found, Event.VIEWING_SERVED),
        ranges_completed=number_of(found, Event.VIEWING_COMPLETED),
    )


def terms(
    session: Session, municipality: str, period: Period, found: Sequence[Count], now: datetime
) -> TermsTold:
    """What came in in the period, and what is still there of that whose term ended in it."""
    ended = [
        Recording.municipality_id == municipality,
        *_in(Recording.dispose_after, period),
        Recording.dispose_after <= now,
    ]
    there = [Recording.municipality_id == municipality, Recording.state.in_(_THERE)]
    oldest = session.scalar(select(func.min(Recording.dispose_after)).where(*ended, *there))
    return TermsTold(
        announced=number_of(found, Event.RECORDING_ANNOUNCED),
        kept=number_of(found, Event.RECORDING_KEPT),
        quarantined=number_of(found, Event.RECORDING_QUARANTINED),
        terms_ended=_number(session, *ended),
        still_there=_number(session, *ended, *there),
        longest_overdue_days=(now - oldest).days if oldest else 0,
        there_now=_number(session, *there),
    )


def _number(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalars(select(func.count()).select_from(Recording).where(*conditions)).one()


def _in(moment: _Moment, period: Period) -> list[ColumnElement[bool]]:
    return [moment >= period.since, moment < period.until]


def _hours(span: timedelta) -> float:
    return round(span / timedelta(hours=1), 1)
