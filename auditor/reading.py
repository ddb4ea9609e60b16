"""Reading a log that nobody here trusts: a directory or an http(s) address, with bounds on bytes and time."""

import http.client
import os
import stat
import urllib.error
import urllib.request
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from auditor import tiles
from auditor.deadlines import Deadline, opener
from auditor.merkle import HASH_SIZE, HashAt
from auditor.notes import MOST_BYTES
from auditor.tiles import WIDTH

MOST_BUNDLE = WIDTH * (2 + tiles.MOST_ENTRY)
_STEP = 64 * 1024
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Absent(Exception):
    """The log says that it has not got this: a 404 or 410, or no such file."""


class Unreadable(Exception):
    """No answer that anything follows from: too late, too long, refused, or not what was asked for."""


class Place(Protocol):
    """Where a log stands."""

    def fetch(self, path: str, most: int) -> bytes:
        """The bytes at `path` below the log's prefix. Raises Absent; Unreadable, also above `most` bytes."""


class Folder:
    """A log exported as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch(self, path: str, most: int) -> bytes:
        """As `Place.fetch`."""
        try:
            # Not waiting: a pipe or a device would keep us, or never end.
            opened = os.open(f"{self.folder}/{path}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            raise Absent(path) from None
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}") from None
        try:
            found = os.fstat(opened)
            if not stat.S_ISREG(found.st_mode):
                raise Unreadable(f"{path}: not a file")
            if found.st_size > most:
                raise Unreadable(f"{path}: more than {most} bytes")
            return os.read(opened, found.st_size)
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}") from None
        finally:
            os.close(opened)


class Web:
    """A log behind an http(s) address. No redirects are followed: they could lead to any scheme and host.

    `seconds` bound one whole answer, from connecting to its last byte, however slowly it drips.
    """

    def __init__(self, address: str, *, token: str | None = None, seconds: float = 30.0) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise Unreadable(f"not an http(s) address: {address}")
        if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise Unreadable("a token is sent over https only")
        self.prefix = address.rstrip("/")
        self.headers = {"Accept-Encoding": "gzip, identity", "User-Agent": "bodycam-auditor"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.seconds = seconds

    def fetch(self, path: str, most: int) -> bytes:
        """As `Place.fetch`."""
        return self._ask(urllib.request.Request(self._url(path), headers=self.headers), most)  # noqa: S310

    def post(self, path: str, body: bytes, most: int, *, kind: str = "text/plain; charset=utf-8") -> bytes:
        """Send `body` of that media type, and give the answer. Raises as `fetch`."""
        headers = self.headers | {"Content-Type": kind}
        request = urllib.request.Request(self._url(path), data=body, headers=headers, method="POST")  # noqa: S310
        return self._ask(request, most)

    def _url(self, path: str) -> str:
        return f"{self.prefix}/{path}" if path else self.prefix

    def _ask(self, request: urllib.request.Request, most: int) -> bytes:
        where = request.full_url
        try:
            with Deadline(self.seconds) as deadline:
                with opener(deadline).open(request, timeout=self.seconds) as answer:
                    body = _body(answer, most)
                if deadline.passed:
                    raise Unreadable(f"{where}: no whole answer in {self.seconds:g} seconds")
                return body
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                raise Absent(where) from None
            raise Unreadable(f"{where}: {error.code} {error.reason}") from None
        # ValueError: what a TLS socket raises that was shut while being read.
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            raise Unreadable(f"{where}: {error}") from None


def place_of(where: str, *, token: str | None = None) -> Place:
    """The log at an http(s) address, or else in a directory. Raises Unreadable."""
    return Web(where, token=token) if "://" in where else Folder(Path(where))


def checkpoint(place: Place) -> bytes:
    """The log's newest signed checkpoint, not verified."""
    return place.fetch(tiles.CHECKPOINT, MOST_BYTES)


def minimum(place: Place) -> int:
    """Below which index the log says that it shows no entries. Raises Unreadable."""
    try:
        said = place.fetch(tiles.MINIMUM, 32)
    except Absent:
        return 0
    if not said.removesuffix(b"\n").isdigit():
        raise Unreadable(f"{tiles.MINIMUM}: not a number")
    return int(said)


def tile(place: Place, level: int, n: int, size: int) -> bytes:
    """The joined hashes of tile `n`, as far as a tree of `size` leaves goes, not verified.

    Where the partial tile is gone, the full one has its hashes too (tlog-tiles, Partial Tiles).
    """
    width = tiles.width_of(level, n, size)
    path, most = tiles.tile_path(level, n, width), WIDTH * HASH_SIZE
    try:
        return place.fetch(path, most)
    except Absent:
        if width == WIDTH:
            raise
    try:
        return place.fetch(tiles.tile_path(level, n), most)[: width * HASH_SIZE]
    except Absent:
        raise Absent(path) from None


def bundle(place: Place, n: int, size: int) -> bytes:
    """The entries of bundle `n`, framed, as far as a tree of `size` leaves goes. Raises BundleBroken too."""
    width = tiles.width_of(0, n, size)
    path = tiles.bundle_path(n, width)
    try:
        return place.fetch(path, MOST_BUNDLE)
    except Absent:
        if width == WIDTH:
            raise
    try:
        whole = place.fetch(tiles.bundle_path(n), MOST_BUNDLE)
    except Absent:
        raise Absent(path) from None
    return tiles.bundle(tiles.entries_in(whole, width, exactly=False))


def published(place: Place, size: int) -> HashAt:
    """The tree of `size` leaves as its tiles say: good for making proofs, which are verified afterwards."""
    return tiles.hashes_in(lru_cache(1024)(lambda level, n: tile(place, level, n, size)))


def _body(answer: Any, most: int) -> bytes:
    """The whole body, unpacked. Raises Unreadable above `most` bytes, and when it was cut short."""
    read = bytearray()
    unpacker = zlib.decompressobj(31) if answer.headers.get("Content-Encoding") == "gzip" else None
    while piece := answer.read(_STEP):
        # A few bytes of gzip can unpack to gigabytes: never more than one byte too many.
        read += unpacker.decompress(piece, most + 1 - len(read)) if unpacker else piece
        if len(read) > most:
            raise Unreadable(f"{answer.url}: more than {most} bytes")
    if answer.length or (unpacker and not unpacker.eof):
        raise Unreadable(f"{answer.url}: cut short")
    return bytes(read)
