"""Blocks: stretches of the log, each with the earliest and the latest moment of its entries.

The log is in the order of commits, which is nearly that of moments; nearly, because a verb may wait, and a
machine's clock may be wrong by years. So a period is not looked for between two numbers, but in every block
that it touches: one wrong moment makes one block too many, and hides nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault.log.tables import TrailBlock

LENGTH = 4096
"""Entries of one block. With another length all has to be derived again (`audit index --again`)."""
END = 2**62
"""Beyond every number that an entry can have."""
Run = tuple[int, int]
"""First number, and the one behind the last."""


def widen(session: Session, moments: Sequence[tuple[int, datetime]]) -> None:
    """Have the blocks tell of these entries too, each a number and a moment."""
    by_block: dict[int, list[datetime]] = {}
    for number, at in moments:
        by_block.setdefault(number // LENGTH, []).append(at)
    for block, told in by_block.items():
        row = session.get(TrailBlock, block)
        if row is None:
            session.add(TrailBlock(block=block, earliest=min(told), latest=max(told)))
        else:
            row.earliest, row.latest = min(row.earliest, *told), max(row.latest, *told)


def covers(session: Session, number: int, at: datetime) -> bool:
    """Whether an entry's block says that there may be an entry of its moment."""
    row = session.get(TrailBlock, number // LENGTH)
    return row is not None and row.earliest <= at <= row.latest


def runs(session: Session, since: datetime | None, until: datetime | None) -> list[Run]:
    """The stretches of the log that a period touches, in order; all of it when there is no period."""
    if since is None and until is None:
        return [(0, END)]
    query = select(TrailBlock.block).order_by(TrailBlock.block)
    if since is not None:
        query = query.where(TrailBlock.latest >= since)
    if until is not None:
        query = query.where(TrailBlock.earliest < until)
    return list(_joined(session.scalars(query).all()))


def _joined(blocks: Sequence[int]) -> Iterator[Run]:
    begin = end = None
    for block in blocks:
        if end is not None and begin is not None and block != end:
            yield begin * LENGTH, end * LENGTH
            begin = None
        begin, end = block if begin is None else begin, block + 1
    if begin is not None and end is not None:
        yield begin * LENGTH, end * LENGTH
