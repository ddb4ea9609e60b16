"""Would this escrow do? It is opened in memory, beside the database, and nothing is written.

Every key is the one it is named after; every key that should be in it is; and of what is kept some wrapped
keys are opened with it, taken at random.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault.disposal.tables import DisposalKey, IntakeKey
from vault.erasure.tables import AuditEpoch
from vault.keys import FootageFiles, KeyNotHeld, WrappedKey, WrappingBroken
from vault.keys.escrow import Escrow
from vault.keys.escrow_keys import EscrowKeys
from vault.tables import Recording, SealedKey
from vault.vault import Vault

AT_ONCE = 100
PASSING = 10_000
"""Ids in memory while it is chosen."""


@dataclass(frozen=True)
class Trial:
    """What came of it."""

    keys: int
    """How many are in it, each of them proven."""
    opened: int
    """Of so many recordings the wrapped key opens."""
    since: int
    """Of so many it is wrapped by a key that was made after the escrow: a newer one would have it."""
    broken: tuple[str, ...]
    """Of these recordings it does not open, and should."""
    missing: tuple[str, ...]
    """Keys that open footage, were there when it was made, and are not in it."""
    destroyed: frozenset[str]
    """Keys in it that were destroyed: a restore leaves them out."""

    @property
    def passed(self) -> bool:
        """Whether it would do."""
        return not self.broken and not self.missing


def try_out(vault: Vault, escrow: Escrow, *, recordings: int, chance: Random) -> Trial:
    """Try an escrow on `recordings` of what is kept, or all when there are fewer. Raises EscrowRefused.

    Where a token holds the keys that open footage none of them is in it, and the other keys prove themselves.
    """
    keys = EscrowKeys(escrow)
    with vault.database.reading() as session:
        gone = destroyed_keys(session) & keys.ids
        if not isinstance(vault.ring.footage, FootageFiles):
            return Trial(len(keys.ids), 0, 0, (), (), gone)
        missing = sorted(_expected(session, escrow.made) - keys.ids)
        now_held = frozenset(vault.ring.footage.day_keys())
        opened, since, broken = 0, 0, []
        for row, municipality in _some(session, recordings, chance):
            try:
                wrapped = WrappedKey(row.key_id, row.sealed)
                keys.unwrap(wrapped, recording=row.recording_id, municipality=municipality)
                opened += 1
            except KeyNotHeld:
                if row.key_id in missing or row.key_id not in now_held | _intake(vault, municipality):
                    broken.append(str(row.recording_id))
                else:
                    since += 1
            except WrappingBroken:
                broken.append(str(row.recording_id))
    return Trial(len(keys.ids), opened, since, tuple(broken), tuple(missing), gone)


def _expected(session: Session, made: datetime) -> set[str]:
    """The keys that opened footage at that moment, as the database has it."""
    of_days = select(DisposalKey.key_id).where(
        DisposalKey.made_at <= made, DisposalKey.destroyed_at.is_(None) | (DisposalKey.destroyed_at > made)
    )
    of_intake = select(IntakeKey.key_id).where(
        IntakeKey.municipality.is_not(None),
        IntakeKey.seen_at <= made,
        IntakeKey.destroyed_at.is_(None) | (IntakeKey.destroyed_at > made),
    )
    return {*session.scalars(of_days), *session.scalars(of_intake)}


def destroyed_keys(session: Session) -> frozenset[str]:
    """Every key that was destroyed, as the database has it."""
    of_days = select(DisposalKey.key_id).where(DisposalKey.destroyed_at.is_not(None))
    of_intake = select(IntakeKey.key_id).where(IntakeKey.destroyed_at.is_not(None))
    return frozenset([*session.scalars(of_days), *session.scalars(of_intake), *_of_epochs(session)])


def _of_epochs(session: Session) -> Iterator[str]:
    """Of epochs of the trail that were destroyed: the secret, and each payload key that no other has too."""
    over = AuditEpoch.destroyed_at.is_not(None)
    yield from session.scalars(select(AuditEpoch.epoch).where(over))
    stay = select(AuditEpoch.payload_key).where(~over)
    of_payloads = select(AuditEpoch.payload_key).where(over, AuditEpoch.payload_key.not_in(stay))
    yield from filter(None, session.scalars(of_payloads))


def _intake(vault: Vault, municipality: str) -> frozenset[str]:
    try:
        return frozenset(vault.ring.footage.intake_keys(municipality))
    except KeyNotHeld:
        return frozenset()


def _some(session: Session, most: int, chance: Random) -> Iterator[tuple[SealedKey, str]]:
    """Some wrapped keys, each with its municipality: chosen while all pass by, for they may be millions."""
    ids = select(SealedKey.recording_id).order_by(SealedKey.recording_id)
    chosen: list[UUID] = []
    for at, each in enumerate(session.scalars(ids.execution_options(yield_per=PASSING))):
        if at < most:
            chosen.append(each)
        elif (place := chance.randrange(at + 1)) < most:
            chosen[place] = each
    chosen.sort()
    for first in range(0, len(chosen), AT_ONCE):
        rows = session.execute(
            select(SealedKey, Recording.municipality_id)
            .join(Recording, Recording.id == SealedKey.recording_id)
            .where(SealedKey.recording_id.in_(chosen[first : first + AT_ONCE]))
        )
        for row in rows:
            yield row[0], row[1]
