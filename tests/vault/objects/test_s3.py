"""What only S3 can get wrong: versions, locks, what servers answer, and lines that break."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from minio import Minio
from minio.commonconfig import COMPLIANCE, GOVERNANCE
from minio.error import S3Error
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.retention import Retention

from tests.servers.radosgw import Gateway
from tests.stores import new_name
from vault.objects import (
    ObjectMissing,
    ObjectRetained,
    ObjectStore,
    StoreRefused,
    StoreUnavailable,
    open_store,
)

SOON = timedelta(hours=1)


# --- on a real gateway ------------------------------------------------------------------------------------


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
