"""Whether every key that opens footage is accounted for: a part of `vault.invariants`, docs/operations.md."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from vault.disposal.day_keys import day_of
from vault.disposal.expiring import came_back
from vault.disposal.intake_keys import too_old
from vault.disposal.placing import THERE, unplaced
from vault.disposal.tables import DisposalKey, IntakeKey
from vault.finding import Finding
from vault.holds.tables import Hold
from vault.tables import Recording, RuleSetChange, SealedKey
from vault.vault import Vault

MOST = 1000
"""Most findings of one check: more would say no more."""
PLACED_WITHIN = timedelta(hours=1)
"""It takes the keeper seconds."""
DESTROYED_WITHIN = timedelta(hours=1)


def check(
    vault: Vault, session: Session, now: datetime, *, intake_key_lasts: timedelta = timedelta(days=7)
) -> Iterator[Finding]:
    """Every finding about keys that open footage."""
    held = vault.ring.footage.day_keys()
    known = set(session.scalars(select(DisposalKey.key_id).where(DisposalKey.key_id.in_(held))))
    used = select(SealedKey).where(SealedKey.key_id == DisposalKey.key_id).exists()
    yesterday = day_of(now - DESTROYED_WITHIN)
    for key_id, said in sorted(held.items()):
        if key_id not in known and (said.day < yesterday or _is_used(session, key_id)):
            yield Finding("disposal-key-without-row", key_id)
    for key_id in (*came_back(vault, session), *_intake_back(vault, session)):
        yield Finding("destroyed-key-is-back", key_id)
    standing = DisposalKey.destroyed_at.is_(None)
    lost = select(DisposalKey.key_id).where(used, or_(~standing, DisposalKey.key_id.not_in(held)))
    for key_id in session.scalars(lost.limit(MOST)):
        yield Finding("disposal-key-missing", key_id)
    over = or_(
        DisposalKey.day < yesterday,
        DisposalKey.closes < yesterday,
        DisposalKey.spoiled_at < now - DESTROYED_WITHIN,
    )
    stays = select(DisposalKey.key_id).where(standing, over, DisposalKey.key_id.in_(held))
    for key_id in session.scalars(stays.limit(MOST)):
        yield Finding("disposal-key-outlived-its-day", key_id)
    for recording in session.scalars(_unplaced_since(now - PLACED_WITHIN, now).limit(MOST)):
        yield Finding("not-placed", str(recording.id))
    for placed in _under_another_day(session):
        yield Finding("placed-under-another-day", placed)
    for municipality in too_old(session, intake_key_lasts, now):
        yield Finding("sealing-key-too-old", municipality)


def _is_used(session: Session, key_id: str) -> bool:
    query = select(SealedKey.recording_id).where(SealedKey.key_id == key_id).limit(1)
    return session.scalar(query) is not None


def _intake_back(vault: Vault, session: Session) -> Iterator[str]:
    """Intake keys that were destroyed, and are in the ring."""
    footage = vault.ring.footage
    held = [key_id for name in footage.municipalities() for key_id in footage.intake_keys(name)]
    gone = IntakeKey.key_id.in_(held) & IntakeKey.destroyed_at.is_not(None)
    yield from session.scalars(select(IntakeKey.key_id).where(gone).order_by(IntakeKey.key_id))


def _under_another_day(session: Session) -> Iterator[str]:
    """Said to be in its place, and its data key is not under a key of the day on which its term ends."""
    query = (
        select(Recording.id, Recording.dispose_after, DisposalKey.day)
        .join(SealedKey, SealedKey.recording_id == Recording.id)
        .outerjoin(DisposalKey, DisposalKey.key_id == SealedKey.key_id)
        .where(Recording.state.in_(THERE), Recording.placed_for == Recording.dispose_after)
    )
    for recording, until, day in session.execute(query.execution_options(yield_per=1000)):
        if until is not None and day != day_of(until):
            yield str(recording)


def _unplaced_since(moment: datetime, now: datetime) -> Select[Recording]:
    """What lay under another day's key already at `moment`: nothing moved its term since."""
    moved: list[ColumnElement[bool]] = [
        select(Hold)
        .where(
            Hold.recording_id == Recording.id,
            func.coalesce(Hold.lifted_at, Hold.placed_at) > moment,
        )
        .exists(),
        select(RuleSetChange)
        .where(RuleSetChange.municipality == Recording.municipality_id, RuleSetChange.activated_at > moment)
        .exists(),
        func.coalesce(Recording.regime_changed_at > moment, False),
    ]
    return unplaced(now).where(Recording.kept_at <= moment, *(~each for each in moved))
