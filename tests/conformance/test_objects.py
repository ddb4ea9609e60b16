"""What every object store promises, asked of both: a directory, and S3 on a real gateway."""

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from vault.objects import (
    NameRefused,
    ObjectExists,
    ObjectMissing,
    ObjectRetained,
    ObjectStore,
    RangeOutside,
    StoreUnavailable,
    open_store,
)

MIB = 1024 * 1024
LARGEST = 16 * MIB + 16 * 1025 + 100
"""A full part and what sealing adds to it."""


def new_name(recording: str | None = None, index: int = 0) -> str:
    return f"{recording or uuid4()}/{index:06d}-{secrets.token_hex(8)}"


Opened = tuple[ObjectStore, ObjectStore]


@pytest.fixture(scope="module", params=["directory", "s3"])
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """One store, opened twice, as two processes would have it."""
    if request.param == "directory":
        url = f"file://{tmp_path_factory.mktemp('store')}/new/objects"
        return open_store(url, create=True), open_store(url)
    gateway = request.getfixturevalue("radosgw")
    url = gateway.bucket_url(f"conformance-{secrets.token_hex(4)}")
    keys = {"access_key": gateway.access_key, "secret_key": gateway.secret_key}
    return open_store(url, **keys, create=True), open_store(url, **keys)


@pytest.fixture
def store(stores: Opened) -> ObjectStore:
    return stores[0]


@pytest.fixture
def other(stores: Opened) -> ObjectStore:
    return stores[1]


def test_what_was_put_is_fetched_by_others(store: ObjectStore, other: ObjectStore) -> None:
    name, body = new_name(), os.urandom(5000)
    store.put(name, body)
    assert other.fetch(name, 0, len(body) - 1) == body


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_can_be_put(store: ObjectStore, kind: Callable[[bytes], bytes]) -> None:
    name = new_name()
    store.put(name, kind(b"some bytes"))
    assert store.fetch(name, 0, 9) == b"some bytes"


def test_a_slice_of_a_buffer_can_be_put(store: ObjectStore) -> None:
    name = new_name()
    store.put(name, memoryview(b"0123456789")[3:7])
    assert store.fetch(name, 0, 3) == b"3456"
    with pytest.raises(RangeOutside):
        store.fetch(name, 4, 4)


def test_the_largest_part(store: ObjectStore, other: ObjectStore) -> None:
    name, body = new_name(), os.urandom(LARGEST)
    store.put(name, body)
    assert other.fetch(name, 0, LARGEST - 1) == body
    assert other.fetch(name, 16 * MIB - 5, LARGEST - 1) == body[16 * MIB - 5 :]
    assert [found.size for found in store.list(name)] == [LARGEST]


def test_the_smallest_object_is_one_byte(store: ObjectStore) -> None:
    name = new_name()
    store.put(name, b"!")
    assert store.fetch(name, 0, 0) == b"!"
    with pytest.raises(ValueError, match="at least one byte"):
        store.put(new_name(), b"")


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 99), (99, 99), (1, 98), (50, 50), (0, 1), (98, 99)])
def test_a_range_has_both_its_ends(store: ObjectStore, first: int, last: int) -> None:
    name, body = new_name(), bytes(range(100))
    store.put(name, body)
    assert store.fetch(name, first, last) == body[first : last + 1]


@pytest.mark.parametrize(
    ("first", "last"), [(0, 100), (99, 100), (100, 100), (100, 101), (5000, 6000), (-1, 5), (-5, -1), (6, 5)]
)
def test_a_range_outside_is_an_error_and_never_fewer_bytes(store: ObjectStore, first: int, last: int) -> None:
    name = new_name()
    store.put(name, bytes(100))
    with pytest.raises(RangeOutside):
        store.fetch(name, first, last)


def test_a_name_is_used_once(store: ObjectStore, other: ObjectStore) -> None:
    name = new_name()
    store.put(name, b"first")
    for one in (store, other):
        with pytest.raises(ObjectExists):
            one.put(name, b"later, and longer")
    assert store.fetch(name, 0, 4) == b"first"
    assert [found.size for found in store.list(name)] == [5]


def test_of_puts_at_the_same_time_exactly_one_wins(store: ObjectStore) -> None:
    for _ in range(5):
        name, together = new_name(), threading.Barrier(4)

        def put(body: bytes, name: str = name, together: threading.Barrier = together) -> bytes | None:
            together.wait()
            try:
                store.put(name, body)
            except ObjectExists:
                return None
            return body

        bodies = [bytes([number]) * 300_000 for number in range(4)]
        with ThreadPoolExecutor(4) as pool:
            winners = [body for body in pool.map(put, bodies) if body]
        assert len(winners) == 1
        assert store.fetch(name, 0, 299_999) == winners[0]


def test_many_threads_put_and_discard_in_one_recording(store: ObjectStore) -> None:
    """Discarding the last part at the moment another one comes must not lose the new one."""
    recording = str(uuid4())

    def work(number: int) -> None:
        for step in range(10):
            name, body = new_name(recording, number), bytes([number, step])
            store.put(name, body)
            assert store.fetch(name, 0, 1) == body
            store.discard(name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert list(store.list(f"{recording}/")) == []


def test_what_is_not_there(store: ObjectStore) -> None:
    recording = str(uuid4())
    with pytest.raises(ObjectMissing):
        store.fetch(new_name(recording), 0, 0)
    store.put(new_name(recording), b"neighbour")
    with pytest.raises(ObjectMissing):
        store.fetch(new_name(recording), 0, 0)


def test_discarded_is_gone_and_discarding_again_is_no_error(store: ObjectStore, other: ObjectStore) -> None:
    recording = str(uuid4())
    name, neighbour = new_name(recording), new_name(recording, 1)
    store.put(name, b"x")
    store.put(neighbour, b"y")
    store.discard(name)
    with pytest.raises(ObjectMissing):
        other.fetch(name, 0, 0)
    assert [found.name for found in other.list(f"{recording}/")] == [neighbour]
    other.discard(name)
    store.discard(new_name())
    assert store.fetch(neighbour, 0, 0) == b"y"


def test_retained_until_then(store: ObjectStore, other: ObjectStore) -> None:
    name = new_name()
    store.put(name, b"kept", retain_until=datetime.now(UTC) + timedelta(hours=1))
    for one in (store, other):
        with pytest.raises(ObjectRetained):
            one.discard(name)
    assert other.fetch(name, 0, 3) == b"kept"
    assert [found.name for found in other.list(name)] == [name]
    with pytest.raises(ObjectExists):
        other.put(name, b"other")


def test_discarded_after_its_retention(store: ObjectStore) -> None:
    name = new_name()
    store.put(name, b"kept", retain_until=datetime.now(UTC) + timedelta(seconds=3))
    with pytest.raises(ObjectRetained):
        store.discard(name)
    time.sleep(4.2)  # a store may round up to whole seconds
    store.discard(name)
    assert list(store.list(name)) == []


def test_a_retention_that_is_over_retains_nothing(store: ObjectStore) -> None:
    name = new_name()
    store.put(name, b"x", retain_until=datetime.now(UTC) - timedelta(seconds=1))
    store.discard(name)
    assert list(store.list(name)) == []


def test_a_retention_given_later_holds_for_everyone(store: ObjectStore, other: ObjectStore) -> None:
    name, until = new_name(), datetime.now(UTC) + timedelta(hours=1)
    store.put(name, b"kept")
    other.retain(name, until)
    for one in (store, other):
        with pytest.raises(ObjectRetained) as refused:
            one.discard(name)
        assert refused.value.until == until.replace(microsecond=0)
    assert store.fetch(name, 0, 3) == b"kept"
    assert [found.name for found in store.list(name)] == [name]


def test_a_retention_given_later_is_over_no_later_than_that(store: ObjectStore) -> None:
    name, until = new_name(), datetime.now(UTC) + timedelta(seconds=3)
    store.put(name, b"kept")
    store.retain(name, until)
    with pytest.raises(ObjectRetained):
        store.discard(name)
    time.sleep((until - datetime.now(UTC)).total_seconds())
    store.discard(name)
    assert list(store.list(name)) == []


def test_a_retention_only_becomes_longer(store: ObjectStore, other: ObjectStore) -> None:
    name, hour = new_name(), datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    store.put(name, b"kept", retain_until=hour)
    for until, then in (
        (hour - timedelta(minutes=1), hour),
        (hour, hour),
        (datetime.now(UTC) - timedelta(days=1), hour),
        (hour + timedelta(minutes=1), hour + timedelta(minutes=1)),
        (hour, hour + timedelta(minutes=1)),
        (hour + timedelta(days=300), hour + timedelta(days=300)),
    ):
        other.retain(name, until)
        with pytest.raises(ObjectRetained) as refused:
            store.discard(name)
        assert refused.value.until == then


def test_a_moment_that_has_passed_retains_nothing(store: ObjectStore) -> None:
    name = new_name()
    store.put(name, b"x")
    store.retain(name, datetime.now(UTC) - timedelta(seconds=1))
    store.retain(name, datetime(1970, 1, 1, tzinfo=UTC))
    store.discard(name)
    assert list(store.list(name)) == []


def test_of_retentions_at_the_same_time_the_longest_stays(store: ObjectStore, other: ObjectStore) -> None:
    hour = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    for _ in range(5):
        name, together = new_name(), threading.Barrier(4)
        store.put(name, b"kept")

        def retain(number: int, name: str = name, together: threading.Barrier = together) -> None:
            together.wait()
            (store, other)[number % 2].retain(name, hour + timedelta(days=number))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(retain, (2, 0, 3, 1)))
        with pytest.raises(ObjectRetained) as refused:
            store.discard(name)
        assert refused.value.until == hour + timedelta(days=3)


def test_held_until_it_is_let_go(store: ObjectStore, other: ObjectStore) -> None:
    name = new_name()
    store.put(name, b"held")
    for _ in range(2):
        store.hold(name, True)
        with pytest.raises(ObjectRetained) as refused:
            other.discard(name)
        assert refused.value.until is None
    assert other.fetch(name, 0, 3) == b"held"
    for _ in range(2):
        other.hold(name, False)
    store.discard(name)
    assert list(store.list(name)) == []


def test_a_hold_and_a_retention_know_nothing_of_each_other(store: ObjectStore, other: ObjectStore) -> None:
    name, hour = new_name(), datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    store.put(name, b"kept", retain_until=hour)
    store.hold(name, True)
    other.retain(name, hour + timedelta(days=1))
    with pytest.raises(ObjectRetained) as refused:
        store.discard(name)
    assert refused.value.until is None
    other.hold(name, False)
    with pytest.raises(ObjectRetained) as refused:
        store.discard(name)
    assert refused.value.until == hour + timedelta(days=1)


def test_a_hold_placed_while_it_is_discarded_holds_it_or_finds_nothing(
    store: ObjectStore, other: ObjectStore
) -> None:
    for _ in range(10):
        name, together = new_name(), threading.Barrier(2)
        store.put(name, b"kept")

        def hold(name: str = name, together: threading.Barrier = together) -> bool:
            together.wait()
            try:
                other.hold(name, True)
            except (ObjectMissing, StoreUnavailable):
                return False
            return True

        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(hold)
            together.wait()
            try:
                store.discard(name)
            except ObjectRetained:
                assert held.result()
        assert bool(list(store.list(name))) == held.result()


def test_what_is_not_there_is_not_kept(store: ObjectStore) -> None:
    neighbour = new_name()
    store.put(neighbour, b"x")
    for name in (new_name(), new_name(neighbour.split("/")[0])):
        for use in (
            partial(store.retain, name, datetime.now(UTC) + timedelta(hours=1)),
            partial(store.retain, name, datetime.now(UTC) - timedelta(hours=1)),
            partial(store.hold, name, True),
            partial(store.hold, name, False),
        ):
            with pytest.raises(ObjectMissing):
                use()
        assert list(store.list(name)) == []
    store.discard(neighbour)


def test_a_later_retention_without_zone_changes_nothing(store: ObjectStore) -> None:
    name = new_name()
    store.put(name, b"x")
    with pytest.raises(ValueError, match="time zone"):
        store.retain(name, datetime(2100, 1, 1))  # noqa: DTZ001  # that is the point
    store.discard(name)


def test_a_retention_without_zone_is_refused_before_anything_is_put(store: ObjectStore) -> None:
    name = new_name()
    with pytest.raises(ValueError, match="time zone"):
        store.put(name, b"x", retain_until=datetime(2100, 1, 1))  # noqa: DTZ001  # that is the point
    assert list(store.list(name)) == []


def test_a_refused_put_retains_nothing(store: ObjectStore) -> None:
    name = new_name()
    store.put(name, b"x")
    with pytest.raises(ObjectExists):
        store.put(name, b"y", retain_until=datetime.now(UTC) + timedelta(hours=1))
    store.discard(name)
    assert list(store.list(name)) == []


def test_listing(store: ObjectStore, other: ObjectStore) -> None:
    before = datetime.now(UTC)
    first, second = sorted(str(uuid4()) for _ in range(2))
    names = [new_name(recording, index) for recording in (first, second) for index in range(3)]
    for size, name in reversed(list(enumerate(names, start=1))):
        store.put(name, bytes(size))
    found = [each for each in other.list("") if each.name in names]
    assert [(each.name, each.size) for each in found] == [(name, size) for size, name in enumerate(names, 1)]
    for each in found:
        assert before - timedelta(seconds=2) <= each.stored_at <= datetime.now(UTC) + timedelta(seconds=2)
    assert [each.name for each in store.list(f"{first}/")] == names[:3]
    assert [each.name for each in store.list(second)] == names[3:]
    assert [each.name for each in store.list(f"{first}/000001")] == names[1:2]
    assert [each.name for each in store.list(names[4])] == names[4:5]
    assert list(store.list(f"{uuid4()}/")) == []
    assert list(store.list(first[:-1] + "-")) == []


def test_objects_may_go_while_they_are_listed(store: ObjectStore) -> None:
    recording = str(uuid4())
    for index in range(5):
        store.put(new_name(recording, index), b"x")
    seen = 0
    for each in store.list(f"{recording}/"):
        store.discard(each.name)
        seen += 1
    assert seen == 5
    assert list(store.list(f"{recording}/")) == []


RECORDING = "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
PART = "000001-0123456789abcdef"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        PART,
        f"/{RECORDING}/{PART}",
        f"{RECORDING}/{PART}/",
        f"{RECORDING}//{PART}",
        f"{RECORDING}/../{RECORDING}/{PART}",
        f"../{RECORDING}/{PART}",
        f"{RECORDING}/..",
        f"{RECORDING}/.",
        f"./{RECORDING}/{PART}",
        "../../../../../../../etc/passwd",
        "/etc/passwd",
        f"{RECORDING.upper()}/{PART}",
        f"{RECORDING}/{PART.upper()}",
        f"{RECORDING}/{PART}\x00",
        f"{RECORDING}\x00/{PART}",
        f"{RECORDING}/{PART}\n",
        f"{RECORDING}/{PART} ",
        f"{RECORDING}/{PART}.until",
        f".arriving/{PART}",
        f"{RECORDING}\\{PART}",
        f"{RECORDING}/%2e%2e-0123456789abcdef",
        f"{RECORDING}/00000\u0661-0123456789abcdef",
        f"{RECORDING}/\uff10\uff10\uff10\uff10\uff10\uff11-0123456789abcdef",
        f"{RECORDING}\u2215{PART}",
        f"{RECORDING}/00001-0123456789abcdef",
        f"{RECORDING}/000001-0123456789abcde",
        f"{RECORDING.replace('-', '')}/{PART}",
        "\ud800" + f"{RECORDING}/{PART}",
    ],
)
def test_only_our_names_are_names(store: ObjectStore, name: str) -> None:
    for use in (
        lambda: store.put(name, b"x"),
        lambda: store.fetch(name, 0, 0),
        lambda: store.discard(name),
        lambda: store.retain(name, datetime(2100, 1, 1, tzinfo=UTC)),
        lambda: store.hold(name, True),
    ):
        with pytest.raises(NameRefused):
            use()


@pytest.mark.parametrize(
    "prefix", ["..", "/", "../", f"{RECORDING}/../", "A", "a\x00", ".arriving", "\u0661"]
)
def test_only_beginnings_of_names_are_prefixes(store: ObjectStore, prefix: str) -> None:
    with pytest.raises(NameRefused):
        list(store.list(prefix))


def test_a_store_that_is_there_is_ready(store: ObjectStore, other: ObjectStore) -> None:
    store.check()
    other.check()


def test_making_a_store_that_is_there_changes_nothing(stores: Opened) -> None:
    name = new_name()
    stores[0].put(name, b"x")
    stores[1].create()  # type: ignore[attr-defined]  # not of the protocol: for those who set up
    assert stores[0].fetch(name, 0, 0) == b"x"


@pytest.fixture(params=["directory", "s3"])
def away(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    """A store where there is none: no directory, nothing that listens."""
    if request.param == "directory":
        yield open_store(f"file://{tmp_path}/missing")
        return
    yield open_store("s3+http://127.0.0.1:1/bucket", access_key="a", secret_key="b")


def test_a_store_that_is_away_says_so_soon(away: ObjectStore) -> None:
    name = new_name()
    begun = datetime.now(UTC)
    for use in (
        away.check,
        lambda: away.put(name, b"x"),
        lambda: away.fetch(name, 0, 0),
        lambda: away.discard(name),
        lambda: away.retain(name, datetime(2100, 1, 1, tzinfo=UTC)),
        lambda: away.hold(name, True),
        lambda: list(away.list("")),
        lambda: list(away.list(f"{uuid4()}/")),
    ):
        with pytest.raises(StoreUnavailable):
            use()
    assert datetime.now(UTC) - begun < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://host/bucket", "begins with"),
        ("/srv/objects", "begins with"),
        ("file://host/srv/objects", "absolute"),
        ("file:srv/objects", "absolute"),
        ("file:///srv/objects?fast", "no user"),
        ("s3+https://host/", "one bucket"),
        ("s3+https://host/bucket/folder", "one bucket"),
        ("s3+https:///bucket", "host"),
        ("s3+https://key:secret@host/bucket", "no user"),
    ],
)
def test_a_malformed_url_is_refused(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        open_store(url, access_key="a", secret_key="b")
    assert "secret" not in str(refused.value)


def test_s3_needs_keys() -> None:
    with pytest.raises(ValueError, match="access key"):
        open_store("s3+https://host/bucket", access_key="a")
