"""How a disposal begins: from this commit on nothing opens the recording any more.

One transaction, the caller's: 1. the re-check, under the row's lock; 2. the entry; 3. the key; 4. what rested
on the footage ends. What follows (objects, certificate) is the sweep's, whoever began it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from policies.engine import RuleSet
from policies.retention import AMSTERDAM, UNTIL_RELEASED, Held
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.base import table_of
from vault.disposal import closing
from vault.disposal.tables import Disposal, DisposalKey, Ground
from vault.many import among, insert_many
from vault.retention import due_under, holds_of
from vault.rulesets import in_force_since
from vault.tables import Recording, SealedKey, State
from vault.vault import Vault

_UNTRACKED = {"synchronize_session": False}
THERE = (State.KEPT, State.QUARANTINED)
"""What can be disposed of."""


def is_there() -> ColumnElement[bool]:
    """Whether a recording can be disposed of, in the words of the index of what is due: where these are
    parameters PostgreSQL cannot know that they are the index's own."""
    states = [state.value for state in THERE]
    return Recording.state.in_(bindparam(None, states, expanding=True, literal_execute=True))


class StillHeld(Exception):
    """Something holds the footage: it stays until the event that ends that hold."""


class NotDue(Exception):
    """Its term is not over, and nobody decided to erase it before."""


class NotThere(Exception):
    """The recording never passed its commit point, or its disposal has begun before."""


@dataclass(frozen=True)
class _Key:
    """Under which key a data key was wrapped, and the day that one expires with, if any."""

    id: str
    day: date | None
    before: str
    """Ids of those that it was under before, as in its row."""


def begin(
    vault: Vault, session: Session, row: Recording, *, ground: Ground, now: datetime, by: Actor
) -> None:
    """Begin to dispose of one recording, in the transaction of a caller who has its row locked (FOR UPDATE).

    Take `vault.rule_sets.held` before that lock: who activates rules takes them in this order too. Raises
    NotThere, StillHeld, and NotDue for the ground "term-over" alone; what `RuleSets.held` raises.
    """
    begin_all(vault, session, [row], ground=ground, now=now, by=by)


def begin_all(
    vault: Vault, session: Session, rows: Sequence[Recording], *, ground: Ground, now: datetime, by: Actor
) -> None:
    """As `begin`, of several recordings with few statements: all of them, or an error and none."""
    holds = holds_of(session, [row.id for row in rows])
    rules = {
        name: vault.rule_sets.held(session, name) for name in sorted({row.municipality_id for row in rows})
    }
    since = {name: in_force_since(session, name) for name in rules}
    # 1. the re-check: what was true when it was looked for may not be so any more
    for row in rows:
        name = row.municipality_id
        _check(row, rules[name], since[name], holds[row.id], ground, now)
    keys = _keys(session, [row.id for row in rows])
    # 2. the entry
    told = audit.append_all(
        session,
        vault.ring,
        [_entry(row, rules[row.municipality_id], keys.get(row.id), ground, now, by) for row in rows],
    )
    insert_many(
        session,
        table_of(Disposal),
        [
            _disposal(row, rules[row.municipality_id], keys.get(row.id), entry.id, ground, now)
            for row, entry in zip(rows, told, strict=True)
        ],
    )
    for rule_set in rules.values():
        vault.rule_sets.keep(session, rule_set, now=now)
    # 3. the key
    _destroy_keys(session, [row.id for row in rows], keys, now)
    _set_disposing(session, rows)
    # 4. what rested on it; but the erasure that somebody just approved is theirs to close
    erasures = ground is Ground.TERM_OVER
    closing.close_all(vault, session, rows, erasures=erasures, now=now, by=by)


def spared_until(
    row: Recording, rule_set: RuleSet, since: datetime | None, holds: Sequence[Held], now: datetime
) -> datetime | None:
    """Until when a recording that is due by its row stays all the same: for a hold, or because its row tells
    another end than its term has, which nothing but a hand can have written. None when it goes.

    `since`: from when these rules are in force. What was due before that does not come back by longer terms.
    """
    due = due_under(row, rule_set.terms, holds)
    if due <= now:
        return None
    before = since is not None and row.dispose_after is not None and row.dispose_after <= since
    return None if before and due == due_under(row, rule_set.terms, ()) else due


def _check(
    row: Recording,
    rule_set: RuleSet,
    since: datetime | None,
    holds: Sequence[Held],
    ground: Ground,
    now: datetime,
) -> None:
    if row.state not in THERE or row.dispose_after is None:
        raise NotThere(str(row.id))
    if due_under(row, rule_set.terms, holds) == UNTIL_RELEASED:
        raise StillHeld(str(row.id))
    if ground is not Ground.TERM_OVER:
        return
    if row.dispose_after > now or spared_until(row, rule_set, since, holds, now):
        raise NotDue(str(row.id))


def _keys(session: Session, recordings: Sequence[UUID]) -> Mapping[UUID, _Key]:
    query = (
        select(SealedKey.recording_id, SealedKey.key_id, DisposalKey.day, SealedKey.before)
        .outerjoin(DisposalKey, DisposalKey.key_id == SealedKey.key_id)
        .where(among(session, SealedKey.recording_id, recordings))
    )
    found = session.execute(query)
    return {recording: _Key(key_id, day, before or "") for recording, key_id, day, before in found}


def _destroy_keys(
    session: Session, recordings: Sequence[UUID], keys: Mapping[UUID, _Key], now: datetime
) -> None:
    """Delete the wrapped data keys; a backup's copy goes with the key of its day, or sooner when it must."""
    query = delete(SealedKey).where(among(session, SealedKey.recording_id, recordings))
    session.execute(query, execution_options=_UNTRACKED)
    today = now.astimezone(AMSTERDAM).date()
    early = {key.id for key in keys.values() if key.day and key.day > today}
    if opening := early.union(*(key.before.split() for key in keys.values())):
        # Of those it was under before some are over, or close today anyhow.
        later = (DisposalKey.day > today) & func.coalesce(DisposalKey.closes > today, True)
        locked = select(DisposalKey.key_id).where(
            DisposalKey.key_id.in_(opening),
            DisposalKey.key_id.in_(early) | later,
            DisposalKey.destroyed_at.is_(None),
            DisposalKey.spoiled_at.is_(None),
        )
        # In the order in which everybody locks them.
        ids = session.scalars(locked.order_by(DisposalKey.key_id).with_for_update()).all()
        spoiled = update(DisposalKey).where(DisposalKey.key_id.in_(ids)).values(spoiled_at=now)
        session.execute(spoiled, execution_options=_UNTRACKED)


def _set_disposing(session: Session, rows: Sequence[Recording]) -> None:
    """With one statement, of which the session's own objects then know."""
    query = update(Recording).where(among(session, Recording.id, [row.id for row in rows]))
    session.execute(query.values(state=State.DISPOSING), execution_options=_UNTRACKED)
    for row in rows:
        set_committed_value(row, "state", State.DISPOSING.value)


def _disposal(
    row: Recording, rule_set: RuleSet, key: _Key | None, entry: UUID, ground: Ground, now: datetime
) -> dict[str, object]:
    return {
        "recording_id": row.id,
        "municipality_id": row.municipality_id,
        "ground": ground.value,
        "due": row.dispose_after,
        "rule_set": rule_set.digest,
        "term_days": rule_set.terms.term_of(row.regime),
        "begun_at": now,
        "begun_in": entry,
        "key_id": key.id if key else None,
        "key_destroyed_at": now,
    }


def _entry(
    row: Recording, rule_set: RuleSet, key: _Key | None, ground: Ground, now: datetime, by: Actor
) -> Entry:
    due = row.dispose_after.isoformat() if row.dispose_after else ""
    told = {"ground": ground.value, "due": due, "keyId": key.id if key else ""}
    return audit.of_recording(Event.RECORDING_DISPOSING, row, by, now, rule_set=rule_set.digest, facts=told)
