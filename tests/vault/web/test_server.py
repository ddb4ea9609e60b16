"""The server as it really runs: a process of its own, stopped while somebody watches."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
import uvicorn

from console.demo import town
from tests.installation import Installation, free_port
from tests.provider import HandMade
from tests.running import running
from tests.watching import completion_of, entries, eventually, footage, granted, keep
from vault.audit import Event
from vault.footage import PIECE
from vault.web import server


@pytest.mark.parametrize("place", ["embedded"], indirect=True)
def test_a_stop_finishes_what_is_being_watched(place: Installation, provider: HandMade) -> None:
    plain = footage(24 * PIECE, seed=3)
    grant = granted(place, keep(place, plain))
    headers = {"Authorization": f"Bearer {provider.token(town.SUPERVISOR.subject)}"}
    with running(place, "vault") as vault:
        url = f"{vault.url}/api/v1/grants/{grant}/footage"
        with requests.get(url, headers=headers, stream=True, timeout=30) as answer:
            assert "Server" not in answer.headers
            pieces = answer.iter_content(65536)
            received = next(pieces)
            vault.process.send_signal(signal.SIGTERM)
            received += b"".join(pieces)
        assert received == plain
        assert vault.process.wait(30) in (0, -signal.SIGTERM)
        [served] = entries(place, Event.VIEWING_SERVED)
        completed = completion_of(place, served)
        assert completed
        assert completed["facts"]["bytes"] == len(plain)
        last = json.loads(vault.log.read_text().splitlines()[-1])
        assert last["process"] == "vault"


@pytest.mark.parametrize(
    ("listen", "host", "port"), [("127.0.0.1:8000", "127.0.0.1", 8000), ("[::1]:8001", "::1", 8001)]
)
def test_where_it_listens(monkeypatch: pytest.MonkeyPatch, listen: str, host: str, port: int) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("uvicorn.Server.run", lambda self: asked.append(self.config))
    server.serve(lambda: None, listen, stop_seconds=7)
    [config] = asked
    assert (config.host, config.port) == (host, port)
    assert config.timeout_graceful_shutdown == 7
    assert not config.server_header
    assert not config.access_log


def test_the_allocator_is_tuned_only_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    server.tune_allocator()
    monkeypatch.setattr("platform.libc_ver", lambda: ("musl", "1.2"))
    monkeypatch.setattr("ctypes.CDLL", None)
    server.tune_allocator()


@pytest.fixture
def door() -> Iterator[tuple[str, int]]:
    """A server with a head's bounds, made small, before an application that answers anything."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"here"})

    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, http=server.BoundedHead, log_config=None)
    running_server = uvicorn.Server(config)
    thread = threading.Thread(target=running_server.run, daemon=True)
    thread.start()
    eventually(lambda: running_server.started)
    yield "127.0.0.1", port
    running_server.should_exit = True
    thread.join()


def test_a_head_without_end_is_hung_up_on(door: tuple[str, int]) -> None:
    with socket.create_connection(door, timeout=10) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        sent = 0
        with suppress(ConnectionError):
            while sent < 64 * server.HEAD_BYTES:
                stranger.sendall(b"a" * 16384)
                sent += 16384
            assert stranger.recv(100) == b""
        assert sent < 64 * server.HEAD_BYTES


def test_a_head_that_takes_for_ever_is_hung_up_on(
    door: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.3)
    with socket.create_connection(door, timeout=10) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
        with suppress(ConnectionError):
            assert stranger.recv(100) == b""
        assert time.monotonic() - began < 5


def test_a_head_of_ordinary_size_is_answered_again_and_again(door: tuple[str, int]) -> None:
    session = requests.Session()
    for _ in range(5):
        headers = {"Authorization": "x" * 20_000}
        assert session.get(f"http://{door[0]}:{door[1]}/", headers=headers, timeout=10).text == "here"
