"""Stores that do what a test wants: lose an answer, be slow, or stand in memory with sealed parts in them."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from vault.footage import Footage, PartAt
from vault.ids import RecordingId, new_id
from vault.objects import Body, ObjectStore, StoredObject
from vault.sealing import HEADER_LENGTH, DataKey, PartContext, seal


@dataclass
class BrittleStore:
    """A store whose answers a test can take away: strict, and without the switches the real one."""

    real: ObjectStore
    on_put: Callable[[int], Exception | None] = lambda _: None
    """Given which put it is, from 1: what it raises."""
    persist: bool = False
    """Whether a put that raises has stored its object all the same."""
    on_fetch: Callable[[int], Exception | None] = lambda _: None
    at_hand: bool = False
    puts: int = 0
    fetches: int = 0

    def put(self, name: str, body: Body, *, retain_until: datetime | None = None) -> None:
        self.puts += 1
        error = self.on_put(self.puts)
        if error is None or self.persist:
            self.real.put(name, body, retain_until=retain_until)
        if error is not None:
            raise error

    def fetch(self, name: str, first: int, last: int) -> bytes:
        self.fetches += 1
        error = self.on_fetch(self.fetches)
        if error is not None:
            raise error
        return self.real.fetch(name, first, last)

    def discard(self, name: str) -> None:
        self.real.discard(name)

    def retain(self, name: str, until: datetime) -> None:
        self.real.retain(name, until)

    def hold(self, name: str, on: bool) -> None:
        self.real.hold(name, on)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        return self.real.list(prefix)

    def check(self) -> None:
        self.real.check()


class Memory:
    """Sealed parts in memory."""

    at_hand = True

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fetched: list[tuple[int, int]] = []

    def fetch(self, name: str, first: int, last: int) -> bytes:
        self.fetched.append((first, last))
        return self.objects[name][first : last + 1]


def new_name() -> str:
    """The name of an object that nobody has put yet."""
    return f"{uuid4()}/000000-{secrets.token_hex(8)}"


def sealed(content: bytes, store: Memory | None = None, part: int = 64 * 1024) -> Footage:
    """`content` as it stands in the store while it arrives."""
    store = store or Memory()
    key, recording = DataKey.generate(), RecordingId(new_id())
    parts = []
    for index, first in enumerate(range(0, len(content), part)):
        piece = content[first : first + part]
        body = b"".join(seal(key, PartContext(recording, index), [piece]))
        store.objects[str(index)] = body
        parts.append(PartAt(index, first, len(piece), str(index), body[:HEADER_LENGTH]))
    return Footage(store, recording, key, parts)  # type: ignore[arg-type]  # only fetch is asked of it
