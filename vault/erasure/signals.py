"""Signals whose term is over: what was raised, settled or seen is kept as long as the trail of then."""

from datetime import datetime

from sqlalchemy import delete, or_, select

from policies.retention import years_before
from vault.base import table_of
from vault.erasure.terms import terms
from vault.signals.tables import RaisedSignal, SignalEntry, SignalSighting
from vault.vault import Vault

AT_ONCE = 1_000
"""Signals deleted in one transaction."""


def erase(vault: Vault, *, now: datetime, at_once: int = AT_ONCE) -> int:
    """Delete signals that were raised, and settled if they were, before their municipality's term began.

    How many went. What was seen so long ago and became part of no pattern goes too.
    """
    with vault.database.reading() as session:
        over = terms(vault, session, now=now)
    total = 0
    for municipality, years in sorted(over.years.items()):
        until = years_before(now, years)
        with vault.database.transaction() as session:
            sightings = SignalSighting.municipality_id == municipality, SignalSighting.seen_at <= until
            session.execute(delete(table_of(SignalSighting)).where(*sightings))
        while count := _batch(vault, municipality, until, at_once):
            total += count
    return total


def _batch(vault: Vault, municipality: str, until: datetime, at_once: int) -> int:
    settled = or_(RaisedSignal.settled_at.is_(None), RaisedSignal.settled_at <= until)
    with vault.database.transaction() as session:
        ids = session.scalars(
            select(RaisedSignal.id)
            .where(RaisedSignal.municipality_id == municipality, RaisedSignal.raised_at <= until, settled)
            .order_by(RaisedSignal.id)
            .limit(at_once)
            .with_for_update(skip_locked=True)
        ).all()
        session.execute(delete(table_of(SignalEntry)).where(SignalEntry.signal_id.in_(ids)))
        session.execute(delete(table_of(RaisedSignal)).where(RaisedSignal.id.in_(ids)))
    return len(ids)
