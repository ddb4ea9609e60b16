"""Keys of other days that a recording's data key was under before: in a backup of then it still is.

Nothing keeps which those were. But a term only ends on days that its regime, its rules and its holds give it,
so its data key was under keys of those days and of no others.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import RuleSet
from policies.problems import RuleSetInvalid
from policies.retention import UNTIL_RELEASED, BaseTerm, Held, dispose_after
from vault.disposal.day_keys import REGIMES, day_of
from vault.disposal.tables import DisposalKey
from vault.retention import term_begins
from vault.rulesets import RuleSetAltered, RuleSetMissing, parse_stored
from vault.tables import Recording, RuleSetChange


def earlier_keys(
    session: Session,
    rows: Sequence[Recording],
    rules: Mapping[str, RuleSet],
    holds: Mapping[UUID, Sequence[Held]],
) -> Iterator[str]:
    """The standing keys that these recordings' data keys may be under in a backup, besides those of now."""
    for row in rows:
        days = _days(session, row, rules[row.municipality_id], holds[row.id])
        if days is None or len(days) > 1:
            standing = select(DisposalKey.key_id).where(
                DisposalKey.municipality_id == row.municipality_id, DisposalKey.destroyed_at.is_(None)
            )
            if days is not None:
                standing = standing.where(DisposalKey.day.in_(days))
            yield from session.scalars(standing)


def _days(session: Session, row: Recording, rule_set: RuleSet, holds: Sequence[Held]) -> set[date] | None:
    """Every day on which its term ended at some time; None when nobody can say."""
    replaced = _replaced(session, row)
    if replaced is None:
        return None
    regimes = REGIMES if row.regime_changed_at else (row.regime,)
    begins, terms = term_begins(row), [rule_set.terms, *replaced]
    # With several holds it was always one of them that let it stay the longest.
    held: list[Sequence[Held]] = [(), *([hold] for hold in holds)]
    ends = {dispose_after(begins, *each) for each in product(regimes, terms, held)}
    return {day_of(end) for end in ends} | ({day_of(UNTIL_RELEASED)} if holds else set())


def _replaced(session: Session, row: Recording) -> Sequence[BaseTerm] | None:
    """The terms that held for it before those of now; None when they cannot be read any more."""
    query = select(RuleSetChange.digest).where(
        RuleSetChange.municipality == row.municipality_id, RuleSetChange.replaced_at >= row.kept_at
    )
    try:
        return [parse_stored(session, each, as_of_then=True).terms for each in session.scalars(query)]
    except (RuleSetMissing, RuleSetAltered, RuleSetInvalid):
        return None
