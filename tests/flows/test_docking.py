"""A dock at work, from its first announcement to the moment it may wipe the camera, through the real door."""

import secrets
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import requests
from sqlalchemy import make_url

from ingest.reaper import reap
from tests.docking import (
    PART,
    PATIENCE,
    Dock,
    another_dock,
    as_kept,
    checksum,
    digest,
    opened,
    rows,
    stored,
    wait_for,
)
from tests.dying import door_process
from tests.footage import film
from tests.installation import Installation
from tests.watching import entries
from vault.audit import Event
from vault.ids import new_id
from vault.keys import verify_receipt
from vault.tables import State


def test_a_shift_is_docked(standing: Installation, any_dock: Dock) -> None:
    """Four recordings of one camera: one in a go, one interrupted, one docked twice, one that is broken."""
    whole, interrupted, twice, broken = film(2 * PART), film(5 * PART), film(), film(3 * PART)
    before = {entry.id for entry in entries(standing)}
    uploads = {"whole": any_dock.upload(whole, sha256=digest(whole))}

    uploads["interrupted"] = any_dock.begin(len(interrupted), sha256=digest(interrupted))
    any_dock.go_on(uploads["interrupted"], interrupted[: 2 * PART + 7], 0, chunk=PART + 3)
    assert any_dock.ask_receipt(uploads["interrupted"]).json() == {"state": "arriving", "wipe": False}
    any_dock.go_on(uploads["interrupted"], interrupted, any_dock.offset(uploads["interrupted"]))

    uploads["twice"] = any_dock.upload(twice)
    first = any_dock.receipt(uploads["twice"])
    uploads["again"] = any_dock.upload(twice, sha256=digest(twice))
    uploads["broken"] = any_dock.upload(broken, sha256=digest(broken[:-1]))

    receipts = {name: any_dock.receipt(upload) for name, upload in uploads.items()}
    assert {name: found["wipe"] for name, found in receipts.items()} == {
        "whole": True,
        "interrupted": True,
        "twice": True,
        "again": True,
        "broken": False,
    }
    assert receipts["again"] == receipts["twice"] == first
    keys = requests.get(f"{any_dock.url}/receipt-keys", timeout=PATIENCE).json()
    for name, content in (
        ("whole", whole),
        ("interrupted", interrupted),
        ("twice", twice),
        ("broken", broken),
    ):
        claims = verify_receipt(receipts[name]["receipt"], keys)
        assert (claims["sha256"], claims["length"]) == (digest(content), len(content))
        assert as_kept(standing, uploads[name]) == content
    owned = {name for upload in uploads.values() for name in rows(standing, upload).objects}
    assert {name for upload in uploads.values() for name in stored(standing, upload)} == owned
    told = [entry.event for entry in entries(standing) if entry.id not in before]
    assert told.count(Event.RECORDING_ANNOUNCED) == 4
    assert told.count(Event.RECORDING_KEPT) == 3
    assert told.count(Event.RECORDING_DUPLICATED) == 1
    assert told.count(Event.RECORDING_QUARANTINED) == 1


def test_another_process_goes_on_where_one_ended(standing: Installation) -> None:
    """Ingest is stateless: each request may meet another process."""
    content = film(4 * PART)
    with door_process(standing) as (_, one), door_process(standing) as (_, two):
        upload = one.begin(len(content))
        for turn, first in enumerate(range(0, len(content), PART // 2 + 1)):
            dock = (one, two)[turn % 2]
            piece = content[first : first + PART // 2 + 1]
            assert dock.send(dock.found(upload), piece, first, Upload_Checksum=checksum(piece)).ok
        assert two.receipt(two.found(upload)) == one.receipt(one.found(upload))
    assert as_kept(standing, upload) == content


def test_two_docks_dock_the_same_recordings_at_once(standing: Installation, any_dock: Dock) -> None:
    contents = [film(PART + number) for number in range(3)]
    docks = [any_dock, another_dock(standing, any_dock.url, f"dock {new_id()}")]
    found: dict[tuple[int, int], str] = {}

    def work(number: int) -> None:
        for which, content in enumerate(contents):
            upload = docks[number].upload(content, sha256=digest(content) if which else None)
            found[number, which] = docks[number].receipt(upload)["receipt"]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for which in range(len(contents)):
        assert found[0, which] == found[1, which]


def test_a_camera_that_is_lost_on_the_way_leaves_nothing(standing: Installation, any_dock: Dock) -> None:
    upload = any_dock.begin(10 * PART)
    any_dock.go_on(upload, secrets.token_bytes(3 * PART), 0)
    assert len(stored(standing, upload)) == 3
    reap(standing.intake, now=datetime.now(UTC) + timedelta(days=7, minutes=1))
    assert stored(standing, upload) == []
    assert any_dock.head(upload).status_code == 410
    left = rows(standing, upload)
    assert (left.recording.state, left.sealed_key, left.arrival.sealed) == (State.ABANDONED, None, None)


def test_a_database_that_really_goes_away_and_comes_back(standing: Installation) -> None:
    url = make_url(standing.settings.database_url.get_secret_value())
    if url.get_backend_name() == "sqlite":
        pytest.skip("SQLite does not go away")
    content = film(4 * PART)
    folder = url.query["host"]
    server = psycopg.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True)
    with server, opened(standing) as dock:
        upload = dock.begin(len(content))
        dock.go_on(upload, content[:PART], 0)
        server.execute("UPDATE pg_database SET datallowconn = false WHERE datname = %s", [url.database])
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.database]
        )
        try:
            for answer in (dock.send(upload, content[PART:], PART), dock.announce(5)):
                assert answer.status_code == 503
                assert answer.headers["Content-Type"] == "application/problem+json"
            ready = requests.get(f"{dock.url}/health/ready", timeout=PATIENCE)
            assert ready.json()["checks"]["database"] is False
        finally:
            server.execute("UPDATE pg_database SET datallowconn = true WHERE datname = %s", [url.database])
        assert dock.offset(upload) == PART
        dock.go_on(upload, content, PART)
        assert dock.receipt(upload)["wipe"] is True
    assert as_kept(standing, upload) == content


def test_a_directory_whose_disk_is_away(own: Installation) -> None:
    content = film(4 * PART)
    objects, away = own.home / "objects", own.home / "elsewhere"
    with opened(own) as dock:
        upload = dock.begin(len(content))
        dock.go_on(upload, content[:PART], 0)
        objects.rename(away)
        answer = dock.send(upload, content[PART:], PART)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (503, "store-away")
        assert dock.offset(upload) == PART
        # Nothing is made where the disk should be: its footage would vanish when it is back.
        assert not objects.exists()
        away.rename(objects)
        dock.go_on(upload, content, PART)
        assert dock.receipt(upload)["wipe"] is True
    assert as_kept(own, upload) == content


def test_what_waits_while_the_store_is_away_is_kept_when_it_is_back(
    own: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = film(2 * PART)
    objects, away = own.home / "objects", own.home / "elsewhere"
    with opened(own) as dock, monkeypatch.context() as patched:
        patched.setattr("ingest.door.Door.begin_examination", lambda *_: None)
        upload = dock.upload(content)
    monkeypatch.setattr("ingest.app.TAKE_OVER_SECONDS", 0.1)
    objects.rename(away)
    moment = datetime.now(UTC) + timedelta(minutes=1)
    with opened(own, clock=lambda: moment) as dock:
        wait_for(lambda: rows(own, upload).arrival.examined_until, "nobody tried")
        assert dock.ask_receipt(dock.found(upload)).status_code == 202
    away.rename(objects)
    with opened(own, clock=lambda: moment + timedelta(seconds=200)) as dock:
        assert dock.receipt(dock.found(upload))["wipe"] is True
    assert as_kept(own, upload) == content
