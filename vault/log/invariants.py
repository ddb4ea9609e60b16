"""What must be true of the log, whatever happened: as `vault.invariants`, of which this is a part.

Everything is derived again from the entries: numbers, every tile, and the root of every checkpoint ever
signed. Entries below the minimum index are gone; their hashes stand for them. What this cannot see: a
database in which everything, signatures too, was exchanged for another log by who has the log's key. That is
what witnesses are for.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auditor import merkle
from auditor.merkle import HASH_SIZE, leaf_hash
from auditor.tiles import WIDTH, tile_path, tiles_at, width_of
from vault.finding import Finding
from vault.keys import KeyRing
from vault.log import order, reading
from vault.log.sequencer import LogBroken, check_note
from vault.log.tables import LogCheckpoint, LogCosignature, LogEntry, LogTile
from vault.tables import AuditEntry

GRACE = timedelta(minutes=5)
"""An entry without a number for longer is a finding; the lag has its own alarm long before."""
RECENT = timedelta(minutes=30)
"""How far back is looked every few minutes; every night all of it is."""
MOST = 1000
"""Most findings of one check: more would say no more."""
_TILES_AT_ONCE = 64


def check(session: Session, ring: KeyRing, now: datetime) -> Iterator[Finding]:
    """Every finding about the log."""
    size, minimum = reading.size(session), reading.minimum(session)
    for findings in (
        unnumbered(session, None, now),
        _numbers(session, size, minimum),
        _gone(session, minimum),
        _leaves(session, size, minimum),
        _tiles(session, size),
        _checkpoints(session, ring, size),
        _cosignatures(session),
    ):
        yield from islice(findings, MOST)


def unnumbered(session: Session, since: datetime | None, now: datetime) -> Iterator[Finding]:
    """Entries of since then that nothing can come before any more, and that have no number."""
    for entry_id in order.unnumbered(session, since, now - GRACE, MOST):
        yield Finding("entry-not-in-log", str(entry_id))


def _numbers(session: Session, size: int, minimum: int) -> Iterator[Finding]:
    """Numbers leave no gap, and end where position and newest checkpoint say; pruning begins at 0."""
    last = reading.checkpoint(session)
    count = session.scalar(select(func.count(LogEntry.index))) or 0
    first, end = minimum, minimum
    if count:
        first, end = session.execute(select(func.min(LogEntry.index), func.max(LogEntry.index) + 1)).one()
    if not (first <= minimum and count == end - first and end == size == (last.size if last else 0)):
        yield Finding("log-numbers-broken", str(size))


def _gone(session: Session, minimum: int) -> Iterator[Finding]:
    """Entries that have a number, and are not there."""
    query = (
        select(LogEntry.entry_id)
        .outerjoin(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .where(LogEntry.index >= minimum, AuditEntry.id.is_(None))
        .order_by(LogEntry.index)
        .limit(MOST)
    )
    for entry_id in session.scalars(query):
        yield Finding("log-entry-gone", str(entry_id))


def _leaves(session: Session, size: int, minimum: int) -> Iterator[Finding]:
    """Entries are those that were hashed, each in its place."""
    step = _TILES_AT_ONCE * WIDTH
    for first in range(minimum // step * step, size, step):
        tiles_from = first // WIDTH
        query = select(LogTile.n, LogTile.hashes).where(
            LogTile.level == 0, LogTile.n.between(tiles_from, tiles_from + _TILES_AT_ONCE - 1)
        )
        stored = {row.n: row.hashes for row in session.execute(query)}
        for index, entry_id, leaf in reading.entries(session, max(first, minimum), first + step - 1):
            n, place = divmod(index, WIDTH)
            at = place * HASH_SIZE
            if stored.get(n, b"")[at : at + HASH_SIZE] != leaf_hash(leaf):
                yield Finding("log-entry-changed", str(entry_id))


def _tiles(session: Session, size: int) -> Iterator[Finding]:
    """Every tile a tree of this size has is there, exactly, and made of the tiles below it."""
    level, below = 0, list[bytes]()
    while tiles_at(level, size):
        made: list[bytes] = []
        expected = 0
        query = select(LogTile.n, LogTile.hashes).where(LogTile.level == level).order_by(LogTile.n)
        for n, hashes in session.execute(query.execution_options(yield_per=_TILES_AT_ONCE)):
            for lost in range(expected, min(n, tiles_at(level, size))):
                made.append(b"")
                yield _broken(level, lost, size)
            expected = n + 1
            width = width_of(level, n, size)
            right = b"".join(below[n * WIDTH : n * WIDTH + width])
            if not width or len(hashes) != width * HASH_SIZE or (level and hashes != right):
                yield _broken(level, n, size)
            made.append(merkle.fold(hashes) if len(hashes) == WIDTH * HASH_SIZE else b"")
        for lost in range(expected, tiles_at(level, size)):
            yield _broken(level, lost, size)
        level, below = level + 1, made
    for above, n in session.execute(select(LogTile.level, LogTile.n).where(LogTile.level >= level)):
        yield _broken(above, n, size)


def _broken(level: int, n: int, size: int) -> Finding:
    return Finding("log-tile-broken", tile_path(level, n, width_of(level, n, size) or WIDTH))


def _checkpoints(session: Session, ring: KeyRing, size: int) -> Iterator[Finding]:
    """Everything the log ever signed is signed by it, and true of the tree that stands."""
    tree = reading.tree(session)
    query = select(LogCheckpoint).order_by(LogCheckpoint.size).execution_options(yield_per=500)
    for signed in session.scalars(query):
        try:
            check_note(signed, ring)
            holds = signed.size <= size and merkle.root(tree, signed.size) == signed.root
        except (LogBroken, LookupError):
            holds = False
        if not holds:
            yield Finding("checkpoint-broken", str(signed.size))


def _cosignatures(session: Session) -> Iterator[Finding]:
    """What a witness saw is still there: the checkpoint itself is looked at with all others."""
    query = (
        select(LogCosignature.size)
        .outerjoin(LogCheckpoint, LogCheckpoint.size == LogCosignature.size)
        .where(LogCheckpoint.size.is_(None))
    )
    for size in session.scalars(query.distinct()):
        yield Finding("cosigned-checkpoint-gone", str(size))
