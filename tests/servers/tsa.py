"""A timestamp authority (RFC 3161) for a test: ``openssl ts`` behind HTTP, under a root of its own."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.servers import program

_CONFIG = """
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[signer]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = here
[here]
serial = {home}/serial
signer_cert = {home}/signer.pem
signer_key = {home}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512
ess_cert_id_chain = no
"""


@dataclass
class Authority:
    """Where it listens, the root it descends from, and what it was asked."""

    address: str
    root: Path
    asked: int = 0


@contextmanager
def tsa(home: Path) -> Iterator[Authority]:
    """Start an authority that keeps its keys in `home`."""
    openssl = program("openssl", "openssl")
    _make_keys(openssl, home)

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            authority.asked += 1
            query, answer = home / "query.tsq", home / "answer.tsr"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            _run(openssl, "ts", "-reply", "-config", home / "tsa.cnf", "-section", "here",
                 "-queryfile", query, "-out", answer)  # fmt: skip
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer.read_bytes())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        authority = Authority(f"http://127.0.0.1:{server.server_address[1]}", home / "root.pem")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()


def _make_keys(openssl: str, home: Path) -> None:
    (home / "tsa.cnf").write_text(_CONFIG.format(home=home))
    (home / "serial").write_text("01\n")
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    _run(openssl, "req", "-x509", *ec, "-subj", "/CN=Root of the tests", "-keyout", home / "root.key",
         "-out", home / "root.pem", "-config", home / "tsa.cnf", "-extensions", "ca")  # fmt: skip
    _run(openssl, "req", "-x509", *ec, "-subj", "/CN=TSA of the tests", "-keyout", home / "signer.key",
         "-out", home / "signer.pem", "-config", home / "tsa.cnf", "-extensions", "signer",
         "-CA", home / "root.pem", "-CAkey", home / "root.key")  # fmt: skip


def _run(*command: object) -> None:
    subprocess.run([*map(str, command)], check=True, capture_output=True)
