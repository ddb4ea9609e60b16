"""What a check of the invariants found (bevinding)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that must not be: which check found it, and about what. Names ids only."""

    check: str
    about: str
