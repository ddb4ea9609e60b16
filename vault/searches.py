"""Searches (zoekvraag): finding that recordings exist, for one purpose and in one stretch of time.

What is found is a camera, a moment and a length, never a picture: to see one, one asks (`vault.requests`).
Beyond one's own work nobody looks without a search, so nobody browses; the rules say how wide it may be.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.orm import Session

from policies.conditions import Condition
from policies.facts import Action, Situation
from policies.facts import Search as Known
from policies.lists import Residual
from vault import audit, facts, pages
from vault.audit import Entry, Event
from vault.facts import Unknown
from vault.filters import clause_of
from vault.ids import SearchId, new_id
from vault.pages import Asker, Page
from vault.tables import Camera, Depiction, Recording, Search
from vault.vault import Caller, Vault

OPEN_FOR = timedelta(hours=8)
"""A search lasts a working day; after it one says anew what one looks for."""


@dataclass(frozen=True)
class Wanted:
    """What someone looks for, and why."""

    municipality: str
    purpose: str
    reason: str
    case_reference: str | None
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Opening:
    """A search that is open until a moment; or, without one, why it is not."""

    residual: Residual
    search: SearchId | None
    open_until: datetime | None


class Place(NamedTuple):
    """Where a recording stands among those found, newest first."""

    recorded_at: datetime
    recording: UUID


@dataclass(frozen=True)
class Found:
    """That a recording exists."""

    recording: Recording
    camera: str
    """Serial number."""


Finding = Page[Found, Place]


def open_search(vault: Vault, caller: Caller, wanted: Wanted, *, now: datetime) -> Opening:
    """Open a search, when there is any recording that the rules would let it find.

    Raises facts.Unknown, RuleSetMissing.
    """
    with vault.database.transaction() as session:
        by = pages.asker(vault, session, caller, wanted.municipality)
        row = Search(
            id=new_id(),
            municipality_id=wanted.municipality,
            requester_id=caller.id,
            purpose=wanted.purpose,
            reason=wanted.reason,
            case_reference=wanted.case_reference,
            since=wanted.since,
            until=wanted.until,
            opened_at=now,
            open_until=now + OPEN_FOR,
        )
        residual = _left(by, row.purpose, facts.as_search(row), now)
        if not residual.nothing:
            session.add(row)
            session.flush()
        pages.enter(
            vault,
            session,
            by,
            Event.SEARCH_DENIED if residual.nothing else Event.SEARCH_OPENED,
            residual,
            now,
            rules=[rule.id for rule in residual.reasons],
            purpose=row.purpose,
            search=row.id,
            details={
                "reason": row.reason,
                "caseReference": row.case_reference,
                "since": row.since,
                "until": row.until,
            },
        )
    opened = not residual.nothing
    return Opening(residual, SearchId(row.id) if opened else None, row.open_until if opened else None)


def find(
    vault: Vault,
    caller: Caller,
    search_id: SearchId,
    *,
    now: datetime,
    after: Place | None = None,
    most: int = 50,
) -> Finding:
    """A page of what a search finds, newest first. Raises facts.Unknown."""
    with vault.database.transaction() as session:
        # 1. the facts; whoever closes the search waits for this page
        row = session.get(Search, search_id, with_for_update={"read": True})
        if row is None:
            raise Unknown(str(search_id))
        by = pages.asker(vault, session, caller, row.municipality_id)
        search = facts.as_search(row)
        # 2. what the rules leave of the question
        residual = _left(by, row.purpose, search, now)
        # 3. the rows, each decided on; 4. the entry
        return _page(vault, session, by, residual, row.purpose, search, after, most, now)


def find_own(
    vault: Vault,
    caller: Caller,
    municipality: str,
    purpose: str,
    *,
    now: datetime,
    after: Place | None = None,
    most: int = 50,
) -> Finding:
    """A page of the recordings that `caller` made or stands on, as far as the rules let them find those.

    Raises facts.Unknown, RuleSetMissing.
    """
    with vault.database.transaction() as session:
        by = pages.asker(vault, session, caller, municipality)
        residual = _left(by, purpose, None, now)
        made = select(Recording.id).where(Recording.officer_id == caller.id)
        depicted = select(Depiction.recording_id).where(Depiction.person_id == caller.id)
        own = Recording.id.in_(made.union(depicted))
        return _page(vault, session, by, residual, purpose, None, after, most, now, own)


def close(vault: Vault, caller: Caller, search_id: SearchId, *, now: datetime) -> None:
    """End one's own search before its time. Raises facts.Unknown, also when it is somebody else's."""
    with vault.database.transaction() as session:
        row = session.get(Search, search_id, with_for_update=True)
        if row is None or row.requester_id != caller.id:
            raise Unknown(str(search_id))
        row.open_until = min(row.open_until, now)
        by = pages.asker(vault, session, caller, row.municipality_id)
        audit.append(
            session,
            vault.ring,
            Entry(
                event=Event.SEARCH_CLOSED,
                at=now,
                actor=caller.as_actor(by.person.roles),
                municipality=row.municipality_id,
                thing=("search", str(row.id)),
            ),
        )


def _left(by: Asker, purpose: str, search: Known | None, now: datetime) -> Residual:
    return by.rule_set.remaining(by.person, Action.FIND, now=now, purpose=purpose, search=search)


def _page(
    vault: Vault,
    session: Session,
    by: Asker,
    residual: Residual,
    purpose: str,
    search: Known | None,
    after: Place | None,
    most: int,
    now: datetime,
    *within: ColumnElement[bool],
) -> Finding:
    place = by.rule_set.municipality
    rows = [] if residual.nothing else choose(session, place, residual.condition, after, most, *within)
    shown = rows[:most]
    known = facts.as_recordings(session, [each.recording for each in shown])
    situations = (
        Situation(by.person, Action.FIND, recording, purpose, now, search=search) for recording in known
    )
    found, rules = pages.permitted(by.rule_set, zip(shown, situations, strict=True))
    pages.enter(
        vault,
        session,
        by,
        Event.SEARCH_DENIED if residual.nothing else Event.RECORDINGS_FOUND,
        residual,
        now,
        rules=rules,
        shown=[each.recording.id for each in found],
        purpose=purpose,
        search=search.id if search else None,
    )
    # Never the place of one that was not shown.
    last = found[-1].recording if found and len(rows) > most else None
    return Page(residual, found, Place(last.recorded_at, last.id) if last else None)


def choose(
    session: Session,
    municipality: str,
    condition: Condition,
    after: Place | None,
    most: int,
    *within: ColumnElement[bool],
) -> list[Found]:
    """A municipality's recordings that satisfy the condition, newest first: one more than `most`, if any."""
    query = (
        select(Recording, Camera.serial)
        .join(Camera, Camera.id == Recording.camera_id)
        .where(Recording.municipality_id == municipality, Recording.dispose_after.is_not(None))
        .where(clause_of(session, condition), *within)
        .order_by(Recording.recorded_at.desc(), Recording.id.desc())
        .limit(most + 1)
    )
    if after is not None:
        moment = literal(after.recorded_at, Recording.recorded_at.type)
        place = tuple_(moment, literal(after.recording, Recording.id.type))
        query = query.where(tuple_(Recording.recorded_at, Recording.id) < place)
    return [Found(recording, serial) for recording, serial in session.execute(query)]
