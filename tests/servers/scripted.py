"""A strict S3 server that says what a test tells it to, in order, and notes what it was asked."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer:
    """One canned answer. `silence`: seconds before it."""

    def __init__(
        self, status: int, code: str = "", body: bytes = b"", silence: float = 0, **headers: str
    ) -> None:
        self.status = status
        self.body = f"<Error><Code>{code}</Code></Error>".encode() if code else body
        self.silence = silence
        self.headers = {"content-type": "application/xml"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }


class Script:
    """A strict server: gives its answers in order, and notes what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    def handler(self) -> type[BaseHTTPRequestHandler]:
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                script.asked.append((self.command, self.path, headers, body))
                answer = script.answers.pop(0) if script.answers else Answer(418)
                time.sleep(answer.silence)
                with suppress(OSError):
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(answer.body)))
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(answer.body)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815  # the names the base class calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def scripted(*answers: Answer) -> Iterator[tuple[Script, str]]:
    """A server with these answers, all of which must be asked for: its script, and ``http://host:port``."""
    script = Script(*answers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), script.handler())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield script, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert script.answers == []
