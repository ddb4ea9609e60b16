"""What keeps an object of a directory: a moment, a hold or both, in the file ``<part>.until`` beside it.

One line of words: ``2026-12-24T08:00:00+00:00``, ``held``, or the moment and then ``held``. Whoever changes
it, or reads it to discard, has the object itself locked: of two who lengthen it the longer one stays, and
nothing is discarded between somebody's look and somebody else's hold. A word that is none of these is a
doubt, and what is in doubt is not discarded.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from vault.objects import ObjectMissing, ObjectRetained, StoreUnavailable
from vault.objects.tree import open_file, opened_folder, replace_file, unlink

SUFFIX = ".until"
_HELD = "held"
_LONGEST = 128
"""Bytes of the file that are read; what we write takes less than half."""


@dataclass(frozen=True)
class Kept:
    """What keeps one object: nothing, until a moment, for as long as it is held."""

    until: datetime | None = None
    held: bool = False

    def text(self) -> str:
        """As it stands in the file; empty for nothing."""
        return " ".join([*([self.until.isoformat()] if self.until else []), *([_HELD] if self.held else [])])


@contextmanager
def locked(root: int, name: str) -> Iterator[None]:
    """Nobody else changes what keeps this object, or discards it. Raises ObjectMissing."""
    try:
        # For writing: a network file system grants this lock to nobody else.
        file = open_file(root, name, writing=True)
    except FileNotFoundError:
        raise ObjectMissing(name) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not os.fstat(file).st_nlink:
            raise ObjectMissing(name)
        yield
    finally:
        os.close(file)


def read_kept(root: int, name: str) -> Kept:
    """What keeps the object. Raises StoreUnavailable when the file says something else."""
    try:
        file = open_file(root, name + SUFFIX)
    except FileNotFoundError:
        return Kept()
    try:
        words = os.read(file, _LONGEST).decode().split()
        held = words[-1:] == [_HELD]
        moments = [datetime.fromisoformat(word) for word in (words[:-1] if held else words)]
        if len(moments) > 1 or not words or any(moment.tzinfo is None for moment in moments):
            raise ValueError
    except ValueError:
        raise StoreUnavailable(f"{name}: its retention cannot be read") from None
    finally:
        os.close(file)
    return Kept(moments[0] if moments else None, held)


def refuse_kept(root: int, name: str, now: datetime) -> None:
    """Raise ObjectRetained while anything keeps the object."""
    kept = read_kept(root, name)
    if kept.held:
        raise ObjectRetained(f"{name} is held", None)
    if kept.until and now < kept.until:
        raise ObjectRetained(f"{name}, retained until {kept.until.isoformat()}", kept.until)


def lengthen(root: int, name: str, until: datetime, now: datetime) -> None:
    """Keep the object until then at least; it is `locked`."""
    kept = read_kept(root, name)
    if until > now and (kept.until is None or kept.until < until):
        _write(root, name, replace(kept, until=until))


def set_held(root: int, name: str, held: bool) -> None:
    """Hold the object or let it go, whatever its moment; it is `locked`."""
    kept = read_kept(root, name)
    if kept.held != held:
        _write(root, name, replace(kept, held=held))


def _write(root: int, name: str, kept: Kept) -> None:
    """Durable when this returns; dying before leaves what stood there."""
    if text := kept.text():
        replace_file(root, name + SUFFIX, text.encode())
        return
    unlink(root, name + SUFFIX)
    with opened_folder(name.partition("/")[0], root) as folder:
        os.fsync(folder)
