"""An OpenID provider made by hand, for what a real one does not do on demand: forge, rotate, go away."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jose import jwk, jwt
from jose.backends.base import Key

AUDIENCE = "bodycam-vault"


@cache
def private_key(name: str) -> str:
    """The private key of that name as PEM, the same all run long; EC when its name begins with "ec"."""
    made = (
        ec.generate_private_key(ec.SECP256R1())
        if name.startswith("ec")
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@cache
def signing_key(name: str, algorithm: str) -> Key:
    """`private_key`, read: reading one anew for each token takes longer than all else."""
    return jwk.construct(private_key(name), algorithm)


@cache
def public_pem(name: str) -> str:
    """The public half of `private_key`, as PEM."""
    key = serialization.load_pem_private_key(private_key(name).encode(), password=None)
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def public_jwk(name: str, **more: Any) -> dict[str, Any]:
    """The public half of `private_key`, as the provider publishes it under key id `name`."""
    algorithm = "ES256" if name.startswith("ec") else "RS256"
    members = jwk.construct(public_pem(name), algorithm).to_dict()
    plain = {key: value.decode() if isinstance(value, bytes) else value for key, value in members.items()}
    return {**plain, "kid": name, "use": "sig", **more}


class HandMade:
    """What it publishes and answers can be changed at any time."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://localhost:{port}"
        self.keys = [public_jwk("first")]
        self.discovery: Any = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"}
        self.down = False
        self.asked: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        """Of each request, their names in lower case."""

    def answer(self, path: str) -> tuple[int, bytes]:
        """The status and body that `path` gets."""
        self.asked[path] += 1
        if self.down:
            return 503, b"<html>maintenance</html>"
        if path == "/.well-known/openid-configuration":
            return 200, json.dumps(self.discovery).encode()
        return 200, json.dumps({"keys": self.keys}).encode()

    def claims(self, subject: str, **changed: Any) -> dict[str, Any]:
        """What a good token says; a claim changed to nothing is left out."""
        now = int(time.time())
        good = {"iss": self.issuer, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 600}
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def token(
        self,
        subject: str,
        *,
        key: str = "first",
        key_id: str | None = None,
        algorithm: str | None = None,
        **changed: Any,
    ) -> str:
        """A token signed with `key`, which its header calls `key_id`; its claims `changed` at will."""
        used = algorithm or ("ES256" if key.startswith("ec") else "RS256")
        return jwt.encode(
            self.claims(subject, **changed), signing_key(key, used), used, headers={"kid": key_id or key}
        )


@contextmanager
def handmade() -> Iterator[HandMade]:
    """The provider behind a real server, until the block ends."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.headers.append({name.lower(): value for name, value in self.headers.items()})
            status, body = made.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: a test is no place for an access log."""

    server = ThreadingHTTPServer(("localhost", 0), Answers)
    made = HandMade(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
