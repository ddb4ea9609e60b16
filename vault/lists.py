"""Lists of requests and grants: one's own, and those of others that one reads or may revoke.

The same rules that let someone read one of them choose the rows (`vault.pages`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, literal, select, tuple_
from sqlalchemy.orm import Session

from policies.facts import Action, Recording, Situation
from policies.lists import Residual
from vault import facts, pages, tables
from vault.audit import Event
from vault.filters import clause_of
from vault.ids import GrantId
from vault.pages import Asker, Page
from vault.requests import RequestState
from vault.vault import Caller, Vault


class Whose(StrEnum):
    """Of whom a list is."""

    MINE = "mine"
    OTHERS = "others"


class Place(NamedTuple):
    """Where a row stands: what waits comes first, and then what is newest."""

    waiting: int
    id: UUID


@dataclass(frozen=True)
class Wanted:
    """Which list, and from where to go on."""

    municipality: str
    whose: Whose
    after: Place | None = None
    most: int = 50


@dataclass(frozen=True)
class ListedRequest:
    """A request as it stands in a list."""

    row: tables.Request
    recorded_at: datetime
    requester: str
    """Their name."""
    grant: GrantId | None
    decidable: bool
    """Whether whoever reads the list may decide on it now."""


@dataclass(frozen=True)
class ListedGrant:
    """A grant as it stands in a list."""

    row: tables.Grant
    recorded_at: datetime
    holder: str
    """Their name."""


_ID = tables.Request.id.type
_WAITING: ColumnElement[int] = case((tables.Request.state == RequestState.WAITING, 1), else_=0)


def list_requests(
    vault: Vault, caller: Caller, wanted: Wanted, *, now: datetime
) -> Page[ListedRequest, Place]:
    """A page of requests: `caller`'s own, or those of others that they may read; what waits comes first.

    Raises facts.Unknown, RuleSetMissing.
    """
    with vault.database.transaction() as session:
        # 1. the facts of who asks, and what the rules leave of the question
        by = pages.asker(vault, session, caller, wanted.municipality)
        residual = by.rule_set.remaining(by.person, Action.READ_REQUEST, now=now)
        # 2. the rows, 3. each of them decided on
        query = (
            select(tables.Request, tables.Recording, tables.Person.name, tables.Grant.id)
            .join(tables.Recording, tables.Recording.id == tables.Request.recording_id)
            .join(tables.Person, tables.Person.id == tables.Request.requester_id)
            .outerjoin(tables.Grant, tables.Grant.request_id == tables.Request.id)
            .where(_of(tables.Request.requester_id, caller, wanted))
            .order_by(_WAITING.desc(), tables.Request.id.desc())
        )
        if wanted.after:
            place = literal(wanted.after.waiting), literal(wanted.after.id, _ID)
            query = query.where(tuple_(_WAITING, tables.Request.id) < tuple_(*place))
        rows = _rows(session, by, [residual], query, wanted)
        asked = _with_recordings(session, rows[: wanted.most])
        shown, rules = pages.permitted(
            by.rule_set, ((row, _of_request(by, row[0], row[1], now)) for row in asked)
        )
        # 4. the entry
        _enter(vault, session, by, Event.REQUESTS_LISTED, residual, wanted, now, rules, shown)
        waiting = [row[0] for row in shown if row[0].state == RequestState.WAITING]
        others = facts.other_viewers_of(session, waiting)
        listed = [
            ListedRequest(
                request,
                recording.recorded_at,
                name,
                GrantId(grant) if grant else None,
                request.id in others and _decidable(by, request, recording, others[request.id], now),
            )
            for request, recording, name, grant in shown
        ]
    # Never the place of one that was not shown.
    last = shown[-1][0] if shown and len(rows) > wanted.most else None
    return Page(residual, listed, Place(int(last.state == RequestState.WAITING), last.id) if last else None)


def list_grants(vault: Vault, caller: Caller, wanted: Wanted, *, now: datetime) -> Page[ListedGrant, Place]:
    """A page of grants, newest first: those that `caller` holds, or those of others that they may revoke.

    Raises facts.Unknown, RuleSetMissing.
    """
    mine = wanted.whose is Whose.MINE
    actions = [Action.READ_GRANT] if mine else [Action.READ_GRANT, Action.REVOKE]
    with vault.database.transaction() as session:
        by = pages.asker(vault, session, caller, wanted.municipality)
        left = [by.rule_set.remaining(by.person, action, now=now) for action in actions]
        residual = next((each for each in left if each.nothing), left[0])
        query = (
            select(tables.Grant, tables.Recording, tables.Person.name)
            .join(tables.Recording, tables.Recording.id == tables.Grant.recording_id)
            .join(tables.Person, tables.Person.id == tables.Grant.holder_id)
            .where(_of(tables.Grant.holder_id, caller, wanted))
            .order_by(tables.Grant.id.desc())
        )
        if wanted.after:
            query = query.where(tables.Grant.id < wanted.after.id)
        rows = _rows(session, by, left, query, wanted)
        shown, rules = _with_recordings(session, rows[: wanted.most]), set[str]()
        for action in actions:
            shown, found = pages.permitted(
                by.rule_set, ((row, _of_grant(by, action, row[0], row[1], now)) for row in shown)
            )
            rules |= found
        _enter(vault, session, by, Event.GRANTS_LISTED, residual, wanted, now, rules, shown)
    last = shown[-1][0] if shown and len(rows) > wanted.most else None
    listed = [ListedGrant(grant, recording.recorded_at, name) for grant, recording, name in shown]
    return Page(residual, listed, Place(0, last.id) if last else None)


def _of(whom: Any, caller: Caller, wanted: Wanted) -> ColumnElement[bool]:
    own: ColumnElement[bool] = whom == caller.id
    return own if wanted.whose is Whose.MINE else ~own


def _rows(
    session: Session,
    by: Asker,
    left: Sequence[Residual],
    query: Select[Any, Any, Any] | Select[Any, Any, Any, Any],
    wanted: Wanted,
) -> list[Any]:
    """One more than asked for, when there is."""
    if any(residual.nothing for residual in left):
        return []
    of_here = (
        tables.Recording.municipality_id == by.rule_set.municipality,
        tables.Recording.dispose_after.is_not(None),
    )
    obeying = (clause_of(session, residual.condition) for residual in left)
    return list(session.execute(query.where(*of_here, *obeying).limit(wanted.most + 1)))


def _with_recordings(session: Session, rows: Sequence[Any]) -> list[Any]:
    """The rows, each with what is known of its recording in the place of the recording's row."""
    known = facts.as_recordings(session, [row[1] for row in rows])
    return [(row[0], recording, *row[2:]) for row, recording in zip(rows, known, strict=True)]


def _of_request(by: Asker, row: tables.Request, recording: Recording, now: datetime) -> Situation:
    asked = facts.as_request(row)
    return Situation(by.person, Action.READ_REQUEST, recording, row.purpose, now, request=asked)


def _of_grant(by: Asker, action: Action, row: tables.Grant, recording: Recording, now: datetime) -> Situation:
    return Situation(by.person, action, recording, row.purpose, now, grant=facts.as_grant(row))


def _decidable(by: Asker, row: tables.Request, recording: Recording, others: int, now: datetime) -> bool:
    asked = facts.as_request(row, others)
    situation = Situation(by.person, Action.DECIDE, recording, row.purpose, now, request=asked)
    return by.rule_set.decide(situation).permitted


def _enter(
    vault: Vault,
    session: Session,
    by: Asker,
    event: Event,
    residual: Residual,
    wanted: Wanted,
    now: datetime,
    rules: set[str],
    shown: Sequence[Any],
) -> None:
    pages.enter(
        vault,
        session,
        by,
        event,
        residual,
        now,
        rules=rules,
        shown=[row[0].id for row in shown],
        details={"whose": wanted.whose.value},
    )
