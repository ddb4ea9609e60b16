"""Objects in a directory: the embedded default. One file an object, ``<root>/<recording>/<part>``.

Durable, and all or nothing: a body is written and fsync'd under a private name in ``.arriving``, then linked
to its own name. A link never replaces anything, so of two puts of one name exactly one wins. Every step
below ``<root>`` goes through directory descriptors that follow no symbolic link: whatever is planted in the
tree, nothing outside it is read, written or removed.

What a directory cannot do is keep its administrator from removing or changing a file. What keeps an object,
a moment or a hold, stands in a file beside it (`vault.objects.until`), where a person can read it and a plain
copy takes it along; it holds back this software and nobody else. Where that is not enough, use S3 with Object
Lock.

``.arriving`` is also the sign that this is the store: on a mount point whose disk is away it is missing, and
"there is no such object" would be a lie.
"""

import errno
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from vault.objects import (
    Body,
    NameRefused,
    ObjectExists,
    ObjectMissing,
    RangeOutside,
    StoredObject,
    StoreFull,
    StoreUnavailable,
    check_body,
    check_moment,
    check_name,
    check_prefix,
    check_range,
    whole_seconds,
)
from vault.objects.tree import ARRIVING, new_file, open_file, opened_folder, read, unlink
from vault.objects.until import SUFFIX, lengthen, locked, refuse_kept, set_held

_LEFT_BEHIND = 3600.0
"""Seconds after which a file in `ARRIVING` is what a killed process left: no put lasts an hour."""
_RECORDING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PART = re.compile(r"[0-9]{6}-[0-9a-f]{16}")


class DirectoryStore:
    """An `ObjectStore` in the directory `root`. `clock` says what has passed of what is retained."""

    at_hand = True

    def __init__(self, root: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._root = root
        self._clock = clock

    def create(self) -> None:
        """Make the directory, for this user only, when it is missing. Raises StoreUnavailable."""
        with _explained(self._root):
            new = [path for path in (self._root, *self._root.parents) if not path.exists()]
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._root / ARRIVING).mkdir(mode=0o700, exist_ok=True)
            for folder in (self._root, *(path.parent for path in new)):
                with opened_folder(folder) as opened:
                    os.fsync(opened)
        self.check()

    def put(self, name: str, body: Body, *, retain_until: datetime | None = None) -> None:
        """See `ObjectStore`. A process killed between retention and object leaves the name spent."""
        check_name(name)
        check_moment(retain_until)
        view = check_body(body)
        with self._opened(name) as root:
            if retain_until is None:
                _publish(root, name, view)
                return
            until = name + SUFFIX
            _publish(root, until, memoryview(retain_until.isoformat().encode()))
            try:
                _publish(root, name, view)
            except BaseException:
                unlink(root, until)
                raise

    def fetch(self, name: str, first: int, last: int) -> bytes:
        """See `ObjectStore`."""
        check_name(name)
        check_range(name, first, last)
        with self._opened(name) as root:
            try:
                file = open_file(root, name)
            except FileNotFoundError:
                raise ObjectMissing(name) from None
            try:
                size = os.fstat(file).st_size
                if last >= size:
                    raise RangeOutside(f"{first}-{last} of {name}, which has {size} bytes")
                return read(file, first, last - first + 1)
            finally:
                os.close(file)

    def discard(self, name: str) -> None:
        """See `ObjectStore`. The object goes before its retention, so that dying in between frees nothing."""
        check_name(name)
        recording = name.partition("/")[0]
        with self._opened(name) as root:
            with suppress(ObjectMissing), locked(root, name):
                refuse_kept(root, name, self._clock())
                unlink(root, name)
            with suppress(FileNotFoundError), opened_folder(recording, root) as folder:
                unlink(root, name + SUFFIX)
                # Also when nothing was there: whoever removed it may have died before this.
                os.fsync(folder)
            try:
                os.rmdir(recording, dir_fd=root)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                    raise
            os.fsync(root)

    def retain(self, name: str, until: datetime) -> None:
        """See `ObjectStore`."""
        check_name(name)
        check_moment(until)
        with self._opened(name) as root, locked(root, name):
            lengthen(root, name, whole_seconds(until), self._clock())

    def hold(self, name: str, on: bool) -> None:
        """See `ObjectStore`."""
        check_name(name)
        with self._opened(name) as root, locked(root, name):
            set_held(root, name, on)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore`. What is not ours in the tree is passed over."""
        check_prefix(prefix)
        recording, below, part = prefix.partition("/")
        with self._opened(self._root) as root:
            recordings = [recording] if below else _recordings(root, recording)
        for each in recordings:
            with self._opened(self._root) as root:
                objects = _objects(root, each, part)
            yield from objects

    def check(self) -> None:
        """See `ObjectStore`. Writes for real, and clears away what killed processes left half written."""
        with self._opened(self._root) as root, opened_folder(ARRIVING, root) as arriving:
            with new_file(arriving) as (file, _):
                os.write(file, b"?")
            with os.scandir(arriving) as entries:
                for left in entries:
                    with suppress(FileNotFoundError):
                        if left.stat(follow_symlinks=False).st_mtime < time.time() - _LEFT_BEHIND:
                            os.unlink(left.name, dir_fd=arriving)

    @contextmanager
    def _opened(self, about: object) -> Iterator[int]:
        """A descriptor of the root, after making sure that it is our store."""
        with _explained(about), opened_folder(self._root) as root:
            try:
                os.stat(ARRIVING, dir_fd=root, follow_symlinks=False)
            except FileNotFoundError:
                raise StoreUnavailable(f"{self._root} holds no store; is its disk mounted?") from None
            yield root


@contextmanager
def _explained(about: object) -> Iterator[None]:
    """Say what the operating system's error means for the store."""
    try:
        yield
    except OSError as error:
        reason = f"{about}: {error.strerror}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(reason) from error
        if error.errno == errno.ELOOP:
            raise NameRefused(reason) from error
        raise StoreUnavailable(reason) from error


def _publish(root: int, name: str, view: memoryview) -> None:
    """Write, make durable, and only then show under `name`."""
    with opened_folder(ARRIVING, root) as arriving, new_file(arriving) as (file, temporary):
        while len(view):
            view = view[os.write(file, view) :]
        os.fsync(file)
        # More than once when another's discard removes the folder at this moment, because it was empty.
        for _ in range(100):
            with suppress(FileNotFoundError):
                _link(root, arriving, temporary, name)
                return
        raise StoreUnavailable(f"{name}: its folder disappears again and again")


def _link(root: int, arriving: int, temporary: str, name: str) -> None:
    recording, part = name.split("/")
    with suppress(FileExistsError):
        os.mkdir(recording, 0o700, dir_fd=root)
    with opened_folder(recording, root) as folder:
        try:
            os.link(temporary, part, src_dir_fd=arriving, dst_dir_fd=folder)
        except FileExistsError:
            raise ObjectExists(name) from None
        try:
            os.fsync(folder)
            # Always: another process may have made the folder just now and not have come this far.
            os.fsync(root)
        except OSError:
            os.unlink(part, dir_fd=folder)
            raise


def _recordings(root: int, prefix: str) -> list[str]:
    with os.scandir(root) as entries:
        return sorted(
            entry.name
            for entry in entries
            if entry.name.startswith(prefix)
            and _RECORDING.fullmatch(entry.name)
            and entry.is_dir(follow_symlinks=False)
        )


def _objects(root: int, recording: str, prefix: str) -> list[StoredObject]:
    found = []
    with suppress(FileNotFoundError), opened_folder(recording, root) as folder, os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(prefix) or not _PART.fullmatch(entry.name):
                continue
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode):
                    stored_at = datetime.fromtimestamp(status.st_mtime, UTC)
                    found.append(StoredObject(f"{recording}/{entry.name}", status.st_size, stored_at))
    return sorted(found, key=lambda each: each.name)
