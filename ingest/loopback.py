"""A door for one reader: serves one arriving recording's plaintext on loopback while it is examined.

ffmpeg cannot look at a pipe when the index stands at the end of the file, but it can ask for ranges over
HTTP. The URL carries a random token that lives as long as the examination. What the token guards against is
a stranger on the network of this host's loopback; who can read this host's process list can read it
(docs/threats.md).
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

from werkzeug.http import parse_range_header

from vault.footage import Footage


@contextmanager
def serve(footage: Footage) -> Iterator[str]:
    """The URL under which `footage` can be read in ranges, until the block ends.

    At its end it raises what reading the footage raised, if anything: what its reader saw was not all of it.
    """
    token = secrets.token_urlsafe(32)
    failures: list[Exception] = []
    members = {"footage": footage, "path_allowed": f"/{token}", "failures": failures}
    handler = type("OneRecording", (_Handler,), members)
    server = _Server(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{token}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    if failures:
        raise failures[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: ffmpeg hangs up whenever it has seen enough, also between two requests."""


class _Handler(BaseHTTPRequestHandler):
    footage: ClassVar[Footage]
    path_allowed: ClassVar[str]
    failures: ClassVar[list[Exception]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name http.server calls
        length = self.footage.length
        if not secrets.compare_digest(self.path.encode(), self.path_allowed.encode()):
            self.send_error(404)
            return
        asked = parse_range_header(self.headers.get("Range"))
        span = asked.range_for_length(length) if asked else None
        if asked and span is None:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{length}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        first, end = span or (0, length)
        self.send_response(206 if span else 200)
        if span:
            self.send_header("Content-Range", f"bytes {first}-{end - 1}/{length}")
        self.send_header("Content-Length", str(end - first))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        self.close_connection = not self._send(first, end - 1)

    def _send(self, first: int, last: int) -> bool:
        pieces = self.footage.read(first, last)
        while True:
            try:
                piece = next(pieces, None)
            except Exception as error:
                # Not the reader's fault, so not the footage's either: whoever opened this door is told.
                self.failures.append(error)
                return False
            if piece is None:
                return True
            try:
                self.wfile.write(piece)
            except OSError:
                # ffmpeg hangs up as soon as it has seen enough.
                return False

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name http.server gives it
        """Say nothing: the path is the token."""
