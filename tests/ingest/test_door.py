"""Behind the door: hashes that survive an interruption, and chores that survive trouble."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ingest import door as door_room
from ingest import examination
from ingest.door import Door
from tests.docking import PART, Dock, as_kept, digest, id_of, opened, rows, wait_for
from tests.footage import film
from tests.installation import Installation
from vault.ids import RecordingId, new_id
from vault.tables import State


@pytest.fixture
def rehashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the recordings that were read again for their hash."""
    found: list[int] = []
    rehash = examination._rehash

    def count(footage: object) -> str:
        found.append(footage.length)  # type: ignore[attr-defined]  # Footage, handed through
        return rehash(footage)  # type: ignore[arg-type]

    monkeypatch.setattr(examination, "_rehash", count)
    return found


def test_what_one_process_saw_from_the_start_is_not_read_again(dock: Dock, rehashes: list[int]) -> None:
    content = film(3 * PART)
    upload = dock.begin(len(content))
    dock.go_on(upload, content, 0, chunk=PART - 1)
    assert dock.receipt(upload)["claims"]["sha256"] == digest(content)
    assert rehashes == []


def test_what_another_process_began_is_read_again(
    small: Installation, dock: Dock, rehashes: list[int]
) -> None:
    content = film(3 * PART)
    upload = dock.begin(len(content))
    dock.go_on(upload, content[:PART], 0)
    with opened(small) as another:
        another.go_on(another.found(upload), content, PART)
        assert another.receipt(another.found(upload))["claims"]["sha256"] == digest(content)
    assert rehashes == [len(content)]


def test_a_hash_of_another_offset_is_not_believed(
    small: Installation, dock: Dock, rehashes: list[int]
) -> None:
    """This process saw the beginning, another went on, and the end came here again."""
    content = film(4 * PART)
    upload = dock.begin(len(content))
    dock.go_on(upload, content[:PART], 0)
    with opened(small) as another:
        another.go_on(another.found(upload), content[: 2 * PART], PART)
    dock.go_on(upload, content, 2 * PART)
    assert dock.receipt(upload)["claims"]["sha256"] == digest(content)
    assert rehashes == [len(content)]


def test_no_more_hashes_are_remembered_than_said(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_room, "HASHES_REMEMBERED", 3)
    door = Door(small.intake, lambda: datetime.now(UTC))
    for _ in range(5):
        door._remember(RecordingId(new_id()), 1, hashlib.sha256())
    assert len(door._hashes) == 3
    door.close()


def a_minute_later() -> datetime:
    """When whoever took the last byte has had its head start."""
    return datetime.now(UTC) + timedelta(minutes=1)


def test_what_nobody_examined_is_taken_over(standing: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    content = film()
    monkeypatch.setattr("ingest.app.TAKE_OVER_SECONDS", 0.1)
    with opened(standing) as dock, monkeypatch.context() as patched:
        patched.setattr("ingest.door.Door.begin_examination", lambda *_: None)
        upload = dock.upload(content)
    with opened(standing, clock=a_minute_later) as dock:
        assert dock.receipt(dock.found(upload))["wipe"] is True
    assert as_kept(standing, upload) == content


def test_the_take_over_survives_a_database_that_is_away(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = film()
    monkeypatch.setattr("ingest.app.TAKE_OVER_SECONDS", 0.05)
    with opened(small) as dock, monkeypatch.context() as patched:
        patched.setattr("ingest.door.Door.begin_examination", lambda *_: None)
        upload = dock.upload(content)
    asked = []

    def away(*_: object, **__: object) -> list[RecordingId]:
        asked.append(1)
        if len(asked) < 4:
            raise OperationalError("SELECT", None, ConnectionError())
        return waiting(small.intake, now=a_minute_later())

    waiting = examination.waiting
    monkeypatch.setattr(door_room, "waiting", away)
    with opened(small) as dock:
        assert dock.receipt(dock.found(upload))["wipe"] is True


def test_an_examination_that_fails_is_tried_again_when_its_lease_is_over(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = film()
    monkeypatch.setattr("ingest.app.TAKE_OVER_SECONDS", 0.05)
    moment = datetime.now(UTC)
    with monkeypatch.context() as patched:
        patched.setattr(examination, "_look", lambda *_: 1 / 0)
        with opened(small, clock=lambda: moment) as dock:
            upload = dock.upload(content)
            wait_for(lambda: rows(small, upload).arrival.examined_until, "nobody tried")
            assert dock.ask_receipt(upload).json() == {"state": "received", "wipe": False}
    with opened(small, clock=lambda: moment + timedelta(seconds=30)) as dock:
        assert dock.ask_receipt(dock.found(upload)).status_code == 202
    with opened(small, clock=lambda: moment + timedelta(seconds=200)) as dock:
        assert dock.receipt(dock.found(upload))["wipe"] is True


def test_closing_waits_for_the_examination(small: Installation) -> None:
    content = film()
    with opened(small) as dock:
        upload = dock.upload(content)
        wait_for(lambda: rows(small, upload).arrival.examined_until, "nobody began")
    # The door is closed: what it had begun is finished.
    assert rows(small, upload).recording.state == State.KEPT


def test_a_receipt_and_its_state_are_of_one_moment(
    standing: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit point passes while the door looks: what it tells is before or after, never half of each."""
    content = film()
    with monkeypatch.context() as patched:
        patched.setattr("ingest.door.Door.begin_examination", lambda *_: None)
        with opened(standing) as dock:
            upload = dock.upload(content)
    door = Door(standing.intake, lambda: datetime.now(UTC))
    get_one = Session.get_one
    passed: list[bool] = []

    def slowly(self: Session, entity: type, *given: object, **named: object) -> object:
        found: object = get_one(self, entity, *given, **named)  # type: ignore[arg-type]  # handed through
        if not passed:
            passed.append(True)
            examination.examine(standing.intake, id_of(upload), None, now=datetime.now(UTC))
        return found

    monkeypatch.setattr(Session, "get_one", slowly)
    between = door.receipt(id_of(upload))
    after = door.receipt(id_of(upload))
    door.close()
    assert passed
    assert between.status_code in (200, 202)
    if between.status_code == 200:
        assert json.loads(bytes(between.body)) == json.loads(bytes(after.body))
    assert json.loads(bytes(after.body))["wipe"] is True
