"""The audit trail (inzagelog): one function appends, always inside the transaction of what it tells.

An entry is two things. The *leaf* is canonical JSON (RFC 8785) whose bytes are stored verbatim and never
change: it names nobody, only pseudonyms of the epoch. The *payload* says who and why, sealed to the audit
key of the epoch, so that whoever may append (ingest) cannot read. A salted commitment in the leaf ties the
two together; when the payload's term is over, salt and key go and the leaf still stands.

The leaf's fields: docs/design.md. What the law asks of them: Wpg art. 32a, Directive (EU) 2016/680 art. 25.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Recording, Resource, RuleBook
from policies.rules import PURPOSE_UNKNOWN
from vault import tracing
from vault.base import table_of
from vault.canonical import canonical
from vault.events import Event
from vault.ids import EntryId, new_id
from vault.keys import KeyRing, SealedPayload
from vault.leaves import is_payload, leaf_of
from vault.many import insert_many
from vault.statements import Statements
from vault.tables import AuditEntry, AuditPayload
from vault.tables import Recording as RecordingRow
from vault.tracing import Trace

__all__ = [
    "Actor",
    "Appended",
    "Entry",
    "Event",
    "PayloadBroken",
    "append",
    "append_all",
    "append_leaf",
    "commitment",
    "delete_leaves",
    "destroy_payloads",
    "of_decision",
    "of_recording",
    "read_payload",
    "thing_of",
]

VERSION = 1
_COMMITMENT = b"bodycam-audit/payload/v1\0"
ENGINE = {name: version(name) for name in ("bodycam-vault", "cedarpy")}
"""What decides here, for whoever would do it again: which software, of which version."""
# Every step of every verb comes by here: put together once, and not asked which number the row got.
_ADD_ENTRY = insert(table_of(AuditEntry)).inline()
_ADD_PAYLOAD = insert(table_of(AuditPayload)).inline()
_UNTRACKED = {"synchronize_session": False}
"""For rows by the thousand, of which the session knows none."""


class PayloadBroken(Exception):
    """The payload does not match the commitment in its entry: one of the two was changed."""


@dataclass(frozen=True)
class Actor:
    """Who did it: a person, a dock or one of our processes. Goes into the payload, never into the leaf."""

    kind: str
    id: str
    name: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one entry tells. `facts` stand in the leaf for everyone to verify: nothing personal there.

    `details` go into the sealed payload: reason, case reference, counterpart, device.
    """

    event: Event
    at: datetime
    actor: Actor
    municipality: str | None = None
    thing: tuple[str, str] | None = None
    """Kind and id of what it was done to, such as ("recording", …)."""
    subject: str | None = None
    """Person id of the officer whose recording it is."""
    decision: str | None = None
    rule_set: str | None = None
    rules: Sequence[str] = ()
    regime: str | None = None
    purpose: str | None = None
    previous: EntryId | None = None
    facts: Mapping[str, str | int | bool] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)
    decided: Mapping[str, object] | None = None
    """Where the policy decided: on which action, by which engine, with which obligations."""
    trace: Trace | None = None
    """Its span, when it is not just a step of what this context does: several entries of one question."""


def of_recording(
    event: Event,
    row: RecordingRow,
    actor: Actor,
    at: datetime,
    *,
    rule_set: str | None = None,
    purpose: str | None = None,
    facts: Mapping[str, str | int | bool] | None = None,
    details: Mapping[str, object] | None = None,
) -> Entry:
    """The entry that tells of something a process of ours did to a recording."""
    return Entry(
        event=event,
        at=at,
        actor=actor,
        municipality=row.municipality_id,
        thing=("recording", str(row.id)),
        subject=str(row.officer_id),
        rule_set=rule_set,
        regime=row.regime,
        purpose=purpose,
        facts=facts or {},
        details=details or {},
    )


def of_decision(
    event: Event,
    decision: Decision,
    actor: Actor,
    at: datetime,
    *,
    previous: EntryId | None = None,
    facts: Mapping[str, str | int | bool] | None = None,
    details: Mapping[str, object] | None = None,
    trace: Trace | None = None,
) -> Entry:
    """The entry that tells of something the policy decided on: under which rules, why, for which purpose."""
    resource = decision.situation.resource
    footage = resource if isinstance(resource, Recording) else None
    return Entry(
        event=event,
        at=at,
        actor=actor,
        municipality=resource.municipality,
        thing=thing_of(resource),
        subject=str(footage.maker) if footage else None,
        decision="allow" if decision.permitted else "deny",
        rule_set=decision.rule_set,
        rules=[rule.id for rule in decision.reasons],
        regime=footage.regime if footage else None,
        # A purpose that is on no list may be any text, and the leaf is for everyone to read.
        purpose=None if PURPOSE_UNKNOWN in decision.reasons else decision.situation.purpose,
        previous=previous,
        facts=facts or {},
        details={
            "purpose": decision.situation.purpose,
            # Why `cannot-be-evaluated`, in the engine's words: they name ids, so for who may read payloads.
            **({"errors": list(decision.errors)} if decision.errors else {}),
            **(details or {}),
        },
        decided={
            "action": decision.situation.action.value,
            "engine": ENGINE,
            "obligations": sorted(decision.obligations),
        },
        trace=trace,
    )


def thing_of(resource: Resource) -> tuple[str, str]:
    """Kind and id by which an entry names what a decision is about."""
    match resource:
        case Recording():
            return "recording", str(resource.id)
        case RuleBook():
            return "rules", resource.municipality
    return "trail", resource.municipality


class Appended(NamedTuple):
    """An entry that was appended: its id, and the bytes that the log will hash."""

    id: EntryId
    leaf: bytes


def append(within: Session | Statements, ring: KeyRing, entry: Entry) -> EntryId:
    """Append `entry` in the transaction of `within`: it stands exactly when the effect it tells stands."""
    return append_leaf(within, ring, entry).id


def append_leaf(within: Session | Statements, ring: KeyRing, entry: Entry) -> Appended:
    """As `append`, and tells the leaf too: for who promises something of it, such as a receipt."""
    return append_all(within, ring, [entry])[0]


def append_all(within: Session | Statements, ring: KeyRing, entries: Sequence[Entry]) -> list[Appended]:
    """As `append`, of several entries in this order with two statements: for what is done by the hundred."""
    if not entries:
        return []
    made = [_made(ring, entry) for entry in entries]
    rows, payloads = [row for row, _ in made], [payload for _, payload in made]
    if isinstance(within, Session) and len(rows) > 1:
        insert_many(within, table_of(AuditEntry), rows)
        insert_many(within, table_of(AuditPayload), payloads)
    else:
        for row, payload in made:
            within.execute(_ADD_ENTRY, row)
            within.execute(_ADD_PAYLOAD, payload)
    return [Appended(row["id"], row["leaf"]) for row in rows]


def _made(ring: KeyRing, entry: Entry) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row of an entry and that of its payload."""
    entry_id = EntryId(new_id())
    payload = canonical(_payload(entry))
    salt = secrets.token_bytes(32)
    actor = ring.pseudonym(entry.actor.kind, entry.actor.id)
    thing = ring.pseudonym(*entry.thing) if entry.thing else None
    trace = entry.trace or tracing.step()
    leaf: dict[str, Any] = {
        "v": VERSION,
        "id": str(entry_id),
        "t": int(entry.at.timestamp() * 1000),
        "type": entry.event.value,
        "op": entry.event.operation,
        "org": entry.municipality,
        "epoch": ring.epoch,
        "actor": actor,
        "obj": thing,
        "subj": ring.pseudonym("person", entry.subject) if entry.subject else None,
        "dec": entry.decision,
        "pol": entry.rule_set,
        "why": list(entry.rules) or None,
        "regime": entry.regime,
        "purpose": entry.purpose,
        "corr": f"{trace.trace_id}/{trace.span_id}",
        "par": trace.parent,
        "prev": str(entry.previous) if entry.previous else None,
        "facts": dict(entry.facts) or None,
        "c": commitment(salt, payload),
    }
    sealed = ring.seal_payload(payload, entry=entry_id)
    row: dict[str, Any] = {
        "id": entry_id,
        "at": entry.at,
        "event": entry.event.value,
        "municipality_id": entry.municipality,
        "actor": actor,
        "object": thing,
        "leaf": canonical({name: value for name, value in leaf.items() if value is not None}),
    }
    return row, {"entry_id": entry_id, "salt": salt, **sealed._asdict()}


def destroy_payloads(session: Session, entries: Sequence[UUID]) -> None:
    """Destroy what these entries say of people, and the salt that tied it to them; the entries stay."""
    query = delete(AuditPayload).where(AuditPayload.entry_id.in_(entries))
    session.execute(query, execution_options=_UNTRACKED)


def delete_leaves(session: Session, entries: Select[UUID]) -> int:
    """Delete entries that are pruned, and what is left of their payloads; how many there were.

    The database refuses it for an entry that is not below the log's minimum index, or not in the log.
    """
    count = session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.id.in_(entries)))
    payloads = delete(AuditPayload).where(AuditPayload.entry_id.in_(entries))
    session.execute(payloads, execution_options=_UNTRACKED)
    session.execute(delete(AuditEntry).where(AuditEntry.id.in_(entries)), execution_options=_UNTRACKED)
    return count or 0


def commitment(salt: bytes, payload: bytes) -> str:
    """The leaf's tie to its payload: SHA-256 over a label, 32 random bytes and the payload's bytes.

    Salted, so that destroying salt and ciphertext leaves nothing that could be guessed and compared.
    """
    return hashlib.sha256(_COMMITMENT + salt + payload).hexdigest()


def read_payload(ring: KeyRing, entry: AuditEntry, payload: AuditPayload) -> dict[str, object]:
    """Open an entry's payload and check it against the entry.

    Raises PayloadBroken when they do not belong together, or when one is none; KeyRing's errors when this
    process may not read.
    """
    opened = ring.open_payload(SealedPayload(payload.key_id, payload.sealed), entry=entry.id)
    if leaf_of(entry).get("c") != commitment(payload.salt, opened):
        raise PayloadBroken(str(entry.id))
    # Whoever may append can commit to anything: ingest, too.
    try:
        content: dict[str, object] = json.loads(opened)
    except (ValueError, RecursionError):
        raise PayloadBroken(str(entry.id)) from None
    if not is_payload(content):
        raise PayloadBroken(str(entry.id))
    return content


def _payload(entry: Entry) -> dict[str, Any]:
    return {
        "actor": {
            "kind": entry.actor.kind,
            "id": entry.actor.id,
            "name": entry.actor.name,
            "roles": list(entry.actor.roles),
        },
        "object": {"kind": entry.thing[0], "id": entry.thing[1]} if entry.thing else None,
        "details": {name: _plain(value) for name, value in entry.details.items()},
        **({"decided": dict(entry.decided)} if entry.decided else {}),
    }


def _plain(value: object) -> Any:
    return str(value) if isinstance(value, UUID | datetime) else value
