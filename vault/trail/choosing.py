"""Which entries a question is about: by their terms, in the order of the log, so that a page costs a page.

Terms stand in the database as (term, index): one term's entries are read in order from any place on, however
many there are. Of several filters the rarest is walked along, and each of the others is looked up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session, aliased

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
    _keep_to_the_order(session)
    bounds = _bounds(session, stretch)
    first, *others = _rarest_first(session, filters, bounds)
    conditions = [*bounds, *map(_has, others), *_within(stretch)]
    order = TrailTerm.index.desc() if stretch.newest_first else TrailTerm.index
    # Each alternative walked along by itself: nothing then tempts a planner to read all of a common one.
    arms = [
        select(TrailTerm.index).where(TrailTerm.term == each, *conditions).order_by(order).limit(most)
        for each in first
    ]
    # None comes twice: an entry is of one epoch, and has a value in the clear or as a pseudonym.
    found = sorted((number for arm in arms for number in session.scalars(arm)), reverse=stretch.newest_first)
    return found[:most]


def _keep_to_the_order(session: Session) -> None:
    """For the rest of the transaction PostgreSQL walks along a term's entries, and stops when it has a page.

    It knows how many entries a term has for the most common ones only. Of another it guesses few, and would
    read and sort all of them; of a person who works here for ten years they are many.
    """
    if session.get_bind().dialect.name == "postgresql":
        off = [func.set_config(name, "off", True) for name in ("enable_sort", "enable_bitmapscan")]
        session.execute(select(*off))


def _has(filter_: Alternatives) -> ColumnElement[bool]:
    """Whether an entry has a term of this filter too: looked up for each, whatever a planner thinks of it."""
    other = aliased(TrailTerm)
    looked_up = select(literal(1)).where(other.term.in_(filter_), other.index == TrailTerm.index).limit(1)
    return looked_up.scalar_subquery().is_not(None)


def _within(stretch: Stretch) -> Iterator[ColumnElement[bool]]:
    at = (
        select(AuditEntry.at)
        .join(LogEntry, LogEntry.entry_id == AuditEntry.id)
        .where(LogEntry.index == TrailTerm.index)
        .scalar_subquery()
    )
    if stretch.since:
        yield at >= stretch.since
    if stretch.until:
        yield at < stretch.until


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
        counted = 0
        for each in filter_:
            some = select(TrailTerm.index).where(TrailTerm.term == each, *bounds)
            limited = some.order_by(TrailTerm.index).limit(COUNTED).subquery()
            counted += session.scalar(select(func.count()).select_from(limited)) or 0
        return counted

    return sorted(filters, key=count)
