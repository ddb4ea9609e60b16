"""What only S3 can get wrong: versions, locks, what servers answer, and lines that break."""

import base64
import secrets
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from uuid import uuid4

import pytest
from minio import Minio
from minio.commonconfig import COMPLIANCE, GOVERNANCE
from minio.error import S3Error
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.retention import Retention

from tests.servers.radosgw import Gateway
from vault.objects import (
    ObjectError,
    ObjectExists,
    ObjectMissing,
    ObjectRetained,
    ObjectStore,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    open_store,
)

SOON = timedelta(hours=1)


def new_name() -> str:
    return f"{uuid4()}/000000-{secrets.token_hex(8)}"


# --- on a real gateway ------------------------------------------------------------------------------------


@pytest.fixture
def bucket() -> str:
    return f"bucket-{secrets.token_hex(6)}"


@pytest.fixture
def client(radosgw: Gateway) -> Minio:
    """The same account, with nothing of ours between: what an administrator could do."""
    host = radosgw.endpoint.removeprefix("http://")
    return Minio(host, radosgw.access_key, radosgw.secret_key, secure=False, region="us-east-1")


def opened(gateway: Gateway, bucket: str, *, create: bool = False) -> ObjectStore:
    return open_store(
        gateway.bucket_url(bucket),
        access_key=gateway.access_key,
        secret_key=gateway.secret_key,
        create=create,
    )


@pytest.fixture
def store(radosgw: Gateway, bucket: str) -> ObjectStore:
    return opened(radosgw, bucket, create=True)


def versions(client: Minio, bucket: str) -> list[str | None]:
    return [each.object_name for each in client.list_objects(bucket, recursive=True, include_version=True)]


def test_discarding_removes_every_version_and_marker_of_this_name_only(
    store: ObjectStore, client: Minio, bucket: str
) -> None:
    name = new_name()
    store.put(name, b"first")
    for body in (b"second", b"third"):
        client.put_object(bucket, name, BytesIO(body), len(body))
    client.remove_object(bucket, name)
    client.put_object(bucket, name, BytesIO(b"fourth"), 6)
    client.remove_object(bucket, name)
    client.put_object(bucket, f"{name}-and-more", BytesIO(b"other"), 5)
    with pytest.raises(ObjectMissing):
        store.fetch(name, 0, 0)
    assert len(versions(client, bucket)) == 7
    store.discard(name)
    assert versions(client, bucket) == [f"{name}-and-more"]


def test_nobody_can_take_a_retained_object_away(store: ObjectStore, client: Minio, bucket: str) -> None:
    name, until = new_name(), datetime.now(UTC) + SOON
    store.put(name, b"kept", retain_until=until)
    headers = client.stat_object(bucket, name).metadata or {}
    assert headers["x-amz-object-lock-mode"] == COMPLIANCE
    promised = datetime.fromisoformat(headers["x-amz-object-lock-retain-until-date"])
    assert until <= promised <= until + timedelta(seconds=1)
    version = headers["x-amz-version-id"]
    with pytest.raises(S3Error, match="AccessDenied"):
        client.remove_object(bucket, name, version)
    for mode, end in ((COMPLIANCE, until - timedelta(minutes=5)), (GOVERNANCE, until + SOON)):
        with pytest.raises(S3Error, match="AccessDenied"):
            client.set_object_retention(bucket, name, Retention(mode, end))
    with pytest.raises(ObjectRetained, match=f"{promised:%Y-%m-%dT%H:%M:%S}"):
        store.discard(name)


def test_a_legal_hold_placed_by_someone_else_retains_too(
    store: ObjectStore, client: Minio, bucket: str
) -> None:
    name = new_name()
    store.put(name, b"held")
    client.enable_object_legal_hold(bucket, name)
    with pytest.raises(ObjectRetained):
        store.discard(name)
    client.disable_object_legal_hold(bucket, name)
    store.discard(name)
    assert versions(client, bucket) == []


def test_a_bucket_without_object_lock_is_refused(radosgw: Gateway, client: Minio, bucket: str) -> None:
    client.make_bucket(bucket)
    for open_it in (lambda: opened(radosgw, bucket).check(), lambda: opened(radosgw, bucket, create=True)):
        with pytest.raises(StoreRefused, match="has no Object Lock"):
            open_it()


def test_a_bucket_with_a_retention_of_its_own_is_refused(
    store: ObjectStore, client: Minio, bucket: str
) -> None:
    client.set_object_lock_config(bucket, ObjectLockConfig(GOVERNANCE, 1, DAYS))
    with pytest.raises(StoreRefused, match="default retention"):
        store.check()


def test_a_bucket_that_is_missing_is_no_empty_store(radosgw: Gateway, bucket: str) -> None:
    store, name = opened(radosgw, bucket), new_name()
    for use in (
        store.check,
        lambda: store.put(name, b"x"),
        lambda: store.fetch(name, 0, 0),
        lambda: store.discard(name),
        lambda: list(store.list("")),
    ):
        with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
            use()


def test_wrong_keys_are_no_reason_to_think_an_object_is_gone(
    radosgw: Gateway, store: ObjectStore, bucket: str
) -> None:
    name = new_name()
    store.put(name, b"x")
    stranger = open_store(radosgw.bucket_url(bucket), access_key=radosgw.access_key, secret_key="wrong")
    for use in (
        stranger.check,
        lambda: stranger.put(new_name(), b"x"),
        lambda: stranger.fetch(name, 0, 0),
        lambda: stranger.discard(name),
        lambda: list(stranger.list("")),
    ):
        with pytest.raises(StoreUnavailable):
            use()
    assert store.fetch(name, 0, 0) == b"x"


def test_strangers_in_the_bucket_are_not_listed(store: ObjectStore, client: Minio, bucket: str) -> None:
    name = new_name()
    store.put(name, b"x")
    for stranger in ("notes.txt", f"{name}.until", f"{name.split('/')[0]}/deeper/000000-0123456789abcdef"):
        client.put_object(bucket, stranger, BytesIO(b"?"), 1)
    assert [found.name for found in store.list("")] == [name]
    assert [found.name for found in store.list(f"{name.split('/')[0]}/")] == [name]


class Line:
    """A line to the gateway that can be cut: hang up on everyone and stop listening."""

    def __init__(self, gateway: Gateway) -> None:
        self._to = ("127.0.0.1", int(gateway.endpoint.rpartition(":")[2]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.cut_after: int | None = None
        """Hang up in the middle of the request that sends more bytes than this."""
        self._run(self._accept)

    def _run(self, what: object, *arguments: object) -> None:
        thread = threading.Thread(target=what, args=arguments)  # type: ignore[arg-type]  # any function
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller = self._listener.accept()[0]
                called = socket.create_connection(self._to)
                self._ends += [caller, called]
                self._run(self._carry, caller, called, True)
                self._run(self._carry, called, caller, False)

    def _carry(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        carried = 0
        with suppress(OSError):
            while data := source.recv(65536):
                carried += len(data)
                if up and self.cut_after is not None and carried > self.cut_after:
                    break
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)
        source.close()

    def cut(self) -> None:
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join()
        self._ends.clear()


@pytest.fixture
def line(radosgw: Gateway) -> Iterator[Line]:
    line = Line(radosgw)
    yield line
    line.cut()


def test_a_store_that_goes_away_and_says_so_soon(
    radosgw: Gateway, store: ObjectStore, bucket: str, line: Line
) -> None:
    through = opened(Gateway(f"http://127.0.0.1:{line.port}", radosgw.access_key, radosgw.secret_key), bucket)
    name = new_name()
    through.put(name, b"x")
    assert through.fetch(name, 0, 0) == b"x"
    line.cut()
    begun = time.monotonic()
    for use in (
        through.check,
        lambda: through.put(new_name(), b"x"),
        lambda: through.fetch(name, 0, 0),
        lambda: through.discard(name),
        lambda: list(through.list("")),
    ):
        with pytest.raises(StoreUnavailable):
            use()
    assert time.monotonic() - begun < 5
    assert store.fetch(name, 0, 0) == b"x"


def test_a_body_cut_off_on_its_way_is_no_object(
    radosgw: Gateway, store: ObjectStore, client: Minio, bucket: str, line: Line
) -> None:
    through = opened(Gateway(f"http://127.0.0.1:{line.port}", radosgw.access_key, radosgw.secret_key), bucket)
    line.cut_after = 3_000_000
    name = new_name()
    with pytest.raises(StoreUnavailable):
        through.put(name, bytes(8_000_000))
    assert versions(client, bucket) == []
    line.cut_after = None
    through.put(name, b"whole")
    assert store.fetch(name, 0, 4) == b"whole"


# --- what servers answer, word for word -------------------------------------------------------------------


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


NO_SUCH_KEY = Answer(404, "NoSuchKey")
DONE = Answer(200)


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

            do_GET = do_PUT = do_HEAD = do_DELETE = _answer  # noqa: N815  # the names the base class calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def told(*answers: Answer, patience: float = 5.0) -> Iterator[tuple[Script, ObjectStore]]:
    script = Script(*answers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), script.handler())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"s3+http://127.0.0.1:{server.server_port}/bucket"
    try:
        yield script, open_store(url, access_key="key", secret_key="hidden", patience=patience)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert script.answers == []


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
    assert set(headers) - set(signed) <= {"authorization", "user-agent", "accept-encoding"}


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
    listing = f"""<ListVersionsResult><Name>bucket</Name><Version><Key>{name}</Key><VersionId>v1</VersionId>
        <LastModified>2101-01-01T00:00:00Z</LastModified><Size>1</Size></Version></ListVersionsResult>"""
    answers = (NO_SUCH_KEY, DONE, kept, Answer(200, body=listing.encode()), Answer(204))
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
    listing = f"""<ListVersionsResult><Name>bucket</Name><Version><Key>{name}</Key><VersionId>v1</VersionId>
        <LastModified>2101-01-01T00:00:00Z</LastModified><Size>1</Size></Version></ListVersionsResult>"""
    denied = Answer(403, "AccessDenied")
    with told(Answer(200, body=listing.encode()), denied, DONE) as (_, store):
        with pytest.raises(StoreUnavailable) as raised:
            store.discard(name)
        assert raised.type is StoreUnavailable
