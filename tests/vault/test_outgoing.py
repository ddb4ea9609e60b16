"""What we send to others carries the trace it belongs to: also signed requests, and also redirected ones."""

import secrets
from uuid import uuid4

import pytest

from tests.provider import AUDIENCE, handmade
from tests.servers.radosgw import Gateway
from tests.servers.scripted import Answer, scripted
from vault import tracing
from vault.objects import ObjectMissing, open_store
from vault.outgoing import TracedPool
from vault.web.tokens import Provider

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"


def test_every_request_has_a_span_of_its_own_in_the_trace() -> None:
    tracing.begin(GIVEN, "congo=1")
    moved = Answer(307, Location="/elsewhere")
    with scripted(Answer(200), moved, Answer(200)) as (script, url):
        pool = TracedPool(headers={"x-mine": "kept"})
        pool.request("GET", url)
        pool.request("PUT", f"{url}/1", body=b"x", headers={"x-own": "kept"})
        pool.clear()
    sent = [headers for _, _, headers, _ in script.asked]
    spans = {headers["traceparent"].split("-")[2] for headers in sent}
    assert len(spans) == 3
    assert "00f067aa0ba902b7" not in spans
    assert {headers["traceparent"].split("-")[1] for headers in sent} == {TRACE}
    assert {headers["tracestate"] for headers in sent} == {"congo=1"}
    assert [headers.get("x-mine") for headers in sent] == ["kept", None, None]
    assert [headers.get("x-own") for headers in sent] == [None, "kept", "kept"]


def test_the_provider_is_asked_within_the_trace() -> None:
    tracing.begin(GIVEN)
    with handmade() as theirs:
        provider = Provider(theirs.issuer, AUDIENCE)
        provider.subject_of(f"Bearer {theirs.token('s.devries')}")
        asked = [headers["traceparent"] for headers in theirs.headers]
    assert [header.split("-")[1] for header in asked] == [TRACE, TRACE]


def test_the_store_is_asked_within_the_trace() -> None:
    tracing.begin(GIVEN)
    missing = Answer(404, code="NoSuchKey")
    with scripted(missing, Answer(200), Answer(206, body=b"x")) as (script, url):
        store = open_store(f"s3+{url}/somewhere", access_key="a", secret_key="b")
        name = f"{uuid4()}/000000-{secrets.token_hex(8)}"
        store.put(name, memoryview(b"x"))
        store.fetch(name, 0, 0)
    asked = [headers["traceparent"] for _, _, headers, _ in script.asked]
    assert [header.split("-")[1] for header in asked] == [TRACE] * 3


def test_a_real_store_takes_it(radosgw: Gateway) -> None:
    """Beside the signature: a header that is not signed may be there."""
    tracing.begin(GIVEN, "congo=1")
    store = open_store(
        radosgw.bucket_url(f"bucket-{secrets.token_hex(6)}"),
        access_key=radosgw.access_key,
        secret_key=radosgw.secret_key,
        create=True,
    )
    name = f"{uuid4()}/000000-{secrets.token_hex(8)}"
    store.put(name, memoryview(b"footage"))
    assert store.fetch(name, 0, 6) == b"footage"
    with pytest.raises(ObjectMissing):
        store.fetch(f"{uuid4()}/000000-{secrets.token_hex(8)}", 0, 1)
