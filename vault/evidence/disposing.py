"""Figures of what was destroyed, why, and whether it was in time; and of what something held."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, distinct, func, or_, select
from sqlalchemy.orm import Session

from policies.retention import UNTIL_RELEASED
from vault.audit import Event
from vault.disposal.invariants import SWEPT_WITHIN
from vault.disposal.tables import Disposal, EarlyErasure, Ground
from vault.disposal.wording import GROUNDS
from vault.evidence.acts import number_of
from vault.evidence.counting import Count
from vault.evidence.figures import DisposalsTold, GroundTold, Text
from vault.evidence.periods import Period
from vault.holds.tables import Hold
from vault.tables import Recording, State

_THERE = (State.KEPT, State.QUARANTINED)


def disposals(
    session: Session, municipality: str, period: Period, found: Sequence[Count], now: datetime
) -> DisposalsTold:
    """What was disposed of in the period, and how it stood at its end, or now when that is to come."""
    ends = min(period.until, now)
    mine = Disposal.municipality_id == municipality
    ended = [mine, Disposal.disposed_at >= period.since, Disposal.disposed_at < ends]
    grounds = dict(
        session.execute(select(Disposal.ground, func.count()).where(*ended).group_by(Disposal.ground)).all()
    )
    certified = [*ended, Disposal.certificate.is_not(None), Disposal.disposed_in.is_not(None)]
    asked = [
        EarlyErasure.municipality_id == municipality,
        EarlyErasure.asked_at >= period.since,
        EarlyErasure.asked_at < ends,
    ]
    return DisposalsTold(
        by_ground=[
            GroundTold(ground=ground, title=Text(**GROUNDS[ground]._asdict()), number=grounds.get(ground, 0))
            for ground in Ground
        ],
        disposed=sum(grounds.values()),
        with_certificate=_number(session, Disposal, *certified),
        begun=number_of(found, Event.RECORDING_DISPOSING),
        overdue_at_end=_overdue(session, municipality, ends),
        unfinished_at_end=_number(
            session,
            Disposal,
            mine,
            Disposal.begun_at < ends,
            or_(Disposal.disposed_at.is_(None), Disposal.disposed_at >= ends),
        ),
        held_at_end=_held(session, municipality, ends),
        holds_placed=_holds(session, municipality, Hold.placed_at >= period.since, Hold.placed_at < ends),
        holds_lifted=_holds(session, municipality, Hold.lifted_at >= period.since, Hold.lifted_at < ends),
        erasures_asked=_number(session, EarlyErasure, *asked),
        erasures_approved=_number(session, EarlyErasure, *asked, EarlyErasure.outcome == "approved"),
    )


def _overdue(session: Session, municipality: str, ends: datetime) -> int:
    """What was due at `ends` for longer than a sweep takes to come, and was not begun: terms broken."""
    due = ends - SWEPT_WITHIN
    still = [Recording.municipality_id == municipality, Recording.state.in_(_THERE)]
    later = [Disposal.municipality_id == municipality, Disposal.begun_at >= ends, Disposal.due < due]
    return _number(
        session, Recording, *still, Recording.dispose_after < due, Recording.dispose_after < UNTIL_RELEASED
    ) + _number(session, Disposal, *later)


def _held(session: Session, municipality: str, ends: datetime) -> int:
    """Recordings that a hold stood on at `ends`."""
    standing = or_(Hold.lifted_at.is_(None), Hold.lifted_at >= ends)
    query = select(func.count(distinct(Hold.recording_id))).where(
        Hold.municipality_id == municipality, Hold.placed_at < ends, standing
    )
    return session.scalars(query).one()


def _holds(session: Session, municipality: str, *conditions: ColumnElement[bool]) -> int:
    return _number(session, Hold, Hold.municipality_id == municipality, *conditions)


def _number(
    session: Session,
    table: type[Recording] | type[Disposal] | type[Hold] | type[EarlyErasure],
    *conditions: ColumnElement[bool],
) -> int:
    return session.scalars(select(func.count()).select_from(table).where(*conditions)).one()
