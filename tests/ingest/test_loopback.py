"""The door for one reader: ranges under one token, and what goes wrong is told to whoever opened it."""

import secrets
import socket

import pytest
import requests
from werkzeug.http import parse_content_range_header

from ingest.loopback import serve
from tests.docking import PATIENCE
from tests.stores import Memory, sealed
from vault.objects import StoreUnavailable

CONTENT = secrets.token_bytes(150_000)


def test_ranges_and_the_whole_are_served() -> None:
    with serve(sealed(CONTENT)) as url:
        whole = requests.get(url, timeout=PATIENCE)
        assert (whole.status_code, whole.content) == (200, CONTENT)
        assert whole.headers["Accept-Ranges"] == "bytes"
        for asked, first, last in (
            ("bytes=0-0", 0, 0),
            ("bytes=65530-65540", 65530, 65540),
            ("bytes=149999-", 149_999, 149_999),
            ("bytes=-7", 149_993, 149_999),
            ("bytes=0-999999", 0, 149_999),
        ):
            part = requests.get(url, headers={"Range": asked}, timeout=PATIENCE)
            assert (part.status_code, part.content) == (206, CONTENT[first : last + 1])
            told = parse_content_range_header(part.headers["Content-Range"])
            assert told is not None
            assert (told.start, told.stop, told.length) == (first, last + 1, len(CONTENT))


def test_a_range_that_is_not_there() -> None:
    with serve(sealed(CONTENT)) as url:
        answer = requests.get(url, headers={"Range": "bytes=150000-"}, timeout=PATIENCE)
        assert (answer.status_code, answer.content) == (416, b"")
        assert answer.headers["Content-Range"] == "bytes */150000"


def test_without_the_token_there_is_nothing() -> None:
    store = Memory()
    with serve(sealed(CONTENT, store)) as url:
        base, _, token = url.rpartition("/")
        assert len(token) >= 40
        for path in ("", token[:-1], token + "x", token + "/", "?" + token, "x/" + token):
            assert requests.get(f"{base}/{path}", timeout=PATIENCE).status_code == 404
        for method in ("HEAD", "POST", "PUT", "DELETE"):
            assert requests.request(method, url, timeout=PATIENCE).status_code == 501
    assert store.fetched == []


def test_each_examination_has_a_token_of_its_own_and_takes_it_along() -> None:
    with serve(sealed(CONTENT)) as first, serve(sealed(CONTENT)) as second:
        assert first.rpartition("/")[2] != second.rpartition("/")[2]
    with pytest.raises(requests.ConnectionError):
        requests.get(first, timeout=PATIENCE)


def test_only_this_machine_can_ask() -> None:
    with serve(sealed(CONTENT)) as url:
        port = int(url.split(":")[2].partition("/")[0])
        outside = {
            info[4][0]
            for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)
            if not str(info[4][0]).startswith("127.")
        }
        for address in outside:
            with socket.socket() as line:
                line.settimeout(1)
                assert line.connect_ex((str(address), port)) != 0


def test_what_reading_raises_reaches_whoever_opened_the_door() -> None:
    class Away(Memory):
        def fetch(self, name: str, first: int, last: int) -> bytes:
            if name == "1":
                raise StoreUnavailable("test")
            return super().fetch(name, first, last)

    def read() -> None:
        with serve(sealed(CONTENT, Away())) as url, pytest.raises(requests.RequestException):
            requests.get(url, timeout=PATIENCE)

    with pytest.raises(StoreUnavailable):
        read()


def test_a_reader_that_hangs_up_breaks_nothing() -> None:
    with serve(sealed(secrets.token_bytes(4_000_000))) as url:
        for _ in range(3):
            with requests.get(url, stream=True, timeout=PATIENCE) as answer:
                assert answer.raw.read(10)
        assert requests.get(url, headers={"Range": "bytes=0-9"}, timeout=PATIENCE).status_code == 206
