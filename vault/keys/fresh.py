"""Keys that wrap, read anew at each call: a rotation needs no restart, and a destroyed one opens nothing."""

from dataclasses import dataclass
from pathlib import Path

from vault.keys import folder
from vault.keys.errors import KeyNotHeld, RingRefused
from vault.keys.held import WrappingKey
from vault.keys.layout import KEY_ID, Half, Role
from vault.keys.reading import read_keys, read_wrapping_key
from vault.keys.wrapping import unwrap_with, wrap_for


@dataclass(frozen=True)
class FreshKeys:
    """The keys of one use, in their folder of a ring."""

    directory: Path
    role: Role
    half: Half
    """Which files this ring has of them."""

    def check(self) -> None:
        """Read every key. Raises RingRefused."""
        read_keys(self.directory, self.role, self.half, read_wrapping_key)

    def ids(self) -> tuple[str, ...]:
        """Every key, the current one first."""
        found = folder.entries(self.directory)
        current = folder.read_line(self.directory / "current")
        return (current, *sorted(filter(KEY_ID.fullmatch, found - {current})))

    def wrap(self, plaintext: bytes, info: bytes) -> tuple[str, bytes]:
        """Wrap for the current key: its id, and what it opens."""
        current = folder.read_line(self.directory / "current")
        # The public half is enough, and all that ingest has of most.
        key_id, public = read_wrapping_key(self.directory / current, Half.PUBLIC)
        _expect(self.directory / current, key_id)
        return current, wrap_for(public, plaintext, info)

    def holds(self, key_id: str) -> bool:
        """Whether there is such a key."""
        return KEY_ID.fullmatch(key_id) is not None and (self.directory / key_id).is_dir()

    def unwrap(self, key_id: str, sealed: bytes, info: bytes) -> bytes:
        """Open what key `key_id` wrapped. Raises KeyNotHeld, WrappingBroken."""
        return unwrap_with(self._read(key_id), sealed, info)

    def _read(self, key_id: str) -> WrappingKey:
        if not self.holds(key_id):
            raise KeyNotHeld(f"no key {key_id} in this ring")
        directory = self.directory / key_id
        try:
            found, key = read_wrapping_key(directory, self.half)
        except RingRefused:
            if directory.exists():
                raise
            # Destroyed a moment ago.
            raise KeyNotHeld(f"no key {key_id} in this ring") from None
        _expect(directory, found)
        return key


def _expect(directory: Path, key_id: str) -> None:
    if directory.name != key_id:
        raise RingRefused(directory, f"holds key {key_id}", "put the right key back")
