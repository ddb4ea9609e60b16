"""Keys that ingest wraps with are replaced and destroyed on a short cycle: backups have what they opened.

Between its announcement and its place under the key of a day, a recording's data key is wrapped for an
intake key, and for ingest's arrival key. An archive of the database's changes keeps such a wrapping of every
recording there was. So no backup opens what was disposed of for longer than those two keys live.

The keeper notes when it first met each key, met it in use, and met another in its place: a ring tells no
time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Actor, Entry, Event
from vault.base import add_missing
from vault.disposal.tables import IntakeKey
from vault.keys import arrival_keys, destroy_arrival, rotate_arrival
from vault.settings import Settings
from vault.tables import Arrival, SealedKey
from vault.vault import Vault

log = structlog.get_logger()

_ARRIVAL = None
"""In place of a municipality: arrival keys are ingest's own, for all of them."""


@dataclass(frozen=True)
class Cycle:
    """How long intake keys live."""

    ingest: Path | None = None
    """Folder of ingest's ring, where we see it. Only then are keys replaced, and arrival keys destroyed."""
    alone: bool = False
    """Whether sealing keys are replaced without a look at ingest's ring: a token has them, for both."""
    replaces: bool = True
    """Whether old ones are replaced too."""
    lasts: timedelta = timedelta(days=7)
    """How old one may become. Replaced at half of it, so that nobody has to hurry."""
    stays: timedelta = timedelta(days=2)
    """How long a replaced one stays at least: so long a copy of ingest's ring may take to follow."""


def cycle_of(settings: Settings) -> Cycle:
    """The cycle that the settings name."""
    return Cycle(
        settings.ingest_keys,
        alone=settings.keys_pkcs11_token is not None,
        lasts=timedelta(days=settings.intake_rotation_days),
        stays=timedelta(days=settings.intake_retired_days),
    )


def attend(vault: Vault, by: Actor, cycle: Cycle, *, now: datetime) -> int:
    """Note which keys there are, replace what is old, destroy what nothing needs; how many were destroyed."""
    _meet(vault, by, cycle, now)
    sees = cycle.alone or cycle.ingest is not None
    if sees and cycle.replaces and _replace(vault, cycle, now):
        _meet(vault, by, cycle, now)
    return sum(_destroy(vault, by, cycle, key_id, now) for key_id in _old(vault, cycle, now))


def _held(vault: Vault, cycle: Cycle) -> Mapping[str | None, Sequence[str]]:
    """The keys in the rings that we see, by municipality, the current one first."""
    footage = vault.ring.footage
    held: dict[str | None, Sequence[str]] = {
        municipality: footage.intake_keys(municipality) for municipality in sorted(footage.municipalities())
    }
    return held if cycle.ingest is None else held | {_ARRIVAL: arrival_keys(cycle.ingest)}


def _meet(vault: Vault, by: Actor, cycle: Cycle, now: datetime) -> None:
    held = _held(vault, cycle)
    with vault.database.transaction() as session:
        known = {row.key_id: row for row in session.scalars(select(IntakeKey).with_for_update())}
        for municipality, (current, *old) in held.items():
            new = [key_id for key_id in (current, *old) if key_id not in known]
            add_missing(
                session,
                IntakeKey,
                *(
                    {
                        "key_id": key_id,
                        "municipality": municipality,
                        "seen_at": now,
                        "replaced_at": now if key_id in old else None,
                    }
                    for key_id in new
                ),
            )
            # In the ring, or not any more: of before a restore of the database.
            standing = [row for row in known.values() if row.replaced_at is None and row.destroyed_at is None]
            replaced = [row for row in standing if row.municipality == municipality and row.key_id != current]
            for row in replaced:
                row.replaced_at = now
            if replaced:
                _enter(session, vault, Event.SEALING_KEY_ROTATED, by, municipality, current, now)


def _replace(vault: Vault, cycle: Cycle, now: datetime) -> bool:
    """Make a new key in place of each that is half as old as it may become; whether there was one."""
    with vault.database.reading() as session:
        aged = select(IntakeKey.key_id).where(IntakeKey.seen_at <= now - cycle.lasts / 2)
        old = set(session.scalars(aged))
    due = [municipality for municipality, (current, *_) in _held(vault, cycle).items() if current in old]
    for municipality in due:
        if municipality is not _ARRIVAL:
            vault.ring.footage.rotate_intake(municipality)
        elif cycle.ingest is not None:
            rotate_arrival(cycle.ingest)
    return bool(due)


def _old(vault: Vault, cycle: Cycle, now: datetime) -> list[str]:
    """What was replaced long enough ago, and is in a ring, or went and was not entered: who did it died."""
    held = _held(vault, cycle)
    current = {key_id for key_id, *_ in held.values()}
    old = {key_id for _, *others in held.values() for key_id in others}
    query = select(IntakeKey.key_id).where(
        IntakeKey.replaced_at <= now - cycle.stays,
        IntakeKey.key_id.not_in(current),
        or_(IntakeKey.key_id.in_(old), IntakeKey.destroyed_at.is_(None)),
    )
    if cycle.ingest is None:
        query = query.where(IntakeKey.municipality.is_not(_ARRIVAL))
    with vault.database.reading() as session:
        return [*session.scalars(query.order_by(IntakeKey.key_id))]


def _destroy(vault: Vault, by: Actor, cycle: Cycle, key_id: str, now: datetime) -> bool:
    """Destroy a key that was replaced and that nothing needs, and enter it; whether it went."""
    with vault.database.transaction() as session:
        query = select(IntakeKey).where(IntakeKey.key_id == key_id).with_for_update()
        row = session.scalars(query).one()
        if _is_needed(session, row, cycle, now):
            return False
        if row.destroyed_at is not None:
            if key_id not in _held(vault, cycle).get(row.municipality, ()):
                # Another keeper destroyed it a moment ago.
                return False
            log.error("intake-key.is-back", why=key_id)
        if row.municipality is _ARRIVAL:
            if cycle.ingest is not None:
                destroy_arrival(cycle.ingest, key_id)
        else:
            vault.ring.footage.destroy(key_id)
        row.destroyed_at = row.destroyed_at or now
        _enter(session, vault, Event.SEALING_KEY_DESTROYED, by, row.municipality, key_id, now)
    return True


def _is_needed(session: Session, row: IntakeKey, cycle: Cycle, now: datetime) -> bool:
    """Whether something is wrapped for it, or still might be: by an ingest that has not heard of the next."""
    wrapped = select(SealedKey.recording_id).where(SealedKey.key_id == row.key_id).limit(1)
    arriving = select(Arrival.recording_id).where(Arrival.key_id == row.key_id, Arrival.sealed.is_not(None))
    if any(session.scalar(query) is not None for query in (wrapped, arriving.limit(1))):
        return True
    if cycle.alone or cycle.ingest is not None:
        return False
    # Without a look at ingest's ring only what it wraps tells: for the next one, and no more for this one.
    later = select(IntakeKey.key_id).where(
        IntakeKey.municipality == row.municipality,
        or_(IntakeKey.replaced_at.is_(None), IntakeKey.replaced_at > row.replaced_at),
        IntakeKey.used_at.is_not(None),
    )
    lately = row.used_at is not None and row.used_at > now - cycle.stays
    return lately or session.scalar(later.limit(1)) is None


def too_old(session: Session, lasts: timedelta, now: datetime) -> Iterator[str]:
    """The municipalities (an empty name: arrival) whose current key is older than it may become."""
    query = select(IntakeKey.municipality).where(
        IntakeKey.replaced_at.is_(None), IntakeKey.destroyed_at.is_(None), IntakeKey.seen_at < now - lasts
    )
    for municipality in session.scalars(query.order_by(IntakeKey.municipality)):
        yield municipality or "arrival"


def _enter(
    session: Session,
    vault: Vault,
    event: Event,
    by: Actor,
    municipality: str | None,
    key_id: str,
    now: datetime,
) -> None:
    facts = {"keyId": key_id}
    entry = Entry(event=event, at=now, actor=by, municipality=municipality, facts=facts)
    audit.append(session, vault.ring, entry)
