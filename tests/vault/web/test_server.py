"""The server as it really runs: a process of its own, stopped while somebody watches."""

import json
import signal

import pytest
import requests
import uvicorn

from console.demo import town
from tests.installation import Installation
from tests.provider import HandMade
from tests.running import running
from tests.watching import completion_of, entries, footage, granted, keep
from vault.audit import Event
from vault.footage import PIECE
from vault.web import server


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
    asked: list[uvicorn.Config] = []

    class Server:
        def __init__(self, config: uvicorn.Config) -> None:
            asked.append(config)

        def run(self) -> None:
            """Nothing: only what it was given matters here."""

    monkeypatch.setattr(server.uvicorn, "Server", Server)
    server.serve(lambda: None, listen)
    [config] = asked
    assert (config.host, config.port) == (host, port)
    assert config.timeout_graceful_shutdown is None
    assert not config.server_header
    assert not config.access_log


def test_the_allocator_is_tuned_only_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    server.tune_allocator()
    monkeypatch.setattr(server.platform, "libc_ver", lambda: ("musl", "1.2"))
    monkeypatch.setattr(server.ctypes, "CDLL", None)
    server.tune_allocator()
