"""Conditions of the policy in SQL: the database chooses the rows of a list, by the rules and nothing else.

What may be seen is said in `policies`; here stands only which column each fact is in. Every part is true or
false of a row and never NULL, or "not" would lose rows.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from policies.conditions import (
    Always,
    Among,
    Before,
    Condition,
    Contains,
    Empty,
    Every,
    Fact,
    No,
    Present,
    Same,
    Some,
)
from vault.facts import PREREQUISITES
from vault.tables import Depiction, Grant, Recording, Request, State

Clause = ColumnElement[bool]
_COLUMNS: Mapping[str, SQLColumnExpression[Any]] = {
    "recording": Recording.id,
    "recording.maker": Recording.officer_id,
    "recording.team": Recording.team,
    "recording.regime": case((Recording.regime == "wpg", "wpg"), else_="avg"),
    "recording.recordedAt": Recording.recorded_at,
    "recording.disposeAfter": Recording.dispose_after,
    # As `facts.shown_state`.
    "recording.state": case(
        (Recording.state == State.DISPOSING, State.DISPOSED.value), else_=Recording.state
    ),
    "request.requester": Request.requester_id,
    "request.purpose": Request.purpose,
    "request.askedAt": Request.asked_at,
    "request.recipient": func.coalesce(Request.recipient, ""),
    "grant.holder": Grant.holder_id,
    "grant.purpose": Grant.purpose,
    "grant.validFrom": Grant.valid_from,
    "grant.validUntil": Grant.valid_until,
}
_TRUE_WHEN: Mapping[str, Clause] = {
    "request.hasCaseReference": func.coalesce(Request.case_reference, "") != "",
    "grant.revoked": Grant.revoked_at.is_not(None),
}
_THERE_WHEN: Mapping[str, Clause] = {
    "recording.team": Recording.team != "",
    "request.recipient": Request.recipient.is_not(None),
}
_BY_ID = ("Person", "Recording")


class NoColumn(Exception):
    """The policy asks for a fact that stands in no column: a bug, for that was checked when it was read."""


def clause_of(session: Session, condition: Condition) -> Clause:
    """The condition as a clause, for a query over recordings, or requests or grants joined with theirs."""
    postgresql = session.get_bind().dialect.name == "postgresql"
    parts = condition.of if isinstance(condition, Every) else (condition,)
    # Page after page most of it is the same.
    return and_(*(_written(each, postgresql) for each in parts))


@lru_cache(1024)
def _written(condition: Condition, postgresql: bool) -> Clause:
    return _Writing(postgresql).write(condition)


class _Writing:
    def __init__(self, postgresql: bool) -> None:
        self._postgresql = postgresql

    def write(self, condition: Condition) -> Clause:
        match condition:
            case Always(holds):
                return true() if holds else false()
            case Every(of):
                return and_(*(self.write(each) for each in of))
            case Some(of):
                return or_(*(self.write(each) for each in of))
            case No(Before(fact, moment)):
                # So that an index can find it.
                return _column(fact) >= moment
            case No(of):
                return not_(self.write(of))
            case Among(fact, values) if fact.kind == "Bool":
                return self._true_of(fact) if True in values else false()
            case Among(fact, values):
                return _among(fact, [value for value in values if isinstance(value, str)])
            case Same(fact, other):
                return _column(fact) == _column(other)
            case Before(fact, moment):
                return _column(fact) < moment
            case Present(fact) if fact.name in _THERE_WHEN:
                return _THERE_WHEN[fact.name]
            case Contains(fact, person):
                return _depicts(fact, person)
            case Empty(fact):
                return not_(_depicts(fact, None))
        raise NoColumn(repr(condition))

    def _true_of(self, fact: Fact) -> Clause:
        if fact.name in _TRUE_WHEN:
            return _TRUE_WHEN[fact.name]
        [name] = (name for name, declared in PREREQUISITES.items() if _camel(declared) == fact.name)
        if self._postgresql:
            return cast(Request.prerequisites, JSONB).contains([name])
        each = func.json_each(Request.prerequisites).table_valued("value")
        return exists(select(1).select_from(each).where(cast(each.c.value, String) == name))


def _camel(declared: str) -> str:
    first, *rest = declared.split("_")
    return f"request.{first}{''.join(map(str.title, rest))}"


def _column(fact: Fact) -> SQLColumnExpression[Any]:
    if fact.name not in _COLUMNS:
        raise NoColumn(fact.name)
    return _COLUMNS[fact.name]


def _among(fact: Fact, values: list[str]) -> Clause:
    if fact.kind not in _BY_ID:
        return _column(fact).in_(sorted(values))
    ids = [found for found in map(_id, values) if found]
    return _column(fact).in_(ids) if ids else false()


def _id(text: str) -> UUID | None:
    """The id, when it is written as we write ids: to Cedar another spelling is another entity."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def _depicts(fact: Fact, person: str | Fact | None) -> Clause:
    """Whether this person, or anybody, stands on the row's recording."""
    if fact.name != "recording.depicted":
        raise NoColumn(fact.name)
    found = select(1).where(Depiction.recording_id == Recording.id).correlate_except(Depiction)
    if person is None:
        return exists(found)
    known = _column(person) if isinstance(person, Fact) else _id(person)
    return exists(found.where(Depiction.person_id == known)) if known is not None else false()
