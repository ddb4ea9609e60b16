"""Pages of a list that obeys the rules: chosen by the database, each row decided on, entered, and then shown.

What the rules leave of a question (`policies.lists.Residual`) chooses the rows in SQL, so that nothing is
fetched to be thrown away. Each row is decided on all the same before it is shown: SQL that errs shows less.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from policies.engine import RuleSet
from policies.facts import Person, Situation
from policies.lists import Residual
from vault import audit, facts
from vault.audit import Entry, Event
from vault.vault import Caller, Vault

log = structlog.get_logger()
Row = TypeVar("Row")
Place = TypeVar("Place")


@dataclass(frozen=True)
class Page(Generic[Row, Place]):
    """What is shown, and from where to go on; or why nothing can be."""

    residual: Residual
    rows: Sequence[Row] = ()
    next_after: Place | None = None
    """Place of the last row that is shown, when there are more."""

    @property
    def permitted(self) -> bool:
        """Whether the rules let this person see such a list, be it an empty one."""
        return not self.residual.nothing


class Asker(NamedTuple):
    """Who asks, as the municipality whose list it is knows them, and its rules."""

    caller: Caller
    person: Person
    rule_set: RuleSet


def asker(vault: Vault, session: Session, caller: Caller, municipality: str) -> Asker:
    """Who asks for a municipality's list. Raises RuleSetMissing, facts.Unknown."""
    rule_set = vault.rule_sets.of(municipality)
    person = facts.person(session, caller.id, municipality, rule_set.terms.shares_with)
    return Asker(caller, person, rule_set)


def permitted(rule_set: RuleSet, rows: Iterable[tuple[Row, Situation]]) -> tuple[list[Row], set[str]]:
    """Those rows that the rules permit one by one, and the rules that do. All of them, unless SQL errs."""
    listed = list(rows)
    decisions = rule_set.decide_each([situation for _, situation in listed])
    kept = [row for (row, _), decision in zip(listed, decisions, strict=True) if decision.permitted]
    rules = {rule.id for decision in decisions if decision.permitted for rule in decision.reasons}
    if len(kept) < len(listed):
        log.error("list.disagrees", count=len(listed) - len(kept))
    return kept, rules


def enter(
    vault: Vault,
    session: Session,
    by: Asker,
    event: Event,
    residual: Residual,
    now: datetime,
    *,
    rules: Iterable[str] = (),
    shown: Sequence[UUID] = (),
    purpose: str | None = None,
    search: UUID | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """The entry that accounts for a page: who was shown what, or was not, and by which rules."""
    permits = [id_ for id_ in by.rule_set.rules if id_ in set(rules)]
    reasons = [rule.id for rule in residual.reasons]
    known = purpose if purpose in by.rule_set.purposes else None
    audit.append(
        session,
        vault.ring,
        Entry(
            event=event,
            at=now,
            actor=by.caller.as_actor(by.person.roles),
            municipality=by.rule_set.municipality,
            thing=("search", str(search)) if search else None,
            decision="deny" if residual.nothing else "allow",
            rule_set=residual.rule_set,
            rules=reasons if residual.nothing else permits,
            # A purpose that is on no list may be any text, and the leaf is for everyone to read.
            purpose=known,
            facts={"listed": len(shown)},
            details={
                **(details or {}),
                "purpose": purpose,
                "shown": [str(id_) for id_ in shown],
            },
            decided={"engine": audit.ENGINE},
        ),
    )
