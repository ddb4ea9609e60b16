"""Files below a directory, reached by descriptors that follow no symbolic link.

A path is ``folder/file`` under the descriptor of a root; each step is opened on its own, so that what someone
plants or swaps in the tree at any moment leads nowhere else.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vault.objects import NameRefused

ARRIVING = ".arriving"
"""Where files are written before they are shown under their names."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_PLAIN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def opened_folder(path: str | Path, below: int | None = None) -> Iterator[int]:
    """A descriptor of a directory; below another one it may not be a symbolic link."""
    flags = _FOLDER if below is None else _FOLDER | os.O_NOFOLLOW
    try:
        opened = os.open(path, flags, dir_fd=below)
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(path, dir_fd=below, follow_symlinks=False).st_mode):
            raise NameRefused(f"{path} is a symbolic link") from None
        raise
    try:
        yield opened
    finally:
        os.close(opened)


@contextmanager
def new_file(arriving: int) -> Iterator[tuple[int, str]]:
    """A fresh file and its private name, which is gone afterwards whatever happens."""
    name = secrets.token_hex(16)
    file = os.open(name, _NEW, 0o600, dir_fd=arriving)
    try:
        yield file, name
    finally:
        os.close(file)
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=arriving)


def open_file(root: int, name: str, *, writing: bool = False) -> int:
    """A descriptor of a file of ours. Raises FileNotFoundError; NameRefused when it is not a plain file."""
    recording, part = name.split("/")
    flags = _PLAIN | (os.O_RDWR if writing else os.O_RDONLY)
    with opened_folder(recording, root) as folder:
        try:
            file = os.open(part, flags, dir_fd=folder)
        except IsADirectoryError:
            raise NameRefused(f"{name} is no file") from None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise NameRefused(f"{name} is no file")
    return file


def replace_file(root: int, name: str, content: bytes) -> None:
    """Put `content` in the place of what stands under `name`, or of nothing: durably, whole or not at all."""
    recording, part = name.split("/")
    with opened_folder(ARRIVING, root) as arriving, opened_folder(recording, root) as folder:
        with new_file(arriving) as (file, temporary):
            os.write(file, content)
            os.fsync(file)
            os.replace(temporary, part, src_dir_fd=arriving, dst_dir_fd=folder)
        os.fsync(folder)


def exists(root: int, name: str) -> bool:
    try:
        os.close(open_file(root, name))
    except FileNotFoundError:
        return False
    return True


def unlink(root: int, name: str) -> None:
    recording, file = name.split("/")
    with suppress(FileNotFoundError), opened_folder(recording, root) as folder:
        os.unlink(file, dir_fd=folder)


def read(file: int, first: int, length: int) -> bytes:
    data = os.pread(file, length, first)
    while len(data) < length:
        more = os.pread(file, length - len(data), first + len(data))
        if not more:
            raise OSError(errno.EIO, "the object became shorter while it was read")
        data += more
    return data
