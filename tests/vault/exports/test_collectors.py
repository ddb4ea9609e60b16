"""A collector: over TLS only to whom we trust, with what it knows us by, and only its own word counts."""

import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from tests.servers.collector import Fault, OtlpCollector, collecting
from vault import tracing
from vault.exports import collectors, otlp
from vault.exports.collectors import Address, Collector, CollectorAway, RecordsRefused

LOGS = "/v1/logs"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key, that stands for its own authority: of this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "collector")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("papers") / "papers.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def deliver(collector: OtlpCollector, **known: object) -> None:
    to = Collector(Address(f"{collector.url}{LOGS}", **known), otlp.refused_records)  # type: ignore[arg-type]
    try:
        to.deliver(otlp.of_records([]))
    finally:
        to.close()


def test_it_hears_who_we_are_and_within_which_trace() -> None:
    trace = tracing.begin()
    with collecting() as collector:
        deliver(collector, authorization=SecretStr("Bearer of-ours"))
    [asked] = collector.asked
    assert asked["authorization"] == "Bearer of-ours"
    assert asked["traceparent"].split("-")[1] == trace.trace_id


def test_only_over_tls_with_whom_we_trust_and_who_knows_us(papers: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers)
    context.load_verify_locations(papers)
    context.verify_mode = ssl.CERT_REQUIRED
    with collecting(context) as collector:
        deliver(collector, certificate=papers, authority=papers)
        assert len(collector.asked) == 1
        with pytest.raises(CollectorAway):
            deliver(collector, certificate=papers)
        with pytest.raises(CollectorAway):
            deliver(collector, authority=papers)
    assert len(collector.asked) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_it_says_of_what_it_got_is_a_refusal(status: int) -> None:
    with collecting() as collector:
        collector.faults = [Fault(status)]
        with pytest.raises(RecordsRefused, match=str(status)):
            deliver(collector)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500, 502, 503, 504])
def test_anything_else_is_no_acknowledgement(status: int) -> None:
    with collecting() as collector:
        collector.faults = [Fault(status)]
        with pytest.raises(CollectorAway, match=str(status)):
            deliver(collector)


def test_a_moment_to_come_back_at() -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    with collecting() as collector:
        collector.faults = [Fault(503, (("Retry-After", f"{later:%a, %d %b %Y %H:%M:%S} GMT"),))]
        with pytest.raises(CollectorAway) as told:
            deliver(collector)
    assert told.value.wait
    assert timedelta(seconds=80) < told.value.wait <= timedelta(seconds=90)


@pytest.mark.parametrize(("piece", "pause"), [(b"x" * 65536, 0.0), (b"x", 0.05)], ids=["much", "slow"])
def test_an_answer_without_an_end_is_none(piece: bytes, pause: float) -> None:
    """A keeper that read on would fill its memory, or never come to the next round."""
    done = threading.Event()

    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while not done.wait(pause):
                    self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            """Nothing: a test is no place for an access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    to = Collector(Address(f"http://127.0.0.1:{server.server_address[1]}{LOGS}"), otlp.refused_records)
    try:
        with (
            patch.object(collectors, "ANSWER_SECONDS", 0.5),
            pytest.raises(CollectorAway, match="without an end"),
        ):
            to.deliver(otlp.of_records([]))
    finally:
        done.set()
        to.close()
        server.shutdown()
        server.server_close()


def test_its_secret_is_in_no_text() -> None:
    address = Address("https://collector.example.nl/v1/logs", SecretStr("Bearer of-ours"))
    assert "of-ours" not in repr(address)
