"""What can be wrong with keys::

KeyRingError
├── RingRefused        the ring on disk leaves doubt: nothing is started
├── RingExists         there are keys already: nothing is written over
├── KeyNotHeld         the ring does not hold the key this takes; ingest's ring never holds some
├── TokenRefused       the token with the footage's keys cannot be used as the settings say
├── TokenAway          that token does not answer: what was asked was not done
├── EscrowRefused      an escrow of keys is not made, or does not open
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


class TokenRefused(KeyRingError):
    """The token with the footage's keys cannot be used as the settings say. The message says what to do."""


class TokenAway(KeyRingError):
    """The token with the footage's keys does not answer, or not as it should; what was asked was not done."""


class EscrowRefused(KeyRingError):
    """An escrow of keys is not made for these custodians, or does not open with these keys."""
