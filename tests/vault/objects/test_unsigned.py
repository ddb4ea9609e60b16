"""What goes to S3, and what its answers mean, word for word; also answers that no good server gives."""

import base64
import secrets
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.servers.scripted import Answer, Script, scripted
from vault.objects import (
    ObjectError,
    ObjectExists,
    ObjectStore,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    open_store,
)

NO_SUCH_KEY = Answer(404, "NoSuchKey")
DONE = Answer(200)


def new_name() -> str:
    return f"{uuid4()}/000000-{secrets.token_hex(8)}"


@contextmanager
def told(*answers: Answer, patience: float = 5.0) -> Iterator[tuple[Script, ObjectStore]]:
    """A store whose server gives these answers."""
    with scripted(*answers) as (script, endpoint):
        url = f"s3+{endpoint}/bucket"
        yield script, open_store(url, access_key="key", secret_key="hidden", patience=patience)


def listing(name: str) -> Answer:
    """One version of the object, in a listing of versions."""
    text = f"""<ListVersionsResult><Name>bucket</Name><Version><Key>{name}</Key><VersionId>v1</VersionId>
        <LastModified>2101-01-01T00:00:00Z</LastModified><Size>1</Size></Version></ListVersionsResult>"""
    return Answer(200, body=text.encode())


def test_a_body_goes_as_one_signed_put_and_is_not_hashed_for_it() -> None:
    name, body = new_name(), secrets.token_bytes(3_000_000)
    with told(NO_SUCH_KEY, DONE) as (script, store):
        store.put(name, body)
    look, put = script.asked
    assert look[0] == "HEAD"
    command, path, headers, sent = put
    assert (command, path, sent) == ("PUT", f"/bucket/{name}", body)
    assert headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert headers["content-length"] == "3000000"
    assert headers["if-none-match"] == "*"
    assert "content-md5" not in headers
    assert "hidden" not in str(script.asked)
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert set(headers) - set(signed) <= {"authorization", "user-agent", "accept-encoding", "traceparent"}


def test_a_retained_body_carries_its_checksum_and_the_answer_is_believed_only_when_read_back() -> None:
    name, body = new_name(), b"0123456789" * 1000
    until = datetime(2101, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    kept = Answer(200, x_amz_object_lock_retain_until_date="2101-02-03T04:05:07.000000000Z")
    with told(NO_SUCH_KEY, DONE, kept) as (script, store):
        store.put(name, body, retain_until=until)
    headers = script.asked[1][2]
    assert headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert headers["x-amz-object-lock-retain-until-date"] == "2101-02-03T04:05:07Z"
    assert headers["x-amz-sdk-checksum-algorithm"] == "CRC32"
    assert base64.b64decode(headers["x-amz-checksum-crc32"]) == zlib.crc32(body).to_bytes(4, "big")


@pytest.mark.parametrize(
    "kept", [DONE, Answer(200, x_amz_object_lock_retain_until_date="2101-02-03T04:05:05Z")]
)
def test_a_server_that_does_not_retain_is_found_out(kept: Answer) -> None:
    name = new_name()
    answers = (NO_SUCH_KEY, DONE, kept, listing(name), Answer(204))
    with told(*answers) as (script, store), pytest.raises(StoreRefused, match="was to be retained"):
        store.put(name, b"x", retain_until=datetime(2101, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert script.asked[-1][:2] == ("DELETE", f"/bucket/{name}?versionId=v1")


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        (Answer(403, "QuotaExceeded"), StoreFull),
        (Answer(507, "InsufficientStorage"), StoreFull),
        (Answer(507, "XMinioStorageFull"), StoreFull),
        (Answer(507, content_type="text/html", body=b"<h1>full"), StoreFull),
        (Answer(412, "PreconditionFailed"), ObjectExists),
        (Answer(409, "ConditionalRequestConflict"), ObjectExists),
        (Answer(403, "AccessDenied"), StoreUnavailable),
        (Answer(404, "NoSuchBucket"), StoreUnavailable),
        (Answer(500, "InternalError"), StoreUnavailable),
        (Answer(302, location="http://127.0.0.1:1/"), StoreUnavailable),
        (Answer(400, content_type="text/html", body=b"<h1>a proxy's opinion"), StoreUnavailable),
        (Answer(400, body=b"<not xml"), StoreUnavailable),
        (Answer(202), StoreUnavailable),
    ],
)
def test_what_the_answer_to_a_put_means(answer: Answer, means: type[ObjectError]) -> None:
    with told(NO_SUCH_KEY, answer) as (script, store):
        with pytest.raises(ObjectError) as raised:
            store.put(new_name(), b"x")
        assert raised.type is means
        assert len(script.asked) == 2


def test_a_busy_server_is_asked_again_but_not_for_long() -> None:
    busy = Answer(503, "SlowDown", retry_after="120")
    begun = time.monotonic()
    with told(NO_SUCH_KEY, busy, busy, DONE) as (_, store):
        store.put(new_name(), b"x")
    with told(NO_SUCH_KEY, busy, busy, busy) as (_, store), pytest.raises(StoreUnavailable):
        store.put(new_name(), b"x")
    with told(busy, busy, busy) as (_, store), pytest.raises(StoreUnavailable):
        store.fetch(new_name(), 0, 0)
    assert time.monotonic() - begun < 5


def test_a_silent_server_is_away_and_a_put_it_may_have_done_is_not_repeated() -> None:
    begun = time.monotonic()
    with told(NO_SUCH_KEY, Answer(200, silence=1.0), patience=0.3) as (script, store):
        with pytest.raises(StoreUnavailable):
            store.put(new_name(), b"x")
        assert [asked[0] for asked in script.asked] == ["HEAD", "PUT"]
    silent = Answer(200, silence=1.0)
    with told(silent, silent, patience=0.3) as (_, store), pytest.raises(StoreUnavailable):
        store.fetch(new_name(), 0, 0)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "answer", [Answer(206, body=b"too many bytes"), Answer(200, body=b"the whole of a longer object")]
)
def test_a_server_that_ignores_the_range_is_not_believed(answer: Answer) -> None:
    with told(answer) as (_, store), pytest.raises(StoreUnavailable, match="range"):
        store.fetch(new_name(), 0, 4)


def test_a_look_that_fails_is_not_a_free_name() -> None:
    with told(Answer(403)) as (script, store), pytest.raises(StoreUnavailable):
        store.put(new_name(), b"x")
    assert [asked[0] for asked in script.asked] == ["HEAD"]


def test_a_listing_that_is_none_is_not_an_empty_store() -> None:
    answer = Answer(200, content_type="text/html", body=b"<h1>Welcome to nginx")
    with told(answer) as (_, store), pytest.raises(StoreUnavailable):
        list(store.list(""))


def test_a_delete_refused_for_want_of_rights_is_no_retention() -> None:
    name = new_name()
    denied = Answer(403, "AccessDenied")
    with told(listing(name), denied, DONE) as (_, store):
        with pytest.raises(StoreUnavailable) as raised:
            store.discard(name)
        assert raised.type is StoreUnavailable
