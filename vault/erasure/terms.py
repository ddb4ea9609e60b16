"""When the trail's term is over: by municipality, and of all of them together."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from policies.problems import RuleSetInvalid
from policies.retention import years_before
from vault.rulesets import RuleSetAltered, RuleSetMissing
from vault.tables import AuditEntry, Municipality
from vault.vault import Vault


@dataclass(frozen=True)
class Terms:
    """How many years each municipality's trail is kept, as seen at `now`."""

    now: datetime
    years: Mapping[str, int]
    unknown: frozenset[str]
    """Registered municipalities whose term nobody can tell: their rules are missing or broken."""

    @property
    def longest(self) -> int | None:
        """The longest term; None while one is unknown: then that one may be the longest."""
        return None if self.unknown or not self.years else max(self.years.values())

    @property
    def longest_over(self) -> datetime | None:
        """Entries that are no younger than this are over for everyone."""
        return years_before(self.now, self.longest) if self.longest else None

    def over_of(self, municipality: str | None) -> ColumnElement[bool]:
        """Whether an entry is this municipality's, and its term over.

        What is of no municipality may be of each: it stays as long as the longest.
        """
        if municipality is None:
            until = self.longest_over
            return and_(AuditEntry.municipality_id.is_(None), AuditEntry.at <= until) if until else false()
        until = years_before(self.now, self.years[municipality])
        return and_(AuditEntry.municipality_id == municipality, AuditEntry.at <= until)

    @property
    def over(self) -> ColumnElement[bool]:
        """Whether an entry's term is over, whosever it is. Of a municipality without a known term: never."""
        # Of no municipality: equal to none, and not unequal to any. What is not known to be over is not.
        return func.coalesce(or_(*(self.over_of(name) for name in (None, *self.years))), false())


def is_of_leaf(at: datetime, municipality: str | None, leaf: bytes) -> bool:
    """Whether an entry's row, by which its term is reckoned, says when and whose it is as its leaf does."""
    said = json.loads(leaf)
    return bool(int(at.timestamp() * 1000) == said["t"] and municipality == said.get("org"))


def terms(vault: Vault, session: Session, *, now: datetime) -> Terms:
    """The terms in force."""
    known: dict[str, int] = {}
    registered = frozenset(session.scalars(select(Municipality.id)))
    for municipality in registered | vault.rule_sets.municipalities():
        try:
            years = vault.rule_sets.of(municipality).terms.log_term_years
        except (RuleSetMissing, RuleSetAltered, RuleSetInvalid):
            continue
        if years:
            known[municipality] = years
    return Terms(now, known, registered - known.keys())
