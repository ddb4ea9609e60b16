"""Entries of the log as happenings: opened, with what the patterns may look at beside them.

Only entries that some signal of their municipality looks at are opened. What cannot be opened any more tells
only what stands in its leaf.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.signals.happening import Happening
from policies.signals.reading import Signal
from vault import audit
from vault.audit import Event, PayloadBroken
from vault.keys import KeyNotHeld, KeyRing, WrappingBroken
from vault.leaves import is_id, leaf_of
from vault.log.tables import LogEntry
from vault.tables import AuditEntry, AuditPayload, Grant, Recording

log = structlog.get_logger()


class Read(NamedTuple):
    """A stretch of the log."""

    happenings: Sequence[Happening]
    """Those that a signal looks at, in the order of the log."""
    next_index: int
    """Where to go on."""
    until: datetime | None
    """The moment of the last entry; None when there was none."""
    whole: bool
    """Nothing with a number is left to be read."""


def read(
    session: Session, ring: KeyRing, first: int, most: int, signals: Mapping[str, Mapping[str, Signal]]
) -> Read:
    """At most so many entries from number `first` on; `signals` by municipality."""
    rows = session.execute(
        select(
            LogEntry.index.label("number"),
            AuditEntry.id,
            AuditEntry.event,
            AuditEntry.municipality_id,
            AuditEntry.at,
        )
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .where(LogEntry.index >= first)
        .order_by(LogEntry.index)
        .limit(most)
    ).all()
    events = {
        municipality: {event for signal in of.values() for event in signal.events}
        for municipality, of in signals.items()
    }
    wanted = [row.id for row in rows if row.event in events.get(row.municipality_id or "", ())]
    return Read(
        happenings=_happenings(session, ring, wanted),
        next_index=rows[-1].number + 1 if rows else first,
        until=rows[-1].at if rows else None,
        whole=len(rows) < most,
    )


class _Opened(NamedTuple):
    entry: AuditEntry
    leaf: dict[str, Any]
    payload: dict[str, Any]

    @property
    def details(self) -> dict[str, Any]:
        found: dict[str, Any] = self.payload.get("details") or {}
        return found

    def id_of(self, part: str, kind: str) -> str | None:
        """The id of the payload's actor or object, when it is of this kind."""
        found = self.payload.get(part) or {}
        return found["id"] if found.get("kind") == kind else None


def _happenings(session: Session, ring: KeyRing, ids: Sequence[UUID]) -> list[Happening]:
    query = (
        select(AuditEntry, AuditPayload)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditEntry.id.in_(ids))
    )
    by_id = {entry.id: _open(ring, entry, payload) for entry, payload in session.execute(query)}
    opened = [by_id[each] for each in ids]
    disposal = _moments(
        session, Recording, "dispose_after", (each.id_of("object", "recording") for each in opened)
    )
    ends = _moments(session, Grant, "valid_until", (each.details.get("grant") for each in opened))
    return [_happening(each, disposal, ends) for each in opened]


def _open(ring: KeyRing, entry: AuditEntry, payload: AuditPayload | None) -> _Opened:
    content: dict[str, Any] = {}
    try:
        content = dict(audit.read_payload(ring, entry, payload)) if payload else {}
    except KeyNotHeld:
        pass
    except (PayloadBroken, WrappingBroken):
        # The nightly check names it; here it must not keep all the others from being looked at.
        log.warning("signals.payload-broken")
    return _Opened(entry, leaf_of(entry), content)


def _moments(
    session: Session, of: type[Recording] | type[Grant], name: str, ids: Iterable[str | None]
) -> dict[str, datetime]:
    """A moment of each of these rows, by id, where it has one."""
    wanted = {UUID(each) for each in ids if is_id(each) and each}
    column = getattr(of, name)
    rows = session.execute(select(of.id, column).where(of.id.in_(wanted), column.is_not(None)))
    return {str(row_id): moment for row_id, moment in rows}


def _happening(opened: _Opened, disposal: Mapping[str, datetime], ends: Mapping[str, datetime]) -> Happening:
    entry, leaf, details = opened.entry, opened.leaf, opened.details
    recording, grant = opened.id_of("object", "recording"), details.get("grant")
    return Happening(
        entry=entry.id,
        at=entry.at,
        event=entry.event,
        municipality=entry.municipality_id or "",
        decision=leaf.get("dec"),
        person=opened.id_of("actor", "person"),
        counterpart=details.get("requester") or details.get("holder"),
        recording=recording,
        request=details.get("request"),
        grant=grant,
        viewing=leaf.get("prev") if entry.event == Event.VIEWING_COMPLETED else str(entry.id),
        purpose=details.get("purpose") or leaf.get("purpose"),
        dispose_after=disposal.get(recording or ""),
        grant_ends=ends.get(grant or ""),
    )
