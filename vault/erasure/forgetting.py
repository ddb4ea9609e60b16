"""What an entry was found by because of its payload goes together with that payload.

What stays is what its leaf says in the clear, and when it was: by that it is found as long as it stands.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from vault.base import table_of
from vault.log.tables import TrailTerm
from vault.trail.terms import Kind, Value, of_leaf, term

_TERM = table_of(TrailTerm)
_GONE = delete(_TERM).where(_TERM.c.term == bindparam("gone"), _TERM.c.index == bindparam("of"))


def forget(session: Session, municipality: str | None, found: Sequence[Any]) -> None:
    """Take away the terms of these entries that came from their payloads; each a number and a leaf, in order.

    On PostgreSQL the stretch of numbers is found by the index of migration 0007; on SQLite all terms are
    looked at, once for a batch.
    """
    if municipality is None:
        # Of no municipality: in nobody's trail, so found by nothing.
        return
    leaves = {row.number: row.leaf for row in found}
    stretch = TrailTerm.index.between(found[0].number, found[-1].number)
    stored = session.execute(select(TrailTerm.term, TrailTerm.index).where(stretch))
    staying = {number: set(_staying(municipality, leaf)) for number, leaf in leaves.items()}
    gone = [
        {"gone": value, "of": number}
        for value, number in stored
        if number in staying and value not in staying[number]
    ]
    if gone:
        session.connection().execute(_GONE, gone)


def _staying(municipality: str, leaf: bytes) -> Iterator[bytes]:
    values = [*of_leaf(json.loads(leaf)), Value(Kind.HOURS, "out"), Value(Kind.UNCOMPLETED, "")]
    yield from (term(municipality, value) for value in values)
