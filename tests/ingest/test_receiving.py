"""Bytes come in: sealed part by part, acknowledged when durable and not a byte before."""

import asyncio
import secrets
import socket
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import receiving
from ingest.receiving import OffsetConflict, commit_parts
from tests.docking import (
    BODY,
    PART,
    PATIENCE,
    Dock,
    as_kept,
    id_of,
    opened,
    rows,
    stored,
    wait_for,
)
from tests.footage import film
from tests.installation import Installation
from tests.stores import BrittleStore
from vault.footage import PartAt, parts_of
from vault.objects import StoreFull, StoreUnavailable
from vault.sealing import sealed_length
from vault.tables import State

CONTENT = secrets.token_bytes(4 * PART + 321)


def lengths(installation: Installation, upload: str) -> list[int]:
    """Plaintext bytes of each part, after checking that they follow on each other and own what is stored."""
    with installation.vault.database.reading() as session:
        parts = parts_of(session, id_of(upload))
    assert [part.index for part in parts] == list(range(len(parts)))
    assert [part.first for part in parts] == [
        sum(p.length for p in parts[:index]) for index in range(len(parts))
    ]
    sizes = {found.name: found.size for found in installation.vault.store.list(f"{id_of(upload)}/")}
    assert sizes == {part.object_name: sealed_length(part.length) for part in parts}
    return [part.length for part in parts]


def line_to(dock: Dock, upload: str, offset: int, length: int) -> socket.socket:
    """A connection on which the headers of an append were sent, and no byte of its body."""
    port = int(dock.url.rpartition(":")[2])
    lines = [f"PATCH {upload.removeprefix(dock.url)} HTTP/1.1", "Host: door", f"Content-Length: {length}"]
    headers = dock.headers(Upload_Offset=str(offset)) | BODY
    lines += [f"{name}: {value}" for name, value in headers.items()]
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    line.sendall("\r\n".join([*lines, "", ""]).encode())
    return line


# Parts


@pytest.mark.parametrize("length", [1, PART - 1, PART, PART + 1, 3 * PART, 3 * PART + 1])
def test_a_request_is_cut_into_parts(standing: Installation, any_dock: Dock, length: int) -> None:
    upload = any_dock.begin(length + 1)
    any_dock.go_on(upload, CONTENT[:length], 0)
    whole, rest = divmod(length, PART)
    assert lengths(standing, upload) == [PART] * whole + [rest] * bool(rest)


def test_every_request_ends_its_part(standing: Installation, any_dock: Dock) -> None:
    """A part is a message of its own: what a request began is never continued by another."""
    upload = any_dock.begin(len(CONTENT))
    any_dock.go_on(upload, CONTENT[: PART + 300], 0, chunk=100 + PART)
    assert lengths(standing, upload) == [PART, 100, 200]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 2 * PART), min_size=1, max_size=6), chunked=st.booleans())
def test_however_it_is_cut_it_comes_out_whole(
    small: Installation, dock: Dock, sizes: list[int], chunked: bool
) -> None:
    upload, offset = dock.begin(len(CONTENT)), 0
    while offset < len(CONTENT):
        size = sizes.pop() if sizes else len(CONTENT)
        piece = CONTENT[offset : offset + size]
        headers = dock.headers(Upload_Offset=str(offset)) | BODY
        body = iter([piece[: size // 2], piece[size // 2 :]]) if chunked and size > 1 else piece
        answer = requests.patch(upload, data=body, headers=headers, timeout=PATIENCE)
        offset = int(answer.headers["Upload-Offset"])
    assert as_kept(small, upload) == CONTENT
    lengths(small, upload)


def test_an_empty_request_changes_nothing(standing: Installation, any_dock: Dock) -> None:
    upload = any_dock.begin(10)
    answer = any_dock.send(upload, b"")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "0")
    assert lengths(standing, upload) == []


def test_crumbs_take_no_more_memory_than_they_are() -> None:
    async def crumbs() -> AsyncIterator[bytes]:
        for number in range(receiving.BLOCK // 2):
            yield (number % 65_536).to_bytes(2, "big")

    async def taken() -> int:
        return sum([len(block) async for block in receiving._blocks(crumbs())])

    tracemalloc.start()
    try:
        assert asyncio.run(taken()) == receiving.BLOCK
        assert tracemalloc.get_traced_memory()[1] < 10 * receiving.BLOCK
    finally:
        tracemalloc.stop()


# The store


AWAY = (StoreUnavailable("test"), 503, "store-away")
FULL = (StoreFull("test"), 507, "store-full")


@pytest.mark.parametrize(
    ("failing", "persist", "told"),
    [(1, False, AWAY), (3, True, AWAY), (5, False, AWAY), (5, True, AWAY), (3, False, FULL)],
)
def test_a_store_that_fails_costs_nothing_acknowledged(
    standing: Installation, failing: int, persist: bool, told: tuple[Exception, int, str]
) -> None:
    """Also when the object was stored all the same, and only the answer was lost."""
    error, status, problem = told
    content = film(4 * PART + 5)
    brittle = BrittleStore(standing.intake.store, lambda put: error if put == failing else None, persist)
    with opened(standing, store=brittle) as dock:
        upload = dock.begin(len(content))
        answer = dock.send(upload, content)
        assert answer.status_code == status
        assert answer.json()["type"].rpartition(":")[2] == problem
        offset = dock.offset(upload)
        assert offset == (failing - 1) * PART
        assert rows(standing, upload).recording.state == State.ARRIVING
        dock.go_on(upload, content, offset)
        assert dock.receipt(upload)["wipe"] is True
    assert as_kept(standing, upload) == content
    owned = rows(standing, upload).objects
    wait_for(lambda: stored(standing, upload) == owned or None, "an object that no row owns stays")


# Two at once


def test_of_two_senders_of_the_same_bytes_one_wins(standing: Installation, any_dock: Dock) -> None:
    """A dock that lost its connection and is back before we noticed."""
    upload = any_dock.begin(len(CONTENT) + 1)
    with line_to(any_dock, upload, 0, len(CONTENT)) as first:
        first.sendall(CONTENT[: PART + 10])
        with line_to(any_dock, upload, 0, len(CONTENT)) as second:
            second.sendall(CONTENT)
            answers = [second.recv(4096)]
            first.sendall(CONTENT[PART + 10 :])
            answers.append(first.recv(4096))
    codes = sorted(answer.split()[1] for answer in answers)
    assert codes in ([b"204", b"409"], [b"409", b"409"])
    offset = any_dock.offset(upload)
    any_dock.go_on(upload, CONTENT, offset)
    lengths(standing, upload)
    assert as_kept(standing, upload) == CONTENT


def test_of_two_processes_with_the_same_bytes_one_wins(standing: Installation) -> None:
    """Each has stored its part and not yet its row when the other does the same: the database decides."""
    content = film(PART - 100)
    together = threading.Barrier(2, timeout=20)
    answers: list[requests.Response] = []

    def meet(put: int) -> None:
        if put == 1:
            together.wait()

    stores = [BrittleStore(standing.intake.store, meet) for _ in range(2)]
    with opened(standing, store=stores[0]) as one, opened(standing, store=stores[1]) as two:
        upload = one.begin(len(content) + 1)
        threads = [
            threading.Thread(target=lambda dock=dock: answers.append(dock.send(dock.found(upload), content)))
            for dock in (one, two)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert lengths(standing, upload) == [len(content)]
    assert as_kept(standing, upload) == content


@pytest.mark.parametrize("first", [0, PART - 1, PART + 1, 2 * PART])
def test_a_part_that_does_not_follow_is_not_committed(
    standing: Installation, any_dock: Dock, first: int
) -> None:
    """Neither over what is there, nor beyond a gap."""
    upload = any_dock.begin(len(CONTENT))
    any_dock.go_on(upload, CONTENT[:PART], 0)
    before = rows(standing, upload)
    stray = PartAt(7, first, 10, f"{id_of(upload)}/000007-{'a' * 16}", bytes(56))
    with pytest.raises(OffsetConflict):
        commit_parts(standing.intake, id_of(upload), [stray], datetime.now(UTC))
    after = rows(standing, upload)
    assert (after.objects, after.arrival.expires_at) == (before.objects, before.arrival.expires_at)
    assert any_dock.offset(upload) == PART


def test_what_is_withdrawn_while_it_comes_is_gone(standing: Installation, any_dock: Dock) -> None:
    upload = any_dock.begin(len(CONTENT))
    with line_to(any_dock, upload, 0, len(CONTENT)) as line:
        line.sendall(CONTENT[: 2 * PART])
        time.sleep(0.2)
        assert any_dock.withdraw(upload).status_code == 204
        line.sendall(CONTENT[2 * PART :])
        assert line.recv(4096).split()[1] == b"410"
    left = rows(standing, upload)
    assert (left.recording.state, left.sealed_key, left.arrival.sealed) == (State.ABANDONED, None, None)
    assert (left.objects, stored(standing, upload)) == ([], [])


# Senders that stop


def test_a_connection_that_breaks_keeps_what_came(standing: Installation, any_dock: Dock) -> None:
    content = film(3 * PART)
    upload = any_dock.begin(len(content))
    with line_to(any_dock, upload, 0, len(content)) as line:
        line.sendall(content[: PART + 77])
        time.sleep(0.2)
    offset = wait_for(lambda: any_dock.offset(upload) or None, "nothing was kept")
    offset = wait_for(lambda: any_dock.offset(upload) if any_dock.offset(upload) > PART else None, "a part")
    assert offset == PART + 77
    any_dock.go_on(upload, content, offset)
    assert any_dock.receipt(upload)["wipe"] is True
    assert as_kept(standing, upload) == content


def test_a_sender_that_goes_silent_keeps_what_came(
    standing: Installation, any_dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "SILENCE", timedelta(seconds=0.3))
    content = film(3 * PART)
    upload = any_dock.begin(len(content))
    with line_to(any_dock, upload, 0, len(content)) as line:
        line.sendall(content[: PART + 77])
        began = time.monotonic()
        answer = line.recv(4096)
        assert time.monotonic() - began < 10
    assert answer.split()[1] == b"204"
    assert f"upload-offset: {PART + 77}".encode() in answer.lower()
    any_dock.go_on(upload, content, PART + 77)
    assert any_dock.receipt(upload)["wipe"] is True
    assert as_kept(standing, upload) == content


def test_a_slow_sender_is_not_silent(dock: Dock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "SILENCE", timedelta(seconds=0.5))

    def drops() -> Iterator[bytes]:
        for byte in b"12345":
            time.sleep(0.2)
            yield bytes([byte])

    upload = dock.begin(10)
    headers = dock.headers(Upload_Offset="0") | BODY
    answer = requests.patch(upload, data=drops(), headers=headers, timeout=PATIENCE)
    assert answer.headers["Upload-Offset"] == "5"


def test_a_byte_that_comes_renews_the_uploads_term(standing: Installation, any_dock: Dock) -> None:
    upload = any_dock.begin(10)
    before = rows(standing, upload).arrival.expires_at
    time.sleep(0.01)
    any_dock.send(upload, b"x")
    after = rows(standing, upload).arrival.expires_at
    assert before < after <= datetime.now(UTC) + standing.intake.settings.upload_expires


def test_many_at_once_do_not_mix(standing: Installation, any_dock: Dock) -> None:
    contents = [secrets.token_bytes(2 * PART + number) for number in range(6)]
    uploads = [any_dock.begin(len(content) + 1) for content in contents]
    threads = [
        threading.Thread(target=any_dock.go_on, args=(upload, content, 0))
        for upload, content in zip(uploads, contents, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for upload, content in zip(uploads, contents, strict=True):
        assert as_kept(standing, upload) == content
