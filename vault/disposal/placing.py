"""Brings each recording's key and locks to the end of its term: the keeper's, a few seconds after it moved.

1. A key for that day is in the ring. 2. In one transaction, under the row's lock, the data key is wrapped
under it, and the row says that it is in no place. 3. The locks on its objects are lengthened, or a hold is
put on them. 4. The row says for which term all that was done. Dying between any two leaves a key that opens,
and a row that is taken up again; when the store is away, keys go ahead and locks follow when it is back.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from prometheus_client import Gauge
from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from policies.retention import UNTIL_RELEASED
from vault.disposal import day_keys
from vault.disposal.day_keys import day_of, is_open
from vault.disposal.tables import DisposalKey, IntakeKey
from vault.holds.tables import Hold
from vault.keys import DayKey
from vault.objects import ObjectMissing, ObjectStore, StoreError
from vault.tables import Part, Recording, SealedKey, State
from vault.vault import Vault

log = structlog.get_logger()

UNPLACED = Gauge("recordings_unplaced", "Kept recordings whose key or locks are not where their term says.")
AT_ONCE = 100
"""Recordings in one transaction."""
STORE_THREADS = 8
"""How many recordings' objects are locked at once, in a store that is not on this machine."""
THERE = (State.KEPT, State.QUARANTINED)
_UNTRACKED = {"synchronize_session": False}


@dataclass(frozen=True)
class _Placed:
    """A recording whose key is where it must be, and whose objects are next."""

    recording: UUID
    until: datetime
    objects: tuple[str, ...]
    was_held: bool
    """Whether anything ever held it, so that its objects may be held."""


def place(vault: Vault, *, now: datetime) -> int:
    """Bring what moved to its place; how many recordings were. What is due already is for the sweep.

    When the store is away the keys of all are brought to their day all the same, and it says so.
    """
    count, after, away = 0, UUID(int=0), False
    with vault.database.reading() as session:
        waiting = unplaced(now).with_only_columns(func.count())
        UNPLACED.set(session.scalar(waiting) or 0)
    while batch := _unplaced(vault, after, now):
        placed = _keys(vault, batch, now)
        if not away:
            try:
                locked = _lock(vault.store, placed)
            except StoreError as error:
                away = True
                log.warning("placing.waits", why=type(error).__name__)
            else:
                _note(vault, locked)
                count += len(locked)
        after = batch[-1][0]
    return count


def _unplaced(vault: Vault, after: UUID, now: datetime) -> Sequence[tuple[UUID, DayKey]]:
    query = (
        unplaced(now)
        .with_only_columns(Recording.id, Recording.municipality_id, Recording.dispose_after)
        .where(Recording.id > after)
        .order_by(Recording.id)
        .limit(AT_ONCE)
    )
    with vault.database.reading() as session:
        found = session.execute(query).all()
    return [
        (recording, DayKey(municipality, day_of(until))) for recording, municipality, until in found if until
    ]


def unplaced(now: datetime) -> Select[Recording]:
    """What is not where its term says, and not due yet: its key and locks must move."""
    return select(Recording).where(
        Recording.state.in_(THERE),
        Recording.placed_for.is_distinct_from(Recording.dispose_after),
        Recording.dispose_after > now,
    )


def _keys(vault: Vault, batch: Sequence[tuple[UUID, DayKey]], now: datetime) -> list[_Placed]:
    # 1. durable in the ring, before anything refers to it
    keys = day_keys.provide(vault, {said for _, said in batch})
    # 2. under the lock of each row, as it is now
    with vault.database.transaction() as session:
        ids = [recording for recording, _ in batch]
        query = unplaced(now).where(Recording.id.in_(ids)).order_by(Recording.id)
        rows = session.scalars(query.with_for_update(skip_locked=True)).all()
        sealed = day_keys.sealed_of(session, [row.id for row in rows])
        under = {each.key_id for each in sealed.values()}
        standing = day_keys.take(session, keys, under | day_keys.keys_before(*sealed.values()), now=now)
        _note_use(session, under - standing.keys(), now)
        moved = [row for row in rows if _move(vault, row, sealed.get(row.id), keys, standing)]
        for row in moved:
            # In no place until it is noted: its term may come back to what that was, and we may die here.
            row.placed_for = None
        return _placed(session, moved)


def _move(
    vault: Vault,
    row: Recording,
    sealed: SealedKey | None,
    keys: dict[DayKey, str],
    standing: dict[str, DisposalKey],
) -> bool:
    """Whether a recording's data key is under the key of its day, after this."""
    assert row.dispose_after is not None  # noqa: S101  # else it is not unplaced
    said = DayKey(row.municipality_id, day_of(row.dispose_after))
    was = standing.get(sealed.key_id) if sealed else None
    if was is not None and was.day == said.day and is_open(was):
        return True
    to = standing.get(keys.get(said, ""))
    if sealed is None or to is None or not is_open(to):
        # It lacks its key, or moved again, or that key closed meanwhile: the next round sees.
        return False
    left = {key_id for key_id, each in standing.items() if each.destroyed_at is None}
    if not day_keys.rewrap(vault.ring.footage, sealed, to.key_id, row.municipality_id, standing=left):
        return False
    for key_id in day_keys.keys_before(sealed):
        before = standing.get(key_id)
        if before is not None and said.day < before.day:
            # A backup has it under that later key, which must not be there any more when the term is over.
            before.closes = min(said.day, before.closes or said.day)
    return True


def _note_use(session: Session, intake_keys: set[str], now: datetime) -> None:
    query = update(IntakeKey).where(IntakeKey.key_id.in_(intake_keys)).values(used_at=now)
    session.execute(query, execution_options=_UNTRACKED)


def _placed(session: Session, rows: Sequence[Recording]) -> list[_Placed]:
    ids = [row.id for row in rows]
    parts = session.execute(select(Part.recording_id, Part.object_name).where(Part.recording_id.in_(ids)))
    objects: dict[UUID, list[str]] = {}
    for recording, name in parts:
        objects.setdefault(recording, []).append(name)
    held = set(session.scalars(select(Hold.recording_id).where(Hold.recording_id.in_(ids))))
    return [
        _Placed(row.id, row.dispose_after, tuple(objects.get(row.id, ())), row.id in held)
        for row in rows
        if row.dispose_after is not None
    ]


def _lock(store: ObjectStore, placed: Sequence[_Placed]) -> Sequence[_Placed]:
    """3. Bring the locks on their objects there; of which recordings that was done.

    Raises StoreError when the store as a whole does not answer.
    """
    if store.at_hand:
        done = [_locked(store, each) for each in placed]
    else:
        with ThreadPoolExecutor(STORE_THREADS) as pool:
            done = list(pool.map(partial(_locked, store), placed))
    return [each for each, locked in zip(placed, done, strict=True) if locked]


def _locked(store: ObjectStore, placed: _Placed) -> bool:
    """Whether the locks on one recording's objects are there. Raises StoreError as `_lock`."""
    try:
        _lock_one(store, placed)
    except StoreError as error:
        # The store, or this object? What is ill is in nobody else's way.
        store.check()
        log.error("placing.not-locked", recording=str(placed.recording), why=type(error).__name__)  # noqa: TRY400
        return False
    return True


def _lock_one(store: ObjectStore, placed: _Placed) -> None:
    for name in placed.objects:
        # What is missing needs no lock; that it is missing, the check says.
        with suppress(ObjectMissing):
            if placed.until == UNTIL_RELEASED:
                store.hold(name, True)
                continue
            store.retain(name, placed.until)
            if placed.was_held:
                # Only now: it is never without both.
                store.hold(name, False)


def _note(vault: Vault, placed: Sequence[_Placed]) -> None:
    """4. Say so; when the term moved meanwhile, or another keeper moved the key, it must be placed again."""
    with vault.database.transaction() as session:
        for each in placed:
            query = update(Recording).where(Recording.id == each.recording, Recording.state.in_(THERE))
            here = select(SealedKey).join(DisposalKey, DisposalKey.key_id == SealedKey.key_id)
            still = (
                Recording.dispose_after == each.until,
                here.where(
                    SealedKey.recording_id == each.recording, DisposalKey.day == day_of(each.until)
                ).exists(),
            )
            noted = query.where(*still).values(placed_for=each.until).returning(Recording.id)
            if session.scalar(noted, execution_options=_UNTRACKED) is None:
                session.execute(query.values(placed_for=None), execution_options=_UNTRACKED)
