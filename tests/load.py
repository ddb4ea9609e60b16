"""People at work while things break, and somebody who writes down every checkpoint that is published.

What they were served they remember by the trace of the request (W3C Trace Context), which the entry that
accounts for it has too: so afterwards it is known which entry must be there.
"""

import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
import requests

PIECE = 4096
"""Bytes of one range that is watched."""
_ANSWER_SECONDS = 5.0
_AGAIN_SECONDS = 0.05


@dataclass
class Work:
    """Clients that ask and watch, each in a thread, until they are told to stop."""

    urls: Sequence[str]
    """Doors of the vault, all of the same; one is chosen for each request."""
    token: str
    grants: Sequence[str]
    wish: dict[str, str]
    plain: bytes
    watched: list[str] = field(default_factory=list)
    """Traces of requests by which any byte of footage came."""
    asked: list[str] = field(default_factory=list)
    """Traces of requests to see something that were answered."""
    wrong: list[str] = field(default_factory=list)
    """What must never be answered."""
    failed: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self, clients: int) -> None:
        """Let so many clients work: every other one asks, the others watch."""
        for number in range(clients):
            act = self._watch if number % 2 else self._ask
            self._threads.append(threading.Thread(target=self._go_on, args=(act, number), daemon=True))
            self._threads[-1].start()

    def end(self) -> None:
        """Let everybody finish what they are at."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self, act: Callable[[requests.Session, random.Random], None], seed: int) -> None:
        chance = random.Random(seed)
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {self.token}"
            while not self._over.is_set():
                try:
                    act(session, chance)
                except requests.RequestException:
                    self.failed += 1
                    time.sleep(_AGAIN_SECONDS)

    def _ask(self, session: requests.Session, chance: random.Random) -> None:
        trace = secrets.token_hex(16)
        answer = session.post(
            f"{chance.choice(self.urls)}/api/v1/requests",
            json=self.wish,
            headers=_traced(trace),
            timeout=_ANSWER_SECONDS,
        )
        if answer.ok:
            self.asked.append(trace)
        else:
            self._not_served(answer)

    def _watch(self, session: requests.Session, chance: random.Random) -> None:
        trace = secrets.token_hex(16)
        first = chance.randrange(len(self.plain) - PIECE)
        span = {"Range": f"bytes={first}-{first + PIECE - 1}"}
        url = f"{chance.choice(self.urls)}/api/v1/grants/{chance.choice(self.grants)}/footage"
        with session.get(url, headers=_traced(trace) | span, timeout=_ANSWER_SECONDS, stream=True) as answer:
            if answer.status_code != requests.codes.partial_content:
                self._not_served(answer)
                return
            seen = b""
            try:
                for piece in answer.iter_content(512):
                    seen += piece
            finally:
                # Also when it was cut: what was seen was served.
                if seen:
                    self.watched.append(trace)
                    if not self.plain[first:].startswith(seen):
                        self.wrong.append(f"other bytes than the footage's at {first}")

    def _not_served(self, answer: requests.Response) -> None:
        self.failed += 1
        if answer.status_code not in (requests.codes.service_unavailable, requests.codes.server_error):
            self.wrong.append(f"{answer.status_code}: {answer.text[:200]}")
        time.sleep(_AGAIN_SECONDS)


def _traced(trace: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}


@dataclass
class Watcher:
    """Reads the newest checkpoint over and over: whatever was published once can be held by somebody."""

    dsn: str
    seen: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Of each note the size, and when it was seen first (seconds since 1970)."""
    shrunk: list[tuple[int, int]] = field(default_factory=list)
    """Sizes, when a smaller one came after a larger one."""
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start to look."""
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread:
            self._thread.join()

    def _go_on(self) -> None:
        newest = 0
        while not self._over.is_set():
            with suppress(psycopg.OperationalError), psycopg.connect(self.dsn, autocommit=True) as database:
                while not self._over.is_set():
                    query = "SELECT size, note FROM log_checkpoint ORDER BY size DESC LIMIT 1"
                    for size, note in database.execute(query):
                        self.seen.setdefault(note, (size, time.time()))
                        if size < newest:
                            self.shrunk.append((newest, size))
                        newest = max(newest, size)
                    time.sleep(0.01)
            time.sleep(0.02)
