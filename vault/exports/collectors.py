"""A collector: where a stream's records go, over OTLP/HTTP, and what it said of them.

Only its word counts: 2xx, in OTLP, with nothing refused. Whether anything else was taken nobody knows, so it
is sent again; records have the same ids each time, and whoever keeps them keeps each once.
"""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import urllib3
from pydantic import SecretStr
from urllib3.exceptions import HTTPError, InvalidHeader

from vault.exports.otlp import CONTENT_TYPE, AnswerUnreadable
from vault.outgoing import TracedPool

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
"""Without a byte; and for all of what it says."""
LONGEST_ANSWER = 1 << 20
"""Bytes. What OTLP answers takes some tens; a keeper that read on would not do its other chores for it."""
LONGEST_WAIT = timedelta(hours=1)
"""A collector that asks for more is asked again all the same."""
_NOT_THESE = frozenset({400, 413, 422})
"""Statuses that are about what was sent; any other is about the collector, or the way to it."""


class CollectorAway(Exception):
    """The collector cannot take anything now: try again later, after `wait` when it said so."""

    def __init__(self, why: str, wait: timedelta | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class RecordsRefused(Exception):
    """The collector does not take all of what it was sent."""


@dataclass(frozen=True)
class Address:
    """How to reach a collector: its address, and by what it knows us."""

    url: str
    authorization: SecretStr | None = None
    """Value of the Authorization header."""
    certificate: Path | None = None
    """Client certificate with its key, in PEM (mutual TLS)."""
    authority: Path | None = None
    """Whom to trust about the collector's own certificate, in PEM; the system's list when absent."""


class Collector:
    """Delivers requests that are put together already; `refused` reads its answer."""

    def __init__(self, address: Address, refused: Callable[[bytes], int]) -> None:
        self._url = address.url
        self._refused = refused
        self._headers = {"Content-Type": CONTENT_TYPE, "User-Agent": "bodycam-vault"}
        if address.authorization:
            self._headers["Authorization"] = address.authorization.get_secret_value()
        self._pool = TracedPool(
            maxsize=1,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
            retries=False,
            ssl_context=_trust(address) if address.url.startswith("https:") else None,
        )

    def deliver(self, request: bytes) -> None:
        """Hand `request` over. Returns when the collector has acknowledged all of it.

        Raises CollectorAway, RecordsRefused; then some of it may have been taken and will come again.
        """
        try:
            answer = self._pool.request(
                "POST",
                self._url,
                body=request,
                headers=self._headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            said = _said(answer)
        except HTTPError as error:
            raise CollectorAway(type(error).__name__) from error
        if answer.status in _NOT_THESE:
            raise RecordsRefused(f"status {answer.status}")
        if not 200 <= answer.status < 300:
            raise CollectorAway(f"status {answer.status}", _wait(answer))
        try:
            refused = self._refused(said)
        except AnswerUnreadable as error:
            raise CollectorAway(type(error).__name__) from error
        if refused:
            raise RecordsRefused(f"{refused} refused")

    def close(self) -> None:
        """Give back its connection."""
        self._pool.clear()


def _trust(address: Address) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.authority)
    if address.certificate:
        context.load_cert_chain(address.certificate)
    return context


def _said(answer: urllib3.BaseHTTPResponse) -> bytes:
    """All it says. Raises CollectorAway for one that does not come to an end, and HTTPError."""
    until, said = time.monotonic() + ANSWER_SECONDS, b""
    while piece := answer.read1(LONGEST_ANSWER):
        said += piece
        if len(said) > LONGEST_ANSWER or time.monotonic() > until:
            answer.close()
            raise CollectorAway("an answer without an end")
    answer.release_conn()
    return said


def _wait(answer: urllib3.BaseHTTPResponse) -> timedelta | None:
    given = answer.headers.get("Retry-After")
    try:
        seconds = urllib3.Retry().parse_retry_after(given) if given else None
    except InvalidHeader:
        return None
    return None if seconds is None else min(timedelta(seconds=seconds), LONGEST_WAIT)
