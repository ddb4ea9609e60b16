"""A log is read from a folder or over HTTP, and whatever answers is bounded in bytes and time."""

import gzip
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auditor import merkle, reading, tiles
from auditor.notes import unarmour
from auditor.reading import Absent, Folder, Unreadable, Web, place_of
from tests.auditor.conftest import Exported
from tests.logs import put

Answer = Callable[[BaseHTTPRequestHandler], None]


def _not_found(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(404)


class Door(ThreadingHTTPServer):
    """Answers what it is told to, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, bytes]] = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                door.asked.append((self.path, self.headers.get("Authorization", ""), body))
                door.answers.get(self.path, _not_found)(self)

            do_POST = do_GET  # noqa: N815  # the base class names it

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/log"


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def body(data: bytes, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.05)


def test_a_folder_says_what_it_has_not(tmp_path: Path) -> None:
    put(tmp_path, "file", b"data")
    assert Folder(tmp_path).fetch("file", 4) == b"data"
    for missing in ("other", "file/below"):
        with pytest.raises(Absent):
            Folder(tmp_path).fetch(missing, 4)


def test_what_is_no_ordinary_file_of_that_length_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, "file", b"data")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path, most in (("file", 3), ("pipe", 9), ("folder", 9)):
        with pytest.raises(Unreadable):
            Folder(tmp_path).fetch(path, most)


def test_the_web_is_read_with_the_token(door: Door) -> None:
    door.answers["/log/checkpoint"] = body(b"data")
    assert Web(door.address, token="secret").fetch("checkpoint", 4) == b"data"
    assert door.asked == [("/log/checkpoint", "Bearer secret", b"")]


def test_what_is_sent_arrives(door: Door) -> None:
    door.answers["/log/cosignatures"] = body(b"")
    Web(door.address).post("cosignatures", b"a note", 10)
    assert door.asked == [("/log/cosignatures", "", b"a note")]


def test_gzip_is_unpacked_up_to_a_bound(door: Door) -> None:
    packed = gzip.compress(bytes(1000))
    door.answers["/log/a"] = body(packed, Content_Encoding="gzip")
    door.answers["/log/cut"] = body(packed[:-9], Content_Encoding="gzip")
    door.answers["/log/bomb"] = body(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")
    place = Web(door.address)
    assert place.fetch("a", 1000) == bytes(1000)
    for path, most in (("a", 999), ("cut", 1000), ("bomb", 1000)):
        with pytest.raises(Unreadable):
            place.fetch(path, most)


@pytest.mark.parametrize("status", [404, 410])
def test_absent_is_told_apart(door: Door, status: int) -> None:
    door.answers["/log/a"] = lambda handler: handler.send_error(status)
    with pytest.raises(Absent):
        Web(door.address).fetch("a", 1)


@pytest.mark.parametrize("status", [301, 302, 401, 403, 429, 500])
def test_nothing_follows_from_another_status(door: Door, status: int) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", "file:///etc/passwd")
        handler.end_headers()

    door.answers["/log/a"] = answer
    with pytest.raises(Unreadable):
        Web(door.address).fetch("a", 1)


def test_nor_from_half_an_answer_or_a_long_one(door: Door) -> None:
    door.answers["/log/half"] = body(b"da", Content_Length="4")
    door.answers["/log/long"] = body(b"data!")
    for path in ("half", "long"):
        with pytest.raises(Unreadable):
            Web(door.address).fetch(path, 4)


def test_nor_from_one_that_takes_too_long(door: Door) -> None:
    door.answers["/log/drip"] = drip
    begin = time.monotonic()
    with pytest.raises(Unreadable):
        Web(door.address, seconds=0.3).fetch("drip", 1000)
    assert time.monotonic() - begin < 3


def test_nor_from_nobody() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Unreadable):
        Web(f"http://127.0.0.1:{port}").fetch("a", 1)


@pytest.mark.parametrize("address", ["ftp://a.example", "file:///etc", "http://", "http://a.example?b=c"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(Unreadable, match="not an http"):
        place_of(address)


def test_a_token_goes_over_https_only() -> None:
    with pytest.raises(Unreadable, match="https only"):
        place_of("http://a.example/log", token="secret")
    assert isinstance(place_of("https://a.example/log", token="secret"), Web)
    assert isinstance(place_of("a/folder", token="secret"), Folder)


def test_a_full_tile_serves_where_the_partial_one_is_gone(tmp_path: Path) -> None:
    put(tmp_path, tiles.tile_path(0, 0), bytes(8192))
    put(tmp_path, tiles.bundle_path(0), tiles.bundle([b"a"] * 256))
    place = Folder(tmp_path)
    assert reading.tile(place, 0, 0, 5) == bytes(5 * 32)
    assert reading.bundle(place, 0, 5) == tiles.bundle([b"a"] * 5)
    for ask in (reading.tile, lambda place, _, n, size: reading.bundle(place, n, size)):
        with pytest.raises(Absent):
            ask(place, 0, 1, 300)
        with pytest.raises(Absent):
            ask(place, 0, 1, 512)


def test_published_tiles_are_a_tree(exported: Exported) -> None:
    hash_at = reading.published(Folder(exported.folder), 800)
    note = (exported.folder / tiles.CHECKPOINT).read_text()
    assert merkle.root(hash_at, 800) == unarmour(note.split("\n")[2])


def test_the_minimum_index_is_a_number(tmp_path: Path) -> None:
    assert reading.minimum(Folder(tmp_path)) == 0
    put(tmp_path, tiles.MINIMUM, b"512\n")
    assert reading.minimum(Folder(tmp_path)) == 512
    for wrong in (b"", b"-1", b"1\n\n", b"x", "٣".encode()):
        put(tmp_path, tiles.MINIMUM, wrong)
        with pytest.raises(Unreadable):
            reading.minimum(Folder(tmp_path))
