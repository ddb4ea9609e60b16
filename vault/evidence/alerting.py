"""Figures of signals: how many were raised, settled with a note, and left open; by kind, never by person."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import median

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from policies.engine import RuleSet
from policies.signals.reading import Signal
from vault.evidence.figures import SignalTold, Text
from vault.evidence.periods import Period
from vault.signals.tables import RaisedSignal


def signals(session: Session, rule_set: RuleSet, period: Period) -> list[SignalTold]:
    """Every kind that the rule set knows, and those it knows no more and that there are signals of."""
    query = select(RaisedSignal).where(
        RaisedSignal.municipality_id == rule_set.municipality,
        RaisedSignal.raised_at < period.until,
        or_(RaisedSignal.settled_at.is_(None), RaisedSignal.settled_at >= period.since),
    )
    found = session.scalars(query).all()
    others = sorted({each.kind for each in found} - rule_set.signals.keys())
    return [
        _told(kind, [each for each in found if each.kind == kind], rule_set.signals.get(kind), period)
        for kind in (*rule_set.signals, *others)
    ]


def _told(kind: str, found: Sequence[RaisedSignal], known: Signal | None, period: Period) -> SignalTold:
    settled = [
        (each.settled_at - each.raised_at)
        for each in found
        if each.settled_at and each.settled_at < period.until
    ]
    return SignalTold(
        signal=kind,
        title=Text(nl=known.title.nl, en=known.title.en) if known else Text(nl=kind, en=kind),
        raised=sum(each.raised_at >= period.since for each in found),
        settled=len(settled),
        open=len(found) - len(settled),
        median_hours=_median(settled),
    )


def _median(spans: Iterable[timedelta]) -> float | None:
    hours = [span / timedelta(hours=1) for span in spans]
    return round(median(hours), 1) if hours else None
