"""Whether what is kept is what the trail tells: what came, of when and of whom, and what holds it.

Whoever writes to the database can change a row, or take it away. The entry that tells of it is hashed, and in
a log that others have seen. So what a term is reckoned from is compared with what was told when it came; also
of what is gone, for it can have gone early by that.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select, true
from sqlalchemy.orm import Session, load_only

from policies.retention import Held
from vault.audit import Event
from vault.disposal.beginning import THERE
from vault.erasure.invariants import told_since
from vault.finding import Finding
from vault.invariants.depth import Tell
from vault.keys import KeyRing
from vault.leaves import read_leaf
from vault.retention import holds_of
from vault.tables import AuditEntry, Recording, State
from vault.vault import Vault

AT_ONCE = 200
"""Recordings looked for at once, under their pseudonym of each epoch."""
_PAST_COMMIT_POINT = (*THERE, State.DISPOSING, State.DISPOSED)
_CAME = (Event.RECORDING_KEPT, Event.RECORDING_QUARANTINED)
_LOOKED_FOR = (*_CAME, Event.REGIME_CHANGED, Event.HOLD_PLACED, Event.HOLD_LIFTED)
_NEEDED = load_only(
    Recording.municipality_id,
    Recording.officer_id,
    Recording.recorded_at,
    Recording.kept_at,
    Recording.regime,
    Recording.state,
    Recording.reason,
    Recording.length,
    Recording.sha256,
    raiseload=True,
)


class _Entry(NamedTuple):
    """What an entry tells of a recording, under the names of an epoch."""

    seq: int
    event: str
    epoch: str
    leaf: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.leaf.get("facts") or {}


class _Batch(NamedTuple):
    """Recordings, each with what the trail tells of it in order, and with its holds, as of one moment."""

    since: datetime | None
    """Of what came until then the trail need not tell."""
    rows: Sequence[Recording]
    entries: Mapping[UUID, Sequence[_Entry]]
    holds: Mapping[UUID, Sequence[Held]]


def check(vault: Vault, *, tell: Tell) -> Iterator[Finding]:
    """Recordings and holds that are not as the trail tells, or of which only one of the two knows."""
    with vault.database.reading() as session:
        # Before the recordings: one that comes meanwhile is then not missed.
        unknown = set(session.scalars(_came(told_since(session))))
    done = 0
    for batch in _batches(vault):
        for row in batch.rows:
            done += 1
            tell("told", done, 0)
            entries = batch.entries[row.id]
            if batch.since is None or (row.kept_at and row.kept_at > batch.since):
                came = [entry for entry in entries if entry.event in _CAME]
                unknown.difference_update(entry.seq for entry in came)
                if not came:
                    yield Finding("kept-without-entry", str(row.id))
                elif not _is_as_told(vault.ring, row, came, entries):
                    yield Finding("recording-not-as-told", str(row.id))
            if not _are_as_told(batch.holds[row.id], entries, batch.since):
                yield Finding("hold-not-as-told", str(row.id))
    with vault.database.reading() as session:
        # Some may have been pruned meanwhile.
        came_then = _came(told_since(session)).with_only_columns(AuditEntry.id)
        for seq in sorted(unknown):
            if entry := session.scalar(came_then.where(AuditEntry.seq == seq)):
                yield Finding("recording-taken-away", str(entry))


def _came(since: datetime | None) -> Select[int]:
    """Entries that tell that a recording came, and have to be told still."""
    after = AuditEntry.at > since if since else true()
    return select(AuditEntry.seq).where(AuditEntry.event.in_(_CAME), after)


def _is_as_told(ring: KeyRing, row: Recording, came: Sequence[_Entry], entries: Sequence[_Entry]) -> bool:
    """Whether a recording is what came, once, and its regime what it was then or was changed to."""
    first, facts = came[0], came[0].facts
    regimes = [entry.facts.get("to") for entry in entries if entry.event == Event.REGIME_CHANGED]
    officer = ring.pseudonym("person", str(row.officer_id), epoch=first.epoch)
    return (
        len(came) == 1
        and first.leaf.get("org") == row.municipality_id
        and first.leaf.get("subj") == officer
        and (facts.get("length"), facts.get("sha256")) == (row.length, row.sha256 or "")
        # Earlier versions did not tell it.
        and facts.get("recordedAt") in (None, row.recorded_at.isoformat())
        and row.regime == [first.leaf.get("regime"), *regimes][-1]
        and facts.get("reason") == row.reason
        and (row.reason is None or row.state != State.KEPT)
    )


def _are_as_told(holds: Sequence[Held], entries: Sequence[_Entry], since: datetime | None) -> bool:
    """Whether as many were placed and lifted as the trail tells: which, only its payloads say."""
    moments = {
        Event.HOLD_PLACED: [hold.placed_at for hold in holds],
        Event.HOLD_LIFTED: [hold.released_at for hold in holds if hold.released_at],
    }
    for event, happened in moments.items():
        told = sum(entry.event == event for entry in entries)
        # Of what came before the trail begins, it may tell or not.
        least = sum(since is None or moment > since for moment in happened)
        if not least <= told <= len(happened):
            return False
    return True


def _batches(vault: Vault) -> Iterator[_Batch]:
    after: UUID | None = None
    while True:
        with vault.database.reading() as session:
            since = told_since(session)
            query = select(Recording).options(_NEEDED).where(Recording.state.in_(_PAST_COMMIT_POINT))
            if since:
                # What is there can be held for longer than the trail is kept.
                query = query.where((Recording.kept_at > since) | Recording.state.in_(THERE))
            query = query.where(Recording.id > after) if after else query
            rows = session.scalars(query.order_by(Recording.id).limit(AT_ONCE)).all()
            ids = [row.id for row in rows]
            batch = _Batch(since, rows, _entries(vault.ring, session, ids), holds_of(session, ids))
        yield batch
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].id


def _entries(ring: KeyRing, session: Session, recordings: Sequence[UUID]) -> Mapping[UUID, Sequence[_Entry]]:
    """What the trail tells of each: its entries may be of an earlier epoch, under that epoch's pseudonym."""
    known_as = {
        ring.pseudonym("recording", str(recording), epoch=epoch): (recording, epoch)
        for recording in recordings
        for epoch in ring.epochs
    }
    query = (
        select(AuditEntry.object, AuditEntry.seq, AuditEntry.event, AuditEntry.leaf)
        .where(AuditEntry.object.in_(known_as), AuditEntry.event.in_(_LOOKED_FOR))
        .order_by(AuditEntry.seq)
    )
    found: defaultdict[UUID, list[_Entry]] = defaultdict(list)
    for name, seq, event, leaf in session.execute(query):
        if name:
            recording, epoch = known_as[name]
            found[recording].append(_Entry(seq, event, epoch, read_leaf(leaf) or {}))
    return found
