"""The indexer: reads the log on from where it was, opens payloads, and writes by what each entry is found.

Run by the keeper behind the sequencer. Two at once do no harm: what another did meanwhile is not done again.
Killed halfway, nothing of the batch stands and the next round does it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from prometheus_client import Gauge
from sqlalchemy import ARRAY, LargeBinary, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Event, PayloadBroken
from vault.base import BIG, table_of
from vault.keys import KeyNotHeld, KeyRing, WrappingBroken
from vault.leaves import leaf_of
from vault.log.tables import LogEntry, LogReader, TrailBlock, TrailTerm
from vault.tables import AuditEntry, AuditPayload
from vault.trail import blocks
from vault.trail.circumstances import Circumstances, circumstances
from vault.trail.terms import Kind, Value, of_leaf, of_payload, term
from vault.vault import Vault

CURSOR = "trail"
"""Its name among the log's readers."""
MOST = 500
"""Entries in one transaction. SQLite has one writer: who wants to watch waits for it, some milliseconds."""
BREATH_SECONDS = 0.005
"""How long others may write between two batches."""
LAG = Gauge("trail_lag_entries", "Entries that have a number in the log and cannot be found yet.")
_TERMS = table_of(TrailTerm)


@dataclass(frozen=True)
class Numbered:
    """An entry with its number in the log; its payload when it is there and is the one committed to."""

    index: int
    at: datetime
    """As its row tells, by which periods are looked for."""
    leaf: Mapping[str, Any]
    payload: Mapping[str, Any] | None
    as_row: bool
    """Its row says the same of it as its leaf, which is a leaf."""


def index(vault: Vault, *, most: int = MOST) -> int:
    """Make the next entries findable, at most so many; how many it were."""
    while True:
        # 1. without a lock: what there is, and by what it is found. Opening payloads takes longest.
        with vault.database.reading() as session:
            first = cursor_of(session)
            found = numbered(session, vault.ring, first, most)
            known = circumstances(session, vault.rule_sets, (each.payload for each in found if each.payload))
            newest = session.scalar(select(func.max(LogEntry.index)))
        left = 0 if newest is None else newest + 1 - first
        if not found:
            LAG.set(left)
            return 0
        terms = [pair for each in found for pair in _terms(vault.ring, known, each)]
        # 2. with it: only when nobody did the same meanwhile
        with vault.database.transaction() as session:
            cursor = _cursor(session)
            if cursor.index != first:
                continue
            _write(session, terms)
            _complete(session, found)
            blocks.widen(session, [(each.index, each.at) for each in found])
            cursor.index = found[-1].index + 1
        LAG.set(left - len(found))
        return len(found)


def index_all(vault: Vault, *, again: bool = False) -> int:
    """Make everything findable that has a number; with `again` forget first what was derived before."""
    if again:
        with vault.database.transaction() as session:
            _cursor(session).index = 0
            session.execute(delete(TrailTerm))
            session.execute(delete(TrailBlock))
    total = 0
    while count := index(vault):
        total += count
        # SQLite has one writer: who wants to watch goes before the next batch.
        time.sleep(BREATH_SECONDS)
    return total


def cursor_of(session: Session) -> int:
    """The index of the first entry that cannot be found yet."""
    return session.scalar(select(LogReader.index).where(LogReader.name == CURSOR)) or 0


def numbered(session: Session, ring: KeyRing, first: int, most: int, *, step: int = 1) -> list[Numbered]:
    """The entries from index `first`, or each `step`th of them, in order. What was pruned is left out."""
    query = (
        select(LogEntry.index, AuditEntry, AuditPayload)
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(LogEntry.index >= first)
        .order_by(LogEntry.index)
        .limit(most)
    )
    if step > 1:
        query = query.where(LogEntry.index % step == first % step)
    return [_numbered(ring, *row) for row in session.execute(query)]


def _numbered(ring: KeyRing, number: int, entry: AuditEntry, payload: AuditPayload | None) -> Numbered:
    leaf = leaf_of(entry)
    row = (entry.event, entry.municipality_id, entry.actor, entry.object, int(entry.at.timestamp() * 1000))
    told = (leaf["type"], leaf.get("org"), leaf["actor"], leaf.get("obj"), leaf["t"])
    return Numbered(number, entry.at, leaf, _opened(ring, entry, payload), "c" in leaf and row == told)


def _opened(ring: KeyRing, entry: AuditEntry, payload: AuditPayload | None) -> dict[str, Any] | None:
    if payload is None:
        return None
    try:
        return audit.read_payload(ring, entry, payload)
    except (KeyNotHeld, PayloadBroken, WrappingBroken):
        # Destroyed, or damaged as the nightly check tells; by its leaf it can be found all the same.
        return None


def lasting(ring: KeyRing, entry: Numbered) -> Iterator[Value]:
    """What an entry is found by that can be derived again later: from its leaf, and from its payload."""
    yield from of_leaf(entry.leaf)
    epoch = entry.leaf["epoch"]
    if entry.payload and epoch in ring.epochs:
        yield from of_payload(entry.leaf, entry.payload, partial(ring.pseudonym, epoch=epoch))


def _terms(ring: KeyRing, known: Circumstances, entry: Numbered) -> Iterator[tuple[bytes, int]]:
    municipality = entry.leaf.get("org")
    if municipality is None:
        # Of no municipality, such as a person who is registered: in nobody's trail.
        return
    values = {*lasting(ring, entry), *known.of_moment(entry.leaf)}
    epoch = entry.leaf["epoch"]
    if entry.payload and epoch in ring.epochs:
        values.update(known.of(entry.payload, partial(ring.pseudonym, epoch=epoch)))
    for value in values:
        yield term(municipality, value), entry.index


def _complete(session: Session, found: Sequence[Numbered]) -> None:
    """What these completions complete is no longer without one. They come after it, also in the log."""
    done: dict[str, list[UUID]] = {}
    for each in found:
        if each.leaf["type"] == Event.VIEWING_COMPLETED and "prev" in each.leaf:
            done.setdefault(each.leaf["org"], []).append(UUID(each.leaf["prev"]))
    for municipality, entries in done.items():
        served = session.scalars(select(LogEntry.index).where(LogEntry.entry_id.in_(entries))).all()
        waiting = term(municipality, Value(Kind.UNCOMPLETED, ""))
        session.execute(delete(TrailTerm).where(TrailTerm.term == waiting, TrailTerm.index.in_(served)))


def _cursor(session: Session) -> LogReader:
    """The row that says how far it is, locked; made when it is not there."""
    made = {"name": CURSOR, "index": 0}
    if session.get_bind().dialect.name == "postgresql":
        session.execute(postgresql.insert(table_of(LogReader)).values(made).on_conflict_do_nothing())
    else:
        session.execute(sqlite.insert(table_of(LogReader)).values(made).on_conflict_do_nothing())
    return session.get_one(LogReader, CURSOR, with_for_update=True)


def _write(session: Session, terms: Sequence[tuple[bytes, int]]) -> None:
    if not terms:
        return
    if session.get_bind().dialect.name == "postgresql":
        # As two arrays: a tenth of the price of so many rows. In order, so that the tree is walked along.
        values, indexes = zip(*sorted(terms), strict=True)
        rows = (
            func.unnest(
                bindparam("terms", list(values), ARRAY(LargeBinary)),
                bindparam("indexes", list(indexes), ARRAY(BIG)),
            )
            .table_valued("term", "index")
            .render_derived()
        )
        made = postgresql.insert(_TERMS).from_select(["term", "index"], select(rows.c.term, rows.c.index))
        session.execute(made.on_conflict_do_nothing())
    else:
        made_each = sqlite.insert(_TERMS).on_conflict_do_nothing()
        session.execute(made_each, [{"term": value, "index": number} for value, number in terms])
