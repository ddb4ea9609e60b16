"""Law 3: a crash leaves less readable, never more, and loses no footage. Kills at every numbered step."""

import random
import signal
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import requests

from ingest.orphans import ORPHAN_AGE, reap_orphans
from ingest.reaper import reap
from ingest.receiving import BLOCK
from tests.docking import (
    BODY,
    PART,
    Dock,
    Rows,
    as_kept,
    digest,
    id_of,
    rows,
    stored,
    wait_for,
)
from tests.dying import door_process
from tests.footage import film
from tests.installation import Installation
from tests.watching import entries
from vault.audit import Event
from vault.tables import State

LEASE_OVER = 150
"""Seconds: more than the lease of an examination that died, less than the life of a dock's token."""
PARTS = 3
KILLS = 3

STEPS = {
    # Receiving (ingest/receiving.py): 1. the object; 2. the row that owns it; then the answer.
    "receiving, before the first object": "before ingest.receiving.Receiving._make_durable",
    "receiving, before a later object": "before ingest.receiving.Receiving._make_durable 2",
    "receiving, object without row": "before ingest.receiving.commit_parts",
    "receiving, later object without row": "before ingest.receiving.commit_parts 3",
    "receiving, row without answer": "after ingest.receiving.commit_parts",
    "receiving, all rows without answer": f"after ingest.receiving.commit_parts {PARTS}",
    # Examination (ingest/examination.py): 1. lease; 2. look; 3. the commit point; 4. what no row owns.
    "examination, before 1": "before ingest.examination._lease",
    "examination, between 1 and 2": "after ingest.examination._lease",
    "examination, in 2": "before ingest.loopback._Handler.do_GET",
    "examination, deep in 2": "before ingest.loopback._Handler.do_GET 3",
    "examination, between 2 and 3": "before ingest.examination._commit",
    "examination, in 3, entry written": "after vault.audit.append_leaf 2",
    "examination, in 3, receipt signed": "after ingest.receipts.sign",
    "examination, between 3 and 4": "before ingest.examination.discard_objects",
    "examination, after 4": "after ingest.examination.discard_objects",
}


AT_SCALE = (
    "receiving, later object without row",
    "receiving, all rows without answer",
    "examination, deep in 2",
    "examination, in 3, receipt signed",
    "examination, between 3 and 4",
    "in 4, between two objects",
)
"""Where the database or the store could make a difference; the order of our own steps is the same on both."""


def on_this_pair(installation: Installation, step: str) -> None:
    """Pass over a step that the other pair of parts has shown already."""
    if not installation.settings.objects_url.startswith("file") and step not in AT_SCALE:
        pytest.skip("the same on SQLite and a directory, where it is tried")


def now() -> datetime:
    return datetime.now(UTC)


def sent_until_death(dock: Dock, content: bytes, upload: str) -> None:
    """Send all of it, to a process that may die meanwhile or afterwards."""
    with suppress(requests.ConnectionError):
        dock.go_on(upload, content, 0)


def reveals_nothing_and_lost_nothing(installation: Installation, upload: str, content: bytes) -> Rows:
    """How a recording must stand whenever its process died."""
    found = rows(installation, upload)
    past = found.recording.state == State.KEPT
    assert past or found.recording.state in (State.ARRIVING, State.RECEIVED)
    # The arrival key lives exactly as long as the arrival, and the receipt begins where it ends.
    assert (found.arrival.sealed is None) == past
    assert (found.arrival.receipt is not None) == past
    assert found.sealed_key is not None
    assert set(found.objects) <= set(stored(installation, upload))
    if found.objects:
        assert content.startswith(as_kept(installation, upload))
    return found


@pytest.mark.parametrize("step", STEPS)
def test_dying_at_any_step_ends_kept(standing: Installation, step: str) -> None:
    on_this_pair(standing, step)
    content = film(PARTS * PART)
    with door_process(standing, fault=STEPS[step]) as (process, dock):
        upload = dock.begin(len(content))
        sent_until_death(dock, content, upload)
        process.join(30)
        assert process.exitcode == -signal.SIGKILL, "it did not come to this step"
    before = reveals_nothing_and_lost_nothing(standing, upload, content)
    with door_process(standing, ahead=LEASE_OVER) as (_, dock):
        upload = dock.found(upload)
        offset = dock.offset(upload)
        assert offset >= len(before.objects) * PART or offset == len(content)
        dock.go_on(upload, content, offset)
        found = dock.receipt(upload)
    assert (found["wipe"], found["claims"]["sha256"]) == (True, digest(content))
    after = reveals_nothing_and_lost_nothing(standing, upload, content)
    assert (after.recording.state, after.recording.sha256) == (State.KEPT, digest(content))
    assert as_kept(standing, upload) == content
    reap_orphans(standing.intake, now=now() + ORPHAN_AGE + timedelta(minutes=5))
    assert stored(standing, upload) == after.objects
    name = standing.vault.ring.pseudonym("recording", str(id_of(upload)))
    told = [entry.event for entry in entries(standing) if entry.object == name]
    assert told == [Event.RECORDING_ANNOUNCED, Event.RECORDING_KEPT]


AGAIN = {
    "between 3 and 4": "before ingest.examination.discard_objects",
    "in 4, between two objects": "after vault.objects.{store}.discard",
    "in 4, before the rows": f"after vault.objects.{{store}}.discard {PARTS}",
}
STORES = {"file": "directory.DirectoryStore", "s3+h": "s3.S3Store"}


@pytest.mark.parametrize("step", AGAIN)
def test_dying_over_a_second_copy_leaves_one(standing: Installation, step: str) -> None:
    on_this_pair(standing, step)
    content = film(PARTS * PART)
    store = STORES[standing.settings.objects_url[:4]]
    with door_process(standing) as (_, dock):
        first = dock.upload(content)
        receipt = dock.receipt(first)
    with door_process(standing, fault=AGAIN[step].format(store=store)) as (process, dock):
        second = dock.begin(len(content))
        sent_until_death(dock, content, second)
        process.join(30)
        assert process.exitcode == -signal.SIGKILL, "it did not come to this step"
    left = rows(standing, second)
    assert left.recording.state == State.DUPLICATE
    # Whatever is left of its objects, nobody can open them any more.
    assert (left.sealed_key, left.arrival.sealed) == (None, None)
    assert left.arrival.receipt == receipt["receipt"]
    reap(standing.intake, now=now())
    assert stored(standing, second) == rows(standing, second).objects == []
    assert as_kept(standing, first) == content


def test_killed_at_random_moments(standing: Installation) -> None:
    """A dock that sends requests of odd sizes, and a process that is killed again and again beneath it."""
    seed = time.time_ns()
    chance = random.Random(seed)
    content = film(30 * PART)
    upload, acknowledged = "", 0
    for attempt in count(1):
        with door_process(standing, ahead=LEASE_OVER if attempt > KILLS else 0) as (process, dock):
            upload = dock.found(upload) if upload else dock.begin(len(content))
            offset = dock.offset(upload)
            assert offset >= acknowledged, f"seed {seed}"
            timer = threading.Timer(chance.uniform(0.01, 0.4), process.kill)
            if attempt <= KILLS:
                timer.start()
            with suppress(requests.ConnectionError):
                while offset < len(content):
                    size = chance.choice([1, 1000, PART, PART + 1, 5 * PART, 9 * PART])
                    offset = int(
                        dock.send(upload, content[offset : offset + size], offset).headers["Upload-Offset"]
                    )
                    acknowledged = offset
            if attempt > KILLS:
                found = dock.receipt(upload)
                break
            timer.join()
        reveals_nothing_and_lost_nothing(standing, upload, content)
    assert (found["wipe"], found["claims"]["sha256"]) == (True, digest(content)), f"seed {seed}"
    assert as_kept(standing, upload) == content
    reap_orphans(standing.intake, now=now() + ORPHAN_AGE + timedelta(minutes=5))
    assert stored(standing, upload) == rows(standing, upload).objects


def test_a_request_that_is_cut_by_a_kill_keeps_its_whole_parts(standing: Installation) -> None:
    content = film(BLOCK + 8 * PART)
    with door_process(standing) as (process, dock):
        upload = dock.begin(len(content))
        port = int(dock.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(head_of(dock, upload, len(content)) + content[: BLOCK + 5 * PART + 9])
            wait_for(lambda: len(rows(standing, upload).objects) >= 2 or None, "no part became durable")
            process.kill()
            process.join()
    kept = reveals_nothing_and_lost_nothing(standing, upload, content)
    assert len(kept.objects) >= 2
    with door_process(standing, ahead=LEASE_OVER) as (_, dock):
        upload = dock.found(upload)
        dock.go_on(upload, content, dock.offset(upload))
        assert dock.receipt(upload)["wipe"] is True
    assert as_kept(standing, upload) == content


def head_of(dock: Dock, upload: str, length: int) -> bytes:
    """The headers of an append of `length` bytes from the start."""
    headers = dock.headers(Upload_Offset="0", Content_Length=str(length), Host="door") | BODY
    lines = [f"PATCH {upload.removeprefix(dock.url)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_process_that_is_asked_to_stop_finishes_an_open_transfer(standing: Installation) -> None:
    content = film(BLOCK + 4 * PART)
    with door_process(standing) as (process, dock):
        upload = dock.begin(len(content))
        port = int(dock.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(head_of(dock, upload, len(content)) + content[:BLOCK])
            wait_for(lambda: rows(standing, upload).objects or None, "nothing came")
            assert process.pid is not None
            process.terminate()
            wait_for(lambda: refused(port), "it still lets others in")
            assert process.is_alive()
            line.sendall(content[BLOCK:])
            answer = line.recv(4096)
            assert answer.split()[1] == b"204"
            assert f"upload-offset: {len(content)}".encode() in answer.lower()
        process.join(30)
        # Asked to stop, it did; what it had begun to examine it has examined.
        assert process.exitcode in (0, -signal.SIGTERM)
    assert rows(standing, upload).recording.state in (State.RECEIVED, State.KEPT)
    with door_process(standing, ahead=LEASE_OVER) as (_, dock):
        assert dock.receipt(dock.found(upload))["wipe"] is True
    assert as_kept(standing, upload) == content


def refused(port: int) -> bool | None:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) != 0 or None
