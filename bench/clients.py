"""The clients that measure: the same one for a server and its peer."""

import http.client
import random
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

RANGE = 64 * 1024


class AnswerWrong(Exception):
    """A server did not answer as it should; there is nothing to measure."""


def _curl(url: str, headers: Mapping[str, str], *options: str) -> list[str]:
    sent = [option for name, value in headers.items() for option in ("-H", f"{name}: {value}")]
    # Without "Expect:" curl waits a second for a server that says nothing to it.
    told = ("-sS", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", "-H", "Expect:")
    return ["curl", *told, *sent, *options, url]


def start_upload(url: str, body: Path, method: str, headers: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Begin to send a file; several at once make a busy door."""
    command = _curl(url, headers, "-X", method, "-T", str(body))
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def seconds_of(transfer: "subprocess.Popen[str]") -> float:
    """Wait for a transfer; how long it took. Raises AnswerWrong unless its status is a success."""
    said, _ = transfer.communicate()
    status, _, seconds = said.partition(" ")
    if transfer.returncode != 0 or not status.startswith("2"):
        raise AnswerWrong(f"curl ended with {transfer.returncode}, status {status}")
    return float(seconds)


def upload(url: str, body: Path, method: str, headers: Mapping[str, str]) -> float:
    """Send a file; the seconds until the answer."""
    return seconds_of(start_upload(url, body, method, headers))


def download(url: str, headers: Mapping[str, str]) -> float:
    """Fetch all of a file and throw it away; the seconds it took."""
    return seconds_of(subprocess.Popen(_curl(url, headers), stdout=subprocess.PIPE, text=True))


class Seeker:
    """One player that jumps about: ranges at random places, one after another, on one connection."""

    def __init__(self, url: str, headers: Mapping[str, str], length: int) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.netloc)
        self._path = parts.path
        self._headers = headers
        self._length = length
        self._random = random.Random(7)

    def latency(self, count: int) -> float:
        """The median latency of `count` ranges, in milliseconds."""
        taken = []
        for _ in range(count):
            first = self._random.randrange(self._length - RANGE)
            began = time.perf_counter()
            self.read(first)
            taken.append(time.perf_counter() - began)
        return median(taken) * 1000

    def read(self, first: int) -> bytes:
        """`RANGE` bytes from `first` on. Raises AnswerWrong."""
        asked = {"Range": f"bytes={first}-{first + RANGE - 1}"}
        self._connection.request("GET", self._path, headers={**self._headers, **asked})
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status != 206 or len(data) != RANGE:
            raise AnswerWrong(f"{answer.status} with {len(data)} bytes")
        return data

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
