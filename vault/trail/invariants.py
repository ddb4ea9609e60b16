"""What must be true of how entries are found: derived again, the terms are those that are stored.

All of it where the log is small. Where it is large, each night another part, so that all of it has its turn.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault.keys import KeyRing
from vault.log.tables import TrailTerm
from vault.trail.blocks import covers
from vault.trail.indexer import Numbered, cursor_of, lasting, numbered
from vault.trail.terms import term

EACH_NIGHT = 100_000
"""Entries that are derived again in one night: some minutes."""
_AT_ONCE = 500


class Amiss(NamedTuple):
    """An entry that cannot be found as it should."""

    entry: str
    hidden: bool
    """It lacks a term that it should be found by, or its block does not tell of its moment."""
    misplaced: bool
    """Its row tells something else than its leaf, such as another moment or another event: it would be looked
    for, counted and watched as that. Or its bytes are no leaf."""


def amiss(ring: KeyRing, session: Session, now: datetime) -> Iterator[Amiss]:
    """Tonight's entries that are hidden or misplaced.

    Only terms that follow from the entry itself count: what the database knew besides may be gone by now.
    """
    for entry in _tonight(ring, session, now):
        hidden = _hidden(ring, session, entry)
        misplaced = not entry.as_row
        if hidden or misplaced:
            yield Amiss(str(entry.leaf["id"]), hidden, misplaced)


def _hidden(ring: KeyRing, session: Session, entry: Numbered) -> bool:
    municipality = entry.leaf.get("org")
    if municipality is None:
        return False
    wanted = {term(municipality, value) for value in lasting(ring, entry)}
    if not covers(session, entry.index, entry.at):
        return True
    stored = select(TrailTerm.term).where(TrailTerm.term.in_(wanted), TrailTerm.index == entry.index)
    return bool(wanted.difference(session.scalars(stored)))


def _tonight(ring: KeyRing, session: Session, now: datetime) -> Iterator[Numbered]:
    end = cursor_of(session)
    step = max(1, end // EACH_NIGHT)
    place = now.toordinal() % step
    while place < end and (found := numbered(session, ring, place, _AT_ONCE, step=step)):
        yield from (entry for entry in found if entry.index < end)
        place = found[-1].index + step
