"""Counting the trail by what leaves say in the clear: event, purpose, decision, rules. Payloads stay shut."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Text, cast, distinct, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from vault.audit import Event
from vault.evidence.periods import Period
from vault.tables import AuditEntry


class Count(NamedTuple):
    """So many entries of one kind within a month."""

    month: str
    event: str
    purpose: str | None
    """None: the act has no purpose, or one that is on no list."""
    decision: str | None
    rules: Sequence[str]
    """The rules that decided, by id."""
    number: int


def counted(session: Session, municipality: str, period: Period) -> list[Count]:
    """The municipality's entries of the period, counted by month, event, purpose, decision and rules."""
    return [each for month in period.months() for each in _month(session, municipality, month)]


def recordings_watched(session: Session, municipality: str, period: Period) -> dict[str | None, int]:
    """How many recordings something was watched of, by purpose.

    Recordings are counted by their pseudonyms: one that is watched before and after the trail's epoch changed
    counts twice.
    """
    purpose = _member(session, "purpose")
    query = (
        select(purpose, func.count(distinct(AuditEntry.object)))
        .where(*_within(municipality, period.since, period.until))
        .where(AuditEntry.event == Event.VIEWING_SERVED)
        .group_by(purpose)
    )
    return dict(session.execute(query).all())


def _month(session: Session, municipality: str, month: Period) -> Iterator[Count]:
    purpose, decision, why = (_member(session, name) for name in ("purpose", "dec", "why"))
    by = AuditEntry.event, purpose, decision, why
    query = (
        select(AuditEntry.event, purpose, decision, why, func.count())
        .where(*_within(municipality, month.since, month.until))
        .group_by(*by)
        .order_by(*by)
    )
    for event, found, decided, rules, number in session.execute(query):
        yield Count(month.asked, event, found, decided, tuple(json.loads(rules or "[]")), number)


def _within(municipality: str, since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return AuditEntry.municipality_id == municipality, AuditEntry.at >= since, AuditEntry.at < until


def _member(session: Session, name: str) -> ColumnElement[Any]:
    """A member of the leaf, as text: what the log's hashes stand for, and not a column beside it."""
    found: ColumnElement[Any]
    if session.get_bind().dialect.name == "postgresql":
        found = cast(func.convert_from(AuditEntry.leaf, "UTF8"), JSONB)[name].astext
    else:
        found = func.json_extract(cast(AuditEntry.leaf, Text), f"$.{name}")
    return found.label(name)
