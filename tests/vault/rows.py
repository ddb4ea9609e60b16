"""Worlds of rows to choose from: people, recordings, requests and grants of two municipalities, at random."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from policies.facts import Search
from policies.retention import years_before
from vault.base import table_of
from vault.facts import PREREQUISITES
from vault.requests import RequestState
from vault.tables import Assignment, Camera, Depiction, Grant, Municipality, Person, Recording, Request, State

NOW = datetime(2026, 3, 10, 12, 0, 0, 123456, tzinfo=UTC)
ELSEWHERE = "elders"
TEAMS = ("", "centrum", "haven")
NEAR = (
    *(timedelta(microseconds=each) for each in (-1500, -1000, -457, -456, -1, 0, 1, 543, 544, 1000)),
    *(timedelta(hours=each) for each in (-23, -2, -1, 1, 2, 24)),
    *(timedelta(days=each) for each in (-400, -28, -7, -3, 3, 14, 28)),
)
"""How far a moment may be from now: close enough to be on either side of a boundary."""


@dataclass
class Rows:
    """What was made, by id."""

    municipality: str
    people: list[UUID] = field(default_factory=list)
    recordings: list[UUID] = field(default_factory=list)
    requests: list[UUID] = field(default_factory=list)
    grants: list[UUID] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)


def make_rows(session: Session, municipality: str, roles: list[str], purposes: list[str], seed: int) -> Rows:
    """A world in the transaction of `session`; the same seed makes the same."""
    random = Random(seed)
    rows = Rows(municipality)
    _people(session, rows, roles, random)
    _recordings(session, rows, random)
    _requests(session, rows, purposes, random)
    for _ in range(3):
        since = _moment(random)
        rows.searches.append(
            Search(
                id=_id(random),
                requester=random.choice(rows.people),
                purpose=random.choice(purposes),
                since=since,
                until=since + timedelta(hours=random.choice((1, 24, 24, 25, 9000))),
                open_until=_moment(random),
                has_case_reference=random.random() < 0.8,
            )
        )
    return rows


def _id(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128))


def _moment(random: Random) -> datetime:
    return NOW + random.choice(NEAR)


def _aged(random: Random) -> datetime:
    """Near the moment at which police data comes to its next stage."""
    return years_before(NOW, random.choice((1, 5, 10))) + random.choice(NEAR[:12])


def _people(session: Session, rows: Rows, roles: list[str], random: Random) -> None:
    for name in (rows.municipality, ELSEWHERE):
        session.execute(insert(table_of(Municipality)).values(id=name, name=name))
    for number in range(4):
        person = _id(random)
        rows.people.append(person)
        session.execute(
            insert(table_of(Person)).values(
                id=person, issuer="i", subject=f"{number}", name="-", active=random.random() < 0.9
            )
        )
        places = [rows.municipality] if random.random() < 0.85 else random.choice(([], [ELSEWHERE]))
        for place in places:
            for role in random.sample(roles, random.choice((1, 1, 2))):
                session.execute(
                    insert(table_of(Assignment)).values(
                        person_id=person, municipality_id=place, role=role, team=random.choice(TEAMS)
                    )
                )


def _recordings(session: Session, rows: Rows, random: Random) -> None:
    camera = _id(random)
    session.execute(
        insert(table_of(Camera)).values(id=camera, municipality_id=rows.municipality, serial=str(camera))
    )
    for number in range(10):
        recording = _id(random)
        rows.recordings.append(recording)
        session.execute(
            insert(table_of(Recording)).values(
                id=recording,
                municipality_id=random.choice((rows.municipality,) * 4 + (ELSEWHERE,)),
                camera_id=camera,
                officer_id=random.choice(rows.people),
                team=random.choice(TEAMS),
                recorded_at=_moment(random) if random.random() < 0.7 else _aged(random),
                regime=random.choice(("avg", "wpg")),
                state=random.choice((State.KEPT,) * 4 + (State.QUARANTINED, State.DISPOSING, State.DISPOSED)),
                length=1,
                sha256=f"{number}",
                dispose_after=_moment(random) + timedelta(days=random.choice((0, 28))),
            )
        )
        for person in random.sample(rows.people, random.choice((0, 0, 1, 2))):
            session.execute(insert(table_of(Depiction)).values(recording_id=recording, person_id=person))


def _requests(session: Session, rows: Rows, purposes: list[str], random: Random) -> None:
    for _ in range(8):
        request, purpose = _id(random), random.choice(purposes)
        recording, requester = random.choice(rows.recordings), random.choice(rows.people)
        rows.requests.append(request)
        session.execute(
            insert(table_of(Request)).values(
                id=request,
                recording_id=recording,
                requester_id=requester,
                purpose=purpose,
                reason="-",
                case_reference=random.choice((None, "", "Z-1")),
                prerequisites=random.sample(sorted(PREREQUISITES), random.choice((0, 1, 3))),
                recipient=random.choice((None, "om", "politie")),
                asked_at=_moment(random),
                state=random.choice(list(RequestState)),
            )
        )
        grant = _id(random)
        rows.grants.append(grant)
        session.execute(
            insert(table_of(Grant)).values(
                id=grant,
                request_id=request,
                recording_id=recording,
                holder_id=requester,
                purpose=purpose,
                obligations=[],
                valid_from=_moment(random),
                valid_until=_moment(random),
                revoked_at=random.choice((None, NOW)),
            )
        )
