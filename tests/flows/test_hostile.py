"""What a hostile reader of the vault tried: each of these once went wrong."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from console.demo import town
from console.demo.staff import Desk
from tests.installation import MAKER, Installation, build, free_port, listening
from tests.provider import HandMade
from tests.watching import (
    House,
    completion_of,
    entries,
    eventually,
    footage,
    granted,
    ids,
    keep,
    open_house,
    payload_of,
    problem,
)
from vault import audit, trail
from vault.audit import Entry, Event
from vault.footage import PIECE
from vault.ids import RecordingId
from vault.log.sequencer import sequence
from vault.registry import NotRegistered, Registrar, RoleUnknown
from vault.tables import AuditPayload, SealedKey
from vault.trail import Question
from vault.trail.indexer import index_all
from vault.web import player
from vault.web.app import make_app

OVERSIGHT = "toezicht-inzagelog"


def now() -> datetime:
    return datetime.now(UTC)


def registrar_of(made: Installation) -> Registrar:
    return Registrar(made.vault.database, made.vault.ring, MAKER)


# A viewing that takes long ends with its grant

LONG = footage(16 * PIECE, seed=9)


@dataclass
class Watched:
    """A player in the middle of one long answer: the rest of it is stuck until it reads on."""

    house: House
    recording: RecordingId
    grant: str
    connection: socket.socket
    begun: bytes

    def rest(self) -> bytes:
        """Everything that still comes."""
        body = self.begun.partition(b"\r\n\r\n")[2]
        while piece := self.connection.recv(1 << 20):
            body += piece
            if len(body) == len(LONG):
                break
        return body


@pytest.fixture
def watched(small_house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(player, "RENEW_SECONDS", 0.0)
    recording = keep(small_house.installation, LONG)
    grant = small_house.decide(small_house.ask(recordingId=str(recording)).json()["id"]).json()["grantId"]
    where = urlsplit(small_house.url)
    token = small_house.provider.token(town.SUPERVISOR.subject)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.settimeout(30)
        connection.connect((where.hostname, where.port))
        connection.sendall(
            f"GET /api/v1/grants/{grant}/footage HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {token}\r\n\r\n".encode()
        )
        begun = connection.recv(4096)
        assert begun.startswith(b"HTTP/1.1 200")
        yield Watched(small_house, recording, grant, connection, begun)


def test_nobody_disturbs_a_long_viewing_that_may_go_on(watched: Watched) -> None:
    assert watched.rest() == LONG
    made = watched.house.installation
    assert entries(made, Event.VIEWING_DENIED) == []
    [served] = entries(made, Event.VIEWING_SERVED)
    completed = eventually(lambda: completion_of(made, served))
    assert completed["facts"]["bytes"] == len(LONG)


def revoked(watched: Watched) -> None:
    desk = watched.house.desk(town.PRIVACY_OFFICER)
    answer = desk.post(f"/grants/{watched.grant}/revocations", {"reason": "It was a mistake."})
    assert answer.status_code == 204


def over(watched: Watched) -> None:
    watched.house.clock.ahead = timedelta(days=8)


def left(watched: Watched) -> None:
    made = watched.house.installation
    registrar_of(made).deactivate_person(made.town.people[town.SUPERVISOR.subject], now=now())


@pytest.mark.parametrize(
    ("end", "rule"), [(revoked, "grant-revoked"), (over, "grant-ended"), (left, "person-inactive")]
)
def test_a_long_viewing_ends_with_what_allowed_it(
    watched: Watched, end: Callable[[Watched], None], rule: str
) -> None:
    end(watched)
    received = watched.rest()
    assert len(received) < len(LONG)
    assert LONG.startswith(received)
    made = watched.house.installation
    [served] = entries(made, Event.VIEWING_SERVED)
    [denied] = entries(made, Event.VIEWING_DENIED)
    leaf = json.loads(denied.leaf)
    assert leaf["prev"] == str(served.id)
    assert leaf["dec"] == "deny"
    assert rule in leaf["why"]
    assert payload_of(made, denied)["details"]["grant"] == watched.grant
    completed = eventually(lambda: completion_of(made, served))
    assert len(received) <= completed["facts"]["bytes"] < len(LONG)


def test_a_long_viewing_ends_with_the_key(watched: Watched) -> None:
    made = watched.house.installation
    with made.vault.database.transaction() as session:
        session.execute(delete(SealedKey).where(SealedKey.recording_id == watched.recording))
    received = watched.rest()
    assert len(received) < len(LONG)
    assert LONG.startswith(received)


# Roles, people and docks are taken back at once


def test_who_has_no_role_left_watches_nothing(place: Installation, provider: HandMade) -> None:
    with open_house(place, provider) as house:
        made, person = place, place.town.people[town.SUPERVISOR.subject]
        grant = house.grant()
        assert house.watch(grant, "0-9").status_code == 206
        registrar_of(made).withdraw(person, town.SLUG, "supervisor", team=town.TEAM, now=now())
        assert "other-municipality" in ids(problem(house.watch(grant, "10-19"), 403, "denied"))
        [told] = entries(made, Event.PERSON_WITHDRAWN)
        said = payload_of(made, told)
        assert said["object"] == {"kind": "person", "id": str(person)}
        assert said["details"] == {"role": "supervisor", "team": town.TEAM}
        assert told.municipality_id == town.SLUG
        with pytest.raises(NotRegistered):
            registrar_of(made).withdraw(person, town.SLUG, "supervisor", team=town.TEAM, now=now())
        assert len(entries(made, Event.PERSON_WITHDRAWN)) == 1


def test_who_left_sees_nothing_at_the_next_request(small_house: House) -> None:
    made = small_house.installation
    person = made.town.people[town.SUPERVISOR.subject]
    grant = small_house.grant()
    assert small_house.watch(grant, "0-9").status_code == 206
    registrar_of(made).deactivate_person(person, now=now())
    # Who they are is remembered for a moment; what they may do is not.
    refused = problem(small_house.watch(grant, "0-9"), 403, "denied")
    assert ids(refused) == ["person-inactive"]
    assert payload_of(made, entries(made, Event.VIEWING_DENIED)[-1])["actor"]["id"] == str(person)
    with listening(make_app(made.vault, made.settings), free_port()) as url:
        # A door that does not know them from before.
        token = small_house.provider.token(town.SUPERVISOR.subject)
        problem(Desk(url, token, "en").get(f"/grants/{grant}/footage"), 403, "person-unknown")
    [told] = entries(made, Event.PERSON_DEACTIVATED)
    assert payload_of(made, told)["object"] == {"kind": "person", "id": str(person)}


def test_a_role_that_no_rule_knows_is_given_to_nobody(small: Installation) -> None:
    before = len(entries(small, Event.PERSON_ASSIGNED))
    person = small.town.people[town.OFFICER.subject]
    with pytest.raises(RoleUnknown):
        registrar_of(small).assign(person, town.SLUG, "Supervisor", now=now())
    assert len(entries(small, Event.PERSON_ASSIGNED)) == before


def test_who_comes_too_late_to_decide_is_in_the_trail(small_house: House) -> None:
    made = small_house.installation
    request = small_house.ask().json()["id"]
    assert small_house.decide(request).status_code == 201
    before = len(entries(made, Event.REQUEST_READ))
    problem(small_house.decide(request, outcome="refuse"), 409, "request-closed")
    assert len(entries(made, Event.REQUEST_READ)) == before + 1
    told = payload_of(made, entries(made, Event.REQUEST_READ)[-1])
    assert told["actor"]["name"] == town.PRIVACY_OFFICER.name
    assert told["details"]["request"] == request
    assert len(entries(made, Event.REQUEST_APPROVED)) == 1
    assert entries(made, Event.REQUEST_REJECTED) == []


# The trail


def test_a_damaged_payload_hides_nothing_around_it(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    granted(installation, recording)
    [kept] = entries(installation, Event.RECORDING_KEPT)
    database = installation.vault.database
    question = Question(town.SLUG, OVERSIGHT, recording=recording)

    def lines() -> list[trail.Line]:
        installation.settle()
        page = trail.read(installation.vault, installation.caller(town.PRIVACY_OFFICER), question, now=now())
        return list(page.lines)

    before = lines()
    assert not any(line.damaged for line in before)
    with database.transaction() as session:
        row = session.get_one(AuditPayload, kept.id)
        whole = {"salt": row.salt, "sealed": row.sealed}
    for damage in ({"salt": bytes(32)}, {"sealed": bytes(len(whole["sealed"]))}, {"sealed": b""}):
        change(installation, kept.id, {**whole, **damage})
        found = lines()
        assert [line.leaf for line in found] == [line.leaf for line in before]
        assert [line.damaged for line in found] == [line.leaf["id"] == str(kept.id) for line in before]
        assert [line.payload is None for line in found] == [line.damaged for line in found]
    change(installation, kept.id, whole)
    assert lines() == before


def change(made: Installation, entry: UUID, values: dict[str, bytes]) -> None:
    with made.vault.database.transaction() as session:
        session.execute(update(AuditPayload).where(AuditPayload.entry_id == entry).values(**values))


def test_an_entry_that_commits_late_is_not_lost(tmp_path: Path, postgres_url: str) -> None:
    """PostgreSQL gives numbers out before the commit: a lower one may appear behind a reader."""
    made = build(tmp_path, postgres_url, {"objects_url": (tmp_path / "objects").as_uri()})
    database, ring = made.vault.database, made.vault.ring

    def entry(text: str) -> Entry:
        return Entry(
            event=Event.CAMERA_REGISTERED,
            at=now(),
            actor=MAKER,
            municipality=town.SLUG,
            details={"serial": text},
        )

    found: list[str] = []
    after: int | None = None

    def read_on() -> None:
        nonlocal after
        sequence(made.vault, now=now())
        index_all(made.vault)
        question = Question(town.SLUG, OVERSIGHT, after=after, event=Event.CAMERA_REGISTERED, most=200)
        page = trail.read(made.vault, made.caller(town.PRIVACY_OFFICER), question, now=now())
        found.extend(line.payload["details"]["serial"] for line in page.lines if line.payload)
        after = page.lines[-1].index if page.lines else after

    read_on()
    assert found == [town.CAMERA]
    with database.transaction() as late:
        audit.append(late, ring, entry("late"))
        late.flush()
        with database.transaction() as quick:
            audit.append(quick, ring, entry("quick"))
        read_on()
        # Nothing is shown that something may still come before.
        assert found == [town.CAMERA]
    read_on()
    assert found == [town.CAMERA, "late", "quick"]
    read_on()
    assert len(found) == 3
    database.close()
    made.intake.database.close()
