"""Checkpoints that nobody needs any more go: under load there is one a second, all checked every night.

None says anything that a later one does not say too, for the tree only grows: what somebody kept of an older
one is compared with the tiles, which stay. What stays of them is what tells when the log was how large, and
what others vouched for:

1. every one of the last day, which a witness may still be about to hand in with its cosignature;
2. every one that a witness cosigned;
3. of what is older the last of each hour, and always the newest.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vault.base import table_of
from vault.log.tables import LogCheckpoint, LogCosignature
from vault.vault import Vault

ALL_FOR = timedelta(days=1)
"""How long each checkpoint is kept."""
AT_ONCE = 1_000
"""Checkpoints deleted in one transaction."""

_COSIGNED = select(LogCosignature.size).where(LogCosignature.size == LogCheckpoint.size).exists()


def thin(vault: Vault, *, now: datetime, at_once: int = AT_ONCE) -> int:
    """Delete the checkpoints that nobody needs; how many went. Dying leaves the rest for the next round."""
    with vault.database.reading() as session:
        needless = list(_needless(session, now - ALL_FOR))
    total = 0
    for first in range(0, len(needless), at_once):
        with vault.database.transaction() as session:
            total += _delete(session, needless[first : first + at_once])
    return total


def _needless(session: Session, until: datetime) -> Iterator[int]:
    """Sizes of those signed before `until`, but for the last of each hour and those that were cosigned."""
    query = (
        select(LogCheckpoint.size, LogCheckpoint.signed_at, _COSIGNED.label("cosigned"))
        .where(LogCheckpoint.signed_at < until)
        .order_by(LogCheckpoint.size)
        .execution_options(yield_per=10_000)
    )
    for _hour, signed in groupby(
        session.execute(query), key=lambda row: int(row.signed_at.timestamp()) // 3600
    ):
        yield from (row.size for row, _next in pairwise(signed) if not row.cosigned)


def _delete(session: Session, sizes: Sequence[int]) -> int:
    """Delete these, but for those that were cosigned meanwhile, or are being."""
    found = session.scalars(
        select(LogCheckpoint.size)
        .where(LogCheckpoint.size.in_(sizes), ~_COSIGNED)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(delete(table_of(LogCheckpoint)).where(LogCheckpoint.size.in_(found)))
    return len(found)
