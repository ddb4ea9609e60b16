"""Keys: a ring of files for each process, what it can do with them, and how they are made and rotated.

What a ring holds and where: :mod:`vault.keys.layout`. What can be wrong: :mod:`vault.keys.errors`.
"""

from vault.keys.errors import (
    KeyNotHeld,
    KeyRingError,
    ReceiptRefused,
    RingExists,
    RingRefused,
    TokenAway,
    TokenRefused,
    WrappingBroken,
)
from vault.keys.footage import DayKey, FootageKeys, WrappedKey
from vault.keys.footage_files import FootageFiles
from vault.keys.layout import Role
from vault.keys.log_keys import checked_origin
from vault.keys.receipts import verify_receipt
from vault.keys.ring import KeyRing, SealedPayload
from vault.keys.rotation import (
    add_log,
    add_municipality,
    arrival_keys,
    create_rings,
    destroy_arrival,
    destroy_epoch,
    rotate_arrival,
    rotate_audit,
    rotate_log,
    rotate_receipt,
    rotate_sealing,
)

__all__ = [
    "DayKey",
    "FootageFiles",
    "FootageKeys",
    "KeyNotHeld",
    "KeyRing",
    "KeyRingError",
    "ReceiptRefused",
    "RingExists",
    "RingRefused",
    "Role",
    "SealedPayload",
    "TokenAway",
    "TokenRefused",
    "WrappedKey",
    "WrappingBroken",
    "add_log",
    "add_municipality",
    "arrival_keys",
    "checked_origin",
    "create_rings",
    "destroy_arrival",
    "destroy_epoch",
    "rotate_arrival",
    "rotate_audit",
    "rotate_log",
    "rotate_receipt",
    "rotate_sealing",
    "verify_receipt",
]
