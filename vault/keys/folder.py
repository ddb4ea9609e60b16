"""A key ring's folder: read only when it is safe to trust, written so that a crash leaves no half key.

Reading: every folder and file is our own (owner = effective user), nobody else's business (0700, 0600 or
stricter), no symbolic link, and known by name. Writing: a new thing is written in full to `.new-…` beside
the ring, forced to disk, then renamed into its place: it is there whole, or not at all.
"""

import errno
import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vault.keys.errors import RingExists, RingRefused

RING = "ring"
"""The one entry of a ring's folder; beside it at most what a crash left, which is never read."""
_UNFINISHED = ".new-"
PATIENCE = 5.0
"""Seconds to wait for another who writes to the same ring."""


def entries(directory: Path) -> set[str]:
    """The names in a safe directory. Raises RingRefused."""
    with _opened(directory, stat.S_ISDIR, "directory", 0o700) as descriptor, os.scandir(descriptor) as found:
        return {entry.name for entry in found}


def standing(directory: Path) -> Path:
    """Where the ring stands in its folder, in which nothing else may be. Raises RingRefused."""
    for name in sorted(entries(directory)):
        if name != RING and not name.startswith(_UNFINISHED):
            raise RingRefused(directory / name, "does not belong in a ring's folder", "move it elsewhere")
    return directory / RING


def expect_only(directory: Path, found: set[str], expected: set[str], role: str) -> None:
    """Refuse what is missing and what should not be there. Raises RingRefused naming one such file."""
    for name in sorted(found - expected):
        raise RingRefused(
            directory / name, f"does not belong in this place of {role}'s ring", "move it elsewhere"
        )
    for name in sorted(expected - found):
        raise RingRefused(directory / name, "is missing", "put it back from your backup of the ring")


def read(path: Path) -> bytes:
    """The content of a safe file. Raises RingRefused."""
    with (
        _opened(path, stat.S_ISREG, "regular file", 0o600) as descriptor,
        os.fdopen(descriptor, "rb", closefd=False) as file,
    ):
        return file.read()


def read_line(path: Path) -> str:
    """The one line of a safe file. Raises RingRefused."""
    return read(path).decode("ascii", errors="replace").strip()


@contextmanager
def writing(directory: Path) -> Iterator[Path]:
    """Write to a ring's folder, alone; makes the folder when it is not there. Yields where the ring stands.

    Sweeps what a crash left. Raises RingRefused when the folder is unsafe or someone else is writing.
    """
    if not directory.exists():
        directory.mkdir(mode=0o700, parents=True)
        _sync_directory(directory.parent)
    ring = standing(directory)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(directory, descriptor)
        for left in directory.glob(_UNFINISHED + "*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield ring
    finally:
        os.close(descriptor)


def place(ring: Path, target: Path, files: Mapping[str, bytes]) -> None:
    """Make the directory `target` with `files` (by path inside it), at once. Raises RingExists."""
    if target.exists():
        raise RingExists(f"{target} is there already")
    stage = _stage(ring)
    stage.mkdir(mode=0o700)
    for name, content in files.items():
        for parent in reversed(Path(name).parents):
            (stage / parent).mkdir(mode=0o700, exist_ok=True)
        _write(stage / name, content)
    for folder, _, _ in os.walk(stage, topdown=False):
        _sync_directory(Path(folder))
    stage.rename(target)
    _sync_directory(target.parent)


def replace(ring: Path, target: Path, content: bytes) -> None:
    """Write the file `target` anew, at once: a reader sees the old content or the new."""
    stage = _stage(ring)
    _write(stage, content)
    stage.replace(target)
    _sync_directory(target.parent)


def destroy(ring: Path, target: Path) -> bool:
    """Take the directory `target` out of a ring, and then from the disk; whether it was there.

    From the first step on no process that starts has it. What dying leaves is beside the ring, where nobody
    reads it, and goes when somebody writes there again. Flash keeps old blocks for a while: encrypt the disk.
    """
    if not target.exists():
        return False
    stage = _stage(ring)
    target.rename(stage)
    _sync_directory(target.parent)
    _sync_directory(stage.parent)
    shutil.rmtree(stage)
    _sync_directory(stage.parent)
    return True


def ensure(ring: Path, target: Path) -> None:
    """Make the empty directory `target` in a ring when it is not there."""
    if not target.exists():
        place(ring, target, {})


def _lock(directory: Path, descriptor: int) -> None:
    """The keeper writes keys too, in a moment: wait for it, not for somebody who thinks."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise RingRefused(
                    directory, "another command is writing keys", "try again when it is done"
                ) from None
        time.sleep(0.02)


def _stage(ring: Path) -> Path:
    return ring.parent / (_UNFINISHED + secrets.token_hex(8))


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _opened(path: Path, is_kind: Callable[[int], bool], kind: str, most: int) -> Iterator[int]:
    """A descriptor of `path`. What was opened is what is checked: it cannot be exchanged in between."""
    try:
        # Not blocking: a pipe by that name must not hold us up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise RingRefused(
            path, "is missing", "make the ring, or put it back from your backup of it"
        ) from None
    except OSError as error:
        problem = "is a symbolic link" if error.errno == errno.ELOOP else f"does not open ({error.strerror})"
        raise RingRefused(path, problem, f"put the {kind} itself in its place") from None
    try:
        _check(path, os.fstat(descriptor), is_kind, kind, most)
        yield descriptor
    finally:
        os.close(descriptor)


def _check(path: Path, found: os.stat_result, is_kind: Callable[[int], bool], kind: str, most: int) -> None:
    if not is_kind(found.st_mode):
        raise RingRefused(path, f"is not a {kind}", f"put the {kind} itself in its place")
    if found.st_uid != os.geteuid():
        raise RingRefused(
            path, f"belongs to user {found.st_uid}, not to ours ({os.geteuid()})", f"chown {os.geteuid()} it"
        )
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o777 & ~most:
        raise RingRefused(path, f"has mode {mode:04o}, which lets too many in", f"chmod {most:04o} it")
