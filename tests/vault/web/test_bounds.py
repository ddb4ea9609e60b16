"""What one stranger, or one caller, can make the vault's door hold or wait for has an end."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from jose import jws

from console.demo import town
from tests.installation import embedded, free_port
from tests.provider import AUDIENCE, HandMade, handmade, public_jwk, signing_key
from tests.watching import House, eventually, open_house, problem
from vault import db
from vault.db import Database, DatabaseAway
from vault.web import server, tokens
from vault.web.guard import MOST_BODY, Guard
from vault.web.problem import Refused
from vault.web.tokens import Provider, TokenRefused

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory, provider: HandMade) -> Iterator[House]:
    """A vault that listens, on SQLite and a directory, for all of these tests."""
    made = embedded(tmp_path_factory.mktemp("house"), oidc_issuer=provider.issuer)
    with open_house(made, provider) as opened:
        yield opened
    made.vault.database.close()
    made.intake.database.close()


# The head of a request


@contextmanager
def serving(app: Any) -> Iterator[tuple[str, int]]:
    """`app` behind the server as the doors run it."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, http=server.BoundedHead, log_config=None)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    eventually(lambda: running.started)
    yield "127.0.0.1", port
    running.should_exit = True
    thread.join()


async def counting(scope: Any, receive: Any, send: Any) -> None:
    """Reads a body and answers how long it was."""
    if scope["type"] != "http":
        return
    taken, more = 0, True
    while more:
        message = await receive()
        taken += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(taken).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Slow:
    """A long body that takes its time."""

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(6):
            yield b"x" * MIB
            time.sleep(0.15)


class Announced(Slow):
    """One whose length is known before."""

    def __len__(self) -> int:
        return 6 * MIB


@pytest.mark.parametrize("body", [Slow(), Announced()], ids=["in chunks", "announced"])
def test_only_the_head_is_bounded(body: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body is longer than any head, and takes longer; and after it comes the next request."""
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    with serving(counting) as (host, port), requests.Session() as dock:
        for _ in range(2):
            answer = dock.patch(f"http://{host}:{port}/", data=body, timeout=20)
            assert answer.text == str(6 * MIB)


def test_a_second_head_on_one_connection_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.3)
    with serving(counting) as door, socket.create_connection(door, timeout=10) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stranger.recv(1000).startswith(b"HTTP/1.1 200")
        stranger.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert hung_up(stranger, within=5)


@pytest.mark.parametrize("line", [b"X-Trailer: %s\r\n", b"%s"], ids=["many", "one without end"])
def test_trailers_are_bounded_too(line: bytes) -> None:
    """After the last chunk of a body, header fields may come again (RFC 9112, 7.1.2)."""
    piece = line % (b"a" * 16_000)
    with serving(counting) as door, socket.create_connection(door, timeout=10) as stranger:
        stranger.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        stranger.sendall(b"5\r\nhello\r\n0\r\n" + (b"" if b":" in line else b"X-Trailer: "))
        sent = 0
        with suppress(ConnectionError):
            while sent < 64 * server.HEAD_BYTES:
                stranger.sendall(piece)
                sent += len(piece)
        assert sent < 64 * server.HEAD_BYTES
        assert hung_up(stranger, within=5)


def hung_up(stranger: socket.socket, *, within: float) -> bool:
    """Whether the other side ends the connection in time, without an answer of use."""
    stranger.settimeout(within)
    try:
        while stranger.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


# The body of a request


def test_a_body_that_is_announced_too_long_is_refused(mine: House) -> None:
    answer = mine.ask(reason="x" * MOST_BODY)
    problem(answer, 413, "too-large")


def test_a_body_that_turns_out_too_long_is_refused(mine: House) -> None:
    """One in chunks does not tell its length before."""
    token = mine.provider.token(town.SUPERVISOR.subject)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    pieces = (b"x" * 8192 for _ in range(2 * MOST_BODY // 8192))
    answer = requests.post(f"{mine.url}/api/v1/requests", data=pieces, headers=headers, timeout=20)
    problem(answer, 413, "too-large")


def test_it_is_refused_before_anybody_is_asked_who_they_are(mine: House) -> None:
    headers = {"Content-Length": str(MOST_BODY + 1)}
    answer = requests.post(f"{mine.url}/api/v1/requests", headers=headers, timeout=10)
    problem(answer, 413, "too-large")


def test_a_body_without_end_is_not_read_to_its_end(mine: House) -> None:
    """Whoever is behind the guard sees no more than what one may say."""
    taken: list[int] = []

    async def greedy(_scope: Any, receive: Any, _send: Any) -> None:
        while True:
            taken.append(len((await receive())["body"]))

    async def endless() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 4096, "more_body": True}

    provider = Provider(mine.provider.issuer, AUDIENCE)
    guard = Guard(greedy, mine.installation.vault.database, provider)
    token = mine.provider.token(town.SUPERVISOR.subject)
    headers = [(b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "path": "/api/v1/requests", "method": "POST", "headers": headers}

    async def send(_message: Any) -> None: ...

    async def call() -> None:
        await asyncio.wait_for(guard(scope, endless, send), 10)

    with pytest.raises(Exception) as ended:  # noqa: PT011  # which one is the door's own business
        asyncio.run(call())
    assert not isinstance(ended.value, TimeoutError)
    assert getattr(ended.value, "status_code", 413) == 413 or isinstance(ended.value, Refused)
    assert sum(taken) <= MOST_BODY


# Connections to the database


def test_no_free_connection_is_a_503_and_the_process_lives(
    mine: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {mine.provider.token(town.SUPERVISOR.subject)}"}
    url = f"{mine.url}/api/v1/grants/{mine.recording}"
    with monkeypatch.context() as patched:
        patched.setattr(db, "_POOL", {"pool_size": 1, "max_overflow": 0, "pool_timeout": 1.5})
        narrow = Database(mine.installation.settings.database_url.get_secret_value())
    assert requests.get(url, headers=headers, timeout=10).status_code == 404
    monkeypatch.setattr(mine.installation.vault.database, "engine", narrow.engine)
    monkeypatch.setattr(mine.installation.vault.database, "_readers", narrow._readers)
    # More than this process has threads, so that all of them wait.
    with narrow.engine.connect(), ThreadPoolExecutor(44) as callers:
        asked = [callers.submit(requests.get, url, headers=headers, timeout=30) for _ in range(44)]
        time.sleep(0.7)
        began = time.monotonic()
        assert requests.get(f"{mine.url}/health/alive", timeout=10).ok
        assert time.monotonic() - began < 0.7
        assert not any(answer.done() for answer in asked)
        for answer in asked:
            problem(answer.result(), 503, "service-away")
            assert int(answer.result().headers["Retry-After"]) > 0
    assert requests.get(url, headers=headers, timeout=10).status_code == 404
    narrow.close()


def test_no_free_connection_is_a_database_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_POOL", {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1})
    narrow = Database(f"sqlite:///{tmp_path / 'narrow.db'}")
    with narrow.engine.connect(), narrow._readers.connect():
        with pytest.raises(DatabaseAway):
            narrow.check()
        with pytest.raises(DatabaseAway), narrow.transaction() as session:
            session.connection()
    narrow.check()
    narrow.close()


# What a provider says, and for how long it is believed


@pytest.fixture
def theirs() -> Iterator[HandMade]:
    with handmade() as made:
        yield made


def test_a_withdrawn_key_is_refused_in_time(theirs: HandMade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REFETCH_SECONDS", 0.0)
    monkeypatch.setattr(tokens, "REMEMBER_SECONDS", 0.0)
    monkeypatch.setattr(tokens, "STALE_SECONDS", 0.3)
    theirs.keys = [public_jwk("first"), public_jwk("second")]
    ours = Provider(theirs.issuer, AUDIENCE)
    bearer = f"Bearer {theirs.token('s.devries', key='second')}"
    assert ours.subject_of(bearer).name == "s.devries"
    theirs.keys = [public_jwk("first")]
    # Until then nobody is bothered.
    assert ours.subject_of(bearer).name == "s.devries"
    assert theirs.asked["/jwks"] == 1
    time.sleep(0.35)
    with pytest.raises(TokenRefused):
        ours.subject_of(bearer)
    assert ours.subject_of(f"Bearer {theirs.token('p.bakker')}").name == "p.bakker"


def test_being_away_withdraws_no_key(theirs: HandMade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REMEMBER_SECONDS", 0.0)
    monkeypatch.setattr(tokens, "STALE_SECONDS", 0.0)
    monkeypatch.setattr(tokens, "REFETCH_SECONDS", 0.0)
    ours = Provider(theirs.issuer, AUDIENCE)
    bearer = f"Bearer {theirs.token('s.devries')}"
    ours.subject_of(bearer)
    theirs.down = True
    for _ in range(3):
        assert ours.subject_of(bearer).name == "s.devries"
    # One attempt, and then it is left alone for a while.
    assert theirs.asked["/.well-known/openid-configuration"] == 2


STRANGE: dict[str, dict[str, Any]] = {
    "an end that is no time": {"exp": float("inf")},
    "an end that is no number": {"exp": float("nan")},
    "an end after the end of time": {"exp": 10**400},
    "a name that cannot be written": {"sub": "s.devries\ud800"},
    "a name that is a number": {"sub": 7},
}


def strange(provider: HandMade, changed: dict[str, Any]) -> str:
    """A token of the provider's own, that says what is `changed`."""
    claims = {**provider.claims("s.devries"), **changed}
    return jws.sign(json.dumps(claims).encode(), signing_key("first", "RS256"), {"kid": "first"}, "RS256")


@pytest.mark.parametrize("case", STRANGE)
def test_a_signed_token_may_still_be_strange(mine: House, case: str) -> None:
    token = strange(mine.provider, STRANGE[case])
    answer = requests.get(
        f"{mine.url}/api/v1/grants/{mine.recording}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    problem(answer, 401, "token-refused")
