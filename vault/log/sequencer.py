"""The sequencer: gives every entry its number in the log, and signs for all of them.

One at a time: the leader is whoever has the database's lock. Each round is one transaction: numbers, tiles,
checkpoint and position stand together or not at all, so dying anywhere loses nothing and repeats nothing. A
checkpoint is seen by others after that commit only.

It never signs two logs. Before it signs it looks whether the tree it grows from is the one it signed last, by
the tiles that the new hashes depend on and by its own signature; else it refuses, and goes on refusing.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, BigInteger, Uuid, bindparam, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auditor import merkle, notes
from auditor.checkpoints import Checkpoint
from auditor.merkle import leaf_hash
from auditor.notes import NoteBroken
from auditor.tiles import TileOf, hashes_in
from vault.base import table_of
from vault.keys import KeyRing
from vault.log import order, reading
from vault.log.growing import TileAt, grow
from vault.log.order import Position
from vault.log.tables import LogCheckpoint, LogEntry, LogPosition, LogTile
from vault.vault import Vault

log = structlog.get_logger()

MOST = 20_000
"""Most entries in one round: a few hundred milliseconds."""
_LOCK = int.from_bytes(hashlib.sha256(b"bodycam-vault/sequencer").digest()[:8], "big", signed=True)


class LogBroken(Exception):
    """What the log holds is not what it signed last; nothing gets a number until somebody has looked."""


def sequence(vault: Vault, *, now: datetime, most: int = MOST) -> int:
    """Number the next entries, at most so many, and sign the log with them; how many there were.

    0 also when another sequencer is at it. Raises LogBroken, and changes nothing, when the log was tampered
    with.
    """
    with vault.database.reading() as session:
        # On SQLite a transaction keeps every writer waiting: only when there is something to do.
        if order.waiting_since(session) is None and order.restored(session, order.position(session)) is None:
            return 0
    with vault.database.transaction() as session:
        if not _leads(session):
            return 0
        reached = order.position(session)
        _check_signed(session, vault.ring, reached)
        return _advance(session, vault.ring, reached, most, now)


def lag(session: Session, *, now: datetime) -> float:
    """Age in seconds of the oldest entry that has no number yet; 0 when all have one."""
    since = order.waiting_since(session)
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _leads(session: Session) -> bool:
    """Whether we are the one sequencer, until this transaction ends; SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}))


def _check_signed(session: Session, ring: KeyRing, reached: Position) -> None:
    """Raises LogBroken unless numbers, position, tiles and signature agree on the last checkpoint."""
    last = reading.checkpoint(session)
    highest = session.scalar(select(func.max(LogEntry.index)))
    if last is None:
        if reached != Position() or highest is not None:
            raise LogBroken("entries have numbers, and no checkpoint stands for them")
        return
    numbered = reading.minimum(session) if highest is None else highest + 1
    if not last.size == reached.size == numbered:
        raise LogBroken(f"checkpoint {last.size}, position {reached.size} and numbers do not agree")
    check_note(last, ring)
    try:
        root = merkle.root(reading.tree(session), last.size)
    except LookupError as error:
        raise LogBroken(f"a tile is lost: {error}") from None
    if root != last.root:
        raise LogBroken(f"the tiles are not those of checkpoint {last.size}")


def check_note(stored: LogCheckpoint, ring: KeyRing) -> None:
    """Raises LogBroken unless the note is ours, and says what stands beside it."""
    try:
        opened = notes.open_note(stored.note.encode(), ring.log_keys)
        said = Checkpoint.parse(opened.text)
    except NoteBroken as error:
        raise LogBroken(f"checkpoint {stored.size} does not hold: {error}") from None
    if said != Checkpoint(ring.origin, stored.size, stored.root):
        raise LogBroken(f"checkpoint {stored.size} says something else")


def _advance(session: Session, ring: KeyRing, reached: Position, most: int, now: datetime) -> int:
    """Number what is next, and move the position there."""
    horizon = order.restored(session, reached)
    if horizon is None:
        found: Sequence[Any] = session.execute(order.due(session, reached, most)).all()
        if not found:
            return 0
        until = int(found[-1].xid or 0), int(found[-1].seq)
    else:
        log.error("log.restored", why="transaction numbers begin anew", count=reached.size)
        found = session.execute(order.left_behind(most)).all()
        # All below the horizon is numbered then; as long as there is more, this is another round of it.
        until = (horizon, 0) if len(found) < most else (reached.xid, reached.seq)
    fresh = found if all(row[-1] for row in found) else _without_numbered(session, found)
    if fresh:
        try:
            _number(session, reached.size, [row.id for row in fresh])
        except IntegrityError:
            raise LogBroken("an entry that is next has a number already") from None
        _sign(session, ring, reached.size, [leaf_hash(row.leaf) for row in fresh], now)
    _move(session, reached, Position(reached.size + len(fresh), *until))
    return len(fresh)


def _without_numbered(session: Session, found: Sequence[Any]) -> list[Any]:
    """Of entries that came from another cluster, those that had no number there."""
    query = select(LogEntry.entry_id).where(LogEntry.entry_id.in_([row.id for row in found]))
    numbered = set(session.scalars(query))
    return [row for row in found if row.id not in numbered]


def _number(session: Session, first: int, ids: list[UUID]) -> None:
    """Give `ids` the numbers from `first` on."""
    if session.get_bind().dialect.name == "postgresql":
        # Row by row this costs more than all the rest together.
        session.execute(_NUMBER_ALL, {"ids": ids, "first": first})
        return
    rows = [{"index": index, "entry_id": entry_id} for index, entry_id in enumerate(ids, first)]
    session.execute(insert(table_of(LogEntry)), rows)


_PLACED = (
    func.unnest(bindparam("ids", type_=ARRAY(Uuid())))
    .table_valued("entry_id", with_ordinality="place", name="placed")
    .render_derived()
)
_NUMBER_ALL = insert(table_of(LogEntry)).from_select(
    ["index", "entry_id"],
    select(
        bindparam("first", type_=BigInteger()) + _PLACED.c.place - 1,
        _PLACED.c.entry_id,
    ),
)


def _sign(session: Session, ring: KeyRing, size: int, leaf_hashes: list[bytes], now: datetime) -> None:
    """Grow the tree of `size` leaves, and sign the new one."""

    @cache
    def tile_of(level: int, n: int) -> bytes:
        return reading.tile(session, level, n)

    changed = grow(tile_of, size, leaf_hashes)
    grown = size + len(leaf_hashes)
    root = merkle.root(hashes_in(_either(changed, tile_of)), grown)
    head = Checkpoint(ring.origin, grown, root).text
    _store(session, size, changed)
    note = notes.join(head, [ring.sign_checkpoint(head)]).decode()
    session.add(LogCheckpoint(size=grown, root=root, note=note, signed_at=now))


def _either(changed: dict[TileAt, bytes], tile_of: TileOf) -> TileOf:
    return lambda level, n: changed.get(TileAt(level, n)) or tile_of(level, n)


def _store(session: Session, size: int, changed: dict[TileAt, bytes]) -> None:
    """Write tiles that are new, and those that go on where they were."""
    for at, hashes in changed.items():
        if at.n * 256 < size >> 8 * at.level:
            session.execute(
                update(LogTile).where(LogTile.level == at.level, LogTile.n == at.n).values(hashes=hashes)
            )
        else:
            session.add(LogTile(level=at.level, n=at.n, hashes=hashes))


def _move(session: Session, was: Position, now_at: Position) -> None:
    values = {"size": now_at.size, "xid": now_at.xid, "seq": now_at.seq}
    if was == Position():
        session.add(LogPosition(one=1, minimum=0, **values))
    else:
        session.execute(update(LogPosition).values(**values))
