"""What only a directory can get wrong: order on the disk, a full disk, things planted in the tree."""

import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.stores import new_name
from vault.objects import (
    NameRefused,
    ObjectError,
    ObjectMissing,
    ObjectRetained,
    ObjectStore,
    StoreFull,
    StoreUnavailable,
    open_store,
)

SOON = timedelta(hours=1)


@pytest.fixture
def store(root: Path) -> ObjectStore:
    return open_store(f"file://{root}", create=True)


@pytest.fixture
def name() -> str:
    return new_name()


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_an_object_is_one_private_file_and_nothing_else(store: ObjectStore, root: Path, name: str) -> None:
    store.put(name, b"sealed")
    assert (root / name).read_bytes() == b"sealed"
    assert tree(root) == {".arriving", name.split("/")[0], name}
    for path in (root, root / ".arriving", (root / name).parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((root / name).stat().st_mode) == 0o600
    store.discard(name)
    assert tree(root) == {".arriving"}


def test_a_path_with_odd_letters_in_the_url(tmp_path: Path, name: str) -> None:
    open_store(f"file://{tmp_path}/a%20b%25c", create=True).put(name, b"x")
    assert (tmp_path / "a b%c" / name).read_bytes() == b"x"


class Disk:
    """Notes the calls that decide what survives a power cut, as (call, name)."""

    CALLS = ("write", "fsync", "link", "unlink", "mkdir")

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[str, str]] = []
        self.root = root
        self.fail: dict[tuple[str, str], int] = {}
        """Which call on what fails, and with which errno."""
        for call in self.CALLS:
            monkeypatch.setattr(os, call, self._noting(call, getattr(os, call)))

    def _noting(self, call: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def noted(what: int | str, *rest: Any, **options: Any) -> Any:
            subject = rest[0] if call == "link" else what
            if isinstance(subject, int):
                path = str(Path(f"/proc/self/fd/{subject}").readlink())
                subject = path.removeprefix(str(self.root)).lstrip("/")
                subject = "temporary" if subject.startswith(".arriving/") else subject or "root"
            self.seen.append((call, subject))
            if number := self.fail.get((call, subject)):
                raise OSError(number, os.strerror(number))
            return real(what, *rest, **options)

        return noted


@pytest.fixture
def disk(store: ObjectStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    del store
    return Disk(root, monkeypatch)


def test_bytes_are_durable_before_the_name_and_the_name_before_we_return(
    store: ObjectStore, disk: Disk, name: str
) -> None:
    recording, part = name.split("/")
    store.put(name, b"sealed")
    assert [seen for seen in disk.seen if seen[0] != "unlink"] == [
        ("write", "temporary"),
        ("fsync", "temporary"),
        ("mkdir", recording),
        ("link", part),
        ("fsync", recording),
        ("fsync", "root"),
    ]


def test_the_retention_is_durable_before_the_object_appears(
    store: ObjectStore, disk: Disk, name: str
) -> None:
    recording, part = name.split("/")
    store.put(name, b"sealed", retain_until=datetime.now(UTC) + SOON)
    term, body = disk.seen.index(("link", f"{part}.until")), disk.seen.index(("link", part))
    assert ("fsync", "root") in disk.seen[term:body]
    assert ("fsync", recording) in disk.seen[term:body]


def test_discarding_is_durable_and_frees_the_object_before_its_retention(
    store: ObjectStore, disk: Disk, name: str
) -> None:
    recording, part = name.split("/")
    store.put(name, b"sealed", retain_until=datetime.now(UTC) - SOON)
    disk.seen.clear()
    store.discard(name)
    assert disk.seen == [
        ("unlink", part),
        ("unlink", f"{part}.until"),
        ("fsync", recording),
        ("fsync", "root"),
    ]


def test_discarding_what_is_gone_makes_that_durable(store: ObjectStore, disk: Disk, name: str) -> None:
    """Whoever discarded it first may have died before the disk knew."""
    recording = name.split("/")[0]
    store.put(f"{recording}/000001-0123456789abcdef", b"neighbour")
    disk.seen.clear()
    store.discard(name)
    assert ("fsync", recording) in disk.seen


def test_a_new_store_is_durable_with_all_its_parents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(tmp_path, monkeypatch)
    open_store(f"file://{tmp_path}/a/b/c", create=True)
    assert {what for call, what in disk.seen if call == "fsync"} == {"a/b/c", "a/b", "a", "root"}


FULL = [errno.ENOSPC, errno.EDQUOT]
AWAY = [errno.EIO, errno.EACCES, errno.EROFS, errno.ESTALE, errno.ENOTDIR]


@pytest.mark.parametrize("retained", [False, True])
@pytest.mark.parametrize(
    ("number", "means"), [*((each, StoreFull) for each in FULL), *((each, StoreUnavailable) for each in AWAY)]
)
@pytest.mark.parametrize("call", ["write", "fsync", "mkdir", "link", "fsync-folder", "fsync-root"])
def test_a_put_that_fails_leaves_nothing(
    store: ObjectStore,
    root: Path,
    disk: Disk,
    name: str,
    call: str,
    number: int,
    means: type[ObjectError],
    retained: bool,
) -> None:
    recording, part = name.split("/")
    where = {"mkdir": recording, "link": part, "fsync-folder": recording, "fsync-root": "root"}
    disk.fail[(call.partition("-")[0], where.get(call, "temporary"))] = number
    with pytest.raises(means, match=name):
        store.put(name, bytes(100_000), retain_until=datetime.now(UTC) + SOON if retained else None)
    disk.fail.clear()
    assert tree(root) <= {".arriving", recording}
    store.put(name, b"now")
    store.discard(name)


def test_writes_and_reads_may_come_in_pieces(
    store: ObjectStore, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, pread = os.write, os.pread
    monkeypatch.setattr(os, "write", lambda file, view: write(file, view[:1000]))
    monkeypatch.setattr(os, "pread", lambda file, length, at: pread(file, min(length, 700), at))
    body = os.urandom(10_123)
    store.put(name, body)
    assert store.fetch(name, 5, 9_999) == body[5:10_000]


def test_an_object_cut_short_under_a_reader_is_never_fewer_bytes(
    store: ObjectStore, root: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pread = os.pread

    def cut(file: int, length: int, at: int) -> bytes:
        os.truncate(root / name, 50)
        return pread(file, length, at)

    store.put(name, bytes(100))
    monkeypatch.setattr(os, "pread", cut)
    with pytest.raises(StoreUnavailable):
        store.fetch(name, 0, 99)


def test_no_descriptor_is_left_open(store: ObjectStore, root: Path, name: str) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a count, not paths
    for _ in range(3):
        store.put(name, b"x", retain_until=datetime.now(UTC) + SOON)
        for use in (
            lambda: store.put(name, b"y"),
            lambda: store.discard(name),
            lambda: store.fetch(name, 0, 1),
            lambda: store.fetch(f"{uuid4()}/000000-0123456789abcdef", 0, 1),
        ):
            with pytest.raises(ObjectError):
                use()
        list(store.list(""))
        (root / f"{name}.until").unlink()
        store.discard(name)
        store.check()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  # a count, not paths


def every_use(store: ObjectStore, name: str) -> list[Callable[[], object]]:
    return [
        lambda: store.put(name, b"x"),
        lambda: store.fetch(name, 0, 0),
        lambda: store.discard(name),
        lambda: list(store.list(f"{name.split('/')[0]}/")),
    ]


def test_a_mount_point_whose_disk_is_away_is_no_empty_store(
    store: ObjectStore, root: Path, name: str
) -> None:
    store.put(name, b"x")
    root.rename(root.with_name("elsewhere"))
    root.mkdir()
    uses: list[Callable[[], object]] = [store.check, lambda: list(store.list("")), *every_use(store, name)]
    for use in uses:
        with pytest.raises(StoreUnavailable, match="mounted"):
            use()
    assert list(root.iterdir()) == []


def test_a_file_where_the_store_should_be(store: ObjectStore, root: Path, name: str) -> None:
    root.rename(root.with_name("elsewhere"))
    root.write_text("not a directory")
    for use in (*every_use(store, name), store.check):
        with pytest.raises(StoreUnavailable):
            use()


def test_the_store_itself_may_be_reached_through_a_link(
    store: ObjectStore, root: Path, name: str, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(root)
    store.put(name, b"x")
    assert open_store(f"file://{tmp_path}/link").fetch(name, 0, 0) == b"x"


def test_a_recording_that_is_a_link_leads_nowhere(
    store: ObjectStore, root: Path, name: str, tmp_path: Path
) -> None:
    recording, part = name.split("/")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / part).write_bytes(b"not yours")
    (root / recording).symlink_to(outside)
    other = f"{recording}/000001-0123456789abcdef"
    for use in (*every_use(store, name), *every_use(store, other)):
        with pytest.raises(NameRefused):
            use()
    assert list(store.list("")) == []
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {part: b"not yours"}


def test_an_object_that_is_a_link_leads_nowhere(
    store: ObjectStore, root: Path, name: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"not yours")
    (root / name).parent.mkdir()
    (root / name).symlink_to(outside)
    for use in (lambda: store.fetch(name, 0, 0), lambda: store.discard(name)):
        with pytest.raises(NameRefused):
            use()
    with pytest.raises(ObjectError):
        store.put(name, b"x")
    assert list(store.list("")) == []
    assert outside.read_bytes() == b"not yours"
    assert (root / name).is_symlink()


@pytest.mark.parametrize("plant", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_no_object_and_blocks_nobody(
    store: ObjectStore, root: Path, name: str, plant: Callable[[Path], None]
) -> None:
    (root / name).parent.mkdir()
    plant(root / name)
    for use in (lambda: store.fetch(name, 0, 0), lambda: store.discard(name)):
        with pytest.raises(NameRefused):
            use()
    assert list(store.list("")) == []


def test_a_retention_that_is_a_link_or_nonsense_frees_nothing(
    store: ObjectStore, root: Path, name: str, tmp_path: Path
) -> None:
    store.put(name, b"x", retain_until=datetime.now(UTC) + SOON)
    term = root / f"{name}.until"
    assert datetime.now(UTC) < datetime.fromisoformat(term.read_text())
    term.write_text("yesterday")
    with pytest.raises(StoreUnavailable):
        store.discard(name)
    term.unlink()
    (tmp_path / "past").write_text("2000-01-01T00:00:00+00:00")
    term.symlink_to(tmp_path / "past")
    with pytest.raises(NameRefused):
        store.discard(name)
    assert store.fetch(name, 0, 0) == b"x"


def test_a_copy_of_the_tree_keeps_the_retention(store: ObjectStore, root: Path, name: str) -> None:
    store.put(name, b"x", retain_until=datetime.now(UTC) + SOON)
    copy = root.with_name("copy")
    for path in sorted(root.rglob("*")):
        target = copy / path.relative_to(root)
        if path.is_dir():
            target.mkdir(parents=True)
        else:
            target.write_bytes(path.read_bytes())
    with pytest.raises(ObjectRetained):
        open_store(f"file://{copy}").discard(name)


def test_check_clears_what_killed_processes_left_and_nothing_fresh(store: ObjectStore, root: Path) -> None:
    old, fresh = root / ".arriving" / "old", root / ".arriving" / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"half a part")
    hours_ago = datetime.now(UTC).timestamp() - 7200
    os.utime(old, (hours_ago, hours_ago))
    store.check()
    assert tree(root) == {".arriving", ".arriving/fresh"}


def test_check_really_writes(store: ObjectStore, disk: Disk) -> None:
    disk.fail[("write", "temporary")] = errno.EROFS
    with pytest.raises(StoreUnavailable):
        store.check()
    disk.fail[("write", "temporary")] = errno.ENOSPC
    with pytest.raises(StoreFull):
        store.check()


def test_strangers_in_the_tree_are_not_listed(store: ObjectStore, root: Path, name: str) -> None:
    store.put(name, b"x")
    (root / "lost+found").mkdir()
    (root / name).with_name("notes.txt").write_text("?")
    (root / str(uuid4())).write_text("a file, not a recording")
    # As long as an id, and of its letters; whoever reads it as one stumbles.
    (root / ("-" * 36)).mkdir()
    (root / ("-" * 36) / "000000-0123456789abcdef").write_text("x")
    assert [found.name for found in store.list("")] == [name]
    with pytest.raises(ObjectMissing):
        store.fetch(f"{uuid4()}/000000-0123456789abcdef", 0, 0)
