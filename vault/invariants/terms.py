"""Whether every term is kept: footage stays until the end that its municipality, regime and holds give it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import load_only

from policies.retention import Held
from vault.finding import Finding
from vault.invariants.depth import Tell
from vault.retention import due_under, holds_of
from vault.rulesets import RuleSetMissing, in_force_since
from vault.tables import Grant, Recording, State
from vault.vault import Vault

AT_ONCE = 500
ENDS_WITHIN = timedelta(minutes=10)
"""A grant ends when footage is disposed of: a sweep comes every minute, and has its time."""
_THERE = (State.KEPT, State.QUARANTINED)
# All that a term depends on; a million rows with all they say of the footage would be another matter.
_NEEDED = load_only(
    Recording.municipality_id,
    Recording.state,
    Recording.regime,
    Recording.recorded_at,
    Recording.kept_at,
    Recording.dispose_after,
    raiseload=True,
)


def check(vault: Vault, *, now: datetime, tell: Tell) -> Iterator[Finding]:
    """Recordings whose end is another than their term, and grants that outlive their footage's term.

    What was due when the rules of now came into force is passed over: its end stands.
    """
    done = 0
    for rows, holds in _batches(vault):
        for row in rows:
            done += 1
            tell("terms", done, 0)
            if _astray(vault, row, holds[row.id], now) and _astray_still(vault, row.id, now):
                yield Finding("term-not-kept", str(row.id))
    with vault.database.reading() as session:
        for grant in session.scalars(_outliving(now)):
            yield Finding("grant-after-term", str(grant))


def _astray(vault: Vault, row: Recording, holds: Sequence[Held], now: datetime) -> bool:
    try:
        terms = vault.rule_sets.of(row.municipality_id).terms
    except RuleSetMissing:
        # Its own alarm; without rules nobody can say what its term is.
        return False
    try:
        if row.dispose_after == due_under(row, terms, holds):
            return False
    except OverflowError:
        # From where it begins its term ends after the calendar does: somebody wrote that.
        return True
    if row.dispose_after is None or row.dispose_after > now:
        return True
    with vault.database.reading() as session:
        since = in_force_since(session, row.municipality_id)
    return since is None or row.dispose_after > since


def _astray_still(vault: Vault, recording: UUID, now: datetime) -> bool:
    """Asked anew: a hold, another regime or other rules may have come between."""
    with vault.database.reading() as session:
        row = session.get(Recording, recording)
        holds = holds_of(session, [recording])[recording]
    return row is not None and row.state in _THERE and _astray(vault, row, holds, now)


def _outliving(now: datetime) -> Select[UUID]:
    return (
        select(Grant.id)
        .join(Recording, Recording.id == Grant.recording_id)
        .where(
            Grant.revoked_at.is_(None),
            Grant.valid_until > now,
            Recording.state.in_(_THERE),
            Recording.dispose_after <= now - ENDS_WITHIN,
        )
    )


def _batches(vault: Vault) -> Iterator[tuple[Sequence[Recording], Mapping[UUID, Sequence[Held]]]]:
    after: UUID | None = None
    while True:
        with vault.database.reading() as session:
            query = select(Recording).options(_NEEDED).where(Recording.state.in_(_THERE))
            query = query.order_by(Recording.id).limit(AT_ONCE)
            rows = session.scalars(query.where(Recording.id > after) if after else query).all()
            holds = holds_of(session, [row.id for row in rows])
        yield rows, holds
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].id
