"""A week's digest of a municipality's signals (weekoverzicht): counts by kind, and how long settling took.

Nobody is named or told apart in it, so it can be shown to a works council as it is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.retention import AMSTERDAM
from policies.signals.reading import Signal
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.leaves import read_leaf
from vault.signals import reading
from vault.signals.finding import hold
from vault.signals.tables import RaisedSignal
from vault.tables import AuditEntry
from vault.vault import Caller, Vault

_WEEK = re.compile(r"(\d{4})-W(\d{2})")


class WeekUnknown(ValueError):
    """A week is written as 2026-W48 (ISO 8601), and must be one of the calendar."""


@dataclass(frozen=True)
class Week:
    """A calendar week (ISO 8601), by the days of Amsterdam."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Week":
        """The week that is written like 2026-W48. Raises WeekUnknown."""
        found = _WEEK.fullmatch(text)
        if not found:
            raise WeekUnknown(text)
        week = cls(int(found[1]), int(found[2]))
        try:
            _ = week.since, week.until
        except (ValueError, OverflowError):
            raise WeekUnknown(text) from None
        return week

    @classmethod
    def before(cls, moment: datetime) -> "Week":
        """The last week that was over at this moment."""
        year, number, _ = (moment.astimezone(AMSTERDAM).date() - timedelta(days=7)).isocalendar()
        return cls(year, number)

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"

    @property
    def since(self) -> datetime:
        """Monday, midnight in Amsterdam."""
        return _midnight(date.fromisocalendar(self.year, self.number, 1))

    @property
    def until(self) -> datetime:
        """The Monday after; exclusive."""
        return _midnight(date.fromisocalendar(self.year, self.number, 1) + timedelta(days=7))


@dataclass(frozen=True)
class Count:
    """Of one kind of signal, or of all of them."""

    raised: int
    """In this week."""
    settled: int
    """In this week, whenever they were raised."""
    open: int
    """At the end of the week, whenever they were raised."""
    settling_seconds: int | None
    """From raising to settling: the median over those settled in this week; None without any."""


@dataclass(frozen=True)
class Digest:
    """What a week brought, or why it is not shown."""

    municipality: str
    week: Week
    decision: Decision | None
    """None when it was asked at the command line, or by the keeper: the rules speak of persons."""
    kinds: Mapping[str, Count]
    """By kind: those that the rules know now, and those that there are counts of."""
    total: Count
    known: Mapping[str, Signal]

    @property
    def permitted(self) -> bool:
        """Whether there is anything to show."""
        return self.decision is None or self.decision.permitted


def digest(
    vault: Vault, by: Caller | Actor, municipality: str, week: Week, purpose: str = "", *, now: datetime
) -> Digest:
    """A week's digest; asking for it is an entry. Raises facts.Unknown, RuleSetMissing."""
    known = vault.rule_sets.of(municipality).signals
    with vault.database.transaction() as session:
        decision = person = None
        if isinstance(by, Caller):
            person, decision = reading.may_read(vault, session, by, municipality, purpose, now)
        rows = _rows(session, municipality, week) if decision is None or decision.permitted else []
        made = Digest(municipality, week, decision, counted(rows, week, known), count(rows, week), known)
        if isinstance(by, Caller) and person and decision:
            told: dict[str, object] = {"week": str(week)}
            reading.enter(vault, session, by, person, decision, Event.SIGNALS_DIGESTED, now, told)
        elif isinstance(by, Actor):
            _enter(vault, session, by, made, now)
    return made


def digest_once(vault: Vault, by: Actor, municipality: str, week: Week, *, now: datetime) -> Digest | None:
    """The digest of a week that is over, as `by` makes it for each; None when `by` made it before.

    Of two at once, one makes it. Raises RuleSetMissing.
    """
    known = vault.rule_sets.of(municipality).signals
    with vault.database.transaction() as session:
        hold(session)
        if _was_made(vault, session, by, municipality, week):
            return None
        rows = _rows(session, municipality, week)
        made = Digest(municipality, week, None, counted(rows, week, known), count(rows, week), known)
        _enter(vault, session, by, made, now)
    return made


def _was_made(vault: Vault, session: Session, by: Actor, municipality: str, week: Week) -> bool:
    known_as = [vault.ring.pseudonym(by.kind, by.id, epoch=epoch) for epoch in vault.ring.epochs]
    leaves = session.scalars(
        select(AuditEntry.leaf).where(
            AuditEntry.event == Event.SIGNALS_DIGESTED,
            AuditEntry.municipality_id == municipality,
            AuditEntry.actor.in_(known_as),
            AuditEntry.at >= week.until,
        )
    )
    return any((read_leaf(leaf) or {}).get("facts", {}).get("week") == str(week) for leaf in leaves)


def _enter(vault: Vault, session: Session, by: Actor, made: Digest, now: datetime) -> None:
    total = made.total
    facts: dict[str, str | int | bool] = {
        "week": str(made.week),
        "raised": total.raised,
        "settled": total.settled,
        "open": total.open,
    }
    entry = Entry(
        event=Event.SIGNALS_DIGESTED,
        at=now,
        actor=by,
        municipality=made.municipality,
        thing=("trail", made.municipality),
        facts=facts,
    )
    audit.append(session, vault.ring, entry)


def counted(rows: Sequence[RaisedSignal], week: Week, known: Mapping[str, Signal]) -> dict[str, Count]:
    """The counts of each kind, in the order of the rules, then those that they do not know any more."""
    kinds = dict.fromkeys([*known, *sorted({row.kind for row in rows})])
    return {kind: count([row for row in rows if row.kind == kind], week) for kind in kinds}


def count(rows: Sequence[RaisedSignal], week: Week) -> Count:
    """The counts of these signals in a week."""
    settled = [
        row.settled_at - row.raised_at
        for row in rows
        if row.settled_at is not None and week.since <= row.settled_at < week.until
    ]
    return Count(
        raised=sum(week.since <= row.raised_at < week.until for row in rows),
        settled=len(settled),
        open=sum(
            row.raised_at < week.until and (row.settled_at is None or row.settled_at >= week.until)
            for row in rows
        ),
        settling_seconds=int(median(each.total_seconds() for each in settled)) if settled else None,
    )


def _rows(session: Session, municipality: str, week: Week) -> Sequence[RaisedSignal]:
    """Those that a week's counts are about."""
    return session.scalars(
        select(RaisedSignal).where(
            RaisedSignal.municipality_id == municipality,
            RaisedSignal.raised_at < week.until,
            or_(RaisedSignal.settled_at.is_(None), RaisedSignal.settled_at >= week.since),
        )
    ).all()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)
