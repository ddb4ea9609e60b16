"""The keys that open footage, apart from the rest of a ring: in files, or in an organisation's hardware.

A municipality's *intake key* is a pair: ingest has the public half, and wraps with it what comes in. A *day
key* opens what is due on one calendar day (Amsterdam) in one municipality, and is the vault's alone; when
that day is over it is destroyed, and with it every copy of what it opens (docs/decisions/disposal-keys.md).
"""

from datetime import date
from typing import NamedTuple, Protocol
from uuid import UUID

from vault.sealing import DataKey


class WrappedKey(NamedTuple):
    """A data key that only key `key_id` opens."""

    key_id: str
    sealed: bytes


class DayKey(NamedTuple):
    """What a day key is for."""

    municipality: str
    day: date
    """The calendar day in Amsterdam that it expires with."""


def of_intake(recording: UUID, municipality: str) -> bytes:
    """What a data key is bound to that is wrapped for an intake key (HPKE's info)."""
    return b"bodycam-vault/data-key/v1\0" + recording.bytes + municipality.encode()


def of_day(key_id: str, recording: UUID, municipality: str) -> bytes:
    """What a data key is bound to that is wrapped under a day key (additional data)."""
    return b"bodycam-vault/day-key/v1\0" + recording.bytes + municipality.encode() + b"\0" + key_id.encode()


class FootageKeys(Protocol):
    """Keys that open footage. Safe to use from many threads; several processes share them.

    Nothing is remembered from one call to the next: a key that is made or rotated anywhere is known at once,
    and one that is destroyed opens nothing any more. A key's id has at most 64 of `0-9`, `a-z` and `-`.
    Every method raises KeyNotHeld when this process has not the key, or may not use it so.
    """

    def check(self) -> None:
        """Read all there is. Raises RingRefused for anything that leaves doubt."""

    def municipalities(self) -> frozenset[str]:
        """Those that have an intake key."""

    def wrap(self, key: DataKey, *, recording: UUID, municipality: str) -> WrappedKey:
        """Wrap a recording's data key for its municipality's current intake key: only the vault opens it."""

    def unwrap(self, wrapped: WrappedKey, *, recording: UUID, municipality: str) -> DataKey:
        """Open a data key, wrapped for an intake key or under a day key. Raises WrappingBroken."""

    def make_day_key(self, municipality: str, day: date) -> str:
        """Make a key that expires with `day`; its id. It is durable when this returns.

        A day may have more than one: what was wrapped under a spoiled one moves to another.
        """

    def wrap_for_day(self, key: DataKey, key_id: str, *, recording: UUID, municipality: str) -> WrappedKey:
        """Wrap a recording's data key under a day key of its municipality."""

    def day_keys(self) -> dict[str, DayKey]:
        """Every day key there is, by id; for ingest there are none."""

    def intake_keys(self, municipality: str) -> tuple[str, ...]:
        """The ids of a municipality's intake keys, the current one first."""

    def rotate_intake(self, municipality: str) -> str:
        """Wrap what comes in for a new key from now on; its id."""

    def destroy(self, key_id: str) -> bool:
        """Destroy a day key, or an intake key that is not current; whether it was there. There is no undo."""
