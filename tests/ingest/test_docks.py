"""Who is at the door: refused tokens are refused before a byte of the body is asked for."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from jose import jwt
from sqlalchemy import select, update

from console.demo import town
from ingest.docks import CLOCK_LEEWAY, LONGEST_TOKEN, TokenRefused, identify
from tests.docking import Dock, another_dock, key_pair, stored
from tests.installation import MAKER, Installation
from vault.ids import new_id
from vault.registry import Registrar
from vault.tables import Dock as DockRow
from vault.tables import Recording

LEEWAY = int(CLOCK_LEEWAY.total_seconds())
Maker = Callable[[Dock], str | None]


def at(seconds: int) -> int:
    """So many seconds from now, as tokens say it."""
    return int(time.time()) + seconds


def bare(header: dict[str, Any], claims: object, signature: bytes = b"") -> str:
    """A token put together by hand, as no library would."""
    pieces = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(piece).rstrip(b"=").decode() for piece in pieces)


def claims_of(dock: Dock) -> dict[str, Any]:
    return {"iss": str(dock.id), "aud": dock.url, "iat": at(0), "exp": at(300)}


def with_public_key_as_secret(dock: Dock) -> str:
    """HS256 under the public key, which everyone may know: the classic confusion (RFC 8725, 2.1)."""
    private = serialization.load_pem_private_key(dock.private_key.encode(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signing = bare({"alg": "HS256", "typ": "JWT"}, claims_of(dock)).rpartition(".")[0]
    mac = hmac.new(public, signing.encode(), hashlib.sha256).digest()
    return f"{signing}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def signed_with_rsa(dock: Dock) -> str:
    private = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return jwt.encode(claims_of(dock), private.decode(), algorithm="RS256")


def signed_on_p384(dock: Dock) -> str:
    private = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return jwt.encode(claims_of(dock), private.decode(), algorithm="ES384")


def signed_under_its_own_key(dock: Dock, algorithm: str) -> str:
    """What libraries refuse to make: a good signature under the dock's P-256 key, with a longer digest."""
    private = serialization.load_pem_private_key(dock.private_key.encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    signing = bare({"alg": algorithm, "typ": "JWT"}, claims_of(dock)).rpartition(".")[0]
    hashing = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384(), "ES512": hashes.SHA512()}[algorithm]
    r, s = decode_dss_signature(private.sign(signing.encode(), ec.ECDSA(hashing)))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{signing}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def broken_signature(dock: Dock) -> str:
    head, _, signature = dock.token().rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def deep(_: Dock) -> str:
    """A payload that a parser falls into."""
    middle = base64.urlsafe_b64encode(b"[" * 20_000).decode()
    return f"{bare({'alg': 'ES256'}, {}).partition('.')[0]}.{middle}.AAAA"


FOREVER = int(LONGEST_TOKEN.total_seconds()) + 1
BAD: dict[str, Maker] = {
    "missing": lambda _: None,
    "empty": lambda _: "",
    "garbage": lambda _: "x",
    "dots": lambda _: "..",
    "not base64": lambda _: "\u00e9.!.?",
    "claims are a list": lambda _: bare({"alg": "ES256"}, []),
    "very deep": deep,
    "expired": lambda dock: dock.token(iat=at(-700), exp=at(-LEEWAY - 5)),
    "made in the future": lambda dock: dock.token(iat=at(LEEWAY + 30), exp=at(300)),
    "not yet valid": lambda dock: dock.token(nbf=at(200)),
    "lives too long": lambda dock: dock.token(iat=at(0), exp=at(FOREVER + 1)),
    "lives for ever": lambda dock: dock.token(exp=None),
    "ends at infinity": lambda dock: dock.token(exp=float("inf")),
    "ends at no number": lambda dock: dock.token(exp=float("nan")),
    "ends in a text": lambda dock: dock.token(exp=str(at(300))),
    "ends in a list": lambda dock: dock.token(exp=[at(300)]),
    "made never": lambda dock: dock.token(iat=None),
    "made at minus infinity": lambda dock: dock.token(iat=float("-inf")),
    "for another door": lambda dock: dock.token(aud="http://vault.example"),
    "for no door": lambda dock: dock.token(aud=None),
    "from nobody": lambda dock: dock.token(iss=None),
    "from no dock": lambda dock: dock.token(iss="admin"),
    "from an unknown dock": lambda dock: dock.token(iss=str(new_id())),
    "unsigned": lambda dock: bare({"alg": "none"}, claims_of(dock)),
    "unsigned, None": lambda dock: bare({"alg": "None"}, claims_of(dock)),
    "signature left out": lambda dock: dock.token().rpartition(".")[0] + ".",
    "signature broken": broken_signature,
    "public key as secret": with_public_key_as_secret,
    "other key": lambda dock: dock.token(key=key_pair()[1]),
    "RS256": signed_with_rsa,
    "ES384": signed_on_p384,
    # Signed well, by the dock itself, with an algorithm that is not the one we chose.
    "ES384 under its own key": lambda dock: signed_under_its_own_key(dock, "ES384"),
    "ES512 under its own key": lambda dock: signed_under_its_own_key(dock, "ES512"),
    "unknown algorithm": lambda dock: bare({"alg": "EdDSA"}, claims_of(dock), b"x" * 64),
}


def answer_to_headers(dock: Dock, path: str, method: str, token: str | None) -> bytes:
    """What the door answers to the headers of a request whose body of 1 GiB never comes."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {dock.url.removeprefix('http://')}",
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
        "Content-Type: application/offset+octet-stream",
        f"Content-Length: {1 << 30}",
        # A server that wants the body says so first (RFC 9110, 10.1.1).
        "Expect: 100-continue",
        *([f"Authorization: Bearer {token}"] if token is not None else []),
    ]
    port = int(dock.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode())
        return line.recv(65536)


@pytest.fixture(scope="module")
def upload(any_dock: Dock) -> str:
    return any_dock.begin(1 << 30)


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_is_refused_before_the_body(
    standing: Installation, any_dock: Dock, upload: str, kind: str
) -> None:
    path = upload.removeprefix(any_dock.url)
    answer = answer_to_headers(any_dock, path, "PATCH", BAD[kind](any_dock))
    assert answer.startswith(b"HTTP/1.1 401 "), answer
    assert b"\r\nwww-authenticate: bearer\r\n" in answer.lower()
    assert stored(standing, upload) == []


@pytest.mark.parametrize(("method", "path"), [("POST", "/uploads"), ("HEAD", None), ("DELETE", None)])
def test_no_request_is_without_a_token(any_dock: Dock, upload: str, method: str, path: str | None) -> None:
    path = path or upload.removeprefix(any_dock.url)
    assert answer_to_headers(any_dock, path, method, "x.y.z").startswith(b"HTTP/1.1 401 ")


def test_a_good_token_is_asked_for_its_body(any_dock: Dock, upload: str) -> None:
    """Shows that the refusals above are due to the token, and that the proof proves something."""
    path = upload.removeprefix(any_dock.url)
    assert answer_to_headers(any_dock, path, "PATCH", any_dock.token()).startswith(b"HTTP/1.1 100 ")


def test_another_docks_upload_does_not_exist(standing: Installation, any_dock: Dock, upload: str) -> None:
    other = another_dock(standing, any_dock.url, f"dock {new_id()}")
    path = upload.removeprefix(any_dock.url)
    for method in ("PATCH", "HEAD", "DELETE"):
        assert answer_to_headers(any_dock, path, method, other.token()).startswith(b"HTTP/1.1 404 ")
    assert other.ask_receipt(upload).status_code == 404
    assert any_dock.offset(upload) == 0


def test_a_dock_of_another_municipality_cannot_announce_for_ours(
    standing: Installation, any_dock: Dock
) -> None:
    registrar = Registrar(standing.vault.database, standing.vault.ring, MAKER)
    registrar.municipality("den-helder", "Den Helder", now=datetime.now(UTC))
    other = another_dock(standing, any_dock.url, f"dock {new_id()}", "den-helder")
    answer = other.announce(1000)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "camera-unknown")


def test_a_dock_that_was_retired_is_unknown(standing: Installation, any_dock: Dock) -> None:
    other = another_dock(standing, any_dock.url, f"dock {new_id()}")
    theirs = other.begin(1000)
    with standing.vault.database.transaction() as session:
        session.execute(update(DockRow).where(DockRow.id == other.id).values(active=False))
    assert other.announce(1000).status_code == 401
    assert other.head(theirs).status_code == 401


def test_a_refused_announcement_leaves_nothing(standing: Installation, any_dock: Dock) -> None:
    with standing.vault.database.reading() as session:
        before = set(session.scalars(select(Recording.id)))
    assert any_dock.announce(1000, camera="stolen").status_code == 422
    with standing.vault.database.reading() as session:
        assert set(session.scalars(select(Recording.id))) == before


def test_who_signed_is_who_it_is(small: Installation, dock: Dock) -> None:
    found = identify(small.vault.database, f"bearer {dock.token()}", audience=dock.url, now=datetime.now(UTC))
    assert (found.id, found.municipality, found.name) == (small.town.dock, town.SLUG, "Dock stadhuis")


@pytest.mark.parametrize(
    ("issued", "expires", "good"),
    [
        (0, 300, True),
        (0, FOREVER - 1, True),
        (0, FOREVER, False),
        (LEEWAY, 300, True),
        (LEEWAY + 1, 300, False),
        (-600, -LEEWAY, True),
        (-600, -LEEWAY - 1, False),
        (300, 0, False),
    ],
)
def test_lifetimes_to_the_second_by_the_clock_that_is_given(
    small: Installation, dock: Dock, issued: int, expires: int, good: bool
) -> None:
    """Years from now, by the injected clock: the one of this machine is asked for nothing."""
    now = datetime(2031, 5, 4, 12, tzinfo=UTC)
    at = int(now.timestamp())
    token = dock.token(iat=at + issued, exp=at + expires)
    try:
        identify(small.vault.database, f"Bearer {token}", audience=dock.url, now=now)
    except TokenRefused:
        assert not good
    else:
        assert good


@given(header=st.text(max_size=60))
def test_no_header_breaks_the_door(small: Installation, header: str) -> None:
    for given_header in (header, f"Bearer {header}", f"Bearer {header}.{header}.{header}"):
        with pytest.raises(TokenRefused):
            identify(small.vault.database, given_header, audience="x", now=datetime.now(UTC))


def test_a_token_made_by_hand_is_good_with_the_right_algorithm(small: Installation, dock: Dock) -> None:
    """Shows that those above are refused for their algorithm, and for nothing else."""
    token = signed_under_its_own_key(dock, "ES256")
    who = identify(small.vault.database, f"Bearer {token}", audience=dock.url, now=datetime.now(UTC))
    assert who == identify(
        small.vault.database, f"Bearer {dock.token()}", audience=dock.url, now=datetime.now(UTC)
    )


def test_a_leeway_is_no_second_life(small: Installation, dock: Dock) -> None:
    token = dock.token()
    later = datetime.now(UTC) + timedelta(seconds=300 + LEEWAY + 2)
    with pytest.raises(TokenRefused, match="expired"):
        identify(small.vault.database, f"Bearer {token}", audience=dock.url, now=later)
