"""What a hostile reader of the docks' door tried: each of these once went wrong."""

import signal
import socket
import stat
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import delete

from ingest import door as door_room
from ingest import examination
from ingest import probe as probing_room
from ingest.door import Door
from ingest.examination import examine
from ingest.orphans import ORPHAN_AGE, reap_orphans
from ingest.probe import NotFootage, ProbeAway, probe
from ingest.reaper import reap
from ingest.receiving import BLOCK
from tests.docking import PART, Dock, as_kept, digest, id_of, opened, rows, stored
from tests.footage import film
from tests.installation import MAKER, Installation
from tests.stores import BrittleStore, sealed
from tests.watching import (
    SEEN,
    entries,
    eventually,
    payload_of,
)
from vault.audit import Event
from vault.ids import RecordingId, new_id
from vault.objects import StoreUnavailable
from vault.registry import Registrar
from vault.tables import Part, State


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def stuck(dock: Dock, upload: str, length: int, content: bytes, offset: int = 0) -> Iterator[socket.socket]:
    """A request for `length` bytes of which only `content` comes, on a connection that stays."""
    where = urlsplit(dock.url)
    headers = dock.headers(Upload_Offset=str(offset), Content_Length=str(length))
    headers |= {"Content-Type": "application/offset+octet-stream", "Host": "x"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(f"PATCH {urlsplit(upload).path} HTTP/1.1\r\n{head}\r\n".encode() + content)
        yield connection


def test_a_dock_that_comes_back_ends_the_request_it_gave_up(own: Installation) -> None:
    """Also when that one holds the only place there is."""
    content = film(3 * BLOCK + 55)
    with opened(own, uploads_at_once=1) as dock:
        upload = dock.begin(len(content))
        with stuck(dock, upload, len(content), content[: 2 * BLOCK + 100]) as old:
            eventually(lambda: dock.offset(upload))
            time.sleep(0.5)  # all that came is durable now, or waits for more
            dock.go_on(upload, content, dock.offset(upload))
            assert old.recv(100).startswith(b"HTTP/1.1 409")
        assert dock.receipt(upload)["claims"]["sha256"] == digest(content)
        assert dock.receipt(upload)["wipe"] is True
    assert as_kept(own, upload) == content


def test_many_uploads_take_turns(own: Installation) -> None:
    first, second = film(3 * PART), film(4 * PART)
    with opened(own, uploads_at_once=1) as dock:
        one, other = dock.begin(len(first)), dock.begin(len(second))
        with stuck(dock, one, len(first), first[:PART]) as holding:
            eventually(lambda: (dock.offset(one) == 0 and stored(own, one) == []) or dock.offset(one))
            waiting = threading.Thread(target=dock.go_on, args=(other, second, 0))
            waiting.start()
            time.sleep(0.6)
            # What waits holds no memory: not a byte of it is taken.
            assert dock.offset(other) == 0
            assert waiting.is_alive()
            holding.sendall(first[PART:])
            assert holding.recv(100).startswith(b"HTTP/1.1 204")
            waiting.join(20)
            assert not waiting.is_alive()
        for upload, content in ((one, first), (other, second)):
            assert dock.receipt(upload)["wipe"] is True
            assert as_kept(own, upload) == content


def test_a_recording_is_not_examined_twice_at_a_time(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    asked: list[object] = []

    def slow(_intake: object, recording: object, *_: object, **__: object) -> None:
        asked.append(recording)
        release.wait(10)

    monkeypatch.setattr(door_room, "examine", slow)
    door = Door(small.intake, now)
    one, other = RecordingId(new_id()), RecordingId(new_id())
    for _ in range(5):
        door.begin_examination(one, None)
        door.begin_examination(other, None)
    assert door._examining._work_queue.qsize() == 0
    release.set()
    eventually(lambda: not door._pending)
    assert sorted(map(str, asked)) == sorted(map(str, (one, other)))
    # It may be tried again when it is done.
    door.begin_examination(one, None)
    eventually(lambda: not door._pending)
    door.close()
    assert len(asked) == 3


def test_one_object_that_stays_holds_up_no_other_upload(own: Installation) -> None:
    with opened(own) as dock:
        uploads = [dock.begin(10 * PART) for _ in range(4)]
        for upload in uploads:
            assert dock.send(upload, bytes(2 * PART)).status_code == 204
    stubborn = str(id_of(uploads[0]))

    class Stubborn(BrittleStore):
        def discard(self, name: str) -> None:
            if name.startswith(stubborn):
                raise StoreUnavailable(name)
            super().discard(name)

    intake = replace(own.intake, store=Stubborn(own.intake.store))
    assert reap(intake, now=now() + timedelta(days=8)) == 4
    for upload in uploads:
        ended = rows(own, upload)
        assert ended.recording.state == State.ABANDONED
        assert (ended.sealed_key, ended.arrival.sealed) == (None, None)
    assert {name.partition("/")[0] for name in stored(own)} == {stubborn}
    # Nor of an orphan.
    orphan = f"{new_id()}/000000-{'a' * 16}"
    own.intake.store.put(orphan, b"sealed, once")
    with own.vault.database.transaction() as session:
        session.execute(delete(Part))
    assert reap_orphans(intake, now=now() + 2 * ORPHAN_AGE) == 1
    assert orphan not in stored(own)


def shorten(own: Installation, name: str) -> None:
    path = own.home / "objects" / name
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("part", [0, 1, -1])
@pytest.mark.parametrize("damage", [shorten, lambda own, name: own.intake.store.discard(name)])
def test_no_receipt_lets_a_camera_be_wiped_of_what_is_not_there(
    own: Installation,
    monkeypatch: pytest.MonkeyPatch,
    part: int,
    damage: Callable[[Installation, str], None],
) -> None:
    """Though the hash was made on the way in, and ffprobe did not look there."""
    content = film(4 * PART)
    with opened(own) as dock, monkeypatch.context() as patched:
        patched.setattr(Door, "begin_examination", lambda *_: None)
        upload = dock.upload(content)
    damage(own, rows(own, upload).objects[part])
    monkeypatch.setattr(examination, "probe", lambda *_args, **_limits: SEEN)
    assert examine(own.intake, id_of(upload), digest(content), now=now())
    with opened(own) as dock:
        found = dock.receipt(dock.found(upload))
    assert (found["state"], found["reason"], found["wipe"]) == ("quarantined", "stored-damaged", False)
    assert rows(own, upload).recording.state == State.QUARANTINED
    assert entries(own, Event.RECORDING_KEPT) == []


def test_a_dock_that_is_gone_is_refused_at_its_next_request(own: Installation) -> None:
    with opened(own) as dock:
        upload = dock.begin(10 * PART)
        assert dock.send(upload, bytes(PART)).status_code == 204
        Registrar(own.vault.database, own.vault.ring, MAKER).deactivate_dock("Dock stadhuis", now=now())
        assert dock.send(upload, bytes(PART), PART).status_code == 401
        assert dock.announce(10).status_code == 401
        assert dock.ask_receipt(upload).status_code == 401
    [told] = entries(own, Event.DOCK_DEACTIVATED)
    assert payload_of(own, told)["details"] == {"name": "Dock stadhuis"}


# The examination's child


@contextmanager
def child_is(script: str, folder: Path) -> Iterator[None]:
    """Another program in the place of the process that looks."""
    fake = folder / "python"
    fake.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{script}\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "executable", str(fake))
        yield


def look(seconds: int = 20) -> object:
    return probe(sealed(b"x" * 100_000), seconds=seconds, memory_bytes=1 << 30, longest_seconds=86_400.0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_an_examination_that_somebody_ends_says_nothing_of_the_footage(
    own: Installation, tmp_path: Path, number: int
) -> None:
    script = f"signal.signal({int(number)}, signal.SIG_DFL)" if number != signal.SIGKILL else ""
    script += f"\nos.kill(os.getpid(), {int(number)})\ntime.sleep(30)"
    with child_is(script, tmp_path), pytest.raises(ProbeAway):
        look()
    if number is not signal.SIGTERM:
        return
    content = film()
    with child_is(script, tmp_path), opened(own) as dock:
        upload = dock.upload(content)
        eventually(lambda: rows(own, upload).arrival.examined_until)
    # The door closed while the child was that one, so it was tried to the end; and it is tried again.
    assert rows(own, upload).recording.state == State.RECEIVED
    assert examine(own.intake, id_of(upload), None, now=now() + timedelta(days=1))
    assert rows(own, upload).recording.state == State.KEPT


def test_an_examination_that_never_stops_talking_is_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 512 * 1024
    monkeypatch.setattr(probing_room, "OUTPUT_LIMIT", limit)
    began = time.monotonic()
    tracemalloc.start()
    try:
        with child_is("while True: os.write(1, b'x' * 65536)", tmp_path):
            assert look(seconds=10) == NotFootage("not-footage")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 8 * limit
    assert time.monotonic() - began < 8


def test_an_examination_that_is_late_is_the_footages_own_doing(tmp_path: Path) -> None:
    """Its child is ended by a signal too, but by ours."""
    with child_is("time.sleep(60)", tmp_path):
        assert look(seconds=1) == NotFootage("examination-too-long")
