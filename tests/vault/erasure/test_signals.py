"""Signals go when the term of their municipality is over; nobody misses them then."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from console.demo import town
from tests.vault.erasure.conftest import NOW, YEAR, Aged
from vault import audit
from vault.audit import Entry, Event
from vault.erasure import signals
from vault.ids import new_id
from vault.signals.raising import KEEPER
from vault.signals.tables import RaisedSignal, SignalEntry, SignalSighting


def signal(aged: Aged, raised: datetime, settled: datetime | None = None) -> UUID:
    """A signal of two entries, with the entries that tell of it."""
    signal_id = new_id()
    with aged.vault.database.transaction() as session:
        told = [
            audit.append(
                session,
                aged.vault.ring,
                Entry(event=event, at=at, actor=KEEPER, municipality=town.SLUG),
            )
            for event, at in ((Event.SIGNAL_RAISED, raised), (Event.SIGNAL_SETTLED, settled))
            if at
        ]
        session.add(
            RaisedSignal(
                id=signal_id,
                municipality_id=town.SLUG,
                kind="approved-within-seconds",
                fingerprint=str(signal_id),
                figures={},
                happened_at=raised,
                raised_at=raised,
                raised_in=told[0],
                settled_at=settled,
                settled_in=told[1] if settled else None,
            )
        )
        session.flush()
        session.add_all(SignalEntry(signal_id=signal_id, place=n, entry_id=new_id()) for n in range(2))
    return signal_id


def sighting(aged: Aged, seen: datetime, municipality: str = town.SLUG) -> str:
    """Something that waits for what never comes."""
    key = new_id().hex
    with aged.vault.database.transaction() as session:
        session.add(
            SignalSighting(
                key=key,
                place=0,
                municipality_id=municipality,
                kind="grant-without-viewing",
                value="x",
                entry_id=new_id(),
                seen_at=seen,
                forgotten_at=seen,
                due_at=seen,
            )
        )
    return key


def test_what_is_over_goes_with_what_it_is_about(aged: Aged) -> None:
    old, young = NOW - 5.1 * YEAR, NOW - 4.9 * YEAR
    signal(aged, old)
    signal(aged, old - YEAR, settled=old)
    kept = {signal(aged, young), signal(aged, old, settled=young)}
    sighting(aged, old)
    remembered = {sighting(aged, young), sighting(aged, old, "elders")}
    assert signals.erase(aged.vault, now=NOW, at_once=1) == 2
    with aged.vault.database.reading() as session:
        assert set(session.scalars(select(RaisedSignal.id))) == kept
        assert session.scalar(select(func.count()).select_from(SignalEntry)) == 2 * len(kept)
        assert set(session.scalars(select(SignalSighting.key))) == remembered
    assert signals.erase(aged.vault, now=NOW) == 0
