"""What was seen so far, kept in the database between two looks at the log."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from policies.signals.sightings import Memory, Sighting
from vault.signals.tables import SignalSighting


def recall(session: Session, keys: Iterable[str]) -> Memory:
    """The sightings under these keys; each key is there, also without any."""
    memory: Memory = {key: [] for key in keys}
    query = select(SignalSighting).where(SignalSighting.key.in_(memory)).order_by(SignalSighting.place)
    for row in session.scalars(query):
        memory[row.key].append(_sighting(row))
    return memory


def due(session: Session, municipality: str, until: datetime) -> list[Sighting]:
    """What has waited for long enough, in the order in which it came due."""
    query = (
        select(SignalSighting)
        .where(SignalSighting.due_at <= until, SignalSighting.municipality_id == municipality)
        .order_by(SignalSighting.due_at, SignalSighting.entry_id)
    )
    return [_sighting(row) for row in session.scalars(query)]


def keep(session: Session, municipality: str, before: Memory, after: Memory) -> None:
    """Write what changed."""
    changed = [key for key, seen in after.items() if seen != before.get(key, [])]
    if not changed:
        return
    session.execute(delete(SignalSighting).where(SignalSighting.key.in_(changed)))
    session.add_all(
        SignalSighting(
            key=key,
            place=place,
            municipality_id=municipality,
            kind=seen.signal,
            value=seen.value,
            entry_id=seen.entry,
            seen_at=seen.at,
            forgotten_at=seen.until,
            due_at=seen.due,
        )
        for key in changed
        for place, seen in enumerate(after[key])
    )
    session.flush()


def forget(session: Session, until: datetime) -> int:
    """Take away what can become part of nothing any more; how much that was."""
    over = delete(SignalSighting).where(SignalSighting.forgotten_at < until, SignalSighting.due_at.is_(None))
    found: int = getattr(session.execute(over), "rowcount")  # noqa: B009  # of a DELETE it is there
    return found


def _sighting(row: SignalSighting) -> Sighting:
    return Sighting(
        signal=row.kind,
        key=row.key,
        value=row.value,
        entry=row.entry_id,
        at=row.seen_at,
        until=row.forgotten_at,
        due=row.due_at,
    )
