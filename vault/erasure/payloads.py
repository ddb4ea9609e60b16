"""Payloads whose term is over: what entries of a municipality say of people is destroyed, row by row.

A backup of before still has the rows, and they open with the key of their epoch: until that goes too
(`vault.erasure.epochs`), when every municipality's term is over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Actor, Entry, Event
from vault.erasure.forgetting import forget
from vault.erasure.terms import Terms, is_of_leaf, terms
from vault.log.tables import LogEntry
from vault.tables import AuditEntry, AuditPayload
from vault.vault import Vault

AT_ONCE = 2_000
"""Payloads destroyed in one transaction, and told of in one entry."""


def destroy(vault: Vault, by: Actor, *, now: datetime, at_once: int = AT_ONCE) -> int:
    """Destroy every payload whose term is over; how many.

    Each batch stands or falls with the entry that tells of it, so dying anywhere leaves the rest for the next
    round; of two who are at it at once each takes other rows.
    """
    total = 0
    while True:
        with vault.database.transaction() as session:
            count = _batch(vault, session, by, terms(vault, session, now=now), at_once)
        if not count:
            return total
        total += count


def _batch(vault: Vault, session: Session, by: Actor, over: Terms, at_once: int) -> int:
    for municipality in (None, *sorted(over.years)):
        found = _due(session, over, municipality, at_once)
        if found:
            audit.destroy_payloads(session, [row.entry_id for row in found])
            forget(session, municipality, found)
            facts = {"count": len(found), "first": found[0].number, "last": found[-1].number}
            audit.append(
                session,
                vault.ring,
                Entry(
                    event=Event.PAYLOADS_DESTROYED,
                    at=over.now,
                    actor=by,
                    municipality=municipality,
                    facts=facts,
                ),
            )
            return len(found)
    return 0


def _due(session: Session, over: Terms, municipality: str | None, at_once: int) -> Sequence[Any]:
    """The next payloads of a municipality whose term is over, by their rows and by their leaves.

    A row's moment is in no hash: whoever writes another into it would have us destroy what they want gone.
    """
    after = -1
    while True:
        found = session.execute(
            select(LogEntry.index.label("number"), AuditPayload.entry_id, AuditEntry.at, AuditEntry.leaf)
            .join(AuditEntry, AuditEntry.id == LogEntry.entry_id)
            .join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
            .where(over.over_of(municipality), LogEntry.index > after)
            .order_by(LogEntry.index)
            .limit(at_once)
            .with_for_update(of=AuditPayload, skip_locked=True)
        ).all()
        due = [row for row in found if is_of_leaf(row.at, municipality, row.leaf)]
        if due or not found:
            return due
        after = found[-1].number
