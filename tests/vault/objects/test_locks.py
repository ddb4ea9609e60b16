"""Locks in S3: every version, what servers keep of what they are told, and who wins."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from minio import Minio

from tests.servers.radosgw import Gateway
from tests.servers.scripted import Answer
from tests.stores import new_name
from tests.vault.objects.test_unsigned import told
from vault.objects import (
    ObjectMissing,
    ObjectRetained,
    ObjectStore,
    StoreRefused,
    StoreUnavailable,
    open_store,
)
from vault.objects.locks import Lock, Locks

THEN = datetime(2101, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
DONE, GONE = Answer(200), Answer(204)


@pytest.fixture
def store(radosgw: Gateway, bucket: str) -> ObjectStore:
    return open_store(
        radosgw.bucket_url(bucket),
        access_key=radosgw.access_key,
        secret_key=radosgw.secret_key,
        create=True,
    )


@pytest.fixture
def locks(store: ObjectStore, client: Minio, bucket: str) -> Locks:
    del store
    return Locks(client, bucket)


def three_versions(store: ObjectStore, client: Minio, bucket: str) -> str:
    """A name under which somebody put two more versions, and another name that begins with it."""
    name = new_name()
    store.put(name, b"first")
    for body in (b"second", b"third"):
        client.put_object(bucket, name, BytesIO(body), len(body))
    client.put_object(bucket, f"{name}-and-more", BytesIO(b"other"), 5)
    return name


def test_every_version_of_this_name_only_is_locked_and_let_go(
    store: ObjectStore, locks: Locks, client: Minio, bucket: str
) -> None:
    name = three_versions(store, client, bucket)
    until = datetime.now(UTC) + timedelta(hours=1)
    store.retain(name, until)
    store.hold(name, True)
    whole = until.replace(microsecond=0)
    versions = [each.version_id for each in locks.versions(name)]
    assert [locks.read(name, each) for each in versions] == [Lock(whole, True)] * 3
    assert locks.read(f"{name}-and-more") == Lock(None, False)
    store.hold(name, False)
    assert [locks.read(name, each) for each in versions] == [Lock(whole, False)] * 3
    with pytest.raises(ObjectRetained):
        store.discard(name)


def test_what_somebody_hid_is_locked_and_told_as_missing(
    store: ObjectStore, locks: Locks, client: Minio, bucket: str
) -> None:
    name = three_versions(store, client, bucket)
    client.remove_object(bucket, name)
    until = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(ObjectMissing):
        store.retain(name, until)
    with pytest.raises(ObjectMissing):
        store.hold(name, True)
    standing = [each.version_id for each in locks.versions(name) if not each.is_delete_marker]
    kept = Lock(until.replace(microsecond=0), True)
    assert [locks.read(name, each) for each in standing] == [kept] * 3


def test_each_version_gets_what_it_lacks(
    store: ObjectStore, locks: Locks, client: Minio, bucket: str
) -> None:
    name = new_name()
    hour = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    store.put(name, b"first", retain_until=hour + timedelta(days=2))
    client.put_object(bucket, name, BytesIO(b"second"), 6)
    store.retain(name, hour)
    kept = {locks.read(name, each.version_id).until for each in locks.versions(name)}
    assert kept == {hour, hour + timedelta(days=2)}


def listing(name: str) -> Answer:
    text = f"""<ListVersionsResult><Name>bucket</Name><Version><Key>{name}</Key><VersionId>v1</VersionId>
        <LastModified>2101-01-01T00:00:00Z</LastModified><Size>1</Size><IsLatest>true</IsLatest></Version>
        </ListVersionsResult>"""
    return Answer(200, body=text.encode())


def test_a_retention_is_believed_when_it_is_read_back() -> None:
    name = new_name()
    kept = Answer(200, x_amz_object_lock_retain_until_date="2101-02-03T04:05:06.000000000Z")
    with told(listing(name), DONE, DONE, kept) as (script, store):
        store.retain(name, THEN)
    command, path, _, body = script.asked[2]
    assert (command, path) == ("PUT", f"/bucket/{name}?retention=&versionId=v1")
    assert b"<Mode>COMPLIANCE</Mode><RetainUntilDate>2101-02-03T04:05:06.000Z</RetainUntilDate>" in body


@pytest.mark.parametrize(
    "kept", [DONE, Answer(200, x_amz_object_lock_retain_until_date="2101-02-03T04:05:05Z")]
)
def test_a_server_that_does_not_retain_is_found_out(kept: Answer) -> None:
    name = new_name()
    with told(listing(name), DONE, DONE, kept) as (_, store), pytest.raises(StoreRefused, match="04:05:06"):
        store.retain(name, THEN)


def test_another_that_retains_for_longer_at_the_same_moment_is_no_error() -> None:
    name, denied = new_name(), Answer(403, "AccessDenied")
    longer = Answer(200, x_amz_object_lock_retain_until_date="2102-01-01T00:00:00Z")
    with told(listing(name), DONE, denied, longer) as (_, store):
        store.retain(name, THEN)
    with (
        told(listing(name), DONE, denied, DONE) as (_, store),
        pytest.raises(StoreUnavailable, match="Denied"),
    ):
        store.retain(name, THEN)


@pytest.mark.parametrize("on", [True, False])
def test_a_server_that_ignores_a_hold_is_found_out(on: bool) -> None:
    name, as_before = new_name(), Answer(200, x_amz_object_lock_legal_hold="OFF" if on else "ON")
    answers = (listing(name), as_before, DONE, as_before)
    with told(*answers) as (script, store), pytest.raises(StoreRefused, match="hold"):
        store.hold(name, on)
    assert script.asked[2][:2] == ("PUT", f"/bucket/{name}?legal-hold=&versionId=v1")
