"""Keys of a day expire: when the day is over the key is destroyed, and no backup opens what was under it.

So is a *spoiled* key, as soon as what else is under it moved to another: something under it went early. And
one that *closes*, when that earlier day is over. A key that a restored ring brings back goes again at once.
"""

from collections.abc import Iterator
from datetime import date, datetime

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Actor, Entry, Event
from vault.base import add_missing
from vault.disposal import day_keys
from vault.disposal.day_keys import day_of, is_open
from vault.disposal.tables import DisposalKey
from vault.keys import DayKey
from vault.tables import Municipality, Recording, SealedKey
from vault.vault import Vault

log = structlog.get_logger()

STANDING = Gauge("disposal_keys", "Keys of a day that there are.")
DESTROYED = Counter("disposal_keys_destroyed_total", "Keys of a day that were destroyed.", ["ground"])
AT_ONCE = 500
"""Data keys that move to another key in one transaction."""


def expire(vault: Vault, by: Actor, *, now: datetime) -> int:
    """Destroy the keys that must not be there any more; how many.

    What is under a spoiled or closing key moves first, and the key goes in the next round: whoever read the
    row a moment ago still opens it.
    """
    _adopt(vault, now)
    with vault.database.reading() as session:
        doomed = _doomed(vault, session, now)
        emptying = session.scalars(
            select(DisposalKey.key_id).where(
                DisposalKey.destroyed_at.is_(None),
                or_(DisposalKey.spoiled_at.is_not(None), DisposalKey.closes.is_not(None)),
                _is_used(),
            )
        ).all()
    count = sum(_destroy(vault, key_id, by, now) for key_id in doomed)
    for key_id in emptying:
        _empty(vault, key_id, now)
    STANDING.set(len(vault.ring.footage.day_keys()))
    return count


def _adopt(vault: Vault, now: datetime) -> None:
    """Give each key in the ring its row: whoever made one died before anything was under it."""
    held = vault.ring.footage.day_keys()
    with vault.database.reading() as session:
        known = set(session.scalars(select(DisposalKey.key_id).where(DisposalKey.key_id.in_(held))))
        registered = set(session.scalars(select(Municipality.id)))
    # Of who is not registered here nothing is kept: another installation's keys, or none's.
    held = {key_id: said for key_id, said in held.items() if said.municipality in registered}
    if lost := held.keys() - known:
        with vault.database.transaction() as session:
            add_missing(
                session,
                DisposalKey,
                *(
                    {
                        "key_id": key_id,
                        "municipality_id": held[key_id].municipality,
                        "day": held[key_id].day,
                        "made_at": now,
                    }
                    for key_id in sorted(lost)
                ),
            )


def _doomed(vault: Vault, session: Session, now: datetime) -> list[str]:
    ended = select(DisposalKey.key_id).where(
        DisposalKey.destroyed_at.is_(None), _has_ended(day_of(now)), ~_is_used()
    )
    return [*session.scalars(ended.order_by(DisposalKey.key_id)), *came_back(vault, session)]


def came_back(vault: Vault, session: Session) -> Iterator[str]:
    """Keys that were destroyed, and are in the ring: somebody put a backup of it back."""
    held = vault.ring.footage.day_keys()
    gone = select(DisposalKey.key_id).where(
        DisposalKey.key_id.in_(held), DisposalKey.destroyed_at.is_not(None)
    )
    yield from session.scalars(gone.order_by(DisposalKey.key_id))


def _has_ended(today: date) -> ColumnElement[bool]:
    return or_(DisposalKey.day < today, DisposalKey.closes < today, DisposalKey.spoiled_at.is_not(None))


def _is_used() -> ColumnElement[bool]:
    return select(SealedKey).where(SealedKey.key_id == DisposalKey.key_id).exists()


def _destroy(vault: Vault, key_id: str, by: Actor, now: datetime) -> bool:
    """Destroy one key, and enter it; whether it went.

    Its row is locked, as by whoever would wrap under it: so nothing comes under it in between. Dying after
    the key went and before the commit, it is entered in the next round.
    """
    with vault.database.transaction() as session:
        query = select(DisposalKey).where(DisposalKey.key_id == key_id)
        row = session.scalar(query.with_for_update())
        used = select(SealedKey.recording_id).where(SealedKey.key_id == key_id).limit(1)
        if row is None or session.scalar(used) is not None:
            return False
        ground = _ground(row, day_of(now))
        if ground is None:
            return False
        if ground == "restored":
            if key_id not in vault.ring.footage.day_keys():
                # Another keeper destroyed it a moment ago.
                return False
            log.error("disposal-key.is-back", why=key_id)
        vault.ring.footage.destroy(key_id)
        row.destroyed_at = row.destroyed_at or now
        facts = {"keyId": key_id, "day": row.day.isoformat(), "ground": ground}
        audit.append(
            session,
            vault.ring,
            Entry(
                event=Event.DISPOSAL_KEY_DESTROYED,
                at=now,
                actor=by,
                municipality=row.municipality_id,
                facts=facts,
            ),
        )
    DESTROYED.labels(ground).inc()
    return True


def _ground(row: DisposalKey, today: date) -> str | None:
    """Why a key must go; None for one that stays."""
    if row.destroyed_at is not None:
        return "restored"
    if row.spoiled_at is not None:
        return "spoiled"
    return "day-over" if min(row.day, row.closes or row.day) < today else None


def _empty(vault: Vault, key_id: str, now: datetime) -> None:
    """Move what is under a key that is spoiled or closes to another key of the same day."""
    with vault.database.reading() as session:
        row = session.get_one(DisposalKey, key_id)
    said = DayKey(row.municipality_id, row.day)
    while True:
        keys = day_keys.provide(vault, {said})
        if said not in keys:
            return
        with vault.database.transaction() as session:
            # The recordings first, as everybody locks them.
            under = (
                select(Recording.id)
                .join(SealedKey, SealedKey.recording_id == Recording.id)
                .where(SealedKey.key_id == key_id)
                .order_by(Recording.id)
                .limit(AT_ONCE)
                .with_for_update(of=Recording, skip_locked=True)
            )
            recordings = session.scalars(under).all()
            standing = day_keys.take(session, keys, (), now=now)
            if not recordings or not is_open(standing[keys[said]]):
                return
            sealed = day_keys.sealed_of(session, recordings).values()
            left = session.scalars(select(DisposalKey.key_id).where(DisposalKey.destroyed_at.is_(None))).all()
            moved = [
                day_keys.rewrap(vault.ring.footage, each, keys[said], said.municipality, standing=left)
                for each in sealed
                if each.key_id == key_id
            ]
        if not any(moved):
            return
