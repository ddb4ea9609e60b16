"""Entries of disposal with the proof that they are in the log, as a certificate carries them."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditor.checkpoints import Checkpoint
from vault.audit import Event
from vault.disposal.tables import Disposal, DisposalKey
from vault.log.reading import NotNumbered, proof_of
from vault.tables import AuditEntry

_KEYS_LOOKED_AT = 100
"""Sealing keys that went since: one a week or so, and the first is nearly always the one."""


class EntryPruned(Exception):
    """The entry is no longer in the log: its term is over, and so is that of its certificate."""


@dataclass(frozen=True)
class Proven:
    """An entry's bytes and their proof (c2sp.org/tlog-proof), under the checkpoint of now."""

    id: UUID
    at: datetime
    leaf: bytes
    index: int
    proof: str
    checkpoint: Checkpoint


def proven(session: Session, entry_id: UUID) -> Proven:
    """An entry with its proof. Raises NotNumbered while it is not in the log, EntryPruned when no more."""
    row = session.execute(select(AuditEntry.at, AuditEntry.leaf).where(AuditEntry.id == entry_id)).first()
    if row is None:
        raise EntryPruned(str(entry_id))
    proof = proof_of(session, entry_id)
    head = Checkpoint.parse(proof.note.decode().partition("\n\n")[0] + "\n")
    return Proven(entry_id, row.at, row.leaf, proof.index, bytes(proof).decode(), head)


def key_destroyed(session: Session, disposal: Disposal) -> Proven | None:
    """That the key went under which a recording's own was wrapped; None while that is not in the log.

    A key of a day has its row here; what was gone before it came under one was wrapped for intake, by a
    sealing key.
    """
    if disposal.key_id is None:
        return None
    entries = select(AuditEntry.id, AuditEntry.leaf).where(
        AuditEntry.municipality_id == disposal.municipality_id
    )
    key = session.get(DisposalKey, disposal.key_id)
    if key is None:
        since = AuditEntry.at >= disposal.key_destroyed_at
        entries = entries.where(AuditEntry.event == Event.SEALING_KEY_DESTROYED, since)
    elif key.destroyed_at is None:
        return None
    else:
        entries = entries.where(
            AuditEntry.event == Event.DISPOSAL_KEY_DESTROYED, AuditEntry.at == key.destroyed_at
        )
    for entry_id, leaf in session.execute(entries.order_by(AuditEntry.at).limit(_KEYS_LOOKED_AT)):
        if json.loads(leaf).get("facts", {}).get("keyId") == disposal.key_id:
            try:
                return proven(session, entry_id)
            except NotNumbered:
                return None
    return None
