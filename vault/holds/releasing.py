"""Holds that end by themselves: a request to see footage was answered: refused, or its grant is over.

The keeper looks for them. What ended was the request, at a moment that is known: the term that follows runs
from then, and not from when the keeper looked. Only a hold for that very request: when a data subject, a
complainant or the police has an answer nobody knows here, whatever became of who looked for them.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Row, Select, or_, select

from policies.terms import Release, Trigger
from vault import audit
from vault.audit import Actor, Event
from vault.holds.lifting import end, lifted_leaf
from vault.holds.rows import locked
from vault.holds.tables import Hold
from vault.rulesets import RuleSetAltered, RuleSetMissing
from vault.tables import Decision, Grant, Request
from vault.vault import Vault

AT_ONCE = 200
"""Recordings looked for with one question to the database."""
ANSWERED = "Het verzoek is beantwoord. / The request was answered."
_REFUSED = "refused"

log = structlog.get_logger()


def release(vault: Vault, by: Actor, *, now: datetime) -> int:
    """Lift every hold whose request was answered; how many those were."""
    count, after = 0, None
    while recordings := _next(vault, now, after):
        count += sum(_release_of(vault, by, recording, now) for recording in recordings)
        after = recordings[-1]
    return count


def _next(vault: Vault, now: datetime, after: UUID | None) -> Sequence[UUID]:
    """Recordings with a hold to be lifted, in order of id."""
    query = _answered(now).with_only_columns(Hold.recording_id).distinct().order_by(Hold.recording_id)
    if after:
        query = query.where(Hold.recording_id > after)
    with vault.database.reading() as session:
        return session.scalars(query.limit(AT_ONCE)).all()


def _release_of(vault: Vault, by: Actor, recording: UUID, now: datetime) -> int:
    """Lift those of one recording, in a transaction of its own."""
    try:
        with vault.database.transaction() as session:
            found = locked(vault, session, recording)
            rows = session.execute(_answered(now).where(Hold.recording_id == recording)).all()
            for row in rows:
                hold: Hold = row.Hold
                end(session, found, hold, Release.ANSWERED.value, ANSWERED, _moment(row, now))
                details = {"hold": hold.id, "request": hold.request_id, "reason": ANSWERED}
                leaf = lifted_leaf(hold)
                told = audit.of_recording(Event.HOLD_LIFTED, found.row, by, now, facts=leaf, details=details)
                audit.append(session, vault.ring, told)
    except (RuleSetMissing, RuleSetAltered) as error:
        # Of one municipality; the others' go on. What is held stays so, and the reminder names it.
        log.exception("hold.not-released", why=type(error).__name__)
        return 0
    return len(rows)


def _answered(now: datetime) -> Select[Hold, datetime, datetime | None, datetime]:
    """Holds that stand for a request to see footage, which a decider refused or whose grant is over."""
    refused = (Decision.request_id == Request.id) & (Decision.outcome == _REFUSED)
    return (
        select(Hold, Decision.decided_at, Grant.revoked_at, Grant.valid_until)
        .select_from(Hold)
        .join(Request, Request.id == Hold.request_id)
        .outerjoin(Grant, Grant.request_id == Request.id)
        .outerjoin(Decision, refused)
        .where(
            Hold.lifted_at.is_(None),
            Hold.trigger == Trigger.VIEWING_REQUEST.value,
            Hold.released_by == Release.ANSWERED.value,
            or_(Request.state == _REFUSED, Grant.revoked_at <= now, Grant.valid_until <= now),
        )
    )


def _moment(row: Row[Hold, datetime, datetime | None, datetime], now: datetime) -> datetime:
    """When the request was answered: the first of what ended it."""
    ends = (row.decided_at, row.revoked_at, row.valid_until)
    return min((each for each in ends if each and each <= now), default=now)
