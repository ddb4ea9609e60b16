"""Canonical JSON (RFC 8785) of what the audit trail writes: one meaning has one form in bytes.

By the standard library's encoder, which is in C and a tenth of the price of a full implementation. Its output
is canonical for what `Plain` allows; numbers with a fraction have a form of their own there, so none go in.
"""

import json
from typing import TypeAlias

Plain: TypeAlias = "str | int | list[Plain] | dict[str, Plain] | None"
"""Text without lone surrogates, whole numbers up to 2**53, and names (of objects) in ASCII."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical(value: Plain) -> bytes:
    """`value` in its one form. Raises UnicodeEncodeError for a lone surrogate."""
    return _ENCODER.encode(value).encode()
