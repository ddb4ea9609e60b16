"""Which entries a question is about: by their terms, in the order of the log, so that a page costs a page.

Terms stand in the database as (term, index): one term's entries are read in order from any place on, however
many there are. Of several filters the rarest is walked along, and each of the others is looked up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session, aliased

from vault.log.tables import LogEntry, TrailTerm
from vault.tables import AuditEntry
from vault.trail import blocks
from vault.trail.blocks import END, Run
from vault.trail.questions import Alternatives

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
    runs = list(_runs(session, stretch))
    if not runs:
        return []
    first, *others = _rarest_first(session, filters, (runs[0][0], runs[-1][1]))
    conditions = [*map(_has, others), *_within(stretch)]
    found: list[int] = []
    for run in reversed(runs) if stretch.newest_first else runs:
        if len(found) < most:
            found += _walked(session, first, [*_between(run), *conditions], stretch, most - len(found))
    return found


def _walked(
    session: Session,
    filter_: Alternatives,
    conditions: Sequence[ColumnElement[bool]],
    stretch: Stretch,
    most: int,
) -> list[int]:
    """The first entries of a filter. None comes twice: an entry is of one epoch.

    Each alternative is walked along by itself: nothing then tempts a planner to read all of a common one.
    """
    order = TrailTerm.index.desc() if stretch.newest_first else TrailTerm.index
    arms = [
        select(TrailTerm.index).where(TrailTerm.term == each, *conditions).order_by(order).limit(most)
        for each in filter_
    ]
    found = [number for arm in arms for number in session.scalars(arm)]
    return sorted(found, reverse=stretch.newest_first)[:most]


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


def _runs(session: Session, stretch: Stretch) -> Iterator[Run]:
    """Where in the log entries of the stretch can be, in order."""
    begin, end = 0, END
    if stretch.after is not None:
        begin, end = (0, stretch.after) if stretch.newest_first else (stretch.after + 1, END)
    for first, behind in blocks.runs(session, stretch.since, stretch.until):
        if max(first, begin) < min(behind, end):
            yield max(first, begin), min(behind, end)


def _between(run: Run) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return TrailTerm.index >= run[0], TrailTerm.index < run[1]


def _rarest_first(session: Session, filters: Sequence[Alternatives], run: Run) -> list[Alternatives]:
    if len(filters) == 1:
        return list(filters)

    def count(filter_: Alternatives) -> int:
        counted = 0
        for each in filter_:
            some = select(TrailTerm.index).where(TrailTerm.term == each, *_between(run))
            limited = some.order_by(TrailTerm.index).limit(COUNTED).subquery()
            counted += session.scalar(select(func.count()).select_from(limited)) or 0
        return counted

    return sorted(filters, key=count)
