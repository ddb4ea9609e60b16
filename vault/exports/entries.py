"""Entries of the log as the streams read them: in order, leaf and payload opened, from where they were."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Event, PayloadBroken
from vault.ids import EntryId
from vault.keys import KeyNotHeld, KeyRing, WrappingBroken
from vault.leaves import leaf_of
from vault.log.tables import LogEntry, LogReader
from vault.tables import AuditEntry, AuditPayload

log = structlog.get_logger()

_CORR = re.compile(r"[0-9a-f]{32}/[0-9a-f]{16}")
_SPAN = re.compile(r"[0-9a-f]{16}")
_OPERATIONS = frozenset({*(event.operation for event in Event), "disclose", "combine"})
_LATEST = 10**13
"""Milliseconds: in 2286."""
_UNREADABLE: Mapping[str, Any] = {"type": "unreadable", "op": "system", "corr": "/", "epoch": "", "t": 0}
"""Stands for a leaf that `audit.append` did not make: it tells of no decision and of no processing."""


class KeyAwaited(Exception):
    """The ring of this process has not the keys of an entry's epoch, which is too young to be destroyed: they
    were rotated, and this process was not restarted."""


@dataclass(frozen=True)
class Told:
    """What one entry of the log tells."""

    index: int
    id: EntryId
    leaf: Mapping[str, Any]
    payload: Mapping[str, Any] | None
    """Nothing when its term is over and its key destroyed, or when it is damaged: then the leaf must do."""

    @property
    def trace(self) -> str:
        """The trace it belongs to, in hex."""
        return str(self.leaf["corr"]).partition("/")[0]

    @property
    def span(self) -> str:
        """Its own span, in hex."""
        return str(self.leaf["corr"]).partition("/")[2]

    @property
    def details(self) -> Mapping[str, Any]:
        """What its payload says beside who and on what; nothing when that is closed."""
        return self.payload["details"] if self.payload else {}

    @property
    def decided(self) -> Mapping[str, Any]:
        """What its payload says of the decision; nothing when that is closed, or of before it said so."""
        return (self.payload or {}).get("decided") or {}

    @property
    def thing(self) -> tuple[str, str] | None:
        """Kind and id of what it was done to, where the payload still says so."""
        found = self.payload and self.payload["object"]
        return (found["kind"], found["id"]) if found else None


def read(
    session: Session, ring: KeyRing, first: int, most: int, *, whole_since: datetime | None = None
) -> list[Told]:
    """The entries from index `first` on that are still there, at most so many.

    Raises KeyAwaited for one of `whole_since` or later that this ring cannot open or make pseudonyms for.
    """
    query = (
        select(LogEntry.index, AuditEntry, AuditPayload)
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(LogEntry.index >= first)
        .order_by(LogEntry.index)
        .limit(most)
    )
    told: list[Told] = []
    for index, entry, payload in session.execute(query):
        leaf = _leaf(entry)
        opened, held = (None, True) if leaf is _UNREADABLE else _opened(ring, entry, payload)
        held = held and leaf["epoch"] in (*ring.epochs, _UNREADABLE["epoch"])
        if not held and whole_since and entry.at >= whole_since:
            if told:
                # What comes before it need not wait.
                break
            raise KeyAwaited(str(entry.id))
        told.append(Told(index, EntryId(entry.id), leaf, opened))
    return told


def questions(entries: Iterable[Told]) -> Iterator[list[Told]]:
    """The entries, those of one question with several parts together: they stand behind each other."""
    for _, found in groupby(entries, key=_question):
        yield list(found)


def is_whole(question: Sequence[Told]) -> bool:
    """Whether every part of a question is there; the last ones may not have come in yet."""
    return len(question) >= int(question[0].leaf.get("facts", {}).get("batch", 1))


def place(session: Session, reader: str) -> int:
    """The index from which `reader` reads on."""
    return session.scalar(select(LogReader.index).where(LogReader.name == reader)) or 0


def move(session: Session, reader: str, start: int, to: int) -> bool:
    """Let `reader` read on from `to`; not when it is no longer at `start`: then another moved it.

    Raises IntegrityError when another made its first move at the same moment.
    """
    mine = select(LogReader.index).where(LogReader.name == reader).with_for_update()
    stands = session.scalar(mine)
    if stands is None and start == 0:
        session.add(LogReader(name=reader, index=to))
    elif stands == start:
        session.execute(update(LogReader).where(LogReader.name == reader).values(index=to))
    else:
        return False
    return True


def _question(told: Told) -> tuple[str, str] | int:
    evaluated = told.leaf["type"] == Event.DECISION_EVALUATED
    return (told.leaf["corr"], told.leaf["type"]) if evaluated else told.index


def _leaf(entry: AuditEntry) -> Mapping[str, Any]:
    """The leaf; whoever may append, or has the database, may have put anything there."""
    leaf = leaf_of(entry)
    if "c" in leaf and _can_be_told(leaf):
        return leaf
    log.error("export.entry-broken", why=str(entry.id))
    return _UNREADABLE


def _can_be_told(leaf: Mapping[str, Any]) -> bool:
    """Whether records can say what this leaf says: `audit.append` makes no other."""
    try:
        json.dumps(leaf, ensure_ascii=False).encode()
    except ValueError:
        return False
    facts = leaf.get("facts", {})
    return (
        leaf["op"] in _OPERATIONS
        and _CORR.fullmatch(leaf["corr"]) is not None
        and ("par" not in leaf or _SPAN.fullmatch(leaf["par"]) is not None)
        and leaf["t"] < _LATEST
        and all(type(facts.get(name, 0)) is int for name in ("batch", "listed"))
    )


def _opened(
    ring: KeyRing, entry: AuditEntry, payload: AuditPayload | None
) -> tuple[Mapping[str, Any] | None, bool]:
    """The payload as far as it can be opened, and whether the ring has what that takes."""
    if payload is None:
        return None, True
    try:
        return audit.read_payload(ring, entry, payload), True
    except KeyNotHeld:
        return None, False
    except (PayloadBroken, WrappingBroken):
        # The nightly check raises the alarm about it; here it must not hold up what comes after.
        log.warning("export.payload-closed", why=str(entry.id))
        return None, True
