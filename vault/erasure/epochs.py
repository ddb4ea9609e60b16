"""Epochs of the trail (tijdvakken): which there were, which could go, and what their keys are.

When an epoch's pseudonym secret and payload key are destroyed, its pseudonyms are nobody's any more and its
payloads open nowhere: not in this database, and not in any backup of it. So that can be only when every
entry of it is older than the longest term of all municipalities. Destroying keys itself is
`vault.keys.destroy_epoch`, for the one who holds both rings; this says whether, and enters that it was done.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import LargeBinary, func, literal, select
from sqlalchemy.orm import Session

from policies.retention import AMSTERDAM, years_after
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.erasure.tables import AuditEpoch
from vault.erasure.terms import terms
from vault.leaves import read_leaf
from vault.log.tables import LogEntry, LogReader
from vault.tables import AuditEntry, AuditPayload
from vault.vault import Vault

READER = "epochs"
AT_ONCE = 10_000
"""Entries looked at in one transaction."""
LASTS = timedelta(days=92)
"""How long an epoch lasts: a quarter (docs/operations.md, Keys)."""


class EpochStays(Exception):
    """This epoch of the trail cannot be destroyed; nothing was."""


@dataclass(frozen=True)
class Doomed:
    """An epoch that can be destroyed, and the payload keys that go with it."""

    epoch: str
    payload_keys: tuple[str, ...]
    shared: tuple[str, ...]
    """Payload keys that were used in a later epoch too, and go with that one."""
    before: bool = False
    """It was destroyed before: a ring may have come back from a backup."""


def follow(vault: Vault, *, at_once: int = AT_ONCE) -> int:
    """Read the log on, and note which epochs the entries are of; how many entries that were."""
    total = 0
    while True:
        with vault.database.transaction() as session:
            count = _follow(session, at_once)
        if not count:
            return total
        total += count


def doomed(vault: Vault, epoch: str, *, now: datetime) -> Doomed:
    """Whether an epoch can be destroyed, and what goes with it. Raises EpochStays, with what stands in the
    way.

    Decided by the leaves themselves, not by what was noted of them.
    """
    follow(vault)
    with vault.database.reading() as session:
        rows = session.scalars(select(AuditEpoch).where(AuditEpoch.epoch == epoch)).all()
        if epoch == vault.ring.epoch:
            raise EpochStays(f"{epoch} is the current one; begin another first: keys rotate-audit")
        if not rows and epoch not in vault.ring.epochs:
            raise EpochStays(f"there was no epoch {epoch}")
        _require_over(vault, session, epoch, now)
        keys = sorted(row.payload_key for row in rows if row.payload_key)
        others = select(AuditEpoch.payload_key).where(
            AuditEpoch.epoch != epoch, AuditEpoch.destroyed_at.is_(None)
        )
        shared = {*session.scalars(others), vault.ring.payload.current}
    return Doomed(
        epoch,
        tuple(key for key in keys if key not in shared),
        tuple(key for key in keys if key in shared),
        any(row.destroyed_at for row in rows),
    )


def enter_destroyed(vault: Vault, gone: Doomed, by: Actor, *, now: datetime) -> None:
    """Enter that an epoch's keys were destroyed, after they were."""
    with vault.database.transaction() as session:
        rows = session.scalars(
            select(AuditEpoch).where(AuditEpoch.epoch == gone.epoch).with_for_update()
        ).all()
        for row in rows:
            row.destroyed_at = now
        audit.append(
            session,
            vault.ring,
            Entry(
                event=Event.EPOCH_DESTROYED,
                at=now,
                actor=by,
                facts={"destroyedEpoch": gone.epoch, "payloadKeys": " ".join(gone.payload_keys)},
            ),
        )


def _require_over(vault: Vault, session: Session, epoch: str, now: datetime) -> None:
    """Raises EpochStays while an entry of the epoch is within the longest term of the municipalities."""
    over = terms(vault, session, now=now)
    if over.longest is None or over.longest_over is None:
        raise EpochStays(f"the term of {', '.join(sorted(over.unknown)) or 'the trail'} is not known")
    # The leaf is canonical JSON: these bytes are its member `epoch`, and stand in no text.
    member = literal(f'"epoch":{json.dumps(epoch)}'.encode(), LargeBinary)
    postgresql = session.get_bind().dialect.name == "postgresql"
    found = (
        func.position(member.op("IN")(AuditEntry.leaf)) if postgresql else func.instr(AuditEntry.leaf, member)
    )
    youngest = session.scalar(
        select(func.max(AuditEntry.at)).where(AuditEntry.at > over.longest_over, found > 0)
    )
    if youngest:
        until = years_after(youngest, over.longest).astimezone(AMSTERDAM)
        whose = ", ".join(sorted(name for name, years in over.years.items() if years == over.longest))
        raise EpochStays(
            f"{epoch} has entries of {youngest.astimezone(AMSTERDAM):%d-%m-%Y}, and the longest term is "
            f"{over.longest} years ({whose}): not before {until:%d-%m-%Y %H:%M}"
        )


def _follow(session: Session, at_once: int) -> int:
    reader = session.scalar(select(LogReader).where(LogReader.name == READER).with_for_update())
    if reader is None:
        reader = LogReader(name=READER, index=0)
        session.add(reader)
    found = session.execute(
        select(LogEntry.index.label("number"), AuditEntry.at, AuditEntry.leaf, AuditPayload.key_id)
        .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(LogEntry.index >= reader.index)
        .order_by(LogEntry.index)
        .limit(at_once)
    ).all()
    for (epoch, payload_key), (first, last) in _spans(found).items():
        _note(session, epoch, payload_key, first, last)
    if found:
        reader.index = found[-1].number + 1
    return len(found)


def _spans(found: Iterable[Any]) -> Mapping[tuple[str, str], tuple[datetime, datetime]]:
    spans: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for row in found:
        if (leaf := read_leaf(row.leaf)) is None:
            # Of no epoch; the nightly check names it.
            continue
        used = leaf["epoch"], row.key_id or ""
        first, last = spans.get(used, (row.at, row.at))
        spans[used] = min(first, row.at), max(last, row.at)
    return spans


def _note(session: Session, epoch: str, payload_key: str, first: datetime, last: datetime) -> None:
    row = session.get(AuditEpoch, (epoch, payload_key))
    if row is None:
        session.add(AuditEpoch(epoch=epoch, payload_key=payload_key, first_at=first, last_at=last))
    else:
        row.first_at, row.last_at = min(row.first_at, first), max(row.last_at, last)
