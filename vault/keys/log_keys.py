"""The log's name and keys: what its checkpoints are signed with, and what others check them with.

Only the vault's ring has them. A checkpoint is signed by the current key; what an older one signed still
holds, so its public half stays known.
"""

from dataclasses import dataclass
from pathlib import Path

from auditor import notes
from auditor.notes import VerifierKey
from vault.keys import folder
from vault.keys.errors import RingRefused
from vault.keys.held import KeySet, LogKey
from vault.keys.layout import HOLDS, LOG_NAME, ORIGIN, Role, Use
from vault.keys.reading import read_keys, read_log_key

MOST_ORIGIN = 255
"""Longest name of a log, in bytes: what a post-quantum cosignature has room for (tlog-cosignature)."""


@dataclass(frozen=True)
class LogKeys:
    """The keys of one log, and the name that it has for ever (its origin)."""

    origin: str
    keys: KeySet[LogKey]

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The public halves, as others take them (*vkey*); the current one first."""
        ids = [self.keys.current, *(name for name in self.keys.keys if name != self.keys.current)]
        return tuple(
            VerifierKey.of(self.origin, notes.ED25519, self.keys.get(key_id).private) for key_id in ids
        )

    def sign(self, text: str) -> str:
        """The signature line of the current key under a checkpoint's text (signed-note)."""
        return notes.sign(text, self.origin, self.keys.newest.private)


def checked_origin(origin: str) -> str:
    """`origin`, when a log can be called so. Raises ValueError."""
    if len(origin) > MOST_ORIGIN or not LOG_NAME.fullmatch(origin):
        raise ValueError(
            f"{origin!r} is not a log's name: an address without https://, such as bodycams.example.nl/log"
        )
    return origin


def read_log_keys(ring: Path) -> LogKeys:
    """The name and keys of the log in the vault's ring. Raises RingRefused."""
    directory = ring / Use.LOG
    half = HOLDS[Role.VAULT][Use.LOG]
    keys = read_keys(directory, Role.VAULT, half, read_log_key, beside=ORIGIN)
    path = directory / ORIGIN
    try:
        return LogKeys(checked_origin(folder.read_line(path)), keys)
    except ValueError as error:
        raise RingRefused(path, f"is no name of a log: {error}", "put it back as it was") from None
