"""Leaves whose term is over: the log's minimum index rises, and what lies below it goes (tlog-tiles,
Pruning).

The minimum rises to the end of a bundle of 256 below which *every* entry's term is over, whosever it is.
Gone are then the leaves, their numbers and the terms they were found by; tiles of all levels stay, 32 bytes
an entry, so that proofs, old ones too, and every consistency proof go on to verify.
"""

from datetime import datetime

import structlog
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from auditor.tiles import WIDTH
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.erasure.terms import is_of_leaf, terms
from vault.log.tables import LogEntry, LogPosition, LogReader, TrailTerm
from vault.tables import AuditEntry, AuditPayload
from vault.vault import Vault

log = structlog.get_logger()

AT_ONCE = 10 * WIDTH
"""Leaves deleted in one transaction."""


def prune(vault: Vault, by: Actor, *, now: datetime, at_once: int = AT_ONCE) -> int:
    """Prune all that can be pruned; how many leaves went.

    1. The minimum rises, and the log says so, in one transaction: from then on nothing below is shown. 2.
    and 3. What lies below goes, in steps; dying between two leaves numbers below the minimum, which the next
    round finds.
    """
    # 1. decide
    with vault.database.transaction() as session:
        minimum = _raise(vault, session, by, now)
    with vault.database.reading() as session:
        left = session.scalar(select(LogEntry.index).where(LogEntry.index < minimum).limit(1))
    if left is None:
        return 0
    # 2. what they were found by: once for all of them, since on SQLite it takes a look at all terms
    with vault.database.transaction() as session:
        session.execute(delete(TrailTerm).where(TrailTerm.index < minimum))
    # 3. the leaves, and last the numbers that say which leaves
    total = 0
    while True:
        with vault.database.transaction() as session:
            count = _delete(session, minimum, at_once)
        if count is None:
            return total
        total += count


def _raise(vault: Vault, session: Session, by: Actor, now: datetime) -> int:
    """Raise the minimum as far as it goes; where it is then."""
    position = session.scalar(select(LogPosition).with_for_update())
    if position is None:
        return 0
    over = terms(vault, session, now=now).over
    first_kept = session.scalar(
        select(LogEntry.index)
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(LogEntry.index >= position.minimum, or_(~over, AuditPayload.entry_id.is_not(None)))
        .order_by(LogEntry.index)
        .limit(1)
    )
    before = position.minimum
    whole = (position.size if first_kept is None else first_kept) // WIDTH * WIDTH
    below = _as_their_leaves_say(session, before, whole)
    if below <= before:
        return before
    position.minimum = below
    session.flush()
    for reader in session.scalars(select(LogReader).where(LogReader.index < below)):
        # The term wins: whoever has not read on for years reads on from what there still is.
        log.warning("log.reader-passed", why=reader.name, count=below - reader.index)
        reader.index = below
    audit.append(
        session,
        vault.ring,
        Entry(event=Event.LOG_PRUNED, at=now, actor=by, facts={"first": before, "below": below}),
    )
    return below


def _as_their_leaves_say(session: Session, first: int, below: int) -> int:
    """How far, by whole bundles, entries are as old as their rows say, and whose.

    A row's moment is in no hash: whoever writes another into it would have us prune what they want gone.
    """
    query = (
        select(LogEntry.index, AuditEntry.at, AuditEntry.municipality_id, AuditEntry.leaf)
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .where(LogEntry.index >= first, LogEntry.index < below)
        .order_by(LogEntry.index)
        .execution_options(yield_per=AT_ONCE)
    )
    for index, at, municipality, leaf in session.execute(query):
        if not is_of_leaf(at, municipality, leaf):
            return max(first, index // WIDTH * WIDTH)
    return below


def _delete(session: Session, minimum: int, at_once: int) -> int | None:
    """Delete the next leaves below the minimum; how many, and None when there is nothing left there."""
    first = session.scalar(select(func.min(LogEntry.index)))
    if first is None or first >= minimum:
        return None
    below = min(first + at_once, minimum)
    # By their numbers, which the trigger looks at: they go last.
    count = audit.delete_leaves(session, select(LogEntry.entry_id).where(LogEntry.index < below))
    session.execute(delete(LogEntry).where(LogEntry.index < below))
    return count
