"""What keeps an object of a directory: the file, what the disk does with it, and things planted there."""

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stores import new_name
from tests.vault.objects.test_directory import AWAY, FULL, Disk, tree
from vault.objects import (
    NameRefused,
    ObjectError,
    ObjectRetained,
    ObjectStore,
    StoreFull,
    StoreUnavailable,
    open_store,
)

THEN = datetime(2100, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
KEEPING: list[Callable[[ObjectStore, str], None]] = [
    lambda store, name: store.retain(name, THEN),
    lambda store, name: store.hold(name, True),
]


@pytest.fixture
def store(root: Path) -> ObjectStore:
    return open_store(f"file://{root}", create=True)


@pytest.fixture
def name(store: ObjectStore) -> str:
    name = new_name()
    store.put(name, b"sealed")
    return name


def test_the_file_says_what_keeps_the_object(store: ObjectStore, root: Path, name: str) -> None:
    term, before = root / f"{name}.until", tree(root)
    store.retain(name, THEN)
    assert term.read_text() == "2100-01-02T03:04:05+00:00"
    store.hold(name, True)
    assert term.read_text() == "2100-01-02T03:04:05+00:00 held"
    store.retain(name, THEN + timedelta(days=1))
    assert term.read_text() == "2100-01-03T03:04:05+00:00 held"
    store.hold(name, False)
    assert term.read_text() == "2100-01-03T03:04:05+00:00"
    assert tree(root) == {*before, f"{name}.until"}


def test_a_hold_alone_leaves_no_file_behind(store: ObjectStore, root: Path, name: str) -> None:
    before = tree(root)
    store.hold(name, True)
    assert (root / f"{name}.until").read_text() == "held"
    store.hold(name, False)
    assert tree(root) == before


@pytest.mark.parametrize("keep", KEEPING)
def test_it_is_durable_before_we_return(
    store: ObjectStore,
    root: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    keep: Callable[[ObjectStore, str], None],
) -> None:
    disk = Disk(root, monkeypatch)
    keep(store, name)
    assert [seen for seen in disk.seen if seen[0] != "unlink"] == [
        ("write", "temporary"),
        ("fsync", "temporary"),
        ("fsync", name.split("/")[0]),
    ]


@pytest.mark.parametrize("keep", KEEPING)
@pytest.mark.parametrize(
    ("number", "means"), [*((each, StoreFull) for each in FULL), *((each, StoreUnavailable) for each in AWAY)]
)
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_on_a_disk_that_fails_what_kept_it_before_still_does(
    store: ObjectStore,
    root: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    keep: Callable[[ObjectStore, str], None],
    number: int,
    means: type[ObjectError],
    call: str,
) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    store.retain(name, soon)
    before = tree(root)
    disk = Disk(root, monkeypatch)
    disk.fail[(call, "temporary")] = number
    with pytest.raises(means, match=name):
        keep(store, name)
    disk.fail.clear()
    assert tree(root) == before
    with pytest.raises(ObjectRetained) as refused:
        store.discard(name)
    assert refused.value.until == soon


def test_on_a_read_only_disk_nothing_is_discarded_and_nothing_said_to_be_kept(
    store: ObjectStore, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_it = os.open

    def read_only(path: str, flags: int, *rest: int, dir_fd: int | None = None) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return open_it(path, flags, *rest, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", read_only)
    uses: list[Callable[[], None]] = [
        lambda: store.retain(name, THEN),
        lambda: store.hold(name, True),
        lambda: store.discard(name),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable, match="Read-only"):
            use()
    assert store.fetch(name, 0, 5) == b"sealed"


@pytest.mark.parametrize(
    "text", ["", " ", "yesterday", "held held", "held 2000-01-01T00:00:00+00:00", "2000-01-01T00:00:00"]
)
def test_what_cannot_be_read_frees_nothing(store: ObjectStore, root: Path, name: str, text: str) -> None:
    (root / f"{name}.until").write_text(text)
    uses: list[Callable[[], None]] = [
        lambda: store.discard(name),
        lambda: store.hold(name, False),
        lambda: store.retain(name, THEN),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable, match="cannot be read"):
            use()
    assert (root / f"{name}.until").read_text() == text


def test_a_link_is_not_followed_and_not_replaced(
    store: ObjectStore, root: Path, name: str, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("2000-01-01T00:00:00+00:00")
    (root / f"{name}.until").symlink_to(tmp_path / "outside")
    for keep in KEEPING:
        with pytest.raises(NameRefused):
            keep(store, name)
    assert (tmp_path / "outside").read_text() == "2000-01-01T00:00:00+00:00"


def test_a_retention_of_before_holds_were_known_is_read(store: ObjectStore, root: Path, name: str) -> None:
    (root / f"{name}.until").write_text("2100-01-02T03:04:05.678901+00:00")
    with pytest.raises(ObjectRetained) as refused:
        store.discard(name)
    assert refused.value.until == THEN
