"""Which entries a question is about: by their terms, in the order of the log, so that a page costs a page.

Terms stand in the database as (term, index): one term's entries are read in order from any place on, however
many there are. Of several filters the rarest is walked along, and each of the others is looked up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from vault.log.tables import LogEntry, TrailTerm
from vault.tables import AuditEntry
from vault.trail.questions import Alternatives

TOLERANCE = timedelta(hours=1)
"""How long after its moment an entry may be committed, all clocks together; a verb takes seconds."""
_EARLIEST = datetime.min.replace(tzinfo=UTC) + TOLERANCE
_LATEST = datetime.max.replace(tzinfo=UTC) - TOLERANCE
COUNTED = 1000
"""Entries of a filter that are counted to find the rarest: beyond it, all are common."""


@dataclass(frozen=True)
class Stretch:
    """Which part of the log, and which way it is walked."""

    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None
    newest_first: bool = False


def choose(session: Session, filters: Sequence[Alternatives], stretch: Stretch, most: int) -> list[int]:
    """The numbers of the first `most` entries with a term of every filter, within the stretch."""
    bounds = _bounds(session, stretch)
    first, *others = _rarest_first(session, filters, bounds)
    arms = [select(TrailTerm.index).where(TrailTerm.term == each, *bounds) for each in first]
    walked = union_all(*arms).subquery() if len(arms) > 1 else arms[0].subquery()
    index = walked.c.index
    query = select(index).order_by(index.desc() if stretch.newest_first else index).limit(most)
    for other in others:
        # A look-up that no planner turns into reading all of a common term first.
        has = select(literal(1)).where(TrailTerm.term.in_(other), TrailTerm.index == index).limit(1)
        query = query.where(has.scalar_subquery().is_not(None))
    if stretch.since or stretch.until:
        query = _within(query, index, stretch)
    # None comes twice: an entry is of one epoch, and has a value in the clear or as a pseudonym.
    return list(session.scalars(query))


def _within(query: Select[int], index: ColumnElement[int], stretch: Stretch) -> Select[int]:
    at = (
        select(AuditEntry.at)
        .join(LogEntry, LogEntry.entry_id == AuditEntry.id)
        .where(LogEntry.index == index)
        .scalar_subquery()
    )
    if stretch.since:
        query = query.where(at >= stretch.since)
    if stretch.until:
        query = query.where(at < stretch.until)
    return query


def _bounds(session: Session, stretch: Stretch) -> list[ColumnElement[bool]]:
    """Numbers outside which no entry of the stretch can be: the log is in the order of commits."""
    bounds: list[ColumnElement[bool]] = []
    numbered = select(LogEntry.index).join(AuditEntry, AuditEntry.id == LogEntry.entry_id).limit(1)
    if stretch.since:
        before = numbered.where(AuditEntry.at < max(stretch.since, _EARLIEST) - TOLERANCE).order_by(
            AuditEntry.at.desc()
        )
        if (lowest := session.scalar(before)) is not None:
            bounds.append(TrailTerm.index > lowest)
    if stretch.until:
        behind = numbered.where(AuditEntry.at >= min(stretch.until, _LATEST) + TOLERANCE).order_by(
            AuditEntry.at
        )
        if (highest := session.scalar(behind)) is not None:
            bounds.append(TrailTerm.index < highest)
    if stretch.after is not None:
        onwards = TrailTerm.index < stretch.after if stretch.newest_first else TrailTerm.index > stretch.after
        bounds.append(onwards)
    return bounds


def _rarest_first(
    session: Session, filters: Sequence[Alternatives], bounds: Sequence[ColumnElement[Any]]
) -> list[Alternatives]:
    if len(filters) == 1:
        return list(filters)

    def count(filter_: Alternatives) -> int:
        some = select(literal(1)).where(TrailTerm.term.in_(filter_), *bounds).limit(COUNTED).subquery()
        return session.scalar(select(func.count()).select_from(some)) or 0

    return sorted(filters, key=count)
