"""What can be wrong with keys::

KeyRingError
├── RingRefused        the ring on disk leaves doubt: nothing is started
├── RingExists         there are keys already: nothing is written over
├── KeyNotHeld         the ring does not hold the key this takes; ingest's ring never holds some
├── WrappingBroken     a wrapped key or a sealed payload is not what was wrapped for this
└── ReceiptRefused     a receipt is not one of ours
"""

from pathlib import Path


class KeyRingError(Exception):
    """Something is wrong with keys."""


class RingRefused(KeyRingError):
    """The key ring leaves doubt, so nothing is started. The message names the file and what to do."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{path}: {problem}; {remedy}")


class RingExists(KeyRingError):
    """There are keys already, and keys are never written over."""


class KeyNotHeld(KeyRingError):
    """This ring does not hold the key that this takes."""


class WrappingBroken(KeyRingError):
    """What is stored is not what was wrapped for this recording, municipality or entry under this key."""


class ReceiptRefused(KeyRingError):
    """This is not a receipt signed by one of the keys given."""
