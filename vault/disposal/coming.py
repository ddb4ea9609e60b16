"""What the coming sweep will take, as a dry run: each recording with its reason; and what stays, and why.

The same reckoning as the sweep's own re-check, of a page at a time; nothing changes by it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, literal, select, tuple_
from sqlalchemy.orm import Session

from policies.engine import Decision, RuleSet
from policies.retention import UNTIL_RELEASED, Held, days_later
from vault.disposal.foresight import look
from vault.disposal.tables import Disposal
from vault.disposal.timetable import AWAITED
from vault.holds.tables import Hold
from vault.retention import due_under, term_begins
from vault.rulesets import in_force_since
from vault.standing import By
from vault.tables import Recording, State
from vault.vault import Vault


class Part(StrEnum):
    """Which list of what is coming."""

    DUE = "due"
    """What will be due by the moment asked about."""
    HELD = "held"
    """What is not due because something holds it."""
    UNFINISHED = "unfinished"
    """What nothing opens any more, and whose objects or certificate are still to come."""


class Because(StrEnum):
    """Why a recording is taken, or is not."""

    TERM_OVER = "term-over"
    """Its own term is over by then."""
    FOLLOW_UP_OVER = "follow-up-over"
    """The term that followed a hold is over by then."""
    HELD = "held"
    """Something holds it; it stays."""
    STAYS = "stays"
    """Reckoned anew, its term or a hold that was released keeps it longer than its row says; the sweep finds
    that too, and leaves it."""


class Place(NamedTuple):
    """Where a recording stands in its list: the first to go comes first."""

    at: datetime
    recording: UUID


@dataclass(frozen=True)
class Question:
    """Which page of which list."""

    municipality: str
    part: Part
    until: datetime
    """For what is due: by when. It may lie in the past: what is overdue then."""
    after: Place | None = None
    most: int = 50


@dataclass(frozen=True)
class Holding:
    """A hold that is or was on a recording."""

    id: UUID
    trigger: str
    placed_at: datetime
    released_by: str
    """The event that ends it."""
    released_at: datetime | None
    days_after: int
    until: datetime | None
    """The end of the term that follows it; None while it stands."""


@dataclass(frozen=True)
class Awaited:
    """A recording that is kept or in quarantine, and what becomes of it."""

    recording: UUID
    regime: str
    quarantined: bool
    begins: datetime
    """From when its term runs."""
    term_days: int
    term_ends: datetime
    """The end of its own term, holds left aside."""
    due: datetime | None
    """By which moment it goes; None while something holds it."""
    because: Because
    holds: Sequence[Holding]

    @property
    def taken(self) -> bool:
        """Whether the sweep takes it."""
        return self.because in (Because.TERM_OVER, Because.FOLLOW_UP_OVER)


@dataclass(frozen=True)
class Begun:
    """A disposal that is not over."""

    recording: UUID
    ground: str
    """A `vault.disposal.tables.Ground`."""
    begun_at: datetime
    locked_until: datetime | None


@dataclass(frozen=True)
class Page:
    """A page of what is coming, under the rule set by which it was reckoned."""

    rule_set: str
    rows: Sequence[Awaited | Begun]
    next_after: Place | None


def coming(vault: Vault, by: By, question: Question, *, now: datetime) -> Page | Decision:
    """A page of what the sweep will take, or will not; the look is an entry.

    Raises RuleSetMissing, facts.Unknown.
    """
    rule_set = vault.rule_sets.of(question.municipality)
    after = question.after.recording if question.after else None
    if denial := look(vault, by, question.municipality, question.part.value, now=now, after=after):
        return denial
    with vault.database.reading() as session:
        if question.part is Part.UNFINISHED:
            return _unfinished(session, rule_set, question)
        return _awaited(session, rule_set, question)


def _awaited(session: Session, rule_set: RuleSet, question: Question) -> Page:
    held = question.part is Part.HELD
    # Whatever moment is asked about, what is held is not due by it.
    due = (Recording.dispose_after <= question.until) & (Recording.dispose_after < UNTIL_RELEASED)
    ends = Recording.dispose_after == UNTIL_RELEASED if held else due
    order = Recording.dispose_after, Recording.id
    query = (
        select(Recording)
        .where(Recording.municipality_id == question.municipality, AWAITED, ends)
        .order_by(*order)
    )
    rows = _page(session, query, order, question)
    holds, since = _holds(session, [row.id for row in rows]), in_force_since(session, question.municipality)
    shown = [_judge(row, rule_set, since, holds[row.id], question.until) for row in rows[: question.most]]
    last = rows[question.most - 1] if len(rows) > question.most else None
    return Page(rule_set.digest, shown, Place(last.dispose_after, last.id) if last else None)


def _unfinished(session: Session, rule_set: RuleSet, question: Question) -> Page:
    order = Disposal.begun_at, Disposal.recording_id
    query = (
        select(Disposal)
        .where(Disposal.municipality_id == question.municipality, Disposal.disposed_at.is_(None))
        .order_by(*order)
    )
    rows = _page(session, query, order, question)
    shown = [
        Begun(row.recording_id, row.ground, row.begun_at, row.locked_until) for row in rows[: question.most]
    ]
    last = rows[question.most - 1] if len(rows) > question.most else None
    return Page(rule_set.digest, shown, Place(last.begun_at, last.recording_id) if last else None)


def _page(session: Session, query: Select[Any], order: tuple[Any, Any], question: Question) -> Sequence[Any]:
    """The next rows, and one more when there are more."""
    if question.after:
        place = tuple(literal(value, by.type) for value, by in zip(question.after, order, strict=True))
        query = query.where(tuple_(*order) > tuple_(*place))
    return session.scalars(query.limit(question.most + 1)).all()


def _holds(session: Session, recordings: Sequence[UUID]) -> Mapping[UUID, Sequence[Hold]]:
    found: defaultdict[UUID, list[Hold]] = defaultdict(list)
    query = select(Hold).where(Hold.recording_id.in_(recordings)).order_by(Hold.placed_at, Hold.id)
    for hold in session.scalars(query):
        found[hold.recording_id].append(hold)
    return found


def _judge(
    row: Recording, rule_set: RuleSet, since: datetime | None, holds: Sequence[Hold], until: datetime
) -> Awaited:
    begins = term_begins(row)
    days = rule_set.terms.term_of(row.regime)
    known = [Held(hold.placed_at, hold.lifted_at, hold.days_after) for hold in holds]
    due, own = (due_under(row, rule_set.terms, holds_) for holds_ in (known, ()))
    return Awaited(
        recording=row.id,
        regime=row.regime,
        quarantined=row.state == State.QUARANTINED,
        begins=begins,
        term_days=days,
        term_ends=own,
        due=None if due == UNTIL_RELEASED else _goes(row, since, due, own),
        because=_because(_goes(row, since, due, own), due, own, until),
        holds=[_holding(hold) for hold in holds],
    )


def _goes(row: Recording, since: datetime | None, due: datetime, own: datetime) -> datetime:
    """When it goes: what was due before longer terms came into force, at `since`, does not come back."""
    stored = row.dispose_after
    return stored if stored and since and stored <= since and due == own else due


def _because(goes: datetime, due: datetime, own: datetime, until: datetime) -> Because:
    if due == UNTIL_RELEASED:
        return Because.HELD
    if goes > until:
        return Because.STAYS
    return Because.FOLLOW_UP_OVER if due > own else Because.TERM_OVER


def _holding(hold: Hold) -> Holding:
    until = hold.lifted_at
    if until and hold.days_after:
        until = days_later(until, hold.days_after)
    return Holding(
        hold.id,
        hold.trigger,
        hold.placed_at,
        hold.released_by,
        hold.lifted_at,
        hold.days_after,
        until,
    )
