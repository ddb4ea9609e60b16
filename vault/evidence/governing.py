"""Figures of who decides what holds: legal records, changes of rules, roles."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from policies.terms import Terms
from policies.words import RECORDS, ROLES, Words
from vault.audit import Event
from vault.evidence.acts import number_of
from vault.evidence.counting import Count
from vault.evidence.figures import RecordTold, RightsTold, RoleTold, RuleChangeTold, Text
from vault.evidence.periods import Period
from vault.tables import Assignment, Person, RuleSetChange


def records(terms: Terms) -> list[RecordTold]:
    """The three legal records that the rule set in force names; one that is missing is told too."""
    given = (terms.records.dpia, terms.records.works_council, terms.records.citizen_notice)
    return [
        RecordTold(
            record=name,
            title=found.title if found else None,
            date=found.date if found else None,
            reference=found.reference if found else None,
        )
        for name, found in zip(RECORDS, given, strict=True)
    ]


def rule_changes(session: Session, municipality: str, period: Period) -> list[RuleChangeTold]:
    """The changes of rules of which a step was made in the period, oldest first."""
    steps = (RuleSetChange.proposed_at, RuleSetChange.activated_at, RuleSetChange.withdrawn_at)
    within = or_(*((step >= period.since) & (step < period.until) for step in steps))
    query = (
        select(RuleSetChange)
        .where(RuleSetChange.municipality == municipality, within)
        .order_by(RuleSetChange.proposed_at, RuleSetChange.id)
    )
    return [
        RuleChangeTold(
            digest=row.digest,
            proposed_at=row.proposed_at,
            proposed_by=_kind(row.proposed_by),
            activated_at=row.activated_at,
            activated_by=_kind(row.activated_by),
            withdrawn_at=row.withdrawn_at,
            two_persons=row.activated_by is None or row.activated_by != row.proposed_by,
        )
        for row in session.scalars(query)
    ]


def _kind(account: str | None) -> str | None:
    """person or operator: evidence names nobody."""
    return account.partition(":")[0] if account else None


def rights(session: Session, municipality: str, found: Sequence[Count]) -> RightsTold:
    """How many persons hold which role now, and how often that changed in the period."""
    held = dict(
        session.execute(
            select(Assignment.role, func.count(Assignment.person_id.distinct()))
            .join(Person, Person.id == Assignment.person_id)
            .where(Assignment.municipality_id == municipality, Person.active)
            .group_by(Assignment.role)
        ).all()
    )
    left = (
        select(func.count())
        .select_from(Assignment)
        .join(Person, Person.id == Assignment.person_id)
        .where(Assignment.municipality_id == municipality, ~Person.active)
    )
    return RightsTold(
        roles=[_role(role, held[role]) for role in sorted(held)],
        of_persons_who_left=session.scalars(left).one(),
        assigned=number_of(found, Event.PERSON_ASSIGNED),
        withdrawn=number_of(found, Event.PERSON_WITHDRAWN),
    )


def _role(role: str, persons: int) -> RoleTold:
    words = ROLES.get(role, Words(role, role))
    return RoleTold(role=role, title=Text(nl=words.nl, en=words.en), persons=persons)
