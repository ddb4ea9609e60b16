"""The facts a decision is made of, loaded in the transaction that records the decision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from policies.facts import Grant, Person, Recording, Request, Search
from vault import tables
from vault.base import table_of
from vault.ids import GrantId, RecordingId, RequestId
from vault.keys import WrappedKey
from vault.statements import Statements

PREREQUISITES = {
    "complaint-filed": "complaint_filed",
    "criminal-complaint-filed": "criminal_complaint_filed",
    "demand-received": "demand_received",
    "subject-depicted": "subject_depicted",
    "demonstrable-interest": "demonstrable_interest",
    "at-officers-request": "at_officers_request",
    "safety-incident": "safety_incident",
    "integrity-investigation": "integrity_investigation",
}
"""What a requester may declare, and the fact it becomes."""

# Asked again and again, so they are put together once.
_PEOPLE, _ASSIGNED = table_of(tables.Person), table_of(tables.Assignment)
_PERSON = (
    select(_PEOPLE.c.active, _ASSIGNED.c.role, _ASSIGNED.c.team)
    .outerjoin(
        _ASSIGNED,
        (_ASSIGNED.c.person_id == _PEOPLE.c.id) & (_ASSIGNED.c.municipality_id == bindparam("municipality")),
    )
    .where(_PEOPLE.c.id == bindparam("person"))
)
_DEPICTIONS = table_of(tables.Depiction)
_DEPICTED = select(_DEPICTIONS.c.person_id).where(_DEPICTIONS.c.recording_id == bindparam("recording"))
_GRANTS, _RECORDINGS, _KEYS = (table_of(each) for each in (tables.Grant, tables.Recording, tables.SealedKey))
_OTHERS = select(func.count(_GRANTS.c.holder_id.distinct())).where(
    _GRANTS.c.recording_id == bindparam("recording"), _GRANTS.c.holder_id != bindparam("requester")
)
_REQUESTS = table_of(tables.Request)
_BEHIND_GRANT = (
    select(
        *(_GRANTS.c[name] for name in ("holder_id", "recording_id", "purpose", "valid_from", "valid_until")),
        *(_GRANTS.c[name] for name in ("revoked_at", "obligations")),
        *(_RECORDINGS.c[name] for name in ("municipality_id", "officer_id", "regime", "recorded_at")),
        *(_RECORDINGS.c[name] for name in ("dispose_after", "state", "length", "media")),
        *(_KEYS.c[name] for name in ("key_id", "sealed")),
        *(_PEOPLE.c.active, _ASSIGNED.c.role, _ASSIGNED.c.team),
        _RECORDINGS.c.team.label("recorded_by_team"),
        _DEPICTIONS.c.person_id.label("depicted"),
    )
    .join_from(_GRANTS, _RECORDINGS, _RECORDINGS.c.id == _GRANTS.c.recording_id)
    .outerjoin(_KEYS, _KEYS.c.recording_id == _RECORDINGS.c.id)
    .join(_PEOPLE, _PEOPLE.c.id == bindparam("person"))
    .outerjoin(
        _ASSIGNED,
        (_ASSIGNED.c.person_id == _PEOPLE.c.id)
        & (_ASSIGNED.c.municipality_id == _RECORDINGS.c.municipality_id),
    )
    .outerjoin(_DEPICTIONS, _DEPICTIONS.c.recording_id == _RECORDINGS.c.id)
    .where(_GRANTS.c.id == bindparam("grant"))
    # A revocation waits for this transaction, or is seen by it: nothing is entered after the grant has ended.
    .with_for_update(read=True, of=_GRANTS)
)


_GONE: dict[str, str] = {tables.State.DISPOSING: tables.State.DISPOSED.value}
"""Its key is destroyed, so it is gone for whoever asks; that its objects wait for a lock is for the sweep."""


class Unknown(Exception):
    """There is nothing here by that id."""


def person(
    within: Session | Statements, person_id: UUID, municipality: str, shares_with: Iterable[str] = ()
) -> Person:
    """Someone as one municipality knows them: whoever has no role there is not of that municipality.

    Who has none there and has one in a municipality that it `shares_with` is known by that one, the first in
    order. Raises Unknown.
    """
    first = _known_in(within, person_id, municipality)
    if first.roles:
        return first
    elsewhere = (_known_in(within, person_id, other) for other in shares_with)
    return next((found for found in elsewhere if found.roles), first)


def _known_in(within: Session | Statements, person_id: UUID, municipality: str) -> Person:
    rows = list(within.execute(_PERSON, {"person": person_id, "municipality": municipality}))
    if not rows:
        raise Unknown(str(person_id))
    return _person(person_id, municipality, rows)


def recording(session: Session, recording_id: RecordingId, *, lock: bool = False) -> Recording:
    """A recording past its commit point; whether its state lets anyone see it is for the policy to say.

    With `lock`, its row is locked, so that what is counted of it stays true. Raises Unknown for one that
    never came, or is still arriving.
    """
    # Not against rows that refer to it: those may be added meanwhile. And as it is once nobody else changes
    # it, also when this session saw it before.
    locked = {"key_share": True} if lock else None
    row = session.get(tables.Recording, recording_id, with_for_update=locked, populate_existing=lock)
    if row is None or row.dispose_after is None:
        raise Unknown(str(recording_id))
    return as_recording(session, row)


def as_recording(session: Session, row: tables.Recording) -> Recording:
    """The facts in a recording's row, and who stands on it."""
    if row.dispose_after is None:
        raise Unknown(str(row.id))
    return _recording(row.id, row, row.team, session.scalars(_DEPICTED, {"recording": row.id}))


def as_recordings(session: Session, rows: Sequence[tables.Recording]) -> list[Recording]:
    """As `as_recording`, of many rows with one question; in their order."""
    depicted: dict[UUID, list[UUID]] = {row.id: [] for row in rows}
    asked = select(_DEPICTIONS.c.recording_id, _DEPICTIONS.c.person_id)
    for recording_id, person_id in session.execute(asked.where(_DEPICTIONS.c.recording_id.in_(depicted))):
        depicted[recording_id].append(person_id)
    return [_recording(row.id, row, row.team, depicted[row.id]) for row in rows]


def as_search(row: tables.Search) -> Search:
    """The facts in a search's row."""
    return Search(
        id=row.id,
        requester=row.requester_id,
        purpose=row.purpose,
        since=row.since,
        until=row.until,
        open_until=row.open_until,
        has_case_reference=bool(row.case_reference),
    )


@dataclass(frozen=True)
class Behind:
    """What a grant leads to, as facts for whoever wants to watch, and what there is to be watched."""

    grant: Grant
    recording: Recording
    person: Person
    key: WrappedKey | None
    """None when the footage has been disposed of."""
    length: int
    """Bytes of footage."""
    media: dict[str, Any] | None


def behind(within: Statements, grant_id: GrantId, person_id: UUID) -> Behind:
    """Everything that a range is decided on, in one question to the database: it is asked for each of them.

    The grant's row is locked against changes. Raises Unknown, also when the key of kept footage is lost.
    """
    rows = within.execute(_BEHIND_GRANT, {"grant": grant_id, "person": person_id})
    if not rows or rows[0].dispose_after is None:
        raise Unknown(str(grant_id))
    row = rows[0]
    if row.key_id is None and shown_state(row.state) != tables.State.DISPOSED:
        # Lost, and not disposed of: no rule knows what to say of that.
        raise Unknown(str(grant_id))
    depicted = (each.depicted for each in rows if each.depicted)
    return Behind(
        grant=_grant(grant_id, row),
        recording=_recording(row.recording_id, row, row.recorded_by_team, depicted),
        person=_person(person_id, row.municipality_id, rows),
        key=WrappedKey(row.key_id, row.sealed) if row.key_id else None,
        length=row.length,
        media=row.media,
    )


def _person(person_id: UUID, municipality: str, rows: Sequence[Any]) -> Person:
    """Of rows with `active`, and `role` and `team` where there is an assignment."""
    roles = frozenset(row.role for row in rows if row.role)
    return Person(
        id=person_id,
        roles=roles,
        municipality=municipality if roles else "",
        teams=frozenset(row.team for row in rows if row.team),
        active=rows[0].active,
    )


def _recording(recording_id: UUID, row: Any, team: str, depicted: Iterable[UUID]) -> Recording:
    """Of a row with the columns of a recording past its commit point."""
    return Recording(
        id=recording_id,
        municipality=row.municipality_id,
        maker=row.officer_id,
        depicted=frozenset(depicted),
        team=team or None,
        regime="wpg" if row.regime == "wpg" else "avg",
        recorded_at=row.recorded_at,
        dispose_after=row.dispose_after,
        state=shown_state(row.state),
    )


def shown_state(state: str) -> str:
    """The state of a recording as rules and people know it."""
    return _GONE.get(state, state)


def request_row(session: Session, request_id: RequestId, *, lock: bool = False) -> tables.Request:
    """A request's row; locked where what is decided on it must not be decided twice."""
    # As it is now that nobody else changes it, also when this session saw it before.
    row = session.get(tables.Request, request_id, with_for_update=lock, populate_existing=lock)
    if row is None:
        raise Unknown(str(request_id))
    return row


def other_viewers(session: Session, row: tables.Request) -> int:
    """How many persons other than the requester were ever granted the recording."""
    return session.scalars(_OTHERS, {"recording": row.recording_id, "requester": row.requester_id}).one()


def other_viewers_of(session: Session, rows: Iterable[tables.Request]) -> dict[UUID, int]:
    """As `other_viewers`, of many requests with one question; by their ids."""
    others = (_GRANTS.c.recording_id == _REQUESTS.c.recording_id) & (
        _GRANTS.c.holder_id != _REQUESTS.c.requester_id
    )
    asked = select(_REQUESTS.c.id, func.count(_GRANTS.c.holder_id.distinct())).outerjoin(_GRANTS, others)
    of_these = _REQUESTS.c.id.in_([row.id for row in rows])
    return dict(session.execute(asked.where(of_these).group_by(_REQUESTS.c.id)).all())


def as_request(row: tables.Request, others: int = 0) -> Request:
    """The facts in a request's row; `others` as `other_viewers` counts them."""
    declared: dict[str, Any] = {PREREQUISITES[name]: True for name in row.prerequisites}
    return Request(
        id=row.id,
        requester=row.requester_id,
        purpose=row.purpose,
        asked_at=row.asked_at,
        has_case_reference=bool(row.case_reference),
        recipient=row.recipient,
        other_viewers=others,
        **declared,
    )


def grant_row(session: Session, grant_id: GrantId, *, lock: bool = False) -> tables.Grant:
    """A grant's row."""
    row = session.get(tables.Grant, grant_id, with_for_update=lock, populate_existing=lock)
    if row is None:
        raise Unknown(str(grant_id))
    return row


def as_grant(row: tables.Grant) -> Grant:
    """The facts in a grant's row."""
    return _grant(row.id, row)


def _grant(grant_id: UUID, row: Any) -> Grant:
    """Of a row with the columns of a grant."""
    return Grant(
        id=grant_id,
        holder=row.holder_id,
        recording=row.recording_id,
        purpose=row.purpose,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        revoked=row.revoked_at is not None,
        obligations=frozenset(row.obligations),
    )
